/// Products taken apart.
import { div, mul, neg } from "../../ir/ops/arithmetic.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import type { Value } from "../../ir/value.ts";

/** What a factor is a product of in its turn; undefined where it counts as one. */
export type Opening = (factor: Value) => readonly Value[] | undefined;

/** So many factors a person writes. */
const mostFactors = 6;

/** The operands of a multiplication. */
export const partsOfProduct: Opening = ({ op, operands }) => (op === mul.op ? operands : undefined);

/** The factors of a product in their order; undefined where there are more than `most`. */
export function factorsOf(
  product: Value,
  open: Opening = partsOfProduct,
  most: number = mostFactors,
): readonly Value[] | undefined {
  const factors: Value[] = [];
  const pending = [product];
  for (let factor = pending.pop(); factor; factor = pending.pop()) {
    if (factors.length + pending.length >= most) return undefined;
    const parts = open(factor);
    if (parts) pending.push(...parts.toReversed());
    else factors.push(factor);
  }
  return factors;
}

/** A value as a number times another. */
export function timesNumber(value: Value): { readonly inner: Value; readonly factor: number } {
  const [a, b] = value.operands;
  if (value.op === neg.op) return scaledNumber(a, -1);
  const [left, right] = value.operands.map(constantValue);
  if (value.op === mul.op && left) return scaledNumber(b, left);
  if (value.op === mul.op && right) return scaledNumber(a, right);
  return value.op === div.op && right ? scaledNumber(a, 1 / right) : { inner: value, factor: 1 };
}

function scaledNumber(value: Value, by: number): { readonly inner: Value; readonly factor: number } {
  const { inner, factor } = timesNumber(value);
  return { inner, factor: by * factor };
}
