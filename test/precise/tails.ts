/// The complement of the error function without its decay, and its logarithm.
import type { Decimal } from "decimal.js";
import type { Digits } from "./number.ts";
import { erf, erfc, log1p, pi, rounded } from "./special.ts";

/** e^(x²)·erfc(x). */
export function erfcx(digits: Digits, x: Decimal): Decimal {
  if (x.eq(Infinity)) return new digits.D(0);
  const room = digits.wide(10 + Math.max(0, x.e));
  if (x.gt(1e8)) return rounded(digits, erfcxSeries(room, x));
  const z = new room.D(x);
  return rounded(digits, room.exp(z.times(z)).times(erfc(room, z)));
}

/** ln erfc(x). */
export function logerfc(digits: Digits, x: Decimal): Decimal {
  if (!x.isFinite()) return x.isNegative() ? digits.ln(new digits.D(2)) : x.neg();
  if (x.lt(0.5)) return log1p(digits, erf(digits, x).neg());
  const room = digits.wide(10 + Math.max(0, x.e));
  return rounded(digits, room.ln(erfcx(room, x)).minus(new room.D(x).pow(2)));
}

/** 1/(√π x) · Σ (−1)ⁿ (2n − 1)!! / (2x²)ⁿ, for x so large that every term that shows is smaller than the one before. */
function erfcxSeries(room: Digits, operand: Decimal): Decimal {
  const x = new room.D(operand);
  const step = x.times(x).times(-2);
  let term = new room.D(1);
  let sum = term;
  for (let n = 1; term.e > -room.digits - 2; n++) {
    term = term.times(2 * n - 1).div(step);
    sum = sum.plus(term);
  }
  return sum.div(x).div(pi(room).sqrt());
}
