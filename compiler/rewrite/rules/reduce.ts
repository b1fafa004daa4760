/// Sums whose value is known without adding anything up, and sums of sums.
import { classComparisons, labelInput, type ClassComparison } from "../../../ir/classes.ts";
import { multiplyDims } from "../../../ir/dim.ts";
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { castOp, selectOp } from "../../../ir/ops/choose.ts";
import { and } from "../../../ir/ops/compare.ts";
import { exp } from "../../../ir/ops/functions.ts";
import { reshapeOp, reshapeTo, transposeOp } from "../../../ir/ops/layout.ts";
import { constant, constantValue, inputOp, iotaOp, sizeValue, type InputIdentity } from "../../../ir/ops/leaf.ts";
import { argmaxOp, logsumexpOp } from "../../../ir/ops/reduce.ts";
import {
  axesOf,
  broadcastAlong,
  broadcastAttrs,
  broadcastOp,
  keptAxes,
  reducedCount,
  sum,
  sumOp,
} from "../../../ir/ops/sum.ts";
import type { Dim } from "../../../ir/dim.ts";
import { isFloat, type Shape } from "../../../ir/type.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { isAlike, scaledTerm } from "../common-term.ts";
import { isNumber, linearOf } from "../linear.ts";
import { mapped, rule, type Rule, type Surroundings } from "../rule.ts";
import { isCount, isReshaped, isSpreadOf, withoutAxes } from "./uniform.ts";
import { where } from "../untyped.ts";

type Axes = readonly number[];
const keptShape = (value: Value, axes: Axes): Shape =>
  keptAxes(value.type.shape.length, axes).map((axis) => value.type.shape[axis]);

/** The axis along which the entries of each row sum to 1, where that is known. */
export function distributionAxes(value: Value, surroundings: Surroundings, wanted: Axes): Axes | undefined {
  const rank = value.type.shape.length;
  if (value.op === inputOp) {
    return (value.attrs.identity as InputIdentity).distribution ? [rank - 1] : undefined;
  }
  if (value.op === castOp || isIndicator(value)) return oneHotAxes(value.operands[0], surroundings, wanted);
  if (value.op === exp.op) return softmaxAxes(value.operands[0]);
  if (value.op === broadcastOp) return repeatedAxes(value, surroundings, wanted);
  return value.op === div.op ? shareAxes(value) : undefined;
}

/** Those of what is repeated along others. */
function repeatedAxes(repeated: Value, surroundings: Surroundings, wanted: Axes): Axes | undefined {
  const [x] = repeated.operands;
  const { shape, axes: along } = broadcastAttrs(repeated);
  const isOwn = (axis: number): boolean => x.type.shape[axis] === shape[along[axis]];
  const own = wanted.flatMap((axis) => (along.includes(axis) ? [along.indexOf(axis)] : []));
  const found = own.every(isOwn) ? distributionAxes(x, surroundings, own) : undefined;
  return found?.every(isOwn) ? found.map((axis) => along[axis]) : undefined;
}

function isIndicator(value: Value): boolean {
  return value.op === selectOp && constantValue(value.operands[1]) === 1 && constantValue(value.operands[2]) === 0;
}

/**
 * index = label holds once a row where each label is a class, and nowhere in a row where it is none: the axis of the row,
 * of several one that is `wanted`.
 */
export function oneHotAxes(value: Value, surroundings: Surroundings, wanted?: Axes): Axes | undefined {
  const found = classComparisons(value).find(
    (comparison) => isClass(comparison, surroundings) && (wanted?.includes(comparison.axis) ?? true),
  );
  return found && [found.axis];
}

/**
 * True when every label is known to be a class: in an input whose labels the runtime checks (it reads no labels that lie
 * in a GPU buffer: there the caller answers for them), a position among as many scores, or a number in range.
 */
function isClass(comparison: ClassComparison, { classes }: Surroundings): boolean {
  const input = labelInput(comparison);
  if (input) return classes(input).includes(comparison.classes);
  const label = underLayouts(comparison.label);
  if (label.op === argmaxOp) return reducedCount(label.operands[0].type, axesOf(label)) === comparison.classes;
  if (label.op === iotaOp) return label.type.shape[label.attrs.axis as number] === comparison.classes;
  const number = constantValue(label);
  const isIndex = number !== undefined && Number.isInteger(number) && number >= 0;
  return isIndex && typeof comparison.classes === "number" && number < comparison.classes;
}

