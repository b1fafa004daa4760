/// Sums whose value is known without adding anything up, and sums of sums.
import { multiplyDims } from "../../../ir/dim.ts";
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { castOp, selectOp } from "../../../ir/ops/choose.ts";
import { equal } from "../../../ir/ops/compare.ts";
import { exp } from "../../../ir/ops/functions.ts";
import { reshapeOp, reshapeTo, transposeOp } from "../../../ir/ops/layout.ts";
import { constant, constantValue, inputOp, iotaOp, sizeValue, type InputIdentity } from "../../../ir/ops/leaf.ts";
import { logsumexpOp } from "../../../ir/ops/reduce.ts";
import { broadcastAlong, broadcastOp, keptAxes, reducedCount, sum, sumOp } from "../../../ir/ops/sum.ts";
import type { BroadcastAttrs } from "../../../ir/ops/sum.ts";
import type { Dim } from "../../../ir/dim.ts";
import { isFloat, type Shape } from "../../../ir/type.ts";
import { same, type Value } from "../../../ir/value.ts";
import { rule, type Rule } from "../rule.ts";
import { isUniform, uniformTo } from "./uniform.ts";

type Axes = readonly number[];

const axesOf = (value: Value): Axes => value.attrs.axes as Axes;
const broadcastAttrs = (value: Value): BroadcastAttrs => value.attrs as unknown as BroadcastAttrs;
const keptShape = (value: Value, axes: Axes): Shape =>
  keptAxes(value.type.shape.length, axes).map((axis) => value.type.shape[axis]);

/** A value that is the same all along some axes, without those axes; undefined where it may differ. */
function withoutAxes(value: Value, axes: Axes): Value | undefined {
  const shape = keptShape(value, axes);
  if (isUniform(value)) return uniformTo(value, shape);
  if (value.op !== broadcastOp) return undefined;
  const [x] = value.operands;
  const along = broadcastAttrs(value).axes;
  if (along.some((axis, i) => axes.includes(axis) && x.type.shape[i] !== 1)) return undefined;
  const kept = keptAxes(value.type.shape.length, axes);
  const stay = along.flatMap((axis, i) => (axes.includes(axis) ? [] : [i]));
  const squeezed = reshapeTo(
    x,
    stay.map((i) => x.type.shape[i]),
  );
  return broadcastAlong(
    squeezed,
    shape,
    stay.map((i) => kept.indexOf(along[i])),
  );
}

/** The axis along which the entries of each row sum to 1, where that is known. */
function distributionAxes(value: Value): Axes | undefined {
  const rank = value.type.shape.length;
  if (value.op === inputOp) {
    return (value.attrs.identity as InputIdentity).distribution ? [rank - 1] : undefined;
  }
  if (value.op === castOp || isIndicator(value)) return oneHotAxes(value.operands[0]);
  if (value.op === exp.op && value.operands[0].op === sub.op) return softmaxAxes(value.operands[0]);
  return value.op === div.op ? shareAxes(value) : undefined;
}

function isIndicator(value: Value): boolean {
  return value.op === selectOp && constantValue(value.operands[1]) === 1 && constantValue(value.operands[2]) === 0;
}

/** index = label, where the label is the same along the axis that the index counts: holds once a row. */
function oneHotAxes(value: Value): Axes | undefined {
  if (value.op !== equal.op) return undefined;
  const index = value.operands.find((operand) => operand.op === iotaOp);
  const label = value.operands.find((operand) => operand !== index);
  const axis = index?.attrs.axis as number;
  return index && label && withoutAxes(label, [axis]) ? [axis] : undefined;
}

/** x − ln Σ eˣ inside an exponential. */
function softmaxAxes(difference: Value): Axes | undefined {
  const [x, spread] = difference.operands;
  if (spread.op !== broadcastOp || spread.operands[0].op !== logsumexpOp) return undefined;
  const total = spread.operands[0];
  return same(total.operands[0], x) && withoutAxes(spread, axesOf(total)) ? axesOf(total) : undefined;
}

/** x / Σ x. */
function shareAxes(quotient: Value): Axes | undefined {
  const [x, spread] = quotient.operands;
  if (spread.op !== broadcastOp || spread.operands[0].op !== sumOp) return undefined;
  const total = spread.operands[0];
  return same(total.operands[0], x) && withoutAxes(spread, axesOf(total)) ? axesOf(total) : undefined;
}

