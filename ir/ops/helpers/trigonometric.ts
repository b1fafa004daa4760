/// Trigonometric functions and their inverses in WGSL. Coefficients are Moshier's (Cephes, single precision).
import type { HelperFunction } from "../../value.ts";
import { copySignHelper, isFiniteHelper, isInfiniteHelper, isNanHelper } from "./numbers.ts";

const f32 = { x: "f32" } as const;

const multiplyHighHelper: HelperFunction = {
  name: "multiply_high",
  parameters: { a: "u32", b: "u32" },
  result: "u32",
  body: `// The upper word of a product of two words.
let low = (a & 0xffffu) * (b & 0xffffu);
let left = (a & 0xffffu) * (b >> 16u);
let right = (a >> 16u) * (b & 0xffffu);
let middle = (low >> 16u) + (left & 0xffffu) + (right & 0xffffu);
return (a >> 16u) * (b >> 16u) + (left >> 16u) + (right >> 16u) + (middle >> 16u);`,
};

const turnHelper: HelperFunction = {
  name: "turn",
  parameters: f32,
  result: "vec2f",
  uses: [multiplyHighHelper],
  body: `// x = quadrant · π/2 + rest with |rest| ≤ π/4, for finite x of any size: the significand times those bits of 2/π
// that matter, in whole numbers (Payne and Hanek 1983). Gives the rest and the quadrant, 0 to 3.
let size = abs(x);
if (size < 0.7853981) { return vec2f(x, 0.0); }
const two_over_pi = array<u32, 9>(0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u,
  0xfe5163abu, 0xdebbc561u);
let bits = bitcast<u32>(size);
let significand = (bits & 0x7fffffu) | 0x800000u;
// Of the 96 bits that are taken the first weighs 2 quadrants; those before it are whole turns.
let first = min((bits >> 23u) - 120u, 135u);
let word = first >> 5u;
let shift = first & 31u;
let w0 = (two_over_pi[word] << shift) | ((two_over_pi[word + 1u] >> (31u - shift)) >> 1u);
let w1 = (two_over_pi[word + 1u] << shift) | ((two_over_pi[word + 2u] >> (31u - shift)) >> 1u);
let w2 = (two_over_pi[word + 2u] << shift) | ((two_over_pi[word + 3u] >> (31u - shift)) >> 1u);
let product = significand * w1;
let low = product + multiply_high(significand, w2);
let high = significand * w0 + multiply_high(significand, w1) + select(0u, 1u, low < product);
// The two upper bits are the quadrant, rounded; the others a fraction of it between −½ and ½.
let quadrant = (high + 0x20000000u) >> 30u;
let behind = (high << 2u) | (low >> 30u);
let negative = (behind >> 31u) == 1u;
let upper = select(behind, ~behind, negative);
let lower = select(low << 2u, ~(low << 2u), negative);
let zeros = min(countLeadingZeros(upper), 31u);
let fraction = f32((upper << zeros) | (lower >> (32u - zeros))) * bitcast<f32>((95u - zeros) << 23u);
let rest = select(fraction, -fraction, negative) * 1.5707964;
return select(vec2f(rest, f32(quadrant)), vec2f(-rest, f32((4u - quadrant) & 3u)), x < 0.0);`,
};

const sineSeriesHelper: HelperFunction = {
  name: "sine_series",
  parameters: { r: "f32" },
  result: "f32",
  body: `// sin r for |r| ≤ π/4.
let z = r * r;
return r + r * z * (-0.16666655 + z * (0.008332161 + z * -0.00019515296));`,
};

const cosineSeriesHelper: HelperFunction = {
  name: "cosine_series",
  parameters: { r: "f32" },
  result: "f32",
  body: `// cos r for |r| ≤ π/4.
let z = r * r;
return 1.0 - (0.5 * z - z * z * (0.041666646 + z * (-0.0013887316 + z * 0.000024433157)));`,
};

export const sineHelper: HelperFunction = {
  name: "sine",
  parameters: f32,
  result: "f32",
  uses: [turnHelper, sineSeriesHelper, cosineSeriesHelper, isFiniteHelper],
  body: `let t = turn(x);
let size = select(sine_series(t.x), cosine_series(t.x), (t.y == 1.0) | (t.y == 3.0));
return select(nan, select(size, -size, t.y >= 2.0), is_finite(x));`,
};

