/// Comparisons and logic, element by element.
import { isFloat } from "../type.ts";
import { binary, comparison, logic, unary, type Binary, type Comparison, type Unary } from "./define.ts";

function compare<Name extends string>(
  name: Name,
  symbol: string,
  doc: string,
  reference: (a: number, b: number) => boolean,
): Comparison<Name> {
  const op: unknown = binary({
    name,
    doc,
    types: comparison,
    partials: () => [null, null],
    // `!=` is false for NaN on drivers that compare in order.
    wgsl: ([a, b], { operands }) =>
      symbol === "!=" && isFloat(operands[0]) ? `!(${a} == ${b})` : `${a} ${symbol} ${b}`,
    reference: ([a, b]) => (reference(a, b) ? 1 : 0),
    notation: { symbol, precedence: 3 },
    ...(symbol === "==" || symbol === "!=" ? { commutative: true } : {}),
  });
  return op as Comparison<Name>;
}

export const equal: Comparison<"equal"> = compare("equal", "==", "True where a = b.", (a, b) => a === b);
export const notEqual: Comparison<"notEqual"> = compare("notEqual", "!=", "True where a ≠ b.", (a, b) => a !== b);
export const less: Comparison<"less"> = compare("less", "<", "True where a < b.", (a, b) => a < b);
export const lessEqual: Comparison<"lessEqual"> = compare("lessEqual", "<=", "True where a ≤ b.", (a, b) => a <= b);
export const greater: Comparison<"greater"> = compare("greater", ">", "True where a > b.", (a, b) => a > b);
export const greaterEqual: Comparison<"greaterEqual"> = compare(
  "greaterEqual",
  ">=",
  "True where a ≥ b.",
  (a, b) => a >= b,
);

export const and: Binary<"and"> = binary({
  name: "and",
  doc: "True where both are.",
  types: logic,
  partials: () => [null, null],
  flops: 0,
  wgsl: ([a, b]) => `${a} & ${b}`,
  reference: ([a, b]) => (a && b ? 1 : 0),
  notation: { symbol: "&&", precedence: 2 },
  commutative: true,
});

export const or: Binary<"or"> = binary({
  name: "or",
  doc: "True where either is.",
  types: logic,
  partials: () => [null, null],
  flops: 0,
  wgsl: ([a, b]) => `${a} | ${b}`,
  reference: ([a, b]) => (a || b ? 1 : 0),
  notation: { symbol: "||", precedence: 1 },
  commutative: true,
});

export const xor: Binary<"xor"> = binary({
  name: "xor",
  doc: "True where one is and the other is not.",
  types: logic,
  partials: () => [null, null],
  flops: 0,
  wgsl: ([a, b]) => `${a} != ${b}`,
  infix: true,
  reference: ([a, b]) => (Boolean(a) === Boolean(b) ? 0 : 1),
  commutative: true,
  latex: ([a, b]) => `${a} \\oplus ${b}`,
});

export const not: Unary = unary({
  name: "not",
  doc: "True where the operand is false.",
  types: logic,
  partials: () => [null],
  flops: 0,
  wgsl: ([x]) => `!${x}`,
  reference: ([x]) => (x ? 0 : 1),
  notation: { symbol: "!", precedence: 6, prefix: true },
});
