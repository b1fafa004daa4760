/// Functions that decimal.js does not have, or not for all operands.
import type { Decimal } from "decimal.js";
import type { Digits } from "./number.ts";

/** So many digits more that a result near `x` keeps all of them, and rounding along the way does not show. */
function roomFor(digits: Digits, x: Decimal, atMost = 400): Digits {
  return digits.wide(10 + Math.min(atMost, Math.max(0, x.isFinite() && !x.isZero() ? Math.abs(x.e) : 0)));
}

/** The result of a calculation with more digits, rounded to those that are wanted. */
export function rounded({ D }: Digits, x: Decimal): Decimal {
  return new D(x).plus(0);
}

/** eˣ − 1. */
export function expm1(digits: Digits, x: Decimal): Decimal {
  if (!x.isFinite()) return x.isNaN() ? x : x.isNegative() ? new digits.D(-1) : x;
  if (x.isZero()) return x;
  // x + x²/2 + …: what is left out is smaller than the last digit.
  if (-x.e > digits.digits) return x.plus(x.times(x).div(2));
  const room = digits.wide(10 + Math.max(0, -x.e));
  return rounded(digits, room.exp(x).minus(1));
}

/** ln(1 + x). */
export function log1p(digits: Digits, x: Decimal): Decimal {
  if (!x.isFinite() || x.isZero()) return x.isNegative() && !x.isZero() ? new digits.D(NaN) : x;
  if (-x.e > digits.digits) return x.minus(x.times(x).div(2));
  const room = digits.wide(10 + Math.max(0, -x.e));
  return rounded(digits, room.ln(new room.D(x).plus(1)));
}

/** 1/(1 + e⁻ˣ). */
export function sigmoid({ D, exp }: Digits, x: Decimal): Decimal {
  return new D(1).div(exp(x.neg()).plus(1));
}

/** ln(1 + eˣ). */
export function softplus(digits: Digits, x: Decimal): Decimal {
  if (!x.isFinite()) return x.isNegative() ? new digits.D(0) : x;
  const tail = log1p(digits, digits.exp(x.abs().neg()));
  return x.isNegative() ? tail : tail.plus(x);
}

/** Hyperbolic tangent. */
export function tanh(digits: Digits, x: Decimal): Decimal {
  if (x.isNaN() || x.isZero()) return x;
  const t = expm1(digits, x.abs().times(-2));
  const size = t.neg().div(t.plus(2));
  return x.isNegative() ? size.neg() : size;
}

/** Hyperbolic sine. */
export function sinh(digits: Digits, x: Decimal): Decimal {
  if (!x.isFinite() || x.isZero()) return x;
  const t = expm1(digits, x.abs());
  const size = t.isFinite() ? t.plus(t.div(t.plus(1))).div(2) : t;
  return x.isNegative() ? size.neg() : size;
}

/** Hyperbolic cosine. */
export function cosh({ D, exp }: Digits, x: Decimal): Decimal {
  const grown = exp(x.abs());
  return grown.isFinite() ? grown.plus(new D(1).div(grown)).div(2) : grown;
}

/** Inverse of the hyperbolic sine. */
export function asinh(digits: Digits, x: Decimal): Decimal {
  if (!x.isFinite() || x.isZero()) return x;
  const room = roomFor(digits, x);
  const a = new room.D(x).abs();
  const squared = a.times(a);
  const size = log1p(room, a.plus(squared.div(squared.plus(1).sqrt().plus(1))));
  return rounded(digits, x.isNegative() ? size.neg() : size);
}

/** Inverse of the hyperbolic cosine. */
export function acosh(digits: Digits, x: Decimal): Decimal {
  if (!x.isFinite()) return x.isNegative() ? new digits.D(NaN) : x;
  const room = roomFor(digits, x.minus(1));
  const t = new room.D(x).minus(1);
  return rounded(digits, log1p(room, t.plus(t.times(2).plus(t.times(t)).sqrt())));
}

/** Inverse of the hyperbolic tangent. */
export function atanh(digits: Digits, x: Decimal): Decimal {
  if (x.isNaN() || x.isZero()) return x;
  if (x.abs().gte(1)) return new digits.D(x.abs().eq(1) ? (x.isNegative() ? -Infinity : Infinity) : NaN);
  const room = roomFor(digits, x);
  const a = new room.D(x).abs();
  const size = log1p(room, a.times(2).div(new room.D(1).minus(a))).div(2);
  return rounded(digits, x.isNegative() ? size.neg() : size);
}

/** π with the digits of D. */
export function pi({ D }: Digits): Decimal {
  return D.acos(-1);
}

/** Angle of the point (x, y). */
export function atan2({ D }: Digits, y: Decimal, x: Decimal): Decimal {
  return D.atan2(y, x);
}