export const cosineHelper: HelperFunction = {
  name: "cosine",
  parameters: f32,
  result: "f32",
  uses: [turnHelper, sineSeriesHelper, cosineSeriesHelper, isFiniteHelper],
  body: `let t = turn(x);
let size = select(cosine_series(t.x), sine_series(t.x), (t.y == 1.0) | (t.y == 3.0));
return select(nan, select(size, -size, (t.y == 1.0) | (t.y == 2.0)), is_finite(x));`,
};

export const tangentHelper: HelperFunction = {
  name: "tangent",
  parameters: f32,
  result: "f32",
  uses: [turnHelper, sineSeriesHelper, cosineSeriesHelper, isFiniteHelper],
  body: `let t = turn(x);
let sine = sine_series(t.x);
let cosine = cosine_series(t.x);
let odd = (t.y == 1.0) | (t.y == 3.0);
return select(nan, select(sine, -cosine, odd) / select(cosine, sine, odd), is_finite(x));`,
};

const arcsineSeriesHelper: HelperFunction = {
  name: "arcsine_series",
  parameters: f32,
  result: "f32",
  body: `// asin x for |x| ≤ ½.
let z = x * x;
let tail = 0.16666752 + z * (0.074953005 + z * (0.0454700260 + z * (0.024181311 + z * 0.0421632)));
return x + x * z * tail;`,
};

export const arcsineHelper: HelperFunction = {
  name: "arcsine",
  parameters: f32,
  result: "f32",
  uses: [arcsineSeriesHelper],
  body: `let size = abs(x);
let far = 1.5707964 - 2.0 * arcsine_series(sqrt(max(0.5 - 0.5 * size, 0.0)));
let result = select(select(far, -far, x < 0.0), arcsine_series(x), size <= 0.5);
return select(nan, result, size <= 1.0);`,
};

export const arccosineHelper: HelperFunction = {
  name: "arccosine",
  parameters: f32,
  result: "f32",
  uses: [arcsineSeriesHelper],
  body: `let size = abs(x);
let far = 2.0 * arcsine_series(sqrt(max(0.5 - 0.5 * size, 0.0)));
let result = select(select(far, 3.1415927 - far, x < 0.0), 1.5707964 - arcsine_series(x), size <= 0.5);
return select(nan, result, size <= 1.0);`,
};

export const arctangentHelper: HelperFunction = {
  name: "arctangent",
  parameters: f32,
  result: "f32",
  body: `// By tan(π/2 − a) = 1 / tan a and tan(π/4 + a) = (1 + tan a) / (1 − tan a) to arguments below tan(π/8).
let size = abs(x);
let large = size > 2.4142135;
let middle = size > 0.41421357;
let base = select(select(0.0, 0.7853982, middle), 1.5707964, large);
let y = select(select(size, (size - 1.0) / (size + 1.0), middle), -1.0 / size, large);
let z = y * y;
let tail = y * z * (-0.3333295 + z * (0.19977711 + z * (-0.13877685 + z * 0.080537446)));
let result = base + (y + tail);
return select(result, -result, x < 0.0);`,
};

export const arctangent2Helper: HelperFunction = {
  name: "arctangent2",
  parameters: { y: "f32", x: "f32" },
  result: "f32",
  uses: [arctangentHelper, copySignHelper, isInfiniteHelper, isNanHelper],
  body: `// The angle of the point (x, y): that of the smaller over the larger coordinate, turned to its octant.
if (is_nan(x) || is_nan(y)) { return nan; }
let across = abs(x);
let up = abs(y);
let larger = max(across, up);
// Scaled, so that the quotient has normal operands.
let unit = select(select(1.0, 1.8446744e19, larger < 1e-18), 5.421011e-20, larger > 1e30);
let quotient = (min(across, up) * unit) / (larger * unit);
let diagonal = is_infinite(x) & is_infinite(y);
let angle = arctangent(select(select(quotient, 0.0, larger == 0.0), 1.0, diagonal));
let first = select(angle, 1.5707964 - angle, up > across);
return copy_sign(select(first, 3.1415927 - first, (bitcast<u32>(x) >> 31u) == 1u), y);`,
};
