/// Rows that are computed as a whole, such as a softmax: layouts move out of their formulas, so that all that is done with
/// a row is done where it is computed.
import { mul, neg } from "../../../ir/ops/arithmetic.ts";
import { contractAttrs } from "../../../ir/ops/contract.ts";
import { reshapeOp, reshapeTo, transpose, transposeOp } from "../../../ir/ops/layout.ts";
import { logsumexpOp, maxOp } from "../../../ir/ops/reduce.ts";
import { axesOf, broadcastAlong, broadcastAttrs, broadcastOp, keptAxes, sum, sumOp } from "../../../ir/ops/sum.ts";
import { remembering } from "../../../ir/intern.ts";
import { sameShape, type Shape } from "../../../ir/type.ts";
import { apply, same, sameAttrs, type Value } from "../../../ir/value.ts";
import { elementwiseRoot, rule, type Rule } from "../rule.ts";
import { isConvolution } from "./layout.ts";
import { isUniform, uniformTo } from "./uniform.ts";

const largestFormula = 40;

/** True for a formula that reads ln Σ eˣ: its rows are computed as a whole. */
export const isNormalized = remembering((x: Value): boolean => {
  const seen = new Set<Value>();
  const pending = [x];
  for (let value = pending.pop(); value && seen.size < largestFormula; value = pending.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    if (value.op === logsumexpOp) return true;
    const { kind } = value.op;
    if (kind === "elementwise" || kind === "layout" || kind === "reduction") pending.push(...value.operands);
  }
  return false;
});

/** f(xᵀ, yᵀ) = f(x, y)ᵀ and so for reshapes, where a row is computed as a whole. */
function calculationBeforeLayout(value: Value): Value | undefined {
  const layout = value.operands.find(({ op }) => op === transposeOp || op === reshapeOp);
  // Signs move out further, past layouts: one spelling.
  if (!layout || value.op === neg.op || !value.operands.some(isNormalized)) return undefined;
  const { shape } = layout.operands[0].type;
  const inner: Value[] = [];
  for (const operand of value.operands) {
    const moved = withoutLayout(operand, layout);
    if (!moved || !sameShape(moved.type.shape, shape)) return undefined;
    inner.push(moved);
  }
  return apply(layout.op, [apply(value.op, inner, value.attrs)], layout.attrs);
}

/** What becomes the value under the layout. */
function withoutLayout(value: Value, layout: Value): Value | undefined {
  const { shape } = layout.operands[0].type;
  if (isUniform(value)) return uniformTo(value, shape);
  if (value.op === layout.op && sameAttrs(value.attrs, layout.attrs)) return value.operands[0];
  if (value.op !== broadcastOp || layout.op !== transposeOp) return undefined;
  const permutation = layout.attrs.permutation as readonly number[];
  return broadcastAlong(
    value.operands[0],
    shape,
    broadcastAttrs(value).axes.map((axis) => permutation[axis]),
  );
}

/** Σ xᵀ along one axis is Σ x along another. */
function reductionOfTranspose(value: Value): Value | undefined {
  const [turned] = value.operands;
  if (turned.op !== transposeOp) return undefined;
  const permutation = turned.attrs.permutation as readonly number[];
  const axes = axesOf(value)
    .map((axis) => permutation[axis])
    .sort((a, b) => a - b);
  const reduced = apply(value.op, turned.operands, { ...value.attrs, axes });
  const order = keptAxes(permutation.length, axes);
  const wanted = permutation.filter((axis) => !axes.includes(axis));
  return transpose(
    reduced,
    wanted.map((axis) => order.indexOf(axis)),
  );
}

/** Axes of extent 1 that come or go make no difference to a sum along others. */
function reductionOfUnits(value: Value): Value | undefined {
  const [shaped] = value.operands;
  if (shaped.op !== reshapeOp || isConvolution(shaped)) return undefined;
  const [x] = shaped.operands;
  const [from, to] = [x, shaped].map(({ type }) => longAxes(type.shape));
  if (!sameShape(extentsAlong(x, from), extentsAlong(shaped, to))) return undefined;
  const axes = axesOf(value).flatMap((axis) => (to.includes(axis) ? from[to.indexOf(axis)] : []));
  if (axes.length === 0) return undefined;
  return reshapeTo(apply(value.op, [x], { ...value.attrs, axes }), value.type.shape);
}

const longAxes = (shape: Shape): readonly number[] => shape.flatMap((extent, axis) => (extent === 1 ? [] : [axis]));
const extentsAlong = ({ type }: Value, axes: readonly number[]): Shape => axes.map((axis) => type.shape[axis]);

/** Rows that repeat are reduced once. */
function reductionOfRepetition(value: Value): Value | undefined {
  const [spread] = value.operands;
  if (spread.op !== broadcastOp) return undefined;
  const [x] = spread.operands;
  const { shape, axes: along } = broadcastAttrs(spread);
  const axes = axesOf(value);
  const inner = axes.map((axis) => along.indexOf(axis));
  if (inner.some((axis, i) => axis < 0 || x.type.shape[axis] !== shape[axes[i]])) return undefined;
  const kept = keptAxes(shape.length, axes);
  const places = along.flatMap((axis) => (axes.includes(axis) ? [] : [kept.indexOf(axis)]));
  const reduced = apply(value.op, [x], { ...value.attrs, axes: [...inner].sort((a, b) => a - b) });
  return broadcastAlong(reduced, value.type.shape, places);
}

/** Σ x·y where nothing else is left of either: a row is read once, for all that it is read for; and Σ x·x, as others write it. */
function productOfRows(value: Value): Value | undefined {
  const [x, y] = value.operands;
  const { batch, contracted } = contractAttrs(value);
  const count = batch.length + contracted.length;
  if (x.type.shape.length !== count || y.type.shape.length !== count) return undefined;
  const pairs = [...batch, ...contracted];
  const isSquare = same(x, y) && pairs.every(([left, right]) => left === right);
  if (!isSquare && !isNormalized(x) && !isNormalized(y)) return undefined;
  const [left, right] = [x, y].map((operand, side) =>
    transpose(
      operand,
      pairs.map((pair) => pair[side]),
    ),
  );
  return sum(mul(left, right), { axes: contracted.map((_, i) => batch.length + i) });
}

/** Layouts out of rows, and rows that are multiplied. */
export const rowRules: readonly Rule[] = [
  rule(
    "layout after the row",
    "exact",
    "f(transpose(x)) = transpose(f(x))",
    [elementwiseRoot],
    calculationBeforeLayout,
  ),
  rule(
    "reduction of a transpose",
    "reassociates",
    "sum[a](transpose(x)) = sum[b](x)",
    [sumOp.name, logsumexpOp.name, maxOp.name],
    reductionOfTranspose,
  ),
  rule(
    "reduction beside unit axes",
    "exact",
    "sum[a](reshape(x)) = reshape(sum[b](x))",
    [sumOp.name, logsumexpOp.name, maxOp.name],
    reductionOfUnits,
  ),
  rule(
    "reduction of a repetition",
    "exact",
    "sum[a](broadcast(x)) = broadcast(sum[b](x))",
    [sumOp.name, logsumexpOp.name, maxOp.name],
    reductionOfRepetition,
  ),
  rule("product of rows", "reassociates", "contract(x, y) = sum(x * y)", ["contract"], productOfRows),
];
