/// Exponentials and logarithms in WGSL. The builtins lose digits with the size of the argument, overflow early, and give
/// finite numbers for 0, negative numbers and NaN on some drivers; these hold to a few units in the last place everywhere.
import type { HelperFunction } from "../../value.ts";
import { isInfiniteHelper, scaleHelper } from "./numbers.ts";

const f32 = { x: "f32" } as const;

const nearExpHelper: HelperFunction = {
  name: "exponential_series",
  parameters: { r: "f32" },
  result: "f32",
  // Moshier's coefficients (Cephes, expf).
  body: `// e^r for |r| ≤ ln 2 / 2.
let tail = 0.5 + r * (0.16666666 + r * (0.041665796 + r * (0.008333452 + r * (0.00139819995 + r * 0.00019875691))));
return 1.0 + (r + r * r * tail);`,
};

export const expHelper: HelperFunction = {
  name: "exponential",
  parameters: f32,
  result: "f32",
  uses: [nearExpHelper],
  // What is below the smallest normal number is 0, as devices may have it in any case. Beyond the largest r grows, and with
  // it the series: the product overflows where e^x does. No number is converted: compilers put bounds around that.
  body: `// e^x = 2^n · e^r; n·ln 2 is taken away in two parts (Cody and Waite 1980); 2^23 + 127 + n ends in the exponent of 2^n.
let n = min(floor(x * 1.442695 + 0.5), 127.0);
let r = (x - n * 0.693359375) + n * 0.00021219444;
let size = exponential_series(r) * bitcast<f32>(bitcast<u32>(n + 8388735.0) << 23u);
return select(size, 0.0, x < -87.33654);`,
};

export const exp2Helper: HelperFunction = {
  name: "power_of_two",
  parameters: f32,
  result: "f32",
  uses: [nearExpHelper, scaleHelper],
  body: `let n = floor(clamp(x, -160.0, 130.0) + 0.5);
let size = scale(exponential_series((x - n) * 0.6931472), n);
return select(select(size, 0.0, x < -150.0), infinity, x >= 128.0);`,
};

export const expm1Helper: HelperFunction = {
  name: "expm1",
  parameters: f32,
  result: "f32",
  uses: [expHelper],
  body: `// Near 0 the Taylor series to the eighth power.
let head = 1.0 + x / 5.0 * (1.0 + x / 6.0 * (1.0 + x / 7.0 * (1.0 + x / 8.0)));
let series = x + x * x * 0.5 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * head));
return select(exponential(x) - 1.0, series, abs(x) < 0.5);`,
};

const nearLogHelper: HelperFunction = {
  name: "ln_series",
  parameters: { f: "f32" },
  result: "f32",
  // Coefficients of FreeBSD's logf (Sun Microsystems 1993).
  body: `// ln(1 + f) for 1 + f between √½ and √2, from s = f / (2 + f).
let s = f / (2.0 + f);
let z = s * s;
let w = z * z;
let rest = z * (0.6666666 + w * 0.28498787) + w * (0.40000972 + w * 0.24279079);
let h = 0.5 * f * f;
return f - (h - s * (h + rest));`,
};

export const lnHelper: HelperFunction = {
  name: "ln",
  parameters: f32,
  result: "f32",
  uses: [nearLogHelper, isInfiniteHelper],
  body: `// x = 2^n · m with m between √½ and √2; subnormal numbers are scaled first.
let tiny = x < 1.1754944e-38;
let bits = bitcast<u32>(select(x, x * 8388608.0, tiny)) + 0x004afb0du;
let n = f32(i32(bits >> 23u) - select(127, 150, tiny));
let f = bitcast<f32>((bits & 0x007fffffu) + 0x3f3504f3u) - 1.0;
let size = (ln_series(f) + n * 9.0580006e-6) + n * 0.6931381;
let positive = select(size, x, is_infinite(x));
return select(select(nan, positive, x > 0.0), -infinity, x == 0.0);`,
};

export const log1pHelper: HelperFunction = {
  name: "log1p",
  parameters: f32,
  result: "f32",
  uses: [nearLogHelper, lnHelper],
  body: "return select(ln(1.0 + x), ln_series(x), (x > -0.29) & (x < 0.41));",
};

export const softplusHelper: HelperFunction = {
  name: "softplus",
  parameters: f32,
  result: "f32",
  uses: [expHelper, log1pHelper],
  body: `// ln(1 + eˣ) = max(x, 0) + ln(1 + e^-|x|): the exponential never overflows.
return select(x, 0.0, x <= 0.0) + log1p(exponential(-abs(x)));`,
};

export const sigmoidHelper: HelperFunction = {
  name: "sigmoid",
  parameters: f32,
  result: "f32",
  uses: [expHelper],
  body: "return 1.0 / (1.0 + exponential(-x));",
};

export const addExponentialsHelper: HelperFunction = {
  name: "add_exponentials",
  parameters: { a: "f32", s: "f32", b: "f32", t: "f32" },
  result: "f32",
  body: `// s·eᵃ + t·eᵇ over the larger exponential, which is 1 of itself.
let smaller = exp(-abs(a - b));
return s * select(smaller, 1.0, a >= b) + t * select(1.0, smaller, a >= b);`,
};

export const logTotalHelper: HelperFunction = {
  name: "log_total",
  parameters: { largest: "f32", total: "f32" },
  result: "f32",
  uses: [lnHelper],
  body: `// ln Σ eˣ from the largest x and Σ e^(x - largest): −∞ for a row of −∞, +∞ where one is +∞.
let finite = select(largest + ln(total), largest, largest > 3.4028234663852886e+38);
return select(finite, -infinity, total == 0.0);`,
};

export const logaddexpHelper: HelperFunction = {
  name: "logaddexp",
  parameters: { a: "f32", b: "f32" },
  result: "f32",
  uses: [expHelper, log1pHelper],
  body: `// ∞ − ∞ would be NaN, so equal operands have distance 0; what compares with nothing is NaN and stays it.
let distance = select(abs(a - b), 0.0, a == b);
return select(a + b, max(a, b) + log1p(exponential(-distance)), (a >= b) | (a < b));`,
};

export const log1mexpHelper: HelperFunction = {
  name: "log1mexp",
  parameters: f32,
  result: "f32",
  uses: [expHelper, expm1Helper, lnHelper, log1pHelper],
  body: `// Above −ln 2, eˣ is near 1 and the difference is exact in expm1; below, it is near 1 itself (Mächler 2012).
return select(ln(-expm1(x)), log1p(-exponential(x)), x < -0.6931472);`,
};
