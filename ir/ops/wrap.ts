/// Integers of 32 bits, as WGSL computes with them.
import type { DType } from "../type.ts";

/** A whole number modulo 2³², in the range of its integer type; other types have the number as it is. */
export function wrapped(number: number, dtype: DType): number {
  return dtype === "i32" ? number | 0 : dtype === "u32" ? number >>> 0 : number;
}
