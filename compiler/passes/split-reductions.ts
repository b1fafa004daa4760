/// Sums over several axes in two steps, where that saves a kernel or a pass over memory: first along the axes that
/// another reduction of the same tensor uses already, or along rows when a single total would have one long row.
import type { Graph } from "../../ir/graph.ts";
import { normOp } from "../../ir/ops/norm.ts";
import { axesOf, sumOp } from "../../ir/ops/sum.ts";
import { elementCount, sameShape } from "../../ir/type.ts";
import { apply, underLayouts, type Value } from "../../ir/value.ts";
import type { Pass } from "../pass.ts";
import { rewriteValues } from "./replace.ts";

/** A total over more elements than this is taken row by row first. */
const longRow = 2048;

/** Values farther from a sum than so many others would not be in its kernel. */
const farthest = 256;

export const splitReductions: Pass = {
  name: "split-reductions",
  doc: "A sum over many axes continues a sum over fewer, where a kernel for those exists or one row would be too long.",
  run(graph: Graph): Graph {
    return rewriteValues(graph, split);
  },
};

function split(value: Value): Value {
  // The length of lengths is the length of all.
  if (value.op !== sumOp && value.op !== normOp) return value;
  const [operand] = value.operands;
  const axes = axesOf(value);
  const inner = innerAxes(operand, axes) ?? rowAxes(operand, axes);
  if (!inner) return value;
  const rest = axes.filter((axis) => !inner.includes(axis));
  const shifted = rest.map((axis) => axis - inner.filter((each) => each < axis).length);
  return apply(value.op, [apply(value.op, [operand], { axes: inner })], { axes: shifted });
}

/** Axes of a reduction of the same space that the summed expression reads, when they are fewer. */
function innerAxes(operand: Value, axes: readonly number[]): readonly number[] | undefined {
  if (axes.length < 2) return undefined;
  const pending = [operand];
  const seen = new Set<Value>();
  for (let each = pending.pop(); each && seen.size < farthest; each = pending.pop()) {
    if (seen.has(each)) continue;
    seen.add(each);
    const base = underLayouts(each);
    if (base.op.kind === "reduction" && sameShape(base.operands[0].type.shape, operand.type.shape)) {
      const own = axesOf(base);
      if (own.length < axes.length && own.every((axis) => axes.includes(axis))) return own;
    }
    if (base.op.kind === "elementwise") pending.push(...base.operands);
  }
  return undefined;
}

/** The last axis, of a long total over several. */
function rowAxes(operand: Value, axes: readonly number[]): readonly number[] | undefined {
  const { shape } = operand.type;
  const count = elementCount(shape);
  const last = shape.length - 1;
  if (axes.length < 2 || axes.length < shape.length || typeof count !== "number" || count <= longRow) return undefined;
  return shape[last] === 1 || shape[last] === count ? undefined : [last];
}
