/// Reductions along rows of different tensors that one value reads for its elements, as the slope of ln softmax reads ln Σ eˣ
/// and the total of its cotangent: one kernel has them both, instead of one that waits for the other.
import { axesOf, broadcastOp } from "../../ir/ops/sum.ts";
import { sameShape } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { mostBindings } from "./partition.ts";

/** Each reads a tensor: no kernel has more of them. What many layers make stays a look at few so. */
const mostMet = mostBindings;

const none: ReadonlySet<Value> = new Set();

/** For each reduction the others along the same axes of as large tensors that a value of their elements is made of as well. */
export function meetings(values: readonly Value[]): ReadonlyMap<Value, ReadonlySet<Value>> {
  const found = new Map<Value, Set<Value>>();
  const under = new Map<Value, ReadonlySet<Value>>();
  for (const value of values) {
    const { op, operands } = value;
    if (op.kind === "reduction") under.set(value, new Set([value]));
    else if (op === broadcastOp) under.set(value, under.get(operands[0]) ?? none);
    else if (op.kind === "elementwise") under.set(value, joined(value, operands.map((each) => under.get(each) ?? none), found)); // prettier-ignore
  }
  return found;
}

/** The reductions that any of the operands is made of; those of two operands meet in the value. */
function joined(
  { type }: Value,
  sets: readonly ReadonlySet<Value>[],
  found: Map<Value, Set<Value>>,
): ReadonlySet<Value> {
  const all = new Set<Value>();
  for (const set of sets) {
    for (const one of set) {
      if (all.has(one) || !sameShape(one.operands[0].type.shape, type.shape)) continue;
      for (const other of all) if (!set.has(other) && isAlike(one, other)) meet(one, other, found);
    }
    for (const one of set) all.add(one);
  }
  return all.size > mostMet ? none : all;
}

function meet(one: Value, other: Value, found: Map<Value, Set<Value>>): void {
  found.set(one, (found.get(one) ?? new Set()).add(other));
  found.set(other, (found.get(other) ?? new Set()).add(one));
}

/** True for reductions along the same axes of tensors of the same shape. */
function isAlike(one: Value, other: Value): boolean {
  return (
    sameShape(one.operands[0].type.shape, other.operands[0].type.shape) && axesOf(one).join() === axesOf(other).join()
  );
}