/** x − ln Σ eˣ inside an exponential, and −(x + ln Σ e⁻ˣ). */
function softmaxAxes({ op, operands: [a, b] }: Value): Axes | undefined {
  if (op === sub.op) return rowAxes(a, b);
  if (op !== neg.op || a.op !== add.op) return undefined;
  const [left, right] = a.operands;
  return rowAxes(neg(left), right) ?? rowAxes(neg(right), left);
}

/** The axes along which the second is ln Σ eˣ of the first. */
function rowAxes(x: Value, spread: Value): Axes | undefined {
  if (spread.op !== broadcastOp || spread.operands[0].op !== logsumexpOp) return undefined;
  const total = spread.operands[0];
  return same(total.operands[0], x) && isSpreadOf(spread, total, axesOf(total)) ? axesOf(total) : undefined;
}

/** x / Σ x. */
function shareAxes(quotient: Value): Axes | undefined {
  const [x, spread] = quotient.operands;
  if (spread.op !== broadcastOp || spread.operands[0].op !== sumOp) return undefined;
  const total = spread.operands[0];
  return same(total.operands[0], x) && isSpreadOf(spread, total, axesOf(total)) ? axesOf(total) : undefined;
}

/** So far a sum is taken apart: parts that are shared may be met on as many paths as 2 to this. */
const deepest = 8;

/** Σ along axes, where it follows from facts: constants count, distributions sum to 1, and sums are linear. */
export function knownSum(value: Value, axes: Axes, facts: Surroundings, depth = 0): Value | undefined {
  const { dtype } = value.type;
  const flat = withoutAxes(value, axes);
  if (flat) return mul(flat, sizeValue(reducedCount(value.type, axes), dtype));
  const whole = distributionAxes(value, facts, axes);
  if (whole && whole.every((axis) => axes.includes(axis))) {
    const rest = axes.filter((axis) => !whole.includes(axis));
    const count = rest.reduce<Dim>((total, axis) => multiplyDims(total, value.type.shape[axis]), 1);
    return typeof count === "number"
      ? constant(count, dtype, keptShape(value, axes))
      : sizeValue(count, dtype, keptShape(value, axes));
  }
  return depth < deepest ? knownSumOfParts(value, axes, facts, depth + 1) : undefined;
}

function knownSumOfParts(value: Value, axes: Axes, facts: Surroundings, depth: number): Value | undefined {
  const [a, b] = value.operands;
  switch (value.op) {
    case neg.op:
      return mapped(knownSum(a, axes, facts, depth), neg);
    case add.op:
      return mapped(knownSum(a, axes, facts, depth), (left) =>
        mapped(knownSum(b, axes, facts, depth), (right) => add(left, right)),
      );
    case sub.op:
      if (isDeviation(value, axes)) return constant(0, value.type.dtype, keptShape(value, axes));
      return mapped(knownSum(a, axes, facts, depth), (left) =>
        mapped(knownSum(b, axes, facts, depth), (right) => sub(left, right)),
      );
    case mul.op:
      return scaledSum(a, b, axes, facts, depth) ?? scaledSum(b, a, axes, facts, depth);
    case selectOp:
      return sumOfPicked(value, axes, facts, depth);
    case div.op:
      return mapped(withoutAxes(b, axes), (divisor) =>
        mapped(knownSum(a, axes, facts, depth), (total) => div(total, divisor)),
      );
    default:
      return undefined;
  }
}

/** True for weights that add up to the divisor, each row to its own, or to 1 where there is none. */
export function addUpTo(weight: Value, axes: Axes, divisor: Value | undefined, facts: Surroundings): boolean {
  if (divisor) return isReshaped(divisor, sum(weight, { axes })) || isTotalOfRepeated(divisor, weight, axes);
  const known = knownSum(weight, axes, facts);
  const total = known && linearOf(known);
  // Numbers such as 0.8 + 3 · (0.2/3), up to their own rounding.
  return total !== undefined && isNumber(total) && Math.abs(total.constant - 1) < 1e-12;
}

