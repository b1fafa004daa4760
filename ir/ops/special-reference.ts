/// The error and gamma functions in float64, by formulas of their own: series, continued fractions, asymptotic sums.

/** erf by its Taylor series with positive terms, e^(−x²)·2/√π·Σ 2ⁿx²ⁿ⁺¹/(2n+1)!!; good for |x| < 3. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** e^(x²)·erfc(x) by its continued fraction, from the end; good for x ≥ 2. */
function erfcxFraction(x: number): number {
  let tail = 0;
  for (let k = 120; k > 0; k--) tail = k / 2 / (x + tail);
  return 1 / Math.sqrt(Math.PI) / (x + tail);
}

/** Error function. */
export function erf(x: number): number {
  if (Math.abs(x) < 2.25) return erfSeries(x);
  return x > 0 ? 1 - erfc(x) : x < 0 ? erfc(-x) - 1 : x;
}

/** 1 − erf(x), with all digits. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (Number.isNaN(x)) return x;
  return x < 2.25 ? 1 - erfSeries(x) : x > 30 ? 0 : Math.exp(-x * x) * erfcxFraction(x);
}

/** e^(x²)·erfc(x). */
export function erfcx(x: number): number {
  if (x < 2.25) return Math.exp(x * x) * erfc(x);
  return x < 1e8 ? erfcxFraction(x) : 1 / (Math.sqrt(Math.PI) * x);
}

/** ln erfc(x). */
export function logerfc(x: number): number {
  if (x < 0.5) return Math.log1p(-erf(x));
  return x < 2.25 ? Math.log(erfc(x)) : Math.log(erfcx(x)) - x * x;
}

/** Inverse of erf: Winitzki's approximation (2008), then Newton's method on erf or on ln erfc. */
export function erfinv(x: number): number {
  const size = Math.abs(x);
  if (!(size < 1)) return size === 1 ? x * Infinity : NaN;
  if (x === 0) return x;
  const w = Math.log1p(-x * x);
  const head = 2 / (Math.PI * 0.147) + w / 2;
  let y = Math.sqrt(Math.sqrt(head * head - w / 0.147) - head);
  for (let step = 0; step < 8; step++) {
    const slope = (2 / Math.sqrt(Math.PI)) * Math.exp(-y * y);
    const tail = erfc(y);
    y -= size < 0.5 ? (erf(y) - size) / slope : (Math.log(1 - size) - Math.log(tail)) * (tail / slope);
  }
  return x < 0 ? -y : y;
}

/** Coefficients B₂ₖ/(2k(2k−1)) of Stirling's series. */
const stirling = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400];

/** ln|Γ(x)|. */
export function lgamma(x: number): number {
  if (Math.abs(x) === Infinity || (x <= 0 && Number.isInteger(x))) return Infinity;
  if (x < 0) return Math.log(Math.PI / Math.abs(sinPi(x))) - lgamma(1 - x);
  let y = x;
  let factor = 1;
  while (y < 13) factor *= y++;
  const series = stirling.reduceRight((sum, coefficient) => coefficient + sum / (y * y), 0) / y;
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - Math.log(factor);
}

/** sin πx, exact at whole numbers. */
function sinPi(x: number): number {
  const nearest = Math.round(x);
  return Math.sin(Math.PI * (x - nearest)) * (nearest % 2 === 0 ? 1 : -1);
}

/** Bernoulli numbers B₂, B₄, …, B₁₈. */
const bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798];

/** ψ(x), the derivative of ln Γ(x). */
export function digamma(x: number): number {
  if (x === 0) return -1 / x;
  if (x < 0 && (Number.isInteger(x) || x === -Infinity)) return NaN;
  if (x < 0) return digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x - Math.round(x)));
  let y = x;
  let rest = 0;
  while (y < 13) rest -= 1 / y++;
  const series = bernoulli.reduceRight((sum, b, k) => b / (2 * k + 2) + sum / (y * y), 0) / (y * y);
  return y === Infinity ? y : Math.log(y) - 0.5 / y - series + rest;
}

/** Σ (x + k)^−s over k ≥ 0, for x > 0 and s > 1: Euler and Maclaurin's formula after the first terms. */
function hurwitzZeta(s: number, x: number): number {
  let sum = 0;
  let y = x;
  while (y < s + 12) sum += Math.pow(y++, -s);
  let factor = s / y;
  let series = 0.5 + y / (s - 1);
  let factorial = 2;
  bernoulli.forEach((b, k) => {
    series += (b / factorial) * factor;
    factor *= ((s + 2 * k + 1) * (s + 2 * k + 2)) / (y * y);
    factorial *= (2 * k + 3) * (2 * k + 4);
  });
  return sum + Math.pow(y, -s) * series;
}

/** ψ⁽ⁿ⁾(x). Left of 0: the sum over all whole k less the one over the other side. */
export function polygamma(order: number, x: number): number {
  if (order === 0) return digamma(x);
  if (!(order > 0) || !Number.isInteger(order) || Number.isNaN(x) || x === -Infinity) return NaN;
  const s = order + 1;
  const sign = order % 2 === 1 ? 1 : -1;
  if (x === Infinity) return sign * 0;
  if (x <= 0 && Number.isInteger(x)) return sign * Infinity;
  let factorial = sign;
  for (let k = 2; k <= order; k++) factorial *= k;
  if (x > 0) return factorial * hurwitzZeta(s, x);
  const distance = x - Math.round(x);
  const [near, far] = [hurwitzZeta(s, Math.abs(distance)), hurwitzZeta(s, 1 - Math.abs(distance))];
  const [above, below] = distance > 0 ? [near, far] : [far, near];
  return factorial * (above + sign * (below - hurwitzZeta(s, 1 - x)));
}
