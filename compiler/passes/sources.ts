/// What is read for a value that kernels compute, or find, while they read.
import type { OpKind, Value } from "../../ir/value.ts";

/** Where elements lie: what is read through it is the tensor under it. */
export const places: readonly OpKind[] = ["layout", "piecewise"];

/** The values that another is made of by ops of these kinds; constants are written into kernels. */
export function sourcesOf(root: Value, kinds: readonly OpKind[]): ReadonlySet<Value> {
  const sources = new Set<Value>();
  const seen = new Set([root]);
  for (const value of seen) {
    if (value.constant) continue;
    if (!kinds.includes(value.op.kind)) sources.add(value);
    else for (const each of value.operands) seen.add(each);
  }
  return sources;
}
