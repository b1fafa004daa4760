/// Sums that a person writes, taken apart: what is read twice at every step of a deep network has 2ⁿ terms, which nobody
/// looks at one by one.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import type { Value } from "../../ir/value.ts";

/** A number of times a value. */
export interface Term {
  readonly coefficient: number;
  readonly value: Value;
}

/** So many terms people write. */
const mostTerms = 8;

/**
 * The terms of a sum in their order, without the numbers before them; undefined where there are more than people write.
 * Quotients by a number are terms, or are opened where `quotients` says so.
 */
export function shortSum(sum: Value, { quotients = false } = {}): readonly Term[] | undefined {
  const terms: Term[] = [];
  const pending: Term[] = [{ coefficient: 1, value: sum }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const opened = openedOf(next, quotients);
    if (opened) pending.push(...opened.toReversed());
    else terms.push(next);
    if (terms.length + pending.length > mostTerms) return undefined;
  }
  return terms;
}

function openedOf({ coefficient, value }: Term, quotients: boolean): readonly Term[] | undefined {
  const { op, operands } = value;
  const [a, b] = operands;
  const part = (of: Value, times: number): Term => ({ coefficient: times * coefficient, value: of });
  if (op === neg.op) return [part(a, -1)];
  if (op === add.op) return [part(a, 1), part(b, 1)];
  if (op === sub.op) return [part(a, 1), part(b, -1)];
  if (op !== mul.op && !(op === div.op && quotients)) return undefined;
  const [left, right] = operands.map(constantValue);
  if (op === div.op) return right ? [part(a, 1 / right)] : undefined;
  return left ? [part(b, left)] : right ? [part(a, right)] : undefined;
}
