/// What the graph says about its inputs beyond their type.
import type { Dim } from "./dim.ts";
import { equal } from "./ops/compare.ts";
import { iotaOp } from "./ops/leaf.ts";
import { underLayouts, type Value } from "./value.ts";

/** How many classes an integer input is compared with, once for each comparison with class indices (a one-hot). */
export function classExtents(input: Value, values: Iterable<Value>): readonly Dim[] {
  const extents: Dim[] = [];
  for (const value of values) {
    if (value.op !== equal.op) continue;
    const indices = value.operands.find((operand) => operand.op === iotaOp);
    if (!indices || !value.operands.some((operand) => underLayouts(operand) === input)) continue;
    extents.push(indices.type.shape[indices.attrs.axis as number]);
  }
  return extents;
}
