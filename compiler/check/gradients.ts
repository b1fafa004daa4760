/// Every derived gradient against differences of its loss, in float64.
import { evaluateValues, prepareEvaluation } from "../../ir/evaluate.ts";
import { entryPointRoots, type EntryPoint, type Graph } from "../../ir/graph.ts";
import { grad, gradOp } from "../../ir/ops/derivative.ts";
import { inputOp } from "../../ir/ops/leaf.ts";
import { apply, postorder, type Value } from "../../ir/value.ts";
import { derive } from "../passes/all.ts";
import { substitution } from "../rewrite/bottom-up.ts";
import { drawLeaves, type LeafData, type Range } from "./data.ts";
import { difference } from "./difference.ts";
import { randomStream, sampleIndices } from "./random.ts";

/** How one gradient compares with differences. */
export interface GradientCheck {
  readonly entryPoint: string;
  /** `∂loss/∂hidden.weight`. */
  readonly name: string;
  /** Entries of the gradient, and how many of them were compared. */
  readonly count: number;
  readonly checked: number;
  /** Largest relative error, where, and both numbers there. */
  readonly worst: number;
  readonly index: number;
  readonly derived: number;
  readonly measured: number;
  /** Random points that were given up because the loss has a kink there or is not finite. */
  readonly redrawn: number;
  readonly ok: boolean;
}

/** A gradient to check: `gradient` is derived from `loss` with respect to `target`. */
interface Pair {
  readonly name: string;
  readonly loss: Value;
  readonly target: Value;
  readonly gradient: Value;
  /** The value in the user's graph whose numbers `target` takes. */
  readonly origin: Value;
}

const tolerance = 1e-6;
const maximalEntries = 64;
const maximalDraws = 20;

/** Checks every `grad` that an entry point uses, directly or through an optimizer. */
export function checkGradients(
  graph: Graph,
  entry: EntryPoint,
  sizes: Readonly<Record<string, number>>,
  seed: number,
  strictFloat = false,
): readonly GradientCheck[] {
  const placeholders = postorder(entryPointRoots(entry)).filter((value) => value.op === gradOp);
  return derivePairs(graph, placeholders, strictFloat).map((pair) => checkPair(graph, entry, pair, sizes, seed));
}

function derivePairs(graph: Graph, placeholders: readonly Value[], strictFloat: boolean): readonly Pair[] {
  const cuts = placeholders.map((placeholder) => cutAtTarget(placeholder));
  const roots = cuts.flatMap(({ loss, gradient }) => [loss, gradient]);
  if (roots.length === 0) return [];
  const outputs = roots.map((value, position) => ({ name: String(position), value }));
  const cut: Graph = { ...graph, entryPoints: [{ name: "check", outputs, updates: [] }] };
  const derived = derive(cut, { strictFloat });
  const results = derived.entryPoints[0].outputs.map((output) => output.value);
  return cuts.map(({ target, loss, nested }, position) => {
    const [originalLoss, origin] = placeholders[position].operands;
    return {
      name: `∂${nameOf(graph, originalLoss)}/∂${nameOf(graph, origin)}`,
      // The user's own formula is the witness; only where it contains a gradient itself must that be derived first.
      loss: nested ? results[2 * position] : loss,
      target,
      gradient: results[2 * position + 1],
      origin,
    };
  });
}

/** A loss that contains gradients loses sight of values between: there the graph is cut, and the target becomes a leaf. */
function cutAtTarget(placeholder: Value) {
  const [loss, target] = placeholder.operands;
  const nested = postorder([loss]).some((value) => value.op === gradOp);
  if (!nested || target.op.kind === "leaf") return { loss, target, gradient: placeholder, nested };
  const letter = apply(inputOp, [], { identity: { name: "target", ...target.type } });
  const cut = substitution(new Map([[target, letter]]))(loss);
  return { loss: cut, target: letter, gradient: grad(cut, letter), nested };
}

function nameOf(graph: Graph, value: Value): string {
  return graph.notes.get(value)?.name ?? value.op.name;
}

function checkPair(
  graph: Graph,
  entry: EntryPoint,
  pair: Pair,
  sizes: Readonly<Record<string, number>>,
  seed: number,
): GradientCheck {
  let range: Range = "normal";
  let last: Comparison | undefined;
  let redrawn = 0;
  for (; redrawn < maximalDraws; redrawn++) {
    const data = drawLeaves(graph, sizes, seed + redrawn, range);
    const comparison = comparePair(pair, data, sizes, seed);
    if (comparison.tag === "compared" && comparison.smooth) {
      return { ...describe(comparison), redrawn, ok: comparison.worst <= tolerance };
    }
    // Logarithms and roots want positive numbers.
    if (comparison.tag === "not finite") range = "unit";
    else last = comparison;
  }
  return { ...describe(last), redrawn, ok: false };

  function describe(comparison: Comparison | undefined) {
    const none = { count: 0, checked: 0, worst: Infinity, index: 0, derived: NaN, measured: NaN };
    const { count, checked, worst, index, derived, measured } = comparison ?? none;
    return { entryPoint: entry.name, name: pair.name, count, checked, worst, index, derived, measured };
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
  { loss, target, gradient, origin }: Pair,
  leaves: LeafData,
  sizes: Readonly<Record<string, number>>,
  seed: number,
): Comparison | { readonly tag: "not finite" } {
  const feeds = new Map<Value, Float64Array>(leaves);
  if (!feeds.has(target)) feeds.set(target, evaluateValues([origin], leaves, sizes).get(origin)!);
  // Derived from the leaves, not from the fed target: the derived graph need not contain a value between.
  const derived = evaluateValues([gradient], target === origin ? leaves : feeds, sizes).get(gradient)!;
  const point = feeds.get(target)!;
  const evaluateLoss = prepareEvaluation([loss], sizes);
  const at = (index: number, shift: number): number => {
    const moved = point.slice();
    moved[index] += shift;
    return evaluateLoss(new Map(feeds).set(target, moved)).get(loss)![0];
  };
  const center = evaluateLoss(feeds).get(loss)![0];
  if (!Number.isFinite(center) || !derived.every(Number.isFinite)) return { tag: "not finite" };
  const indices = sampleIndices(derived.length, maximalEntries, randomStream(seed));
  let worst = { worst: -1, index: 0, derived: 0, measured: 0 };
  let smooth = true;
  for (const index of indices) {
    const measured = difference((shift) => at(index, shift), center, Math.abs(point[index]), tolerance);
    smooth &&= measured.smooth;
    if (!smooth) break;
    const magnitude = Math.max(Math.abs(derived[index]), Math.abs(measured.value), measured.floor);
    const error = Math.abs(derived[index] - measured.value) / magnitude;
    if (error > worst.worst) worst = { worst: error, index, derived: derived[index], measured: measured.value };
  }
  return { tag: "compared", count: derived.length, checked: indices.length, ...worst, smooth };
}
