/// Every derived gradient against differences of its loss, in float64.
import type { Place } from "../../ir/diagnostic.ts";
import { bindDim } from "../../ir/dim.ts";
import { evaluateValues, prepareEvaluation } from "../../ir/evaluate.ts";
import type { EntryPoint, Graph } from "../../ir/graph.ts";
import { elementCount } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { drawLeaves, type LeafData, type Range } from "./data.ts";
import { difference } from "./difference.ts";
import { originOfNotFinite, type NotFinite } from "./finite.ts";
import { magnitudeOf } from "./magnitudes.ts";
import { makePairs, type Pair, type Unchecked } from "./pairs.ts";
import { randomStream, sampleIndices } from "./random.ts";

/** How one gradient compares with differences. */
export interface GradientCheck {
  readonly entryPoint: string;
  /** `∂loss/∂hidden.weight`. */
  readonly name: string;
  /** Where the model file takes the derivative, or uses the rule that is checked. */
  readonly place?: Place | undefined;
  /** Entries of the gradient, and how many of them were compared; none where every point was given up. */
  readonly count: number;
  readonly checked: number;
  /** Largest relative error, where, and both numbers there. */
  readonly worst: number;
  readonly index: number;
  readonly derived: number;
  readonly measured: number;
  /** Random points that were given up because the loss has a kink there. */
  readonly kinks: number;
  /** Random points that were given up because the loss or its gradient is not finite there. */
  readonly notFinite: number;
  /** At the last of these, where ∞ or NaN comes from. */
  readonly origin?: NotFinite | undefined;
  readonly ok: boolean;
  /** Not checked, because it rests on the rule of this name, which is not meant to be the derivative of its formula. */
  readonly inexact?: string;
}

const tolerance = 1e-6;

/** How far a constant such as 0.1/7 lies from the number it stands for, relative to it: rules take Σt = 1, to within this. */
const constantRounding = 2 ** -24;

/** What the rounding of constants may do to an entry at most, in tolerances. */
const maximalRounding = 10;

const maximalEntries = 64;
const maximalDraws = 20;

/** A gradient to check: what is known of it before, and the check, which takes its time. */
export interface GradientToCheck extends Pick<GradientCheck, "entryPoint" | "name" | "count" | "checked" | "inexact"> {
  check(): GradientCheck;
}

/** Every derivative that an entry point uses, directly or through an optimizer, and every rule that it supplies. */
export function gradientsToCheck(
  graph: Graph,
  entry: EntryPoint,
  sizes: Readonly<Record<string, number>>,
  seed: number,
  strictFloat = false,
): readonly GradientToCheck[] {
  return makePairs(graph, entry, strictFloat).map((pair) => {
    if ("inexact" in pair) return { ...notChecked(entry, pair), check: () => notChecked(entry, pair) };
    const count = bindDim(elementCount(pair.gradient.type.shape), sizes) as number;
    const known = { entryPoint: entry.name, name: pair.name, count, checked: Math.min(count, maximalEntries) };
    return { ...known, check: () => checkPair(graph, entry, pair, sizes, seed) };
  });
}

function notChecked(entry: EntryPoint, { name, place, inexact }: Unchecked): GradientCheck {
  const none = { count: 0, checked: 0, worst: 0, index: 0, derived: NaN, measured: NaN, kinks: 0, notFinite: 0 };
  return { entryPoint: entry.name, name, place, ...none, ok: true, inexact };
}

function checkPair(
  graph: Graph,
  entry: EntryPoint,
  pair: Pair,
  sizes: Readonly<Record<string, number>>,
  seed: number,
): GradientCheck {
  let range: Range = "normal";
  let origin: NotFinite | undefined;
  let [kinks, notFinite] = [0, 0];
  while (kinks + notFinite < maximalDraws) {
    const data = drawLeaves(graph, sizes, seed + kinks + notFinite, range);
    const comparison = comparePair(graph, pair, data, sizes, seed);
    if (comparison.tag === "not finite") {
      // Logarithms and roots want positive numbers.
      range = "unit";
      notFinite++;
      origin = comparison.origin;
    } else if (comparison.smooth) {
      return { ...describe(comparison), kinks, notFinite, ok: comparison.worst <= tolerance };
    } else {
      kinks++;
    }
  }
  return { ...describe(undefined), kinks, notFinite, origin, ok: false };

  function describe(comparison: Comparison | undefined) {
    const none = { count: 0, checked: 0, worst: Infinity, index: 0, derived: NaN, measured: NaN };
    const { count, checked, worst, index, derived, measured } = comparison ?? none;
    return {
      entryPoint: entry.name,
      name: pair.name,
      place: pair.place,
      count,
      checked,
      worst,
      index,
      derived,
      measured,
    };
  }
}

