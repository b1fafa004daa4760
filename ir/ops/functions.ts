/// Functions of one number and powers, extremes of two. On the device over all of float32, with NaN and ±∞ as in float64:
/// exp, log, tanh, sigmoid and pow within 3 units in the last place, expm1, log1p and softplus within 4, sqrt as its driver.
import type { Value } from "../value.ts";
import { add, div, mul, square, sub } from "./arithmetic.ts";
import { where } from "./choose.ts";
import { equal, greater, greaterEqual } from "./compare.ts";
import { binary, calls, callsOnFloats, floats, numbers, signed, unary, type Binary, type Unary } from "./define.ts";
import { expHelper, expm1Helper, lnHelper, log1pHelper, sigmoidHelper, softplusHelper } from "./helpers/exponential.ts";
import { hyperbolicTangentHelper } from "./helpers/hyperbolic.ts";
import { largerHelper, smallerHelper } from "./helpers/numbers.ts";
import { powerHelper } from "./helpers/power.ts";
import { constant } from "./leaf.ts";
import { wrapped } from "./wrap.ts";

export const exp: Unary = unary({
  name: "exp",
  doc: "Exponential.",
  types: floats,
  partials: ({ result: y }) => [y],
  ...calls(expHelper),
  reference: ([x]) => Math.exp(x),
  latex: ([x]) => `e^{${x}}`,
});

export const expm1: Unary = unary({
  name: "expm1",
  doc: "Exponential minus one, exact near 0.",
  types: floats,
  partials: ({ result: y }) => [add(y, 1)],
  ...calls(expm1Helper),
  reference: ([x]) => Math.expm1(x),
  latex: ([x]) => `\\left(e^{${x}} - 1\\right)`,
});

export const log: Unary = unary({
  name: "log",
  doc: "Natural logarithm.",
  types: floats,
  partials: ({ operands: [x] }) => [div(1, x)],
  ...calls(lnHelper),
  reference: ([x]) => Math.log(x),
  latex: ([x]) => `\\ln ${x}`,
});

export const log1p: Unary = unary({
  name: "log1p",
  doc: "ln(1 + x), exact near 0.",
  types: floats,
  partials: ({ operands: [x] }) => [div(1, add(1, x))],
  ...calls(log1pHelper),
  reference: ([x]) => Math.log1p(x),
  latex: ([x]) => `\\ln\\left(1 + ${x}\\right)`,
});

export const sqrt: Unary = unary({
  name: "sqrt",
  doc: "Square root.",
  types: floats,
  partials: ({ result: y }) => [div(0.5, y)],
  wgsl: ([x]) => `sqrt(${x})`,
  reference: ([x]) => Math.sqrt(x),
  latex: ([x]) => `\\sqrt{${x}}`,
});

export const tanh: Unary = unary({
  name: "tanh",
  doc: "Hyperbolic tangent.",
  types: floats,
  partials: ({ result: y }) => [sub(1, square(y))],
  ...calls(hyperbolicTangentHelper),
  reference: ([x]) => Math.tanh(x),
  latex: ([x]) => `\\tanh ${x}`,
});

export const sigmoid: Unary = unary({
  name: "sigmoid",
  doc: "Logistic function 1/(1 + e⁻ˣ).",
  types: floats,
  partials: ({ result: y }) => [mul(y, sub(1, y))],
  ...calls(sigmoidHelper),
  reference: ([x]) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  latex: ([x]) => `\\sigma\\left(${x}\\right)`,
});

export const softplus: Unary = unary({
  name: "softplus",
  doc: "ln(1 + eˣ), without overflow.",
  types: floats,
  partials: ({ operands: [x] }) => [sigmoid(x)],
  ...calls(softplusHelper),
  reference: ([x]) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  latex: ([x]) => `\\ln\\left(1 + e^{${x}}\\right)`,
});

export const relu: Unary = unary({
  name: "relu",
  doc: "max(x, 0), with derivative 0 at 0.",
  types: floats,
  scale: ({ result: y }, t) => [where(greater(y, 0), t, 0)],
  // Not max(x, 0), which hides NaN on some drivers.
  wgsl: ([x], { lanes }) => {
    const zero = lanes === 4 ? "vec4f(0.0)" : "0.0";
    return `select(${x}, ${zero}, ${x} <= ${zero})`;
  },
  infix: true,
  repeats: true,
  reference: ([x]) => Math.max(x, 0),
  latex: ([x]) => `\\operatorname{ReLU}\\left(${x}\\right)`,
});

