/// Sums and differences of exponentials, by their logarithms: what stable forms of formulas are written in.
import { div, neg, sub } from "./arithmetic.ts";
import { binary, calls, floats, unary, type Binary, type Unary } from "./define.ts";
import { expm1, sigmoid } from "./functions.ts";
import { log1mexpHelper, logaddexpHelper } from "./helpers/exponential.ts";

export const logaddexp: Binary<"logaddexp"> = binary({
  name: "logaddexp",
  doc: "ln(eᵃ + eᵇ), without overflow.",
  types: floats,
  partials: ({ operands: [a, b] }) => [sigmoid(sub(a, b)), sigmoid(sub(b, a))],
  ...calls(logaddexpHelper),
  reference: ([a, b]) => (a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)))),
  commutative: true,
  latex: ([a, b]) => `\\ln\\left(e^{${a}} + e^{${b}}\\right)`,
});

export const log1mexp: Unary = unary({
  name: "log1mexp",
  doc: "ln(1 − eˣ) for x < 0, exact near 0 and far below.",
  types: floats,
  partials: ({ operands: [x] }) => [neg(div(1, expm1(neg(x))))],
  ...calls(log1mexpHelper),
  reference: ([x]) => (x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x))),
  latex: ([x]) => `\\ln\\left(1 - e^{${x}}\\right)`,
});
