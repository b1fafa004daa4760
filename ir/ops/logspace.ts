/// Sums and differences of exponentials, by their logarithms: what stable forms of formulas are written in.
import { div, neg, sub } from "./arithmetic.ts";
import { binary, floats, helperName, unary, type Binary, type Unary } from "./define.ts";
import { expm1, sigmoid } from "./functions.ts";
import { expm1Helper, lnHelper, log1pHelper } from "./helpers.ts";
import type { HelperFunction } from "../value.ts";

const four = (type: string): string => (type === "vec4f" ? "4" : "");

const logaddexpHelper: HelperFunction = {
  name: "logaddexp",
  uses: [log1pHelper],
  // ∞ − ∞ would be NaN, so equal operands have distance 0; what compares with nothing is NaN and stays it.
  wgsl: (name, type) =>
    `fn ${name}(a: ${type}, b: ${type}) -> ${type} {\n` +
    `  let distance = select(abs(a - b), ${type}(0.0), a == b);\n` +
    `  return select(a + b, max(a, b) + log1p${four(type)}(exp(-distance)), (a >= b) | (a < b));\n}`,
};

const log1mexpHelper: HelperFunction = {
  name: "log1mexp",
  uses: [expm1Helper, lnHelper, log1pHelper],
  // Above −ln 2, eˣ is near 1 and the difference is exact in expm1; below, it is near 1 itself (Mächler 2012).
  wgsl: (name, type) =>
    `fn ${name}(x: ${type}) -> ${type} {\n` +
    `  let near = ln${four(type)}(-expm1${four(type)}(x));\n` +
    `  return select(near, log1p${four(type)}(-exp(x)), x < ${type}(-0.6931472));\n}`,
};

export const logaddexp: Binary<"logaddexp"> = binary({
  name: "logaddexp",
  doc: "ln(eᵃ + eᵇ), without overflow.",
  types: floats,
  partials: ({ operands: [a, b] }) => [sigmoid(sub(a, b)), sigmoid(sub(b, a))],
  wgsl: ([a, b], context) => `${helperName("logaddexp", context)}(${a}, ${b})`,
  helpers: [logaddexpHelper],
  reference: ([a, b]) => (a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)))),
  commutative: true,
  latex: ([a, b]) => `\\ln\\left(e^{${a}} + e^{${b}}\\right)`,
});

export const log1mexp: Unary = unary({
  name: "log1mexp",
  doc: "ln(1 − eˣ) for x < 0, exact near 0 and far below.",
  types: floats,
  partials: ({ operands: [x] }) => [neg(div(1, expm1(neg(x))))],
  wgsl: ([x], context) => `${helperName("log1mexp", context)}(${x})`,
  helpers: [log1mexpHelper],
  reference: ([x]) => (x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x))),
  latex: ([x]) => `\\ln\\left(1 - e^{${x}}\\right)`,
});
