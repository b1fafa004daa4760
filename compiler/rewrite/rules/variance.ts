/// Variances as differences of means: E[xy] − E[x]·E[y] loses the digits of a common offset, and the sum over the
/// deviations from the mean keeps them.
import { multiplyDims, type Dim } from "../../../ir/dim.ts";
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { constantValue, sizeOp, sizeValue } from "../../../ir/ops/leaf.ts";
import { axesOf, reducedCount, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { same, sameAttrs, underLayouts, type Value } from "../../../ir/value.ts";
import { monomialOf } from "../exponential.ts";
import { joinedSums } from "../joined-sums.ts";
import {
  atomMonomial,
  isExponential,
  numberMonomial,
  timesMonomial,
  writeMonomial,
  type Monomial,
} from "../monomial.ts";
import { isBounded } from "../range.ts";
import { rule, type Rule } from "../rule.ts";
import { isUniform, ontoLayouts } from "./uniform.ts";

/** Numbers times sums: what a term of such a difference is made of. */
interface Term {
  readonly monomial: Monomial;
  /** Σ under layouts. */
  readonly sums: readonly Value[];
}

function termOf(value: Value): Term | undefined {
  if (!mentionsSum(value)) return undefined;
  const seenThrough = monomialOf(value);
  // Means of sigmoids and of shares are exponentials as well, and no ∞ is among them.
  const monomial = isExponential(seenThrough) ? ofBounded(value) : seenThrough;
  if (!monomial) return undefined;
  const sums = monomial.over.filter((factor) => !isUniform(factor));
  const known = !isExponential(monomial) && monomial.under.every(isUniform) && sums.length <= 2;
  return known && sums.every((each) => underLayouts(each).op === sumOp) ? { monomial, sums } : undefined;
}

/** A product of numbers and of sums whose elements are bounded. */
function ofBounded(value: Value): Monomial | undefined {
  const { op, operands } = value;
  const number = constantValue(value);
  if (number) return numberMonomial(number);
  if (op === sumOp) return isBounded(operands[0]) ? atomMonomial(value) : undefined;
  if (op !== mul.op && op !== div.op) return undefined;
  const [a, b] = operands.map(ofBounded);
  return a && b && timesMonomial(a, b, op === mul.op ? 1 : -1);
}

/** A look that costs little: products, quotients and layouts of few parts with a sum among them. */
function mentionsSum(value: Value, depth = 5): boolean {
  if (value.op === sumOp) return true;
  const passes = value.op === mul.op || value.op === div.op || value.op === neg.op || value.op.kind === "layout";
  return passes && depth > 0 && value.operands.some((operand) => mentionsSum(operand, depth - 1));
}

/** c·Σxy − (c/n)·Σx·Σy = c·Σ(x − x̄)(y − ȳ). */
function asDeviations(whole: Value, part: Value): Value | undefined {
  const [first, second] = [termOf(whole), termOf(part)];
  if (first?.sums.length !== 1 || !second || !isShare(first.monomial, second.monomial, countOf(first.sums[0]))) {
    return undefined;
  }
  const [products] = first.sums;
  // The square of a mean is one sum twice.
  const [left, right] = second.sums;
  if (!right || !sameLayouts(products, left) || !sameLayouts(products, right)) return undefined;
  const total = underLayouts(products);
  const [product] = total.operands;
  const [x, y] = [left, right].map((each) => underLayouts(each).operands[0]);
  if (product.op !== mul.op) return undefined;
  const [a, b] = product.operands;
  if (!(same(a, x) && same(b, y)) && !(same(a, y) && same(b, x))) return undefined;
  const axes = axesOf(total);
  const spreads = sum(mul(deviation(a, axes), deviation(b, axes)), { axes });
  const over = first.monomial.over.map((factor) =>
    factor === products ? ontoLayouts(products, total, spreads) : factor,
  );
  return writeMonomial({ ...first.monomial, over }, whole.type);
}

const countOf = (total: Value): Dim => {
  const under = underLayouts(total);
  return reducedCount(under.operands[0].type, axesOf(under));
};

/** x − x̄. */
function deviation(x: Value, axes: readonly number[]): Value {
  const total = sum(x, { axes });
  const mean: Value = div(total, sizeValue(reducedCount(x.type, axes), x.type.dtype, total.type.shape));
  return sub(x, spread(mean, x.type, axes));
}

/** The numbers before both terms are as 1 to 1/n, each of them rounded to a float. */
function isShare(first: Monomial, second: Monomial, count: Dim): boolean {
  const left = numbersOf(first.over, second.under);
  const right = numbersOf(first.under, second.over);
  const ratio = (first.coefficient / second.coefficient) * (typeof count === "number" ? 1 / count : 1);
  if (Math.abs(ratio - 1) > 4 * 2 ** -24) return false;
  const sizes = typeof count === "number" ? right.sizes : multiplyDims(right.sizes, count);
  return left.sizes === sizes && sameAll(left.others, right.others);
}

function numbersOf(...lists: readonly (readonly Value[])[]): {
  readonly sizes: Dim;
  readonly others: readonly Value[];
} {
  const uniform = lists.flat().filter(isUniform);
  const sizes = uniform.filter(({ op }) => op === sizeOp).map(({ attrs }) => attrs.size as Dim);
  return { sizes: sizes.reduce<Dim>(multiplyDims, 1), others: uniform.filter(({ op }) => op !== sizeOp) };
}

const sameAll = (a: readonly Value[], b: readonly Value[]): boolean =>
  a.length === b.length && a.every((each) => b.some((other) => same(each, other)));

/** Both are sums along the same axes, under the same layouts. */
function sameLayouts(a: Value, b: Value): boolean {
  if (a.op !== b.op || !sameAttrs(a.attrs, b.attrs)) return false;
  return a.op === sumOp || sameLayouts(a.operands[0], b.operands[0]);
}

/** A difference whose first side is such a mean, or a sum with one in it. */
function varianceAsDifference({ type, operands }: Value): Value | undefined {
  const [first, second] = operands;
  const mayBeMean = mentionsSum(first) || (first.op === add.op && first.operands.some((each) => mentionsSum(each)));
  if (type.dtype !== "f32" || !mayBeMean || !mentionsSum(second)) return undefined;
  const [whole, part] = operands.map((operand) => joinedSums(operand));
  const direct = asDeviations(whole, part);
  if (direct || whole.op !== add.op) return direct;
  const [a, b] = whole.operands;
  const left = asDeviations(a, part);
  if (left) return add(left, b);
  const right = asDeviations(b, part);
  return right && add(a, right);
}

/** Variances and covariances. */
export const varianceRules: readonly Rule[] = [
  rule(
    "variance by deviations",
    "stabilizes",
    "sum(x * y) - sum(x) * sum(y) / n = sum((x - sum(x) / n) * (y - sum(y) / n))",
    ["sub"],
    varianceAsDifference,
  ),
];
