/// What the graph says about its inputs beyond their type.
import { equal } from "../ir/ops/compare.ts";
import { iotaOp } from "../ir/ops/leaf.ts";
import type { Value } from "../ir/value.ts";
import { underLayouts } from "./cluster/access.ts";

/** The number of classes when an integer input is compared with class indices (one-hot), so that others are an error. */
export function classesOf(input: Value, used: ReadonlySet<Value>): number | undefined {
  let classes: number | undefined;
  for (const value of used) {
    if (value.op !== equal.op) continue;
    const counting = value.operands.find((operand) => operand.op === iotaOp);
    if (!counting || !value.operands.some((operand) => underLayouts(operand) === input)) continue;
    const extent = counting.type.shape[counting.attrs.axis as number];
    if (typeof extent === "number") classes = Math.min(classes ?? extent, extent);
  }
  return classes;
}
