/// Which values share a kernel: a partition over the unchanged graph.
///
/// Contractions and reductions anchor clusters. An elementwise value joins the latest cluster that produces an operand
/// of it at the very index that it reads (an epilogue); values of leaves alone are recomputed wherever they are used.
import type { Dim } from "../../ir/dim.ts";
import { elementCount, sameShape } from "../../ir/type.ts";
import { axesOf, keptAxes } from "../../ir/ops/sum.ts";
import { postorder, underLayouts, type Value } from "../../ir/value.ts";
import { afterLayouts } from "./access.ts";
import { attendOp, attentionOf, type Attention } from "./attention.ts";
import { findRows } from "./column-home.ts";
import { isColumnSum } from "./columns.ts";
import { computedOnce } from "./compared.ts";
import { createGrowth, homesOf, type Draft, type Growth } from "./growth.ts";
import { isNumber, loopTensor, placeOp, tensorUnder } from "./loop.ts";
import { meetings } from "./meeting.ts";
import type { Cuts, Lessons, Partition } from "./partition.ts";
import { passing } from "./passing.ts";
import { prologues } from "./prologue.ts";
import { cheapChain, hasCostlyPieces, isCostly, hasFewPieces, measure, type Size } from "./size.ts";
import { findParts } from "./take-parts.ts";
import { indexWithin, isCanonical, neighbourView, readsWithin, viewOf } from "./within.ts";

/** So many elements one workgroup goes over in no time. */
const fewElements = 4096;

/** So many rows occupy a device. */
const manyRows = 64;

/** Partitions the values under `roots`. */
export function cluster(roots: readonly Value[], lessons: Lessons): Partition {
  const [growth, { cuts, floating }] = [createGrowth(lessons), lessons];
  const { home, start } = growth;
  const all = postorder(roots);
  const [once, read] = [computedOnce(all), prologues(all)];
  const order = all.filter((value) => !(floating?.has(value) || read.has(value)) || once.has(value));
  const contracted = operandsOf([...order.filter(isProduct), ...read]);
  const [reductions, sizes] = [new Map<string, Set<Draft>>(), new Map<Value, Size>()];
  const [loops, fed] = [new Map<object, Value[]>(), new Set<Value>()];
  const attentions = new Map<Attention, Draft>();
  const [isPassing, met] = [passing(order, roots), meetings(order)];
  for (const value of order) {
    switch (value.op.kind) {
      case "leaf":
      case "layout":
        break;
      case "piecewise": {
        // An expression wherever it is read, unless it has grown wide, or costs a product too much: then it is written once.
        const narrow = hasFewPieces(measure(value, sizes, home));
        if (!cuts.has(value) && narrow && !(contracted.has(value) && hasCostlyPieces(value, home, read))) break;
        start(value, "map", value.type.shape);
        break;
      }
      case "cumulative":
      case "sort":
        start(value, value.op.kind, value.operands[0].type.shape, [value.attrs.axis as number]);
        break;
      case "contraction":
        start(value, "contract", value.type.shape);
        break;
      case "reduction":
        placeReduction(value, { reductions, cuts, met: met.get(value) }, growth);
        break;
      case "gather":
      case "elementwise": {
        const sources = growth.sourcesOf(value);
        const cheap = measure(value, sizes, home).ops <= cheapChain && sources.size === 0;
        const isWritten = cuts.has(value) || once.has(value);
        if (!isWritten && cheap && !(contracted.has(value) && isCostly(value))) break;
        const company = cuts.has(value) ? undefined : findCompany(value, sources, growth);
        if (company || isWritten || !isPassing(value)) place(value, company, growth);
        break;
      }
      case "scan":
        placeLoop(value, loops, fed, growth);
        break;
      case "composite":
        placeAttention(value, attentions, lessons, growth);
        break;
      case "derivative":
        throw new TypeError("derivatives must be expanded before clustering");
      default:
        value.op satisfies never;
    }
  }
  const unplaced = new Set(roots.filter((root) => !home.has(root)));
  const shared = placeRoots(unplaced, growth);
  const again = [...unplaced].filter((root) => !shared.has(root));
  return { clusters: growth.drafts, home, recomputed: new Set([...again, ...fed]), once };
}

/** What is known of reductions when one is placed. */
interface Reductions {
  /** Kernels of them, by space and axes. */
  readonly reductions: Map<string, Set<Draft>>;
  readonly cuts: Cuts;
  /** Those that this one meets in a value that both are read for. */
  readonly met: ReadonlySet<Value> | undefined;
}

