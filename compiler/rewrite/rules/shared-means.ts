/// Means under shares that add up to 1, of numbers that have much in common: what is left of a difference from such a mean
/// has digits that the mean has rounded.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { contractAttrs, contractOp, operandAxes } from "../../../ir/ops/contract.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { mean } from "../../../ir/ops/reduce.ts";
import { axesOf, broadcastAlong, keptAxes, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { apply, same, underLayouts, type Value } from "../../../ir/value.ts";
import { asWeightedSum } from "../as-sum.ts";
import { isGivenUnderLayouts } from "../below.ts";
import { mapped, reads, rule, type Rule, type Surroundings } from "../rule.ts";
import { isSpreadOf, withoutAxes } from "./uniform.ts";
import { isShares } from "./whole.ts";

type Axes = readonly number[];

/** Deeper no person writes what a mean is of. */
const deepest = 6;

/**
 * Numbers that are given, each less their mean, where a row has them as often: all of it is less by one number then. A sum of
 * two is one value: they may be nearly the same, and each less its own mean has more to round than their difference.
 * `ofProduct` does it for a product of matrices.
 */
export function lessMeans(
  value: Value,
  meanOf: (value: Value) => Value,
  axes: Axes,
  ofProduct: (product: Value) => Value | undefined = () => undefined,
  depth = deepest,
): Value | undefined {
  const { op, type, operands } = value;
  const [a, b] = operands;
  const less = (): Value => sub(value, spread(meanOf(value), type, axes));
  if (isGivenUnderLayouts(value)) return withoutAxes(value, axes) ? undefined : less();
  if (depth === 0) return undefined;
  const of = (operand: Value): Value | undefined => lessMeans(operand, meanOf, axes, ofProduct, depth - 1);
  if (op === contractOp) return mapped(asWeightedSum(value), of) ?? ofProduct(value);
  if (op === neg.op) return mapped(of(a), neg);
  if (op === add.op || op === sub.op) {
    // What is less a number of the row has been here.
    if (operands.some((side) => !side.constant && withoutAxes(side, axes))) return undefined;
    const [left, right] = [of(a), of(b)];
    // What is computed is rounded by as much as the other has to tell apart, where they cancel.
    return left && right ? less() : left || right ? apply(op, [left ?? a, right ?? b]) : undefined;
  }
  if ((op === mul.op || op === div.op) && withoutAxes(b, axes)) return mapped(of(a), (less) => apply(op, [less, b]));
  return op === mul.op && withoutAxes(a, axes) ? mapped(of(b), (less) => mul(a, less)) : undefined;
}

/** A product without one of its factors, also in all that is added up. */
function withoutFactor(value: Value, factor: Value, depth = deepest): Value | undefined {
  const { op, operands } = value;
  const [a, b] = operands;
  if (depth === 0) return undefined;
  const of = (operand: Value): Value | undefined => withoutFactor(operand, factor, depth - 1);
  if (op === mul.op) {
    if (same(a, factor)) return b;
    if (same(b, factor)) return a;
    const [left, right] = [of(a), of(b)];
    return left ? mul(left, b) : right && mul(a, right);
  }
  if (op === add.op || op === sub.op) {
    const [left, right] = [of(a), of(b)];
    return left && right && (op === add.op ? add(left, right) : sub(left, right));
  }
  const inner = op === neg.op || (op === div.op && constantValue(b) !== undefined) ? of(a) : undefined;
  return inner && (op === neg.op ? neg(inner) : div(inner, b));
}

/** 1 for a value, and −1 for a − b of b − a. */
function signOf(value: Value, of: Value): number {
  if (same(value, of)) return 1;
  const [a, b] = value.operands;
  const isTurned = value.op === sub.op && of.op === sub.op && same(a, of.operands[1]) && same(b, of.operands[0]);
  return isTurned ? -1 : 0;
}

/**
 * A product of matrices, g·vᵀ, with what the given v have in common taken away before each is multiplied: their mean under all
 * shares of a column. What that takes from a row of the product is the same in all of it.
 */
function productLessMeans(product: Value, p: Value, axes: Axes): Value | undefined {
  const attrs = contractAttrs(product);
  const rank = product.type.shape.length;
  const [left, right] = [0, 1].map((side) =>
    operandAxes(attrs, side as 0 | 1, product.operands[side].type.shape.length),
  );
  const before = left.batch.length + left.free.length;
  for (const [side, { batch, free }] of [left, right].entries()) {
    const v = product.operands[side];
    const first = side === 0 ? batch.length : before;
    const placeOf = (axis: number): number => first + free.indexOf(axis);
    const along = free.filter((axis) => axes.includes(placeOf(axis)));
    if (along.length !== axes.length || !isGivenUnderLayouts(v)) continue;
    const places = [...batch.map((_, i) => i), ...free.map(placeOf)];
    const others = keptAxes(rank, places);
    const shares = others.length > 0 ? (mean(p, { axes: others }) as Value) : p;
    const weights = broadcastAlong(shares, v.type.shape, [...batch, ...free]);
    const common: Value = sum(mul(weights, v), { axes: along });
    const less: Value = sub(v, spread(common, v.type, along));
    return apply(contractOp, product.operands.with(side, less), product.attrs);
  }
  return undefined;
}

/** p·x − p·Σp·x = p·(d − Σp·d) for d = x − Σp·x: the mean of what deviates is small, and rounds little. */
function deviationFromMean({ op, type, operands: [products, part] }: Value, facts: Surroundings): Value | undefined {
  if (type.dtype !== "f32" || part.op !== mul.op) return undefined;
  for (const [at, mean] of part.operands.entries()) {
    const total = underLayouts(mean);
    const p = part.operands[1 - at];
    const sign = total.op === sumOp ? signOf(total.operands[0], products) : 0;
    const isDifference = sign !== 0 && (op === sub.op) === sign > 0;
    const axes = isDifference ? axesOf(total) : [];
    if (!isDifference || !isSpreadOf(mean, total, axes) || !isShares(p, axes, facts)) continue;
    const under = (x: Value): Value => sum(mul(p, x), { axes });
    const less = mapped(withoutFactor(products, p), (x) =>
      lessMeans(x, under, axes, (product) => productLessMeans(product, p, axes)),
    );
    if (less) return mul(p, sub(less, spread(under(less), type, axes)));
  }
  return undefined;
}

/** For kernels alone: formulas read as in a textbook until then. */
export const sharedMeanRules: readonly Rule[] = [
  rule(
    "deviation from a mean under shares",
    "assumes-finite",
    "p * x - p * sum(p * x) = p * (x - sum(p * x) - sum(p * (x - sum(p * x)))) for sum(p) = 1",
    ["sub", "add"],
    deviationFromMean,
    reads(mul.op),
  ),
];
