/// Differences that decide: where an op jumps or has a singular point as a difference comes to 0. A comparison is one of its
/// two sides; sign, floor, √, ln, 1/x and powers are one where what they are of is a sum with both signs in it.
import { abs, relu, sign, sqrt, step, log, log1p, pow } from "../../ir/ops/functions.ts";
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { castOp } from "../../ir/ops/choose.ts";
import { equal, greater, greaterEqual, less, lessEqual, notEqual } from "../../ir/ops/compare.ts";
import { acosh, atanh } from "../../ir/ops/hyperbolic.ts";
import { constant, constantValue } from "../../ir/ops/leaf.ts";
import { log1mexp } from "../../ir/ops/logspace.ts";
import { root, rsqrt } from "../../ir/ops/powers.ts";
import { ceil, floor, round, trunc } from "../../ir/ops/rounding.ts";
import { digamma, erfinv, lgamma } from "../../ir/ops/special.ts";
import { acos, asin } from "../../ir/ops/trigonometric.ts";
import { isFloat } from "../../ir/type.ts";
import { underLayouts, type Op, type Value } from "../../ir/value.ts";

/** A difference that decides: `whole` where it does so at any whole number, else near 0. */
export interface Difference {
  readonly first: Value;
  /** 0 where absent. */
  readonly second?: Value;
  readonly whole?: boolean;
}

/** A value as a part of a sum, and by what it is multiplied there. */
export interface Part {
  readonly value: Value;
  readonly factor: number;
}

const opsOf = (functions: readonly { readonly op: Op }[]): ReadonlySet<Op> => new Set(functions.map(({ op }) => op));

/** Ops that jump where two numbers are equal. */
const comparisons = opsOf([equal, notEqual, less, lessEqual, greater, greaterEqual]);

/** Ops that jump, or have a singular point, at 0. */
const atZero = opsOf([sign, step, sqrt, root, rsqrt, log, log1mexp, lgamma, digamma]);

/** Ops that do so at 1; most of them at -1 as well. */
const atOne = opsOf([acos, asin, acosh, atanh, erfinv]);

/** Ops that jump at whole numbers. */
const atWhole = opsOf([floor, ceil, trunc, round]);

/** The differences at which a value jumps or has a singular point. */
export function differencesIn({ op, operands, type }: Value): readonly Difference[] {
  const [first, second] = operands;
  if (comparisons.has(op)) {
    if (isZero(second)) return zerosOf(first);
    return isZero(first) ? zerosOf(second) : [{ first, second }];
  }
  if (atZero.has(op)) return zerosOf(first);
  if (op === div.op) return zerosOf(second);
  if (op === pow.op) return isPolynomial(second) ? [] : zerosOf(first);
  if (atOne.has(op)) return [{ first, second: constant(1) }];
  if (op === log1p.op) return [{ first, second: constant(-1) }];
  const isCount = op === castOp && !isFloat(type.dtype);
  return atWhole.has(op) || isCount ? [{ first, whole: true }] : [];
}

/** The number that a value is everywhere. */
export const numberOf = (value: Value): number | undefined => constantValue(underLayouts(value));

const isZero = (value: Value): boolean => numberOf(value) === 0;

/** True for exponents of powers that are smooth everywhere. */
function isPolynomial(exponent: Value): boolean {
  const number = numberOf(exponent);
  return number !== undefined && Number.isInteger(number) && number >= 0;
}

/** Ops that are 0 where their operand is. */
const ofZero = opsOf([neg, abs, relu]);

/** What a value is 0 with: each factor of a product, and the dividend of a quotient. */
function zerosOf(whole: Value): readonly Difference[] {
  const found = new Set([whole]);
  for (const value of found) {
    const { op, operands } = value;
    const count = op === mul.op ? 2 : op === div.op || op.kind === "layout" || ofZero.has(op) ? 1 : 0;
    for (const operand of operands.slice(0, count)) found.add(operand);
    if (count > 0) found.delete(value);
  }
  return [...found].map((first) => ({ first }));
}

/** What a value is a sum of, times numbers or over what they are measured in. */
export function partsOf({ op, operands, type }: Value): readonly Part[] {
  const [value, other] = operands;
  if (op === add.op || op === sub.op) return [{ value, factor: 1 }, { value: other, factor: op === add.op ? 1 : -1 }]; // prettier-ignore
  if (op === neg.op) return [{ value, factor: -1 }];
  if (ofZero.has(op) || (op === castOp && isFloat(type.dtype))) return [{ value, factor: 1 }];
  if (op !== mul.op && op !== div.op) return [];
  const [number, divisor] = [numberOf(value), numberOf(other)];
  if (divisor !== undefined) return [{ value, factor: op === mul.op ? divisor : 1 / divisor }];
  if (op === div.op) return [{ value, factor: 1 }];
  return number === undefined ? [] : [{ value: other, factor: number }];
}

/** True for a quotient of two that are no numbers. */
export const isQuotient = ({ op, operands }: Value): boolean =>
  op === div.op && operands.every((operand) => numberOf(operand) === undefined);
