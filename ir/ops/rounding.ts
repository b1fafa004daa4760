/// Whole numbers from others: rounding, quotients and remainders. Exact on the device for every float.
import { isFloat } from "../type.ts";
import type { HelperFunction } from "../value.ts";
import { div, mul, neg } from "./arithmetic.ts";
import { binary, callText, floats, integers, numbers, unary, type Binary, type Unary } from "./define.ts";
import {
  floorModuloHelper,
  floorModuloHelpers,
  moduloHelper,
  moduloHelpers,
  quotientHelpers,
} from "./helpers/numbers.ts";
import { wrapped } from "./wrap.ts";

/** A function that is constant between its jumps. */
function rounding(name: string, doc: string, reference: (x: number) => number, latex: (x: string) => string): Unary {
  return unary({
    name,
    doc: `${doc}. Its derivative is 0.`,
    types: floats,
    partials: () => [null],
    wgsl: ([x]) => `${name}(${x})`,
    reference: ([x]) => reference(x),
    latex: ([x]) => latex(x),
  });
}

/** The nearest whole number, the even one of two. */
export function nearestEven(x: number): number {
  const below = Math.floor(x);
  return x - below === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
}

export const floor: Unary = rounding("floor", "Largest whole number that is not above", Math.floor, (x) => {
  return `\\left\\lfloor ${x} \\right\\rfloor`;
});

export const ceil: Unary = rounding("ceil", "Smallest whole number that is not below", Math.ceil, (x) => {
  return `\\left\\lceil ${x} \\right\\rceil`;
});

export const trunc: Unary = rounding("trunc", "Whole number towards 0", Math.trunc, (x) => {
  return `\\operatorname{trunc}\\left(${x}\\right)`;
});

export const round: Unary = rounding("round", "Nearest whole number, the even one at ties", nearestEven, (x) => {
  return `\\left\\lfloor ${x} \\right\\rceil`;
});

/** Helper functions of an op on floats and on the two integer types. */
interface ByType {
  readonly f32?: HelperFunction;
  readonly i32: HelperFunction;
  readonly u32: HelperFunction;
}

function callsByType(helpers: ByType): Pick<Parameters<typeof binary>[0], "wgsl" | "helpers"> {
  return {
    wgsl: (operands, context) => callText(helpers[context.operands[0] as "i32"], operands, context),
    helpers: Object.values(helpers) as readonly HelperFunction[],
  };
}

export const fmod: Binary<"fmod"> = binary({
  name: "fmod",
  doc: "Remainder a - b·trunc(a/b), with the sign of the dividend. A float divided by 0 gives NaN, an integer 0.",
  types: numbers,
  scale: ({ operands: [a, b], result }, t) =>
    isFloat(result.type.dtype) ? [t, neg(mul(t, trunc(div(a, b))))] : [null, null],
  ...callsByType({ f32: moduloHelper, ...moduloHelpers }),
  reference: ([a, b], { result }) => (isFloat(result) ? a % b : b === 0 ? 0 : wrapped(a % b, result)),
  latex: ([a, b]) => `\\operatorname{fmod}\\left(${a}, ${b}\\right)`,
});

/** The remainder with the sign of the divisor. */
function floorModulo(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

export const remainder: Binary<"remainder"> = binary({
  name: "remainder",
  doc: "Remainder a - b·⌊a/b⌋, with the sign of the divisor. A float divided by 0 gives NaN, an integer 0.",
  types: numbers,
  scale: ({ operands: [a, b], result }, t) =>
    isFloat(result.type.dtype) ? [t, neg(mul(t, floor(div(a, b))))] : [null, null],
  ...callsByType({ f32: floorModuloHelper, ...floorModuloHelpers }),
  reference: ([a, b], { result }) =>
    isFloat(result) ? floorModulo(a, b) : b === 0 ? 0 : wrapped(floorModulo(a, b), result),
  latex: ([a, b]) => `${a} \\bmod ${b}`,
});

export const quotient: Binary<"quotient"> = binary({
  name: "quotient",
  doc: "Quotient of two integers, rounded towards 0. Divided by 0, an integer stays what it is, as in WGSL.",
  types: integers,
  partials: () => [null, null],
  ...callsByType(quotientHelpers),
  reference: ([a, b], { result }) => (b === 0 ? a : wrapped(Math.trunc(a / b), result)),
  latex: ([a, b]) => `\\operatorname{trunc}\\left(\\frac{${a}}{${b}}\\right)`,
});
