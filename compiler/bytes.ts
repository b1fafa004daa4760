/// Bytes of what lies in buffers.
import { elementCount } from "../ir/type.ts";
import type { Value } from "../ir/value.ts";

/** Bytes of a tensor; `halves` are in half precision. */
export function bytesOf(value: Value, halves?: ReadonlySet<Value>): number {
  return (halves?.has(value) ? 2 : 4) * (elementCount(value.type.shape) as number);
}

/** Bytes of several tensors. */
export function sumBytes(tensors: Iterable<Value>, halves?: ReadonlySet<Value>): number {
  return [...tensors].reduce((total, tensor) => total + bytesOf(tensor, halves), 0);
}

/** Bytes of a uniform buffer. */
export function roundTo16(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}
