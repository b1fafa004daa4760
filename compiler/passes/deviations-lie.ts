/// Deviations from a mean lie as what the mean was taken from: T(x) − x̄ is T(x − x̄), where T moves elements and what is
/// spread of x̄ meets the same ones. The mean of T(x) has become that of x by then, so that nothing else would see that the
/// two belong together: kernels would read x once more for each, and the rounding of the mean would stay.
import type { Graph } from "../../ir/graph.ts";
import { div, sub } from "../../ir/ops/arithmetic.ts";
import { axesOf, keptAxes, spread, sumOp } from "../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../ir/value.ts";
import { afterLayouts, isRenaming, sameIndex, spaceIndex, throughLayouts, withLayouts } from "../cluster/access.ts";
import type { Pass } from "../pass.ts";
import { isUniform, uniformTo } from "../rewrite/rules/uniform.ts";
import { rewriteValues } from "./replace.ts";

export const deviationsLie: Pass = {
  name: "deviations-lie",
  doc: "Deviations from a mean lie as what the mean was taken from, whatever has moved them.",
  run: (graph: Graph): Graph => rewriteValues(graph, whereTheMeanIsFrom),
};

function whereTheMeanIsFrom(value: Value): Value {
  if (value.op !== sub.op) return value;
  const [a, b] = value.operands;
  const [first, second] = [moved(a, b), moved(b, a)];
  if (first) return withLayouts(sub(first.from, first.mean), first.layouts);
  return second ? withLayouts(sub(second.mean, second.from), second.layouts) : value;
}

/** What was moved, the mean beside it as it was, and the layouts that moved it, the innermost first. */
interface MovedDeviation {
  readonly from: Value;
  readonly mean: Value;
  readonly layouts: readonly Value[];
}

/**
 * What was moved to become `x`; undefined where `mean` is not that of its rows. Any total over a number is taken for a
 * mean: where it is none, the difference lies elsewhere, and is the same.
 */
function moved(x: Value, mean: Value): MovedDeviation | undefined {
  if (!isRenaming(x)) return undefined;
  const divided = underLayouts(mean);
  const [spreadTotal, count] = divided.op === div.op ? divided.operands : [divided];
  const total = underLayouts(spreadTotal);
  if (total.op !== sumOp || (count && !isUniform(count))) return undefined;
  const [from] = total.operands;
  const layouts: Value[] = [];
  let under = x;
  for (; isRenaming(under) && !same(under, from); [under] = under.operands) layouts.unshift(under);
  if (!same(under, from)) return undefined;
  // An element of x, where it lies after the layouts, and the total that is spread to there.
  const index = spaceIndex(from.type.shape);
  const there = throughLayouts(mean, afterLayouts(index, layouts)).index;
  const found = divided === total ? there : throughLayouts(spreadTotal, there).index;
  const axes = axesOf(total);
  const own = keptAxes(index.length, axes).map((axis) => index[axis]);
  if (!sameIndex(found, own)) return undefined;
  const ownMean = count ? div(total, uniformTo(count, total.type.shape)) : total;
  return { from, mean: spread(ownMean, from.type, axes), layouts };
}