export const step: Unary = unary({
  name: "step",
  doc: "Binary step: 1 where x ≥ 0, else 0. Its derivative is 0 everywhere it exists.",
  types: floats,
  partials: () => [null],
  wgsl: ([x], { lanes }) => {
    const [zero, one] = lanes === 4 ? ["vec4f(0.0)", "vec4f(1.0)"] : ["0.0", "1.0"];
    return `select(select(${x}, ${zero}, ${x} < ${zero}), ${one}, ${x} >= ${zero})`;
  },
  infix: true,
  repeats: true,
  reference: ([x]) => (x >= 0 ? 1 : x < 0 ? 0 : NaN),
  latex: ([x]) => `\\mathbf{1}\\left[${x} \\ge 0\\right]`,
});

export const abs: Unary = unary({
  name: "abs",
  doc: "Absolute value, with derivative 0 at 0.",
  types: numbers,
  scale: ({ operands: [x] }, t) => [mul(t, sign(x))],
  wgsl: ([x]) => `abs(${x})`,
  reference: ([x], { result }) => wrapped(Math.abs(x), result),
  latex: ([x]) => `\\left|${x}\\right|`,
});

export const sign: Unary = unary({
  name: "sign",
  doc: "-1, 0 or 1. Its derivative is 0 everywhere.",
  types: signed,
  partials: () => [null],
  // The builtin may lose NaN.
  wgsl: ([x], { lanes, operands }) => {
    if (operands[0] === "i32") return `sign(${x})`;
    const [zero, one] = lanes === 4 ? ["vec4f(0.0)", "vec4f(1.0)"] : ["0.0", "1.0"];
    return `select(select(${x}, ${one}, ${x} > ${zero}), -${one}, ${x} < ${zero})`;
  },
  infix: true,
  repeats: true,
  reference: ([x]) => Math.sign(x),
});

export const maximum: Binary<"maximum"> = binary({
  name: "maximum",
  doc: "Larger of two operands, NaN where either is; at a tie each gets half the gradient.",
  types: numbers,
  scale: ({ operands: [a, b] }, t) => [whereLarger(a, b, t), whereLarger(b, a, t)],
  ...callsOnFloats(largerHelper, ([a, b]) => `max(${a}, ${b})`),
  reference: ([a, b]) => Math.max(a, b),
  commutative: true,
});

export const minimum: Binary<"minimum"> = binary({
  name: "minimum",
  doc: "Smaller of two operands, NaN where either is; at a tie each gets half the gradient.",
  types: numbers,
  scale: ({ operands: [a, b] }, t) => [whereLarger(b, a, t), whereLarger(a, b, t)],
  ...callsOnFloats(smallerHelper, ([a, b]) => `min(${a}, ${b})`),
  reference: ([a, b]) => Math.min(a, b),
  commutative: true,
});

/** t where a > b, half of it where equal, else 0: a selection, since what multiplies t later may be infinite there. */
function whereLarger(a: Value, b: Value, t: Value): Value {
  return where(greaterEqual(a, b), mul(t, where(equal(a, b), constantLike(0.5, a), constantLike(1, a))), 0);
}

function constantLike(number: number, like: Value): Value {
  return constant(number, like.type.dtype);
}

export const pow: Binary<"pow"> = binary({
  name: "pow",
  doc: "Power of real numbers: of a negative base only with whole exponents, else NaN; x⁰ is 1 for every x.",
  types: floats,
  partials: ({ operands: [a, b], result: y }) => [
    where(equal(b, 0), 0, mul(b, pow(a, sub(b, 1)))),
    where(equal(a, 0), 0, mul(y, log(a))),
  ],
  ...calls(powerHelper),
  // A logarithm, a product and an exponential.
  flops: 3,
  // As in C: JavaScript gives NaN for 1 to the power of ∞ or NaN.
  reference: ([a, b]) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : Math.pow(a, b)),
  notation: { symbol: "^", precedence: 7 },
  latex: ([a, b]) => `${a}^{${b}}`,
});