/** Error function 2/√π ∫₀ˣ e^(−t²) dt. */
export function erf(digits: Digits, x: Decimal): Decimal {
  if (x.isNaN() || x.isZero()) return x;
  if (x.abs().lte(1)) return erfSeries(digits, x);
  const size = new digits.D(1).minus(erfc(digits, x.abs()));
  return x.isNegative() ? size.neg() : size;
}

/** 1 − erf(x). */
export function erfc(digits: Digits, x: Decimal): Decimal {
  const { D } = digits;
  if (x.isNaN()) return x;
  if (x.lt(0.5)) return new D(1).minus(erf(digits, x));
  if (!x.isFinite() || x.gt(1e8)) return new D(0);
  // Up to there the series has terms of about e^(x²) and the result is about e^(−x²); beyond, a continued fraction.
  const lost = x
    .times(x)
    .div(Math.LN10 / 2)
    .toNumber();
  if (lost < digits.digits) {
    const room = digits.wide(20 + Math.ceil(lost));
    return rounded(digits, new room.D(1).minus(erfSeries(room, new room.D(x))));
  }
  return rounded(digits, erfcFraction(digits.wide(10), x));
}

/** 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!, all terms of one sign. */
function erfSeries(digits: Digits, x: Decimal): Decimal {
  const room = digits.wide(10);
  const z = new room.D(x);
  const squared = z.times(z);
  let term = z;
  let sum = term;
  // The square of the smallest decimal number is 0.
  for (let n = 1; !term.isZero() && term.e > sum.e - room.digits - 2; n++) {
    term = term
      .times(squared)
      .times(2)
      .div(2 * n + 1);
    sum = sum.plus(term);
  }
  return rounded(digits, sum.times(room.exp(squared.neg())).times(2).div(pi(room).sqrt()));
}

/** e^(−x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + …))), from behind, for large x. */
function erfcFraction(room: Digits, operand: Decimal): Decimal {
  const x = new room.D(operand);
  const depth = Math.ceil(20 + (room.digits * room.digits) / Math.min(1e4, x.toNumber() ** 2) + room.digits);
  let tail = x;
  for (let n = depth; n >= 1; n--) tail = x.plus(new room.D(n).div(2).div(tail));
  return room.exp(x.times(x).neg()).div(pi(room).sqrt()).div(tail);
}

/** Bernoulli numbers B₂, B₄, … as fractions. */
function bernoulli(count: number): readonly (readonly [bigint, bigint])[] {
  // Akiyama and Tanigawa's triangle with whole numerators over a common denominator grows too fast; the tangent
  // numbers T(n) do not, and B₂ₙ = (−1)ⁿ⁻¹ · 2n · T(n) / (4ⁿ (4ⁿ − 1)).
  const tangent = new Array<bigint>(count + 1).fill(0n);
  tangent[1] = 1n;
  for (let k = 2; k <= count; k++) tangent[k] = BigInt(k - 1) * tangent[k - 1];
  for (let k = 2; k <= count; k++) {
    for (let j = k; j <= count; j++) {
      tangent[j] = BigInt(j - k) * tangent[j - 1] + BigInt(j - k + 2) * tangent[j];
    }
  }
  return Array.from({ length: count }, (_, i) => {
    const n = BigInt(i + 1);
    const four = 4n ** n;
    return [(i % 2 === 0 ? 1n : -1n) * 2n * n * tangent[i + 1], four * (four - 1n)] as const;
  });
}

/** ln |Γ(x)|: Stirling's series far out, brought near by Γ(x + 1) = x Γ(x), mirrored for negative operands. */
export function lgamma(digits: Digits, operand: Decimal): Decimal {
  if (!operand.isFinite()) return operand.abs();
  if (operand.lte(0) && operand.isInteger()) return new digits.D(Infinity);
  const room = roomFor(digits, operand).wide(20);
  const { D } = room;
  const x = new D(operand);
  if (x.lt(0.5)) {
    const sine = D.sin(pi(room).times(x)).abs();
    return rounded(digits, room.ln(pi(room).div(sine)).minus(lgamma(room, new D(1).minus(x))));
  }
  const far = Math.ceil(room.digits * 0.6);
  let shift = new D(1);
  let z = x;
  for (; z.lt(far); z = z.plus(1)) shift = shift.times(z);
  let sum = z
    .minus(0.5)
    .times(room.ln(z))
    .minus(z)
    .plus(room.ln(pi(room).times(2)).div(2));
  let power = z;
  bernoulli(Math.ceil(room.digits * 0.6)).forEach(([over, under], i) => {
    const n = 2 * (i + 1);
    sum = sum.plus(
      new D(`${over}`)
        .div(`${under}`)
        .div(n * (n - 1))
        .div(power),
    );
    power = power.times(z).times(z);
  });
  return rounded(digits, sum.minus(room.ln(shift)));
}

