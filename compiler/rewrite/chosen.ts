/// Exponentials among which one is chosen, or that stand side by side: the choice is made among their exponents.
import { maximum, minimum } from "../../ir/ops/functions.ts";
import { constant, constantValue } from "../../ir/ops/leaf.ts";
import { concatenateOp, padAttrs, padOp } from "../../ir/ops/pad.ts";
import { sumOp } from "../../ir/ops/sum.ts";
import { apply, underLayouts, type Value } from "../../ir/value.ts";
import { addLinear, linearAtom, linearConstant, writeLinear } from "./linear.ts";
import { atomMonomial, exponentialMonomial, isExponential, isPure, type Monomial } from "./monomial.ts";
import { where } from "./untyped.ts";

/** ln of a part that is positive or 0 for certain: an exponential, or a number. */
function logarithmOfPart(part: Value, monomial: Monomial): Value | undefined {
  const { coefficient, exponent } = monomial;
  if (constantValue(part) === 0) return constant(-Infinity, part.type.dtype, part.type.shape);
  if (!isPure(monomial) || !(coefficient > 0)) return undefined;
  return writeLinear(addLinear(exponent, linearConstant(Math.log(coefficient))), part.type);
}

/** Beside a sum of exponentials, which overflows, or what is smaller than a number. */
function keepsLogarithm({ op, operands }: Value, i: number): boolean {
  return op === minimum.op || (op === maximum.op && underLayouts(operands[1 - i]).op === sumOp);
}

/**
 * max(eᵃ, eᵇ) = e^max(a, b), and so for what puts values side by side. The larger of one exponential and a number stays
 * what it is: the number keeps the logarithm finite. Of the smaller it does not: min(eᵃ, c) = e^min(a, ln c) for c > 0.
 */
export function chosenMonomial(value: Value, parts: readonly Monomial[]): Monomial {
  const isBeside = (part: Monomial, i: number): boolean =>
    isExponential(part) || (keepsLogarithm(value, i) && (constantValue(value.operands[i]) ?? 0) > 0);
  const some = parts.some(isExponential);
  const enough = value.op === concatenateOp ? some : some && parts.every(isBeside);
  const logarithms = enough ? value.operands.map((part, i) => logarithmOfPart(part, parts[i])) : [];
  const known = (each: Value | undefined): each is Value => each !== undefined;
  if (!enough || !logarithms.every(known)) return atomMonomial(value);
  return exponentialMonomial(linearAtom(apply(value.op, logarithms, value.attrs)));
}

/** A frame of numbers that are not negative around exponentials: of their logarithms around exponents. */
export function paddedMonomial(value: Value, inner: Monomial): Monomial {
  const fill = padAttrs(value.attrs).fill;
  const exponent = isExponential(inner) ? logarithmOfPart(value.operands[0], inner) : undefined;
  if (!exponent || !(fill >= 0)) return atomMonomial(value);
  return exponentialMonomial(linearAtom(apply(padOp, [exponent], { ...value.attrs, fill: Math.log(fill) })));
}

/** The largest or smallest of exponentials along axes; what a condition leaves out is 0 = e^−∞. */
export function extremeMonomial(value: Value, element: Monomial, condition: Value | undefined): Monomial {
  const [x] = value.operands;
  const exponent = isExponential(element) ? logarithmOfPart(x, element) : undefined;
  if (!exponent) return atomMonomial(value);
  const counted = condition ? where(condition, exponent, -Infinity) : exponent;
  return exponentialMonomial(linearAtom(apply(value.op, [counted], value.attrs)));
}
