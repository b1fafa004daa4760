/// The error function, its relatives and the gamma function's derivatives in WGSL. Where no source is named, polynomials
/// are minimax fits of the relative error, below 10⁻⁸.
import type { HelperFunction } from "../../value.ts";
import { expHelper, lnHelper, log1pHelper } from "./exponential.ts";
import { headHelper, isInfiniteHelper, isNanHelper } from "./numbers.ts";
import { powerHelper } from "./power.ts";
import { sineHelper, tangentHelper } from "./trigonometric.ts";

const f32 = { x: "f32" } as const;

const erfSeriesHelper: HelperFunction = {
  name: "erf_series",
  parameters: f32,
  result: "f32",
  body: `// erf x for |x| ≤ 1.
let z = x * x;
let tail = 0.112835854 + z * (-0.026853811 + z * (0.0051883273 + z * (-0.0008010192 + z * 7.853855e-5)));
return x * (1.1283791 + z * (-0.37612626 + z * tail));`,
};

const scaledTailHelper: HelperFunction = {
  name: "erfcx_tail",
  parameters: f32,
  result: "f32",
  body: `// e^(x²) · erfc x for x ≥ ½, as t · P(t) with t = 2 / (2 + x), and from 10 on by its asymptotic series.
let t = 2.0 / (2.0 + x);
let end = 0.14172816 + t * (-0.2565823 + t * (0.049014956 + t * (0.07410276 + t * -0.03199266)));
let series = 0.28208733 + t * (0.2822988 + t * (0.24445741 + t * (0.19171156 + t * (0.023144437 + t * end))));
let w = 1.0 / (x * x);
let far = (0.5641896 / x) * (1.0 - w * (0.5 - w * (0.75 - w * 1.875)));
return select(t * series, far, x > 10.0);`,
};

const erfcTailHelper: HelperFunction = {
  name: "erfc_tail",
  parameters: f32,
  result: "f32",
  uses: [expHelper, headHelper, scaledTailHelper],
  body: `// erfc x for x ≥ ½. The square in e^(−x²) is formed in two parts, the first exact.
let first = head(x);
let size = exponential(-first * first) * (exponential((first - x) * (first + x)) * erfcx_tail(x));
return select(size, 0.0, x > 10.5);`,
};

export const erfHelper: HelperFunction = {
  name: "error_function",
  parameters: f32,
  result: "f32",
  uses: [erfSeriesHelper, erfcTailHelper],
  body: `let far = 1.0 - erfc_tail(abs(x));
return select(select(far, -far, x < 0.0), erf_series(x), abs(x) < 1.0);`,
};

export const erfcHelper: HelperFunction = {
  name: "error_complement",
  parameters: f32,
  result: "f32",
  uses: [erfSeriesHelper, erfcTailHelper],
  body: `let far = erfc_tail(abs(x));
return select(select(far, 2.0 - far, x < 0.0), 1.0 - erf_series(x), abs(x) < 0.5);`,
};

export const erfcxHelper: HelperFunction = {
  name: "erfcx",
  parameters: f32,
  result: "f32",
  uses: [scaledTailHelper, erfcHelper, expHelper, headHelper],
  body: `// The square is formed in two parts; below −10 the result is ∞.
let y = select(x, -10.0, x < -10.0);
let first = head(y);
let growth = exponential(first * first) * exponential((y - first) * (y + first));
return select(growth * error_complement(x), erfcx_tail(x), x >= 0.5);`,
};

export const logErfcHelper: HelperFunction = {
  name: "log_erfc",
  parameters: f32,
  result: "f32",
  uses: [scaledTailHelper, erfHelper, lnHelper, log1pHelper],
  body: "return select(log1p(-error_function(x)), ln(erfcx_tail(x)) - x * x, x >= 0.5);",
};

export const erfinvHelper: HelperFunction = {
  name: "error_inverse",
  parameters: f32,
  result: "f32",
  uses: [lnHelper],
  // The coefficients are of Giles 2010, "Approximating the erfinv function".
  body: `let w = -ln((1.0 - x) * (1.0 + x));
let a = w - 2.5;
let a_tail = 0.00021858087 + a * (-4.39150654e-6 + a * (-3.5233877e-6 + a * (3.43273939e-7 + a * 2.81022636e-8)));
let near = 1.50140941 + a * (0.246640727 + a * (-0.00417768164 + a * (-0.00125372503 + a * a_tail)));
let b = sqrt(max(w, 5.0)) - 3.0;
let b_tail = -0.00367342844 + b * (0.00134934322 + b * (0.000100950558 + b * -0.000200214257));
let far = 2.83297682 + b * (1.00167406 + b * (0.00943887047 + b * (-0.0076224613 + b * (0.00573950773 + b * b_tail))));
let inside = x * select(far, near, w < 5.0);
let edge = select(infinity, -infinity, x < 0.0);
return select(select(nan, edge, abs(x) == 1.0), inside, abs(x) < 1.0);`,
};

const logGammaPositiveHelper: HelperFunction = {
  name: "log_gamma_positive",
  parameters: f32,
  result: "f32",
  uses: [lnHelper, log1pHelper],
  body: `// Stirling's series from 4 on; below, ln Γ(2 + z) = z · P(z) for |z| ≤ ½ and Γ(x + 1) = x · Γ(x).
if (x >= 4.0) {
  let w = 1.0 / x;
  let z = w * w;
  let series = w * (0.083333336 - z * (0.0027777778 - z * (0.0007936508 - z * 0.0005952381)));
  return (x - 0.5) * (ln(x) - 1.0) + (0.41893853 + series);
}
var y = x;
var factor = 1.0;
while (y > 2.5) {
  y -= 1.0;
  factor *= y;
}
let z = select(select(y - 2.0, y - 1.0, y <= 1.5), y, y <= 0.5);
let tail = 0.0028790566 + z * (-0.0011778432 + z * (0.0005698217 + z * -0.00026984894));
let head = z * (0.42278433 + z * (0.32246703 + z * (-0.06735222 + z * (0.020581601 + z * (-0.007387427 + z * tail)))));
if (y > 1.5) { return head + ln(factor); }
return select(head - log1p(z), (head - log1p(z)) - ln(x), y <= 0.5);`,
};

