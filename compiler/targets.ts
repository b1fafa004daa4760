/// Tensors that take one value: no more of them than a kernel may bind.
import { copyOp } from "../ir/ops/choose.ts";
import { apply, type Value } from "../ir/value.ts";
import { mostBindings } from "./cluster/partition.ts";

/** A value becomes so many states or rows, beside a result of the call and two operands of a product. */
const mostTargets = mostBindings - 3;

/** Puts a target under the value that it takes; under a copy of that, where one kernel would have to write too many. */
export function addTarget<T>(targets: Map<Value, T[]>, value: Value, target: (taken: Value) => T): void {
  let taken = value;
  while (targets.get(taken)?.length === mostTargets) taken = apply(copyOp, [taken]);
  targets.set(taken, [...(targets.get(taken) ?? []), target(taken)]);
}
