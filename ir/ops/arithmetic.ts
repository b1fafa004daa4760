/// Sums, differences, products and quotients, element by element.
import { isFloat } from "../type.ts";
import type { Value } from "../value.ts";
import { binary, floats, numbers, signed, unary, type Binary, type Unary } from "./define.ts";
import { wrapped } from "./wrap.ts";

export const neg: Unary = unary({
  name: "neg",
  doc: "Negation.",
  types: signed,
  scale: (_, t) => [neg(t)],
  wgsl: ([x]) => `-${x}`,
  reference: ([x], { result }) => wrapped(-x, result),
  notation: { symbol: "-", precedence: 6, prefix: true },
});

export const add: Binary<"add"> = binary({
  name: "add",
  doc: "Sum of two operands.",
  types: numbers,
  scale: (_, t) => [t, t],
  wgsl: ([a, b]) => `${a} + ${b}`,
  reference: ([a, b], { result }) => wrapped(a + b, result),
  notation: { symbol: "+", precedence: 4 },
  commutative: true,
});

export const sub: Binary<"sub"> = binary({
  name: "sub",
  doc: "Difference of two operands.",
  types: numbers,
  scale: (_, t) => [t, neg(t)],
  wgsl: ([a, b]) => `${a} - ${b}`,
  reference: ([a, b], { result }) => wrapped(a - b, result),
  notation: { symbol: "-", precedence: 4 },
});

export const mul: Binary<"mul"> = binary({
  name: "mul",
  doc: "Product of two operands, element by element.",
  types: numbers,
  partials: ({ operands: [a, b] }) => [b, a],
  wgsl: ([a, b]) => `${a} * ${b}`,
  // The product of two integers may need more digits than a float64 has.
  reference: ([a, b], { result }) => (isFloat(result) ? a * b : wrapped(Math.imul(a, b), result)),
  notation: { symbol: "·", precedence: 5 },
  latex: ([a, b]) => `${a} \\odot ${b}`,
  commutative: true,
});

export const div: Binary<"div"> = binary({
  name: "div",
  doc: "Quotient of two operands.",
  types: floats,
  partials: ({ operands: [, b], result: y }) => [div(1, b), neg(div(y, b))],
  wgsl: ([a, b]) => `${a} / ${b}`,
  reference: ([a, b]) => a / b,
  notation: { symbol: "/", precedence: 5 },
  latex: ([a, b]) => `\\frac{${a}}{${b}}`,
});

/** Square, as a product: x·x. */
export function square<T extends Value>(x: T): T;
export function square(x: Value): Value {
  return mul(x, x);
}
