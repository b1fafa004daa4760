/// Weights times exponentials beside the largest of those that count: a weight may be 0, of either sign, and its exponent
/// far from any other.
import { mul, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { exp } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import type { TensorType } from "../../../ir/type.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { linearConstant, writeLinear } from "../linear.ts";
import { isPure, restOf, type Monomial } from "../monomial.ts";
import { rangeOf } from "../range.ts";
import { and, equal, less, not, notEqual, where } from "../untyped.ts";

/** Exponents up to here do not overflow. */
export const largestExponent = 80;

/** Stands for −∞ where a difference with it must be a number. */
export const lowest = -1e38;

/** weight · e^exponent. */
export interface Weighted {
  readonly weight: Value;
  readonly exponent: Value;
}

/** A product as a weight and an exponential. */
export function weightedOf(term: Monomial, type: TensorType): Weighted {
  return {
    weight: restOf({ ...term, exponent: linearConstant(0) }, type),
    exponent: writeLinear(term.exponent, type),
  };
}

/** The exponent where the weight counts. */
export const counted = ({ weight, exponent }: Weighted): Value => where(notEqual(weight, 0), exponent, lowest);

/** At most e⁸⁰ where the weight is 0: the gradient by the weight is what it multiplies. */
export function relative({ weight, exponent }: Weighted, largest: Value): Value {
  const above = sub(exponent, largest);
  return mul(weight, exp(where(less(above, largestExponent), above, largestExponent)));
}

/** The same beside a sum that may leave out what counts here: only where the weight itself is 0 there is an end. */
export function relativeBeside({ weight, exponent }: Weighted, largest: Value): Value {
  const above = sub(exponent, largest);
  // A number that is not 0 counts everywhere.
  if (constantValue(weight)) return timesNumber(weight, exp(above));
  const isCut = and(equal(weight, 0), not(less(above, largestExponent)));
  return mul(weight, exp(where(not(isCut), above, largestExponent)));
}

const timesNumber = (number: Value, x: Value): Value => (constantValue(number) === 1 ? x : mul(number, x));

/** True for an exponent of `relative`, also where it is repeated along a row. */
export function isRelative(exponent: Value): boolean {
  const { op, operands } = underLayouts(exponent);
  return op === selectOp && constantValue(operands[2]) === largestExponent;
}

/** True where the weight cannot be 0. */
export const isCertain = (term: Monomial, type: TensorType): boolean =>
  isPure(term) || rangeOf(weightedOf(term, type).weight).low > 0;

/**
 * True where a term counts for nothing, or cannot, wherever another does: `relative` caps what counts for nothing, and would
 * cap a number if it stood beside a sum that leaves it out.
 */
export const countsWithin = (top: Monomial, term: Monomial, type: TensorType): boolean =>
  isCertain(term, type) || term.over.every((factor) => top.over.some((each) => same(each, factor)));
