/// Hyperbolic sine and cosine, and the inverses of the three. On the device within 6 units in the last place.
import { add, div, mul, square, sub } from "./arithmetic.ts";
import { calls, floats, unary, type Unary } from "./define.ts";
import {
  areaCosineHelper,
  areaSineHelper,
  areaTangentHelper,
  hyperbolicCosineHelper,
  hyperbolicSineHelper,
} from "./helpers/hyperbolic.ts";
import { rsqrt } from "./powers.ts";

export const sinh: Unary = unary({
  name: "sinh",
  doc: "Hyperbolic sine (eˣ - e⁻ˣ)/2.",
  types: floats,
  partials: ({ operands: [x] }) => [cosh(x)],
  ...calls(hyperbolicSineHelper),
  reference: ([x]) => Math.sinh(x),
  latex: ([x]) => `\\sinh ${x}`,
});

export const cosh: Unary = unary({
  name: "cosh",
  doc: "Hyperbolic cosine (eˣ + e⁻ˣ)/2.",
  types: floats,
  partials: ({ operands: [x] }) => [sinh(x)],
  ...calls(hyperbolicCosineHelper),
  reference: ([x]) => Math.cosh(x),
  latex: ([x]) => `\\cosh ${x}`,
});

export const asinh: Unary = unary({
  name: "asinh",
  doc: "Number whose hyperbolic sine is the operand.",
  types: floats,
  partials: ({ operands: [x] }) => [rsqrt(add(square(x), 1))],
  ...calls(areaSineHelper),
  reference: ([x]) => Math.asinh(x),
  latex: ([x]) => `\\operatorname{arsinh} ${x}`,
});

export const acosh: Unary = unary({
  name: "acosh",
  doc: "Number ≥ 0 whose hyperbolic cosine is the operand; NaN below 1.",
  types: floats,
  // √(x² − 1), in a form that keeps its digits where x is near 1.
  partials: ({ operands: [x] }) => [rsqrt(mul(sub(x, 1), add(x, 1)))],
  ...calls(areaCosineHelper),
  reference: ([x]) => Math.acosh(x),
  latex: ([x]) => `\\operatorname{arcosh} ${x}`,
});

export const atanh: Unary = unary({
  name: "atanh",
  doc: "Number whose hyperbolic tangent is the operand: ±∞ at ±1, NaN beyond.",
  types: floats,
  partials: ({ operands: [x] }) => [div(1, mul(sub(1, x), add(1, x)))],
  ...calls(areaTangentHelper),
  reference: ([x]) => Math.atanh(x),
  latex: ([x]) => `\\operatorname{artanh} ${x}`,
});
