/// Decimal numbers of many digits that know how far from the truth they may be. Where digits cancel, as in
/// 1 − σ(200) with 60 digits, the error shows it, and the evaluation is done again with more digits.
import { Decimal } from "decimal.js";
import { expOfMany, fixedLn10, lnOfMany, manyDigits } from "./many-digits.ts";

/** A number and the logarithm (base 10) of a bound on its distance from the truth: −∞ is exact, ∞ is no idea. */
export interface Precise {
  readonly value: Decimal;
  readonly error: number;
}

/** What a function of decimal numbers may need: the constructor of its precision, and wider ones. */
export interface Digits {
  readonly D: typeof Decimal;
  readonly digits: number;
  /** The same range with so many digits more. */
  wide(extra: number): Digits;
  /** e^x and ln x. */
  exp(x: Decimal): Decimal;
  ln(x: Decimal): Decimal;
  /** ln 10 · 2^bits, rounded down. */
  ln10(bits: number): bigint;
}

/** A function of decimal numbers with a relative error of a few units of the last digit. */
export type DecimalFunction = (digits: Digits, ...x: readonly Decimal[]) => Decimal;

/** Arithmetic with a number of digits. */
export interface Arithmetic extends Digits {
  number(x: number | Decimal): Precise;
  truth(x: boolean): Precise;
  add(a: Precise, b: Precise): Precise;
  sub(a: Precise, b: Precise): Precise;
  mul(a: Precise, b: Precise): Precise;
  div(a: Precise, b: Precise): Precise;
  neg(a: Precise): Precise;
  /** A continuous function; `exactAt` are the exact operands at which its result is exact. */
  image(f: DecimalFunction, operands: readonly Precise[], exactAt: (...x: readonly Decimal[]) => boolean): Precise;
  /** −1, 0 or 1; NaN where an operand is NaN; undefined where the errors overlap. */
  compare(a: Precise, b: Precise): number | undefined;
  /** The truth value of a comparison; unknown where it is undecided. */
  decide(order: number | undefined, holds: (order: number) => boolean): Precise;
  /** A function with jumps at whole numbers: a number within its error of one is undecided. */
  jump(f: (x: Decimal) => Decimal, x: Precise): Precise;
}

/** Nothing is known. */
export function unknown({ D }: Digits): Precise {
  return { value: new D(NaN), error: Infinity };
}

/** log₁₀ of a bound on |x|; what is not finite stays so, whatever its error. */
const above = (x: Decimal): number => (x.isZero() ? -Infinity : x.isFinite() ? x.e + 1 : 0);
const total = (a: number, b: number): number =>
  Number.isFinite(a) && Number.isFinite(b) ? Math.max(a, b) + 0.302 : Math.max(a, b);

/** A finite float64, digit by digit: 0.1 is 0.1000000000000000055511151231257827…. */
export function exactDecimal(x: number, D: typeof Decimal): Decimal {
  if (!Number.isFinite(x) || Number.isInteger(x))
    return new D(Number.isFinite(x) && x !== 0 ? BigInt(x).toString() : x);
  let scaled = x;
  let twos = 0;
  for (; !Number.isInteger(scaled); twos++) scaled *= 2;
  return new D(`${BigInt(scaled) * 5n ** BigInt(twos)}e-${twos}`);
}

function makeDigits(digits: number): Digits {
  const D = Decimal.clone({ precision: digits, rounding: Decimal.ROUND_HALF_EVEN, maxE: 9e15, minE: -9e15 });
  const known = new Map<number, bigint>();
  const isMany = (x: Decimal): boolean => digits > manyDigits && x.isFinite() && !x.isZero();
  const context: Digits = {
    ...{ D, digits },
    wide: (extra) => (extra <= 0 ? context : makeDigits(digits + extra)),
    exp: (x) => (isMany(x) && x.e < 15 && x.e > -digits ? expOfMany(context, new D(x)) : new D(x).exp()),
    ln: (x) => (isMany(x) && x.isPositive() ? lnOfMany(context, new D(x)) : new D(x).ln()),
    ln10(bits) {
      if (!known.has(bits)) known.set(bits, fixedLn10(bits));
      return known.get(bits)!;
    },
  };
  return context;
}

