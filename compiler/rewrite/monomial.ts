/// Products: a number times factors over divisors times e to a power, which is a sum of logarithms.
import { div, mul, neg } from "../../ir/ops/arithmetic.ts";
import { exp, sigmoid } from "../../ir/ops/functions.ts";
import { constant } from "../../ir/ops/leaf.ts";
import { sameShape, type TensorType } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { addLinear, besideRows, isNumber, linearConstant, scaleLinear, writeLinear, type Linear } from "./linear.ts";

/** coefficient · over / under · e^exponent. */
export interface Monomial {
  readonly coefficient: number;
  readonly over: readonly Value[];
  readonly under: readonly Value[];
  readonly exponent: Linear;
}

/** True when a monomial has an exponential in it. */
export function isExponential({ exponent }: Monomial): boolean {
  return !isNumber(exponent);
}

/** True when there is nothing but a number and exponentials. */
export function isPure({ over, under }: Monomial): boolean {
  return over.length === 0 && under.length === 0;
}

/** A number. */
export function numberMonomial(coefficient: number): Monomial {
  return { coefficient, over: [], under: [], exponent: linearConstant(0) };
}

/** One factor. */
export function atomMonomial(value: Value): Monomial {
  return { ...numberMonomial(1), over: [value] };
}

/** e^exponent. */
export function exponentialMonomial(exponent: Linear, coefficient = 1): Monomial {
  return { ...numberMonomial(coefficient), exponent };
}

/** a · b, or a / b for a power of −1. What is both factor and divisor stays: it may be 0. */
export function timesMonomial(a: Monomial, b: Monomial, power: 1 | -1 = 1): Monomial {
  const [over, under] = power === 1 ? [b.over, b.under] : [b.under, b.over];
  return {
    coefficient: power === 1 ? a.coefficient * b.coefficient : a.coefficient / b.coefficient,
    over: [...a.over, ...over],
    under: [...a.under, ...under],
    exponent: addLinear(a.exponent, b.exponent, power),
  };
}

/** −a. */
export function negatedMonomial(a: Monomial): Monomial {
  return { ...a, coefficient: -a.coefficient };
}

/** coefficient · over / under, without the exponential. */
export function restOf({ coefficient, over, under }: Monomial, type: TensorType): Value {
  return quotient(coefficient, over, under, type);
}

/** The whole product. Sigmoids are written as such; a number in the exponent is a factor. */
export function writeMonomial(monomial: Monomial, type: TensorType): Value {
  const whole = besideRows(monomial.exponent);
  const coefficient = withoutError(monomial.coefficient * Math.exp(whole.constant));
  const exponent = { ...whole, constant: 0 };
  const large = !Number.isFinite(Math.fround(coefficient)) || Math.fround(coefficient) === 0;
  const powers = large
    ? exponentials(monomial.exponent, type)
    : (sigmoids(exponent, type) ?? exponentials(exponent, type));
  const factor = large ? monomial.coefficient : coefficient;
  return quotient(factor, [...monomial.over, ...powers], monomial.under, type);
}

/** c · e^(−ln c) is 1, whatever its last digit. */
const withoutError = (coefficient: number): number =>
  Math.abs(Math.abs(coefficient) - 1) < 1e-12 ? Math.sign(coefficient) : coefficient;

function exponentials(exponent: Linear, type: TensorType): readonly Value[] {
  return isNumber(exponent) && exponent.constant === 0 ? [] : [exp(writeLinear(exponent, type))];
}

/** e^(j·u − k·softplus(u)) is σ(u)ʲ · σ(−u)^(k − j), for whole numbers 0 ≤ j ≤ k. */
function sigmoids({ terms, softplus: parts }: Linear, type: TensorType): readonly Value[] | undefined {
  if (parts.length !== 1) return undefined;
  const [{ argument, coefficient }] = parts;
  const count = -coefficient;
  if (!Number.isInteger(count) || count < 1 || count > 3 || argument.softplus.length > 0) return undefined;
  for (let share = 0; share <= count; share++) {
    const left = addLinear({ constant: 0, terms, softplus: [] }, argument, -share);
    if (left.terms.size > 0 || left.constant !== 0) continue;
    const factor = (sign: number): Value => sigmoid(writeLinear(scaleLinear(argument, sign), type));
    return [...new Array<Value>(share).fill(factor(1)), ...new Array<Value>(count - share).fill(factor(-1))];
  }
  return undefined;
}

/** coefficient · over / under; the sign in front. */
function quotient(coefficient: number, over: readonly Value[], under: readonly Value[], type: TensorType): Value {
  const number = (value: number): Value => constant(value, type.dtype, type.shape);
  const whole = (value: Value): Value => {
    if (!sameShape(value.type.shape, type.shape)) throw new TypeError("a factor has another shape");
    return value;
  };
  const size = Math.abs(coefficient);
  // 1/c is a divisor where c is what was written.
  const inverted = size !== 1 && Math.fround(size) !== size && Math.fround(1 / size) === 1 / size;
  const factors = over.map(whole);
  if ((size !== 1 && !inverted) || factors.length === 0) factors.unshift(number(inverted ? 1 : size));
  const divisors = under.map(whole);
  if (inverted) divisors.push(number(1 / size));
  const product = factors.reduce((left, right) => mul(left, right));
  const result = divisors.reduce((left, right) => div(left, right), product);
  return coefficient < 0 ? neg(result) : result;
}
