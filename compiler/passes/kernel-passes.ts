/// The list of passes from the simplest form of a graph to the form that kernels are made of.
import type { Pass } from "../pass.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { asProductsLie } from "./as-products-lie.ts";
import { blockAttention } from "./block-attention.ts";
import { contractedOrder } from "./contracted-order.ts";
import { deviationsLie } from "./deviations-lie.ts";
import { dropFrames } from "./drop-frames.ts";
import { expandComposites } from "./expand-composites.ts";
import { insideScans } from "./inside-scans.ts";
import { joinScatters } from "./join-scatters.ts";
import { jointMoments } from "./joint-moments.ts";
import { keepDigitsWith } from "./keep-digits.ts";
import { narrowMasks } from "./narrow-masks.ts";
import { narrowSlopes } from "./narrow-slopes.ts";
import { neededParts } from "./needed-parts.ts";
import { pickSums } from "./pick-sums.ts";
import { pullFactors } from "./pull-factors.ts";
import { rowFactors } from "./row-factors.ts";
import { sortTerms } from "./sort-terms.ts";
import { splitConcatenations } from "./split-concatenations.ts";
import { splitContractions } from "./split-contractions.ts";
import { splitReductions } from "./split-reductions.ts";
import { splitSums } from "./split-sums.ts";
import { sumsOfLoops } from "./sums-of-loops.ts";
import { subPixel } from "./sub-pixel.ts";
import { swapSums } from "./swap-sums.ts";
import { turnProducts } from "./turn-products.ts";
import { unrollProducts } from "./unroll-products.ts";
import { unrollSums } from "./unroll-sums.ts";
import { windowsLast } from "./windows-last.ts";

/** What the passes for kernels may be told. */
export interface KernelOptions {
  /** Leaves out what adds up in another order, or assumes that numbers are finite. */
  readonly strictFloat?: boolean;
  /** Leaves formulas as they are, with the roundings that they have, or but for keeping digits: to compare what a compilation costs with. */
  readonly asWritten?: boolean | "stabilized";
  /** Attention of so many queries × keys or more is taken in blocks, instead of where that pays. */
  readonly blockedScores?: number;
  /** Notes every rule that fires. */
  readonly log?: DerivationLog;
}

/** Passes that put sums in the place of products; a step is measured by the products that it had before the first of them. */
export const takesProductsApart: ReadonlySet<Pass> = new Set([splitContractions, unrollProducts]);

/** Passes from the simplified graph to the one that kernels compute; loops are lowered afterwards, by `lowerScans`. */
export function kernelPasses({
  strictFloat = false,
  asWritten = false,
  blockedScores,
  log,
}: KernelOptions = {}): readonly Pass[] {
  const passes = [
    ...(strictFloat ? [] : [subPixel]), // convolutions over zeros, while they are such
    ...(strictFloat ? [] : [joinScatters]), // slopes of a table, while it shows that they are such
    expandComposites, // kernels know kinds of ops, not compositions
    ...(strictFloat || asWritten ? [] : [blockAttention(blockedScores)]), // before its formulas look otherwise
    ...(strictFloat ? [] : [dropFrames]), // what is 0 around a tensor is not computed with
    neededParts, // nor what nobody reads
    narrowMasks, // what a pool gives back is no longer read element by element
    ...(strictFloat ? [] : [narrowSlopes]), // nor what is multiplied by a slope of each
    unrollSums, // what few windows give an element, kernels add up on their way
    ...(asWritten === true ? [] : [deviationsLie]), // whose rounding is seen there
    ...(asWritten === true ? [] : [keepDigitsWith(log, strictFloat)]), // differences of large numbers, in formulas that are not for reading
    ...(strictFloat ? [] : [swapSums, pullFactors, jointMoments]), // before totals are taken apart
    // One total becomes totals of rows that a kernel computes anyway, a long sum one of parts, and the rows of a table that
    // gradients are added to a product, for which terms are sorted: the same numbers, added up in another order.
    ...(strictFloat ? [] : [splitReductions, splitContractions, splitSums, pickSums, sortTerms]),
    ...(strictFloat ? [] : [rowFactors]), // what was found for rows by now is multiplied by row
    turnProducts, // the same products, read as they lie
    unrollProducts, // the same terms in their order: in kernels of elements each knows its place
    windowsLast, // pools are neighbours in what they are of
    asProductsLie, // and what products read of products lies as those
    ...(strictFloat ? [] : [contractedOrder]), // and the terms of a sum neighbours in what they are made of
    splitConcatenations, // a kernel binds 8 tensors
  ];
  // What loops add up is one sum, where it is a product still; what they repeat is rewritten as well.
  const ofLoops = strictFloat ? [] : [sumsOfLoops];
  return [...ofLoops, insideScans([...ofLoops, ...passes]), ...passes];
}