/** A reduction joins one along the same axes, or the kernel that computes what it takes in. */
function placeReduction(value: Value, { reductions, cuts, met }: Reductions, growth: Growth): void {
  const space = value.operands[0].type.shape;
  const axes = axesOf(value);
  const key = `${space.join()}|${axes.join()}`;
  const alike = reductions.get(key) ?? new Set();
  reductions.set(key, alike);
  const isAlone = cuts.has(value);
  const own = isAlone
    ? undefined
    : (findNeighbours(value, growth) ?? findRows(value, growth) ?? findReduction(value, alike, met, growth));
  const parts = isAlone || own ? undefined : findParts(value, growth);
  const target = own ?? parts ?? (isAlone ? undefined : findElements(value, growth));
  if (target) growth.join(value, target);
  if (target && (target.kind === "contract" || parts || isColumnSum(value, target))) return;
  alike.add(target ?? growth.start(value, "reduce", space, axes));
}

/** What these read, under its layouts. */
const operandsOf = (values: readonly Value[]): ReadonlySet<Value> =>
  new Set(values.flatMap(({ operands }) => operands.map(underLayouts)));

/** True for what reads its operands again and again. */
const isProduct = ({ op }: Value): boolean => op.kind === "contraction" || op.kind === "composite";

/** Results of one attention are computed together. */
function placeAttention(
  value: Value,
  attentions: Map<Attention, Draft>,
  { apart }: Lessons,
  { home, start, join }: Growth,
): void {
  if (value.op !== attendOp) throw new TypeError("composites must be expanded before clustering");
  // Numbers that are put together to bind one tensor are written as one.
  for (const operand of value.operands.map(underLayouts)) {
    if (operand.op.kind === "piecewise" && !home.has(operand)) start(operand, "map", operand.type.shape);
  }
  const { attention } = attentionOf(value.attrs);
  const known = attentions.get(attention);
  if (known && !apart.get(value)?.has(known.first)) join(value, known);
  else attentions.set(attention, start(value, "attention", value.type.shape));
}

/** The tensors of one loop lie in one cluster; what it reads has tensors of its own, written before where need be. */
function placeLoop(value: Value, loops: Map<object, Value[]>, fed: Set<Value>, { home, start, join }: Growth): void {
  const { identity } = loopTensor(value).loop;
  const alike = loops.get(identity) ?? [];
  loops.set(identity, alike);
  const sibling = alike.find(({ operands }) => operands.every((operand, place) => operand === value.operands[place]));
  alike.push(value);
  if (sibling) return join(value, home.get(sibling)!);
  for (const operand of value.operands.map(tensorUnder)) {
    if (home.has(operand) || isNumber(operand) || (operand.op.kind === "leaf" && operand.op !== placeOp)) continue;
    start(operand, "map", operand.type.shape);
    fed.add(operand);
  }
  start(value, "loop", value.type.shape);
}

/**
 * Results that no cluster computes (a leaf, a layout, a cheap chain) still have to be written by one. Gives those that
 * others read from memory then: a counter is counted once, and is free to be overwritten as soon as that is done.
 */
function placeRoots(roots: ReadonlySet<Value>, growth: Growth): ReadonlySet<Value> {
  const { drafts, home, join, admits, share, delays } = growth;
  const shared = new Set<Value>();
  const total = drafts.find((each) => each.kind === "reduce" && countRows(each) === 1 && !each.sealed);
  for (const root of roots) {
    // A scalar costs nothing beside a reduction to a scalar, unless others came to wait longer for it; anything else gets a
    // kernel.
    const product = home.get(underLayouts(root));
    const mayJoin = total && root.type.shape.length === 0 && admits(total, root);
    if (mayJoin && !delays(root, total)) join(root, total);
    else if (product && holdsResults(product) && takesIn(root, product, growth)) join(root, product);
    else place(root, findBeside(root, growth) ?? drafts.find((each) => passes(root, each, growth)), growth);
    if (mayJoin && share(root, home.get(root)!)) shared.add(root);
  }
  return shared;
}

/** Kernels whose results another shape of them may be written from. */
const holdsResults = ({ kind }: Draft): boolean => kind === "contract" || kind === "reduce";

/** Gives a value a place in a kernel that goes over as many elements, or a kernel of its own. */
function place(value: Value, target: Draft | undefined, { start, join }: Growth): void {
  if (target) join(value, target);
  else start(value, "map", value.type.shape);
}

/** The kernel that an elementwise value joins, if there is one. */
function findCompany(value: Value, sources: ReadonlySet<Draft>, growth: Growth): Draft | undefined {
  return findEpilogue(value, sources, growth) ?? findBeside(value, growth);
}