/** n-th derivative of digamma: (−1)^(n+1) n! Σ 1/(x + k)^(n+1), whose tail is Euler and Maclaurin's sum. */
export function polygamma(digits: Digits, order: number, operand: Decimal): Decimal {
  if (order === 0) return digamma(digits, operand);
  if (!operand.isFinite()) return operand.isPositive() ? new digits.D(0) : new digits.D(NaN);
  const room = roomFor(digits, operand).wide(20);
  const { D } = room;
  const sign = order % 2 === 0 ? -1 : 1;
  const x = new D(operand);
  if (x.lte(0) && x.isInteger()) return new digits.D(sign > 0 ? Infinity : NaN);
  const far = Math.ceil(room.digits * 0.6) + order;
  let sum = new D(0);
  let z = x;
  for (; z.lt(far); z = z.plus(1)) sum = sum.plus(z.pow(-order - 1));
  // ∫ z^(−n−1) + z^(−n−1)/2 + Σ B₂ₖ/(2k)! · (n+1)…(n+2k−1) · z^(−n−2k)
  sum = sum.plus(z.pow(-order).div(order)).plus(z.pow(-order - 1).div(2));
  let rising = new D(order + 1);
  let factorial = new D(2);
  bernoulli(Math.ceil(room.digits * 0.6)).forEach(([over, under], i) => {
    const n = 2 * (i + 1);
    const term = new D(`${over}`).div(`${under}`).times(rising).div(factorial);
    sum = sum.plus(term.times(z.pow(-order - n)));
    rising = rising.times(order + n).times(order + n + 1);
    factorial = factorial.times(n + 1).times(n + 2);
  });
  let size = sum.times(sign);
  for (let n = 2; n <= order; n++) size = size.times(n);
  return rounded(digits, size);
}

/** Derivative of ln Γ. */
export function digamma(digits: Digits, operand: Decimal): Decimal {
  if (!operand.isFinite()) return operand.isNegative() ? new digits.D(NaN) : operand;
  if (operand.isZero()) return new digits.D(operand.isNegative() ? Infinity : -Infinity);
  if (operand.lte(0) && operand.isInteger()) return new digits.D(NaN);
  const room = roomFor(digits, operand).wide(20);
  const { D } = room;
  const x = new D(operand);
  if (x.lt(0.5)) {
    const angle = pi(room).times(x);
    return rounded(digits, digamma(room, new D(1).minus(x)).minus(pi(room).div(D.tan(angle))));
  }
  const far = Math.ceil(room.digits * 0.6);
  let shift = new D(0);
  let z = x;
  for (; z.lt(far); z = z.plus(1)) shift = shift.plus(new D(1).div(z));
  let sum = room.ln(z).minus(new D(1).div(z.times(2)));
  let power = z.times(z);
  bernoulli(Math.ceil(room.digits * 0.6)).forEach(([over, under], i) => {
    sum = sum.minus(
      new D(`${over}`)
        .div(`${under}`)
        .div(2 * (i + 1))
        .div(power),
    );
    power = power.times(z).times(z);
  });
  return rounded(digits, sum.minus(shift));
}

/** Inverse of erf, by Newton's method from a float64 start. */
export function erfinv(digits: Digits, y: Decimal): Decimal {
  const { D } = digits;
  if (y.isNaN() || y.isZero()) return y;
  if (y.abs().gte(1)) return new D(y.abs().eq(1) ? (y.isNegative() ? -Infinity : Infinity) : NaN);
  const room = digits.wide(20);
  const wanted = new room.D(y).abs();
  const rest = new room.D(1).minus(wanted);
  // −ln(1 − y²), and Winitzki's approximation.
  const l = room.ln(rest.times(wanted.plus(1))).toNumber();
  const a = 2 / (Math.PI * 0.147) + l / 2;
  let x: Decimal = y.abs().lt(1e-3)
    ? wanted.times(pi(room).sqrt()).div(2)
    : new room.D(Math.sqrt(Math.sqrt(a * a - l / 0.147) - a));
  for (let round = 0; round < 60; round++) {
    // erf(x) − y without cancellation, near 1 by the complement.
    const miss = x.lt(0.5) ? erf(room, x).minus(wanted) : rest.minus(erfc(room, x));
    const step = miss
      .times(pi(room).sqrt())
      .div(2)
      .times(room.exp(x.times(x)));
    x = x.minus(step.div(x.times(step).plus(1)));
    if (step.isZero() || step.e < x.e - digits.digits - 5) break;
  }
  return rounded(digits, y.isNegative() ? x.neg() : x);
}
