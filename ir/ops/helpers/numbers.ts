/// WGSL functions about what a float32 is made of: NaN, scaling by powers of two, extremes that keep NaN, conversions.
/// Bits are asked, not comparisons: a driver may assume that no operand is NaN and fold `x != x`. Conditions are joined by
/// `|` and `&`, and chosen between by `select`: compilers of shaders make branches of `||`, `&&` and early returns.
import type { HelperFunction } from "../../value.ts";

export const isNanHelper: HelperFunction = {
  name: "is_nan",
  parameters: { x: "f32" },
  result: "bool",
  body: "return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;",
};

export const isFiniteHelper: HelperFunction = {
  name: "is_finite",
  parameters: { x: "f32" },
  result: "bool",
  body: "return (bitcast<u32>(x) & 0x7fffffffu) < 0x7f800000u;",
};

export const isInfiniteHelper: HelperFunction = {
  name: "is_infinite",
  parameters: { x: "f32" },
  result: "bool",
  body: "return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u;",
};

export const largerHelper: HelperFunction = {
  name: "larger",
  parameters: { a: "f32", b: "f32" },
  result: "f32",
  uses: [isNanHelper],
  body: `// The builtin gives the other operand for NaN.
return select(max(a, b), a + b, is_nan(a) | is_nan(b));`,
};

export const smallerHelper: HelperFunction = {
  name: "smaller",
  parameters: { a: "f32", b: "f32" },
  result: "f32",
  uses: [isNanHelper],
  body: `// The builtin gives the other operand for NaN.
return select(min(a, b), a + b, is_nan(a) | is_nan(b));`,
};

export const scaleHelper: HelperFunction = {
  name: "scale",
  parameters: { x: "f32", exponent: "f32" },
  result: "f32",
  body: `// x · 2^exponent by two factors, since one alone may overflow; |exponent| ≤ 250.
let n = i32(exponent);
let half = n >> 1u;
return x * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(n - half + 127) << 23u);`,
};

export const headHelper: HelperFunction = {
  name: "head",
  parameters: { x: "f32" },
  result: "f32",
  body: `// The first twelve bits of x: products of two such numbers are exact.
return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);`,
};

export const toI32Helper: HelperFunction = {
  name: "to_i32",
  parameters: { x: "f32" },
  result: "i32",
  uses: [isNanHelper],
  body: `let inside = i32(clamp(x, -2147483648.0, 2147483520.0));
return select(select(inside, 2147483647, x >= 2147483648.0), 0, is_nan(x));`,
};

export const toU32Helper: HelperFunction = {
  name: "to_u32",
  parameters: { x: "f32" },
  result: "u32",
  uses: [isNanHelper],
  body: `let inside = u32(clamp(x, 0.0, 4294967040.0));
return select(select(inside, 0xffffffffu, x >= 4294967296.0), 0u, is_nan(x));`,
};

export const copySignHelper: HelperFunction = {
  name: "copy_sign",
  parameters: { magnitude: "f32", sign: "f32" },
  result: "f32",
  body: "return bitcast<f32>((bitcast<u32>(magnitude) & 0x7fffffffu) | (bitcast<u32>(sign) & 0x80000000u));",
};

export const hypotenuseHelper: HelperFunction = {
  name: "hypotenuse",
  parameters: { a: "f32", b: "f32" },
  result: "f32",
  uses: [isInfiniteHelper],
  body: `// Scaled by a power of two, so that squares neither overflow nor vanish.
let size = max(abs(a), abs(b));
let unit = select(select(1.0, 1.8446744e19, size < 1e-12), 5.421011e-20, size > 1e18);
let x = a * unit;
let y = b * unit;
return select(sqrt(x * x + y * y) / unit, infinity, is_infinite(a) | is_infinite(b));`,
};

export const moduloHelper: HelperFunction = {
  name: "modulo",
  parameters: { a: "f32", b: "f32" },
  result: "f32",
  uses: [isFiniteHelper, isNanHelper, scaleHelper],
  body: `// Long division of the significands, eight bits of the quotient at a time: exact for every quotient.
let x = abs(a);
let y = abs(b);
if (!is_finite(a) || is_nan(b) || y == 0.0) { return nan; }
if (x < y) { return a; }
let above = bitcast<u32>(x);
let below = bitcast<u32>(y);
let divisor = (below & 0x7fffffu) | 0x800000u;
var rest = ((above & 0x7fffffu) | 0x800000u) % divisor;
for (var bits = (above >> 23u) - (below >> 23u); bits > 0u && rest > 0u;) {
  let step = min(bits, 8u);
  rest = (rest << step) % divisor;
  bits -= step;
}
let size = scale(f32(rest), f32(below >> 23u) - 150.0);
return select(size, -size, a < 0.0);`,
};

export const floorModuloHelper: HelperFunction = {
  name: "floor_modulo",
  parameters: { a: "f32", b: "f32" },
  result: "f32",
  uses: [moduloHelper],
  body: `let rest = modulo(a, b);
return select(rest, rest + b, (rest != 0.0) & ((rest < 0.0) != (b < 0.0)));`,
};

/** Quotient and remainders of integers: functions, because a divisor that is known to be 0 is a shader error. */
function ofIntegers(dtype: "i32" | "u32", name: string, body: string): HelperFunction {
  return { name: `${name}_${dtype}`, parameters: { a: dtype, b: dtype }, result: dtype, body };
}

export const quotientHelpers = {
  i32: ofIntegers("i32", "quotient", "return a / b;"),
  u32: ofIntegers("u32", "quotient", "return a / b;"),
} as const;

export const moduloHelpers = {
  i32: ofIntegers("i32", "modulo", "return a % b;"),
  u32: ofIntegers("u32", "modulo", "return a % b;"),
} as const;

export const floorModuloHelpers = {
  i32: ofIntegers(
    "i32",
    "floor_modulo",
    "let rest = a % b;\nreturn select(rest, rest + b, (rest != 0) & ((rest < 0) != (b < 0)));",
  ),
  u32: ofIntegers("u32", "floor_modulo", "return a % b;"),
} as const;