/** Arithmetic with so many digits. `settle` takes numbers that agree to all digits as equal, instead of undecided. */
export function makeArithmetic(digits: number, settle = false): Arithmetic {
  const context = makeDigits(digits);
  const { D } = context;
  const rounding = (x: Decimal): number => (x.isZero() ? -8e15 : x.e - digits + 1);
  const finished = (value: Decimal, propagated: number, isExact: boolean): Precise => {
    if (!value.isFinite()) return { value, error: propagated === Infinity ? Infinity : -Infinity };
    return { value, error: isExact ? propagated : total(propagated, rounding(value)) };
  };
  const number = (x: number | Decimal): Precise => ({
    value: typeof x === "number" ? exactDecimal(x, D) : new D(x),
    error: -Infinity,
  });
  const add = (a: Precise, b: Precise): Precise => {
    const value = a.value.plus(b.value);
    return finished(value, total(a.error, b.error), value.isZero() || spanOf(a.value, b.value) <= digits);
  };
  const neg = (a: Precise): Precise => ({ value: a.value.neg(), error: a.error });
  const mul = (a: Precise, b: Precise): Precise => {
    const value = a.value.times(b.value);
    const cross = total(product(above(a.value), b.error), product(above(b.value), a.error));
    const isExact = value.isZero() || (value.isFinite() && a.value.sd() + b.value.sd() <= digits);
    return overflowed([a, b], finished(value, total(cross, product(a.error, b.error)), isExact));
  };
  const div = (a: Precise, b: Precise): Precise => {
    const value = a.value.div(b.value);
    // A divisor that is 0 to all its digits may be anything near it.
    if (b.error !== -Infinity && (b.value.isZero() || !(b.error < b.value.e - 1))) return unknown(context);
    // A number over ∞ is 0, and over 0 it is ∞, whatever its digits.
    if (!b.value.isFinite() || b.value.isZero())
      return finished(value, a.error === Infinity ? Infinity : -Infinity, true);
    const below = b.value.e - 0.1;
    const propagated = total(a.error - below, product(above(a.value) - 2 * below, b.error));
    const isExact = value.isFinite() && value.sd() + b.value.sd() <= digits && value.times(b.value).eq(a.value);
    return finished(value, propagated, isExact);
  };
  const compare = (a: Precise, b: Precise): number | undefined => {
    if (a === b) return a.value.isNaN() ? NaN : 0;
    if (a.error === Infinity || b.error === Infinity) return undefined;
    const order = a.value.cmp(b.value);
    const error = total(a.error, b.error);
    if (error === -Infinity || !a.value.isFinite() || !b.value.isFinite()) return order;
    const apart = a.value.minus(b.value);
    if (!apart.isZero() && apart.e > error) return order;
    return settle ? 0 : undefined;
  };
  const truth = (x: boolean): Precise => ({ value: new D(Number(x)), error: -Infinity });
  return {
    ...context,
    ...{ number, truth, add, neg, mul, div, compare },
    sub: (a, b) => add(a, neg(b)),
    image: (f, operands, exactAt) => imageOf(f, operands, exactAt, context, finished),
    decide: (order, holds) => (order === undefined ? unknown(context) : truth(holds(order))),
    jump(f, x) {
      const near = x.value.round();
      const isNear = x.error !== -Infinity && x.value.isFinite() && !(above(x.value.minus(near)) - 1 > x.error);
      if (x.error === Infinity || (isNear && !settle)) return unknown(context);
      return number(f(isNear ? near : x.value));
    },
  };
}

/** Digits from the first of the larger to the last of the smaller: what an exact sum needs. */
function spanOf(a: Decimal, b: Decimal): number {
  if (!a.isFinite() || !b.isFinite() || a.isZero() || b.isZero()) return Math.max(a.sd() || 0, b.sd() || 0);
  return Math.max(a.e, b.e) - Math.min(a.e - a.sd(), b.e - b.sd()) + 1;
}

/** Sum of logarithms: 0 times anything known is 0, and 0 times an unknown number is unknown. */
function product(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : a + b;
}

/** Finite operands made ∞ of the largest exponent: that is no result. */
function overflowed(operands: readonly Precise[], result: Precise): Precise {
  const wasFinite = operands.every(({ value }) => value.isFinite());
  return wasFinite && !result.value.isFinite() && !result.value.isNaN() ? { ...result, error: Infinity } : result;
}

function imageOf(
  f: DecimalFunction,
  operands: readonly Precise[],
  exactAt: (...x: readonly Decimal[]) => boolean,
  context: Digits,
  finished: (value: Decimal, propagated: number, isExact: boolean) => Precise,
): Precise {
  const values = operands.map(({ value }) => value);
  if (operands.some(({ error }) => error === Infinity)) return unknown(context);
  const value = f(context, ...values);
  let propagated = -Infinity;
  operands.forEach(({ error }, position) => {
    if (error === -Infinity || !values[position].isFinite()) return;
    const step = new context.D(`1e${Math.ceil(error)}`);
    for (const moved of [values[position].plus(step), values[position].minus(step)]) {
      const image = f(context, ...values.with(position, moved));
      const apart = image.minus(value).abs();
      if (value.isNaN() !== image.isNaN()) propagated = Infinity;
      else if (!apart.isNaN() && !apart.isZero())
        propagated = apart.isFinite() ? total(propagated, above(apart)) : Infinity;
    }
  });
  return finished(value, propagated, exactAt(...values));
}
