/// Comparisons and logic, element by element.
import { binary, comparison, logic, unary, type Binary, type Unary } from "./define.ts";

function compare(name: string, symbol: string, doc: string, reference: (a: number, b: number) => boolean): Binary {
  return binary({
    name,
    doc,
    types: comparison,
    partials: () => [null, null],
    wgsl: ([a, b]) => `${a} ${symbol} ${b}`,
    reference: ([a, b]) => (reference(a, b) ? 1 : 0),
    notation: { symbol, precedence: 3 },
    ...(symbol === "==" || symbol === "!=" ? { commutative: true } : {}),
  });
}

export const equal: Binary = compare("equal", "==", "True where a = b.", (a, b) => a === b);
export const notEqual: Binary = compare("notEqual", "!=", "True where a ≠ b.", (a, b) => a !== b);
export const less: Binary = compare("less", "<", "True where a < b.", (a, b) => a < b);
export const lessEqual: Binary = compare("lessEqual", "<=", "True where a ≤ b.", (a, b) => a <= b);
export const greater: Binary = compare("greater", ">", "True where a > b.", (a, b) => a > b);
export const greaterEqual: Binary = compare("greaterEqual", ">=", "True where a ≥ b.", (a, b) => a >= b);

export const and: Binary = binary({
  name: "and",
  doc: "True where both are.",
  types: logic,
  partials: () => [null, null],
  wgsl: ([a, b]) => `${a} & ${b}`,
  reference: ([a, b]) => (a && b ? 1 : 0),
  notation: { symbol: "&&", precedence: 2 },
  commutative: true,
});

export const or: Binary = binary({
  name: "or",
  doc: "True where either is.",
  types: logic,
  partials: () => [null, null],
  wgsl: ([a, b]) => `${a} | ${b}`,
  reference: ([a, b]) => (a || b ? 1 : 0),
  notation: { symbol: "||", precedence: 1 },
  commutative: true,
});

export const not: Unary = unary({
  name: "not",
  doc: "True where the operand is false.",
  types: logic,
  partials: () => [null],
  wgsl: ([x]) => `!${x}`,
  reference: ([x]) => (x ? 0 : 1),
  notation: { symbol: "!", precedence: 6, prefix: true },
});
