/// The error function and its relatives, the logarithm of the gamma function and its derivatives. On the device within
/// 10⁻⁶ relative; next to zeros left of the origin, lgamma, digamma and polygamma within 10⁻⁶ of the size of their terms.
import { checkArgument, whole } from "../options.ts";
import type { Shape } from "../type.ts";
import type { Tensor, Value } from "../value.ts";
import { add, div, mul, neg, square, sub } from "./arithmetic.ts";
import { binary, calls, floats, unary, type Unary } from "./define.ts";
import { exp } from "./functions.ts";
import {
  digammaHelper,
  erfcHelper,
  erfcxHelper,
  erfHelper,
  erfinvHelper,
  logErfcHelper,
  logGammaHelper,
  polygammaHelper,
} from "./helpers/special.ts";
import * as reference from "./special-reference.ts";

/** 2/√π · e^(−x²). */
function bell(x: Value): Value {
  return mul(2 / Math.sqrt(Math.PI), exp(neg(square(x))));
}

export const erf: Unary = unary({
  name: "erf",
  doc: "Error function: 2/√π times the integral of e^(-t²) from 0 to x.",
  types: floats,
  partials: ({ operands: [x] }) => [bell(x)],
  ...calls(erfHelper),
  reference: ([x]) => reference.erf(x),
  latex: ([x]) => `\\operatorname{erf}\\left(${x}\\right)`,
});

export const erfc: Unary = unary({
  name: "erfc",
  doc: "Complement 1 - erf(x) of the error function, with all digits in the tail.",
  types: floats,
  partials: ({ operands: [x] }) => [neg(bell(x))],
  ...calls(erfcHelper),
  reference: ([x]) => reference.erfc(x),
  latex: ([x]) => `\\operatorname{erfc}\\left(${x}\\right)`,
});

export const erfcx: Unary = unary({
  name: "erfcx",
  doc: "Complement of the error function without its decay: e^(x²)·erfc(x), Mills' ratio of a normal distribution but for scales.",
  types: floats,
  partials: ({ operands: [x], result: y }) => [sub(mul(2, mul(x, y)), 2 / Math.sqrt(Math.PI))],
  ...calls(erfcxHelper),
  reference: ([x]) => reference.erfcx(x),
  latex: ([x]) => `\\operatorname{erfcx}\\left(${x}\\right)`,
});

export const logerfc: Unary = unary({
  name: "logerfc",
  doc: "ln erfc(x), which is finite where erfc vanishes: the logarithm of a normal distribution's tail.",
  types: floats,
  partials: ({ operands: [x] }) => [neg(div(2 / Math.sqrt(Math.PI), erfcx(x)))],
  ...calls(logErfcHelper),
  reference: ([x]) => reference.logerfc(x),
  latex: ([x]) => `\\ln\\operatorname{erfc}\\left(${x}\\right)`,
});

export const erfinv: Unary = unary({
  name: "erfinv",
  doc: "Number whose error function is the operand: ±∞ at ±1, NaN beyond.",
  types: floats,
  partials: ({ result: y }) => [mul(Math.sqrt(Math.PI) / 2, exp(square(y)))],
  ...calls(erfinvHelper),
  reference: ([x]) => reference.erfinv(x),
  latex: ([x]) => `\\operatorname{erf}^{-1}\\left(${x}\\right)`,
});

export const lgamma: Unary = unary({
  name: "lgamma",
  doc: "Logarithm of the size of the gamma function, ln|Γ(x)|: ∞ at 0, -1, -2, ….",
  types: floats,
  partials: ({ operands: [x] }) => [digamma(x)],
  ...calls(logGammaHelper),
  reference: ([x]) => reference.lgamma(x),
  latex: ([x]) => `\\ln\\left|\\Gamma\\left(${x}\\right)\\right|`,
});

export const digamma: Unary = unary({
  name: "digamma",
  doc: "Derivative of ln Γ(x): -∞ at 0, ∞ at -0, NaN at -1, -2, ….",
  types: floats,
  partials: ({ operands: [x] }) => [polygamma(1, x)],
  ...calls(digammaHelper),
  reference: ([x]) => reference.digamma(x),
  latex: ([x]) => `\\psi\\left(${x}\\right)`,
});

const polygammas = binary({
  name: "polygamma",
  doc: "n-th derivative of the digamma function, as polygamma(n, x) with a whole number n from 0 to 30.",
  types: floats,
  partials: ({ operands: [order, x] }) => [null, applyPolygamma(add(order, 1), x)],
  ...calls(polygammaHelper),
  reference: ([order, x]) => reference.polygamma(order, x),
  latex: ([order, x]) => `\\psi^{(${order})}\\left(${x}\\right)`,
});
const applyPolygamma = polygammas as (order: Value | number, x: Value) => Value;

/** The op of `polygamma`. */
export const polygammaOp = polygammas.op;

/** Derivative number `order` of the digamma function; 0 is digamma itself, 1 the trigamma function. Orders up to 30. */
export function polygamma<S extends Shape>(order: number, x: Tensor<"f32", S>): Tensor<"f32", S>;
export function polygamma<T extends Value>(order: number, x: T): T;
export function polygamma(order: number, x: Value): Value {
  checkArgument("polygamma", "the order", order, whole(0));
  return applyPolygamma(order, x);
}
