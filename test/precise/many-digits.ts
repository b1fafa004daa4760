/// Exponential and logarithm with thousands of digits, in fixed-point whole numbers: decimal.js takes seconds for an
/// exponential of 6 000 digits, and has no logarithm of more than 1 000.
import type { Decimal } from "decimal.js";
import type { Digits } from "./number.ts";

/** From so many digits on these are the faster ones. */
export const manyDigits = 250;

/** A finite number · 2^bits, rounded down. */
function toFixedPoint(x: Decimal, bits: number): bigint {
  const exponent = x.e - x.sd() + 1;
  const whole = BigInt(x.times(new (x.constructor as typeof Decimal)(10).pow(-exponent)).toFixed(0));
  const shifted = whole << BigInt(bits);
  return exponent >= 0 ? shifted * 10n ** BigInt(exponent) : shifted / 10n ** BigInt(-exponent);
}

/** A fixed-point number with so many decimal places, times 10^exponent. */
function fromFixedPoint(x: bigint, bits: number, places: number, exponent: number, { D }: Digits): Decimal {
  const scaled = (x * 10n ** BigInt(places)) >> BigInt(bits);
  return new D(`${scaled}e${exponent - places}`).plus(0);
}

/** artanh(1/n) = Σ 1/((2k+1) n^(2k+1)). */
function inverseTanh(n: bigint, bits: number): bigint {
  let power = (1n << BigInt(bits)) / n;
  let total = power;
  for (let k = 3n; power > 0n; k += 2n) {
    power /= n * n;
    total += power / k;
  }
  return total;
}

/** ln 10 = 46 artanh(1/31) + 34 artanh(1/49) + 20 artanh(1/161). */
export function fixedLn10(bits: number): bigint {
  return 46n * inverseTanh(31n, bits) + 34n * inverseTanh(49n, bits) + 20n * inverseTanh(161n, bits);
}

/** e^x of a fixed-point number of moderate size: Taylor's series of x/2^k, squared k times. */
function fixedExp(x: bigint, bits: number): bigint {
  const halvings = Math.ceil(Math.sqrt(bits)) + 4;
  const room = bits + halvings + 16;
  const reduced = (x << BigInt(room - bits)) >> BigInt(halvings);
  const one = 1n << BigInt(room);
  let term = one;
  let total = one;
  for (let n = 1n; term !== 0n && term !== -1n; n++) {
    term = ((term * reduced) >> BigInt(room)) / n;
    total += term;
  }
  for (let i = 0; i < halvings; i++) total = (total * total) >> BigInt(room);
  return total >> BigInt(room - bits);
}

/** Bits of fixed-point numbers for so many digits, with room for errors that add up. */
const bitsFor = (digits: number): number => Math.ceil((digits + 20) * Math.log2(10)) + 32;

/** e^x for |x| < 10¹⁵. */
export function expOfMany(context: Digits, x: Decimal): Decimal {
  const tens = Math.round(x.div(Math.LN10).toNumber());
  const bits = bitsFor(context.digits);
  const wide = bits + Math.ceil(Math.log2(Math.abs(tens) + 1)) + 8;
  const rest = toFixedPoint(x, wide) - BigInt(tens) * context.ln10(wide);
  return fromFixedPoint(fixedExp(rest >> BigInt(wide - bits), bits), bits, context.digits + 20, tens, context);
}

/** ln x for x > 0: Newton's method on e^y = x·10^−e, each round with three times the digits; and e·ln 10. */
export function lnOfMany(context: Digits, x: Decimal): Decimal {
  // Near 1 the logarithm has as many digits fewer as x − 1 has zeros.
  const apart = x.minus(1);
  const extra = apart.isZero() ? 0 : Math.max(0, -apart.e);
  const bits = bitsFor(context.digits + extra);
  const tens = x.gte(0.5) && x.lt(5) ? 0 : x.e;
  const mantissa = x.times(new context.D(10).pow(-tens));
  const wanted = toFixedPoint(mantissa, bits);
  let y = BigInt(Math.round(Math.log(mantissa.toNumber()) * 2 ** 52)) << BigInt(bits - 52);
  for (let known = 45; ; known *= 3) {
    const precision = Math.min(bits, known * 3 + 32);
    const down = BigInt(bits - precision);
    const power = fixedExp(y >> down, precision);
    const target = wanted >> down;
    y += (2n * (((target - power) << BigInt(precision)) / (target + power))) << down;
    if (precision === bits) break;
  }
  const wide = bits + 64;
  const total = (y << 64n) + BigInt(tens) * context.ln10(wide);
  return fromFixedPoint(total, wide, context.digits + extra + 20, 0, context);
}
