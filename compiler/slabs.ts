/// Whole buffers that kernels bind together where their tensors would be too many bindings.
import { inputOp, stateOp } from "../ir/ops/leaf.ts";
import type { Value } from "../ir/value.ts";
import { mostBindings } from "./cluster/partition.ts";
import { storageType } from "./wgsl/bound.ts";

/** The type of the tensors of one buffer: several types cannot be bound as one array. */
export type SlabType = ReturnType<typeof storageType> | "mixed";

/** The buffers of tensors, as far as they can be told before there are buffers, and what lies in them. */
export function slabsOf(
  tensors: Iterable<Value>,
  outputs: ReadonlySet<Value>,
  halves: ReadonlySet<Value>,
): ReadonlyMap<unknown, SlabType> {
  const slabs = new Map<unknown, SlabType>();
  for (const tensor of tensors) {
    const isHalf = halves.has(tensor);
    const slab = isHalf ? "halves" : slabOf(tensor, outputs);
    addSlabs(slabs, [[slab, isHalf ? "u32" : storageType(tensor.type.dtype)]]);
  }
  return slabs;
}

/** Adds buffers to others. */
export function addSlabs(slabs: Map<unknown, SlabType>, more: Iterable<readonly [unknown, SlabType]>): void {
  for (const [slab, type] of more) slabs.set(slab, (slabs.get(slab) ?? type) === type ? type : "mixed");
}

/** True where one dispatch can bind the buffers of both, each as an array of one type. */
export function fitBuffers(some: ReadonlyMap<unknown, SlabType>, more: ReadonlyMap<unknown, SlabType>): boolean {
  const all = new Map(some);
  addSlabs(all, more);
  return all.size <= mostBindings && ![...all.values()].includes("mixed");
}

function slabOf(tensor: Value, outputs: ReadonlySet<Value>): unknown {
  if (tensor.op === inputOp) return tensor;
  return tensor.op === stateOp ? "states" : outputs.has(tensor) ? "outputs" : "arena";
}
