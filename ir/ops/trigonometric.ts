/// Sine, cosine, tangent and their inverses, in radians. On the device: sin, cos and tan within 3 units in the last place
/// for every finite argument, however large; the inverses within 4.
import type { Value } from "../value.ts";
import { add, div, mul, neg, square, sub } from "./arithmetic.ts";
import { binary, calls, floats, unary, type Binary, type Unary } from "./define.ts";
import {
  arccosineHelper,
  arcsineHelper,
  arctangent2Helper,
  arctangentHelper,
  cosineHelper,
  sineHelper,
  tangentHelper,
} from "./helpers/trigonometric.ts";
import { rsqrt } from "./powers.ts";

export const sin: Unary = unary({
  name: "sin",
  doc: "Sine of an angle in radians; NaN for ±∞.",
  types: floats,
  partials: ({ operands: [x] }) => [cos(x)],
  ...calls(sineHelper),
  reference: ([x]) => Math.sin(x),
  latex: ([x]) => `\\sin ${x}`,
});

export const cos: Unary = unary({
  name: "cos",
  doc: "Cosine of an angle in radians; NaN for ±∞.",
  types: floats,
  partials: ({ operands: [x] }) => [neg(sin(x))],
  ...calls(cosineHelper),
  reference: ([x]) => Math.cos(x),
  latex: ([x]) => `\\cos ${x}`,
});

export const tan: Unary = unary({
  name: "tan",
  doc: "Tangent of an angle in radians; NaN for ±∞.",
  types: floats,
  partials: ({ result: y }) => [add(1, square(y))],
  ...calls(tangentHelper),
  reference: ([x]) => Math.tan(x),
  latex: ([x]) => `\\tan ${x}`,
});

/** 1/√(1 − x²), as √((1 − x)(1 + x)), which keeps its digits where x is near ±1. */
function overArc(x: Value): Value {
  return rsqrt(mul(sub(1, x), add(1, x)));
}

export const asin: Unary = unary({
  name: "asin",
  doc: "Angle in [-π/2, π/2] whose sine is the operand; NaN outside [-1, 1].",
  types: floats,
  partials: ({ operands: [x] }) => [overArc(x)],
  ...calls(arcsineHelper),
  reference: ([x]) => Math.asin(x),
  latex: ([x]) => `\\arcsin ${x}`,
});

export const acos: Unary = unary({
  name: "acos",
  doc: "Angle in [0, π] whose cosine is the operand; NaN outside [-1, 1].",
  types: floats,
  partials: ({ operands: [x] }) => [neg(overArc(x))],
  ...calls(arccosineHelper),
  reference: ([x]) => Math.acos(x),
  latex: ([x]) => `\\arccos ${x}`,
});

export const atan: Unary = unary({
  name: "atan",
  doc: "Angle in [-π/2, π/2] whose tangent is the operand.",
  types: floats,
  partials: ({ operands: [x] }) => [div(1, add(1, square(x)))],
  ...calls(arctangentHelper),
  reference: ([x]) => Math.atan(x),
  latex: ([x]) => `\\arctan ${x}`,
});

export const atan2: Binary<"atan2"> = binary({
  name: "atan2",
  doc: "Angle in [-π, π] of the point (x, y), given as atan2(y, x); zeros count with their sign.",
  types: floats,
  partials({ operands: [y, x] }) {
    const size = add(square(x), square(y));
    return [div(x, size), neg(div(y, size))];
  },
  ...calls(arctangent2Helper),
  reference: ([y, x]) => Math.atan2(y, x),
  latex: ([y, x]) => `\\operatorname{atan2}\\left(${y}, ${x}\\right)`,
});