/** Σ along axes, where it follows from facts: constants count, distributions sum to 1, and sums are linear. */
export function knownSum(value: Value, axes: Axes): Value | undefined {
  const { dtype } = value.type;
  const flat = withoutAxes(value, axes);
  if (flat) return mul(flat, sizeValue(reducedCount(value.type, axes), dtype));
  const whole = distributionAxes(value);
  if (whole && whole.every((axis) => axes.includes(axis))) {
    const rest = axes.filter((axis) => !whole.includes(axis));
    const count = rest.reduce<Dim>((total, axis) => multiplyDims(total, value.type.shape[axis]), 1);
    return typeof count === "number"
      ? constant(count, dtype, keptShape(value, axes))
      : sizeValue(count, dtype, keptShape(value, axes));
  }
  return knownSumOfParts(value, axes);
}

function knownSumOfParts(value: Value, axes: Axes): Value | undefined {
  const [a, b] = value.operands;
  switch (value.op) {
    case neg.op:
      return mapped(knownSum(a, axes), neg);
    case add.op:
      return mapped(knownSum(a, axes), (left) => mapped(knownSum(b, axes), (right) => add(left, right)));
    case sub.op:
      return mapped(knownSum(a, axes), (left) => mapped(knownSum(b, axes), (right) => sub(left, right)));
    case mul.op:
      return scaledSum(a, b, axes) ?? scaledSum(b, a, axes);
    case div.op:
      return mapped(withoutAxes(b, axes), (divisor) => mapped(knownSum(a, axes), (total) => div(total, divisor)));
    default:
      return undefined;
  }
}

function scaledSum(factor: Value, rest: Value, axes: Axes): Value | undefined {
  return mapped(withoutAxes(factor, axes), (scale) => mapped(knownSum(rest, axes), (total) => mul(scale, total)));
}

function mapped(value: Value | undefined, then: (value: Value) => Value | undefined): Value | undefined {
  return value && then(value);
}

/** Repeated elements are counted instead of added. */
function sumOfBroadcast(value: Value): Value | undefined {
  const [spread] = value.operands;
  if (spread.op !== broadcastOp) return undefined;
  const [x] = spread.operands;
  const { shape, axes: along } = broadcastAttrs(spread);
  const axes = axesOf(value);
  const repeated = axes.filter((axis) => !along.includes(axis) || x.type.shape[along.indexOf(axis)] !== shape[axis]);
  if (repeated.length === 0) return undefined;
  const reduced = sum(x, { axes: along.flatMap((axis, i) => (axes.includes(axis) ? [i] : [])) });
  const kept = keptAxes(shape.length, axes);
  const places = along.flatMap((axis) => (axes.includes(axis) ? [] : [kept.indexOf(axis)]));
  const count = repeated.reduce<Dim>((total, axis) => multiplyDims(total, shape[axis]), 1);
  return mul(broadcastAlong(reduced, value.type.shape, places), sizeValue(count, value.type.dtype));
}

function sumOfSum(value: Value): Value | undefined {
  const [inner] = value.operands;
  if (inner.op !== sumOp) return undefined;
  const [x] = inner.operands;
  const kept = keptAxes(x.type.shape.length, axesOf(inner));
  return sum(x, { axes: [...axesOf(inner), ...axesOf(value).map((axis) => kept[axis])] });
}

/** Axes of extent 1 alone need no sum, and a sum over everything does not see the shape. */
function sumOfLayout(value: Value): Value | undefined {
  const [x] = value.operands;
  const axes = axesOf(value);
  if (axes.every((axis) => x.type.shape[axis] === 1)) return reshapeTo(x, value.type.shape);
  if (axes.length < x.type.shape.length) return undefined;
  return x.op === reshapeOp || x.op === transposeOp ? sum(x.operands[0]) : undefined;
}

/** Sums that are known, or of fewer elements. */
export const sumRules: readonly Rule[] = [
  rule("sum over unit axes", "reassociates", "sum(reshape(x)) = sum(x)", ["sum"], sumOfLayout),
  rule("sum of a sum", "reassociates", "sum(sum(x)) = sum(x)", ["sum"], sumOfSum),
  rule("sum of a repetition", "reassociates", "sum(broadcast(x)) = n * sum(x)", ["sum"], sumOfBroadcast),
  rule("sum known by its parts", "assumes-finite", "sum(c * distribution) = c", ["sum"], (value) =>
    isFloat(value.type.dtype) ? knownSum(value.operands[0], axesOf(value)) : undefined,
  ),
];
