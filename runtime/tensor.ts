/// Element counts and typed arrays of tensors.

import type { Slot, StorageType } from "./abi.ts";
import type { TypedArray } from "./types.ts";

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

/** The typed array class that holds elements of `dtype`. */
export const arrayType = (dtype: StorageType) => arrays[dtype];

/** A typed array of `dtype` with a copy of `values`, converted. */
export const toArray = (dtype: StorageType, values: ArrayLike<number>) => new arrays[dtype](values);

/** Number of elements of a shape; 1 for a scalar. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((count, extent) => count * extent, 1);

/** Size of a slot's tensor in bytes: every storage type has 4. */
export const slotBytes = (slot: Pick<Slot, "shape">): number => 4 * elementCount(slot.shape);

/** How a message names a slot's tensor, for example `f32[64, 784]`. */
export const describeSlot = (slot: Pick<Slot, "dtype" | "shape">): string => `${slot.dtype}[${slot.shape.join(", ")}]`;

/** A fresh copy of a slot's elements, which lie in `bytes` as in its buffer. */
export const copySlot = (slot: Slot, bytes: ArrayBuffer): TypedArray =>
  new arrays[slot.dtype](bytes, slot.offset, elementCount(slot.shape)).slice();