export const logGammaHelper: HelperFunction = {
  name: "log_gamma",
  parameters: f32,
  result: "f32",
  uses: [logGammaPositiveHelper, sineHelper, lnHelper, isInfiniteHelper],
  body: `// Left of 0 by reflection: Γ(−s) · Γ(s) = −π / (s · sin πs).
let size = abs(x);
if (is_infinite(x) || (x <= 0.0 && floor(x) == x)) { return infinity; }
let right = log_gamma_positive(size);
if (x >= 0.0) { return right; }
let wave = abs(sine(3.1415927 * (size - floor(size + 0.5))));
return select(((1.1447299 - ln(size)) - ln(wave)) - right, x, size != size);`,
};

const digammaPositiveHelper: HelperFunction = {
  name: "digamma_positive",
  parameters: f32,
  result: "f32",
  uses: [lnHelper],
  body: `// From 6 on the asymptotic series; below by ψ(x + 1) = ψ(x) + 1/x from a polynomial on [1, 2] with the zero taken out.
if (x >= 6.0) {
  let w = 1.0 / x;
  let z = w * w;
  return ln(x) - (0.5 * w + z * (0.083333336 - z * (0.008333334 - z * (0.003968254 - z * 0.004166667))));
}
var y = x;
var rest = 0.0;
if (y < 1.0) {
  rest = -1.0 / y;
  y += 1.0;
}
while (y > 2.0) {
  y -= 1.0;
  rest += 1.0 / y;
}
// The zero is 1.2·10⁻⁸ above the float next to it; taken off last, since drivers merge constants that follow each other.
let d = y - 1.4616321;
let end = 0.04858442 + d * (-0.031924598 + d * (0.023375403 + d * (-0.020677522 + d * 0.011133017)));
let middle = -0.16393748 + d * (0.10784372 + d * (-0.07232497 + d * end));
let series = 0.9676722 + d * (-0.44276324 + d * (0.2584992 + d * middle));
return (d * series - 1.2036052e-8) + rest;`,
};

export const digammaHelper: HelperFunction = {
  name: "digamma",
  parameters: f32,
  result: "f32",
  uses: [digammaPositiveHelper, tangentHelper],
  body: `// Left of 0 by reflection: ψ(−s) = ψ(1 + s) + π / tan πs.
if (x > 0.0) { return digamma_positive(x); }
if (x == 0.0) { return select(-infinity, infinity, (bitcast<u32>(x) >> 31u) == 1u); }
if (floor(x) == x || !(x < 0.0)) { return nan; }
let size = -x;
return digamma_positive(1.0 + size) + 3.1415927 / tangent(3.1415927 * (size - floor(size + 0.5)));`,
};

const hurwitzHelper: HelperFunction = {
  name: "hurwitz_zeta",
  parameters: { s: "f32", x: "f32" },
  result: "f32",
  uses: [powerHelper],
  body: `// Σ (x + k)^−s over k ≥ 0 for x > 0, s ≥ 2: the end by Euler and Maclaurin, the terms before it from small to large.
let count = ceil(max(s + 6.0 - x, 0.0));
let y = x + count;
let z = 1.0 / (y * y);
let third = s * (s + 1.0) * (s + 2.0) * z / 720.0;
let fifth = third * (s + 3.0) * (s + 4.0) * z / 42.0;
let seventh = fifth * (s + 5.0) * (s + 6.0) * z / 40.0;
let end = 1.0 / (s - 1.0) + (0.5 + (s / 12.0 - third + fifth - seventh) / y) / y;
var total = 0.0;
for (var k = count; k >= 0.0; k -= 1.0) {
  let last = k == count;
  total += power(x + k, select(-s, 1.0 - s, last)) * select(1.0, end, last);
}
return total;`,
};

export const polygammaHelper: HelperFunction = {
  name: "polygamma",
  parameters: { order: "f32", x: "f32" },
  result: "f32",
  uses: [digammaHelper, hurwitzHelper, isInfiniteHelper, isNanHelper],
  body: `// (−1)^(n+1) · n! · Σ (x + k)^−(n+1); left of 0 as the sum over all k less those on the other side.
if (order == 0.0) { return digamma(x); }
if (is_nan(x) || !(order > 0.0) || floor(order) != order) { return nan; }
let s = order + 1.0;
let odd = order - 2.0 * floor(order * 0.5) == 1.0;
let sign = select(-1.0, 1.0, odd);
if (is_infinite(x)) { return select(nan, sign * 0.0, x > 0.0); }
if (x <= 0.0 && floor(x) == x) { return sign * infinity; }
let distance = x - floor(x + 0.5);
let nearest = abs(distance);
let above = select(select(1.0 - nearest, nearest, distance > 0.0), x, x > 0.0);
let below = select(nearest, 1.0 - nearest, distance > 0.0);
var total = 0.0;
for (var part = 0u; part < select(3u, 1u, x > 0.0); part += 1u) {
  let start = select(select(above, below, part == 1u), 1.0 - x, part == 2u);
  total += select(select(1.0, sign, part == 1u), -sign, part == 2u) * hurwitz_zeta(s, start);
}
var factorial = sign;
for (var k = 2.0; k <= order; k += 1.0) { factorial *= k; }
return factorial * total;`,
};