/** The first kernel over the same elements that reads some of the same: together they read it once. */
function findBeside(value: Value, growth: Growth): Draft | undefined {
  const { shape } = value.type;
  const count = elementCount(shape);
  // Parts of a larger tensor count as well: gates lie beside each other.
  const inputs = [...growth.inputsOf(value)].filter(
    ({ constant, type }) => !constant && (sameShape(type.shape, shape) || exceeds(elementCount(type.shape), count)),
  );
  const fits = (each: Draft): boolean => sameShape(each.space, shape) && takesIn(value, each, growth);
  const beside = growth.beside(inputs);
  return (
    beside.find((each) => each.kind === "map" && fits(each)) ?? beside.find((each) => hasThreads(each) && fits(each))
  );
}

/** True for a row kernel with threads enough to go over its elements once more: few elements, or many rows. */
function hasThreads(draft: Draft): boolean {
  return (
    draft.kind === "reduce" &&
    (!exceeds(elementCount(draft.space), fewElements) || !exceeds(manyRows, countRows(draft)))
  );
}

/** How many rows a kernel goes over. */
const countRows = ({ space, axes }: Draft): Dim =>
  elementCount(keptAxes(space.length, axes).map((axis) => space[axis]));

/** True when a size is known to be the larger one. */
function exceeds(size: Dim, other: Dim): boolean {
  return typeof size === "number" && typeof other === "number" && size > other;
}

/** True for a kernel that computes the value on its way, and so can write it. */
function passes(value: Value, target: Draft, growth: Growth): boolean {
  const isSame = target.kind === "reduce" && sameShape(target.space, value.type.shape);
  return isSame && target.inputs.has(value) && takesIn(value, target, growth);
}

/**
 * The first of the reductions along the same axes of the same space that may take this one in. Two that read nothing in
 * common gain nothing from one kernel, unless one value is made of both; of totals, the dispatch itself is the gain. A
 * kernel that others wait for does not come to wait for something else.
 */
function findReduction(
  value: Value,
  alike: ReadonlySet<Draft>,
  met: ReadonlySet<Value> | undefined,
  growth: Growth,
): Draft | undefined {
  const inputs = (): readonly Value[] => [...growth.inputsOf(value)].filter(({ constant }) => !constant);
  const near = value.type.shape.length === 0 ? [...alike] : growth.beside(inputs()).filter((each) => alike.has(each));
  const others = [...homesOf(met ?? [], growth.home)].filter((each) => alike.has(each) && !growth.isAwaited(each));
  return [...near, ...others].find(
    (each) =>
      growth.admits(each, value) &&
      (isCanonical({ value: value.operands[0], index: each.index }, each, growth.home) ||
        growth.refuse(value, each, "places")),
  );
}

/** The product whose threads have all that one number of the reduction is made of. */
function findNeighbours(value: Value, growth: Growth): Draft | undefined {
  const target = growth.home.get(underLayouts(value.operands[0]));
  const view = target && neighbourView(value, target, growth.home);
  if (!view || !growth.admits(target, value)) return undefined;
  if (!indexWithin(view.shape, target)) target.views.push(view);
  return Object.assign(target, { axes: [target.space.length - 1] });
}

/** The kernel that computes the elements, where it has threads enough to add them up as well. */
function findElements(value: Value, growth: Growth): Draft | undefined {
  const [operand] = value.operands;
  const target = growth.home.get(underLayouts(operand));
  const space = operand.type.shape;
  const axes = axesOf(value);
  if (target?.kind !== "map" || !sameShape(target.space, space) || !hasThreads({ ...target, kind: "reduce", axes }))
    return undefined;
  if (!growth.admits(target, value)) return undefined;
  if (!isCanonical({ value: operand, index: target.index }, target, growth.home)) return undefined;
  return Object.assign(target, { kind: "reduce", axes } as const);
}

/** The latest cluster whose result the value reads in place. */
function findEpilogue(value: Value, sources: ReadonlySet<Draft>, growth: Growth): Draft | undefined {
  const latestFirst = [...sources].sort((a, b) => b.position - a.position);
  return latestFirst.find((each) => takesIn(value, each, growth));
}

/** True when the cluster has room for the value, and holds in registers what the value reads of it. */
function takesIn(value: Value, target: Draft, { admits, refuse, home }: Growth): boolean {
  if (!admits(target, value)) return false;
  const known = indexWithin(value.type.shape, target);
  const view = known ? undefined : viewOf(value, target, home);
  const index = known ?? (view && afterLayouts(target.index, view.layouts));
  if (!index) return refuse(value, target, "extents");
  const reads = value.op.kind === "layout" ? [{ value, index }] : readsWithin(value, index, target);
  if (!reads.every((read) => isCanonical(read, target, home))) return refuse(value, target, "places");
  if (view) target.views.push(view);
  return true;
}