interface Comparison {
  readonly tag: "compared";
  readonly count: number;
  readonly checked: number;
  readonly worst: number;
  readonly index: number;
  readonly derived: number;
  readonly measured: number;
  /** False when some entry lies on a kink. */
  readonly smooth: boolean;
}

function comparePair(
  graph: Graph,
  { loss, target, gradient, fed }: Pair,
  leaves: LeafData,
  sizes: Readonly<Record<string, number>>,
  seed: number,
): Comparison | { readonly tag: "not finite"; readonly origin: NotFinite | undefined } {
  const feeds = new Map<Value, Float64Array>(leaves);
  const given = evaluateValues([...fed.values()], leaves, sizes);
  for (const [stand, origin] of fed) feeds.set(stand, given.get(origin)!);
  // Derived from the leaves, not from a fed value between, which the derived graph need not contain.
  const alone = new Map([...feeds].filter(([value]) => value.op.kind === "leaf"));
  const slopes = evaluateOne(gradient, alone, sizes);
  const point = feeds.get(target)!;
  const evaluateLoss = prepareEvaluation([loss], sizes);
  const at = (index: number, shift: number): number => {
    const moved = point.slice();
    moved[index] += shift;
    return evaluateLoss(new Map(feeds).set(target, moved)).get(loss)![0];
  };
  const center = evaluateLoss(feeds).get(loss)![0];
  if (!Number.isFinite(center) || !slopes.every(Number.isFinite)) {
    const origin = originOfNotFinite(loss, feeds, sizes, graph.notes);
    return { tag: "not finite", origin: origin ?? originOfNotFinite(gradient, alone, sizes, graph.notes) };
  }
  // Entries that cancel to next to nothing show how constants such as 1/√3 were rounded, and no mistake.
  const least = slopes.reduce((largest, slope) => Math.max(largest, Math.abs(slope)), 0) / 100;
  const indices = sampleIndices(slopes, maximalEntries, randomStream(seed));
  let uncancelled: Float64Array | undefined;
  const uncancelledAt = (index: number): number => {
    uncancelled ??= evaluateOne(magnitudeOf(gradient), alone, sizes);
    return uncancelled[index];
  };
  let worst = { worst: -1, index: 0, derived: 0, measured: 0 };
  let smooth = true;
  for (const index of indices) {
    const measured = difference((shift) => at(index, shift), center, Math.abs(point[index]), tolerance);
    smooth &&= measured.smooth;
    if (!smooth) break;
    const magnitude = Math.max(Math.abs(slopes[index]), Math.abs(measured.value), measured.floor, least);
    const error = relativeError(slopes[index] - measured.value, magnitude, () => uncancelledAt(index));
    if (error > worst.worst) worst = { worst: error, index, derived: slopes[index], measured: measured.value };
  }
  return { tag: "compared", count: slopes.length, checked: indices.length, ...worst, smooth };
}

/** A difference relative to a magnitude; where it is beyond the tolerance, less what the rounding of constants explains. */
function relativeError(deviation: number, magnitude: number, uncancelled: () => number): number {
  const error = Math.abs(deviation) / magnitude;
  if (!(error > tolerance && error <= maximalRounding * tolerance)) return error;
  return Math.max(0, error - (constantRounding * uncancelled()) / magnitude);
}

function evaluateOne(
  value: Value,
  feeds: ReadonlyMap<Value, Float64Array>,
  sizes: Readonly<Record<string, number>>,
): Float64Array {
  return evaluateValues([value], feeds, sizes).get(value)!;
}