/** True for n · Σ m of weights m that are there n times, as a mask of rows is in every column. */
function isTotalOfRepeated(divisor: Value, weight: Value, axes: Axes): boolean {
  const total = totalOfRepeated(weight, axes);
  if (!total) return false;
  const [wanted, found] = [mul(total.once, sizeValue(total.count, weight.type.dtype)) as Value, divisor].map((each) =>
    scaledTerm({ coefficient: 1, size: 1, powers: new Map(), base: weight }, each, 1),
  );
  return wanted.coefficient === found.coefficient && isAlike(wanted, found);
}

/** x − x̄, where the mean is that along the axes. */
export function isDeviation({ operands: [x, spread] }: Value, axes: Axes): boolean {
  const mean = withoutAxes(spread, axes);
  if (mean?.op !== div.op || mean.operands[0].op !== sumOp || !same(mean.operands[0].operands[0], x)) return false;
  const [total, count] = mean.operands;
  const along = axesOf(total);
  return isCount(count, x, axes) && along.length === axes.length && along.every((axis) => axes.includes(axis));
}

/**
 * A match picks one element of each row: where all are the same, that one. What holds for whole rows stays a condition of
 * the sum.
 */
function sumOfPicked(
  { operands: [condition, x, none] }: Value,
  axes: Axes,
  facts: Surroundings,
  depth: number,
): Value | undefined {
  if (constantValue(none) !== 0) return sumOfEither([condition, x, none], axes, facts);
  const parts = condition.op === and.op ? condition.operands : [condition];
  const [match, ...others] = parts.filter((part) => !withoutAxes(part, axes));
  if (others.length > 0) return undefined;
  const isPick = match && axes.length === 1 && oneHotAxes(match, facts, axes);
  const total = match ? isPick && withoutAxes(x, axes) : knownSum(x, axes, facts, depth);
  return mapped(total || undefined, (found) =>
    parts.flatMap((part) => withoutAxes(part, axes) ?? []).reduce<Value>((sum, part) => where(part, sum, 0), found),
  );
}

/** A match has x once in each row, and something else everywhere else. */
function sumOfEither([match, x, others]: readonly Value[], axes: Axes, facts: Surroundings): Value | undefined {
  const [once, rest] = [x, others].map((each) => withoutAxes(each, axes));
  if (!once || !rest || axes.length !== 1 || !oneHotAxes(match, facts, axes)) return undefined;
  const count = reducedCount(match.type, axes);
  return typeof count === "number" ? add(once, mul(count - 1, rest)) : undefined;
}

function scaledSum(factor: Value, rest: Value, axes: Axes, facts: Surroundings, depth: number): Value | undefined {
  return mapped(withoutAxes(factor, axes), (scale) =>
    mapped(knownSum(rest, axes, facts, depth), (total) => mul(scale, total)),
  );
}

/** Repeated elements are counted instead of added. */
function sumOfBroadcast(value: Value): Value | undefined {
  const [spread] = value.operands;
  const total = totalOfRepeated(spread, axesOf(value));
  return total && total.count !== 1 ? mul(total.once, sizeValue(total.count, value.type.dtype)) : undefined;
}

/** Σ of what is repeated: the sum of what is there once, repeated along the other axes, and how often it counts. */
function totalOfRepeated(spread: Value, axes: Axes): { readonly once: Value; readonly count: Dim } | undefined {
  if (spread.op !== broadcastOp) return undefined;
  const [x] = spread.operands;
  const { shape, axes: along } = broadcastAttrs(spread);
  const repeated = axes.filter((axis) => !along.includes(axis) || x.type.shape[along.indexOf(axis)] !== shape[axis]);
  const reduced = sum(x, { axes: along.flatMap((axis, i) => (axes.includes(axis) ? [i] : [])) });
  const kept = keptAxes(shape.length, axes);
  const places = along.flatMap((axis) => (axes.includes(axis) ? [] : [kept.indexOf(axis)]));
  const count = repeated.reduce<Dim>((total, axis) => multiplyDims(total, shape[axis]), 1);
  return { once: broadcastAlong(reduced, keptShape(spread, axes), places), count };
}

/** A sum that others read as well is there anyway, and adding it up costs less than the elements again. */
function sumOfSum(value: Value, { uses }: Surroundings): Value | undefined {
  const [inner] = value.operands;
  if (inner.op !== sumOp || uses(inner) > 1) return undefined;
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
  rule("sum known by its parts", "assumes-finite", "sum(c * distribution) = c", ["sum"], (value, facts) =>
    isFloat(value.type.dtype) ? knownSum(value.operands[0], axesOf(value), facts) : undefined,
  ),
];
