/// A variance of deviations in one pass over a row: Σ (d − d̄)² = Σ d² − (Σ d)² / n, where d is what is left of a row without
/// its mean. That is the corrected two-pass algorithm (Chan, Golub and LeVeque 1983): d̄ is a rounding error of the mean,
/// so that the difference loses nothing; for deviations from anything else it would.
import type { Graph } from "../../ir/graph.ts";
import { div, mul, sub } from "../../ir/ops/arithmetic.ts";
import { maximum } from "../../ir/ops/functions.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { axesOf, broadcastAttrs, broadcastOp, keptAxes, reducedCount, sumOp } from "../../ir/ops/sum.ts";
import { apply, type Value } from "../../ir/value.ts";
import type { Pass } from "../pass.ts";
import { rewriteValues } from "./replace.ts";

/** A pass over fewer elements is over in no time. */
const shortestRow = 64;

export const jointMoments: Pass = {
  name: "joint-moments",
  doc: "The variance of what is left of a row without its mean takes the sum of it and of its squares in one pass.",
  run: (graph: Graph): Graph => rewriteValues(graph, joint),
};

function joint(value: Value): Value {
  const [squares] = value.operands;
  if (value.op !== sumOp || squares.op !== mul.op || squares.operands[0] !== squares.operands[1]) return value;
  const axes = axesOf(value);
  const length = reducedCount(squares.type, axes);
  if (typeof length !== "number" || length < shortestRow) return value;
  const outer = centred(squares.operands[0], axes);
  if (!outer || !centred(outer.from, axes)) return value;
  const { from, mean } = outer;
  const [total] = mean.operands;
  // Rounding may leave a row without deviations a little less than nothing.
  return maximum(sub(apply(sumOp, [mul(from, from)], value.attrs), mul(total, mean)), 0);
}

/** What the mean along the axes is taken from, where the value is that. */
export function centred(
  value: Value,
  axes: readonly number[],
): { readonly from: Value; readonly mean: Value } | undefined {
  if (value.op !== sub.op) return undefined;
  const [from, spread] = value.operands;
  if (spread.op !== broadcastOp) return undefined;
  const [mean] = spread.operands;
  if (mean.op !== div.op || mean.operands[0].op !== sumOp) return undefined;
  const [total, count] = mean.operands;
  const kept = keptAxes(from.type.shape.length, axes);
  const isMean =
    total.operands[0] === from &&
    axesOf(total).join() === axes.join() &&
    constantValue(count) === reducedCount(from.type, axes) &&
    broadcastAttrs(spread).axes.join() === kept.join();
  return isMean ? { from, mean } : undefined;
}
