/// Walking from values down to what they are made of, as far as a kernel computes it.
import type { Value } from "../../ir/value.ts";

/** Values that were met already; what else is met joins them. */
export interface Seen {
  has(value: Value): boolean;
  add(value: Value): unknown;
}

/**
 * Visits values and what is under them, users before operands, each once, in the order in which they are first read.
 * It goes on under the values for which `into` is true: those that are neither leaves nor computed elsewhere.
 */
export function descend(from: readonly Value[], into: (value: Value) => boolean, seen: Seen = new Set<Value>()): void {
  const pending = from.toReversed();
  for (let value = pending.pop(); value; value = pending.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    if (!into(value)) continue;
    for (let position = value.operands.length - 1; position >= 0; position--) pending.push(value.operands[position]);
  }
}
