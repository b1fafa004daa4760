/// Where intermediate tensors live: one arena, in which tensors that are never alive together share bytes.
import type { Value } from "../../ir/value.ts";

/** Offsets of bindings are multiples of this (WebGPU's default minStorageBufferOffsetAlignment). */
export const alignment = 256;

/** A tensor of the arena, alive from the kernel that writes it to the last that reads it, inclusive. */
export interface Interval {
  readonly value: Value;
  readonly bytes: number;
  readonly start: number;
  readonly end: number;
}

/** Where each tensor lies, and how large the arena is. */
export interface Arena {
  readonly offsets: ReadonlyMap<Value, number>;
  readonly bytes: number;
  /** The largest sum of bytes alive at once: no arena can be smaller. */
  readonly lowerBound: number;
}

/** First fit, largest tensors first: within a few percent of the lower bound on training steps. */
export function allocate(intervals: readonly Interval[]): Arena {
  const offsets = new Map<Value, number>();
  /** In order of their places. */
  const placed: { readonly interval: Interval; readonly from: number; readonly to: number }[] = [];
  const largestFirst = [...intervals].sort((a, b) => b.bytes - a.bytes || a.start - b.start);
  let bytes = 0;
  for (const interval of largestFirst) {
    let from = 0;
    for (const other of placed) {
      if (other.interval.end < interval.start || interval.end < other.interval.start) continue;
      if (from + interval.bytes <= other.from) break;
      from = Math.max(from, roundUp(other.to));
    }
    const to = from + interval.bytes;
    const after = placed.findLastIndex((other) => other.from <= from);
    placed.splice(after + 1, 0, { interval, from, to });
    offsets.set(interval.value, from);
    bytes = Math.max(bytes, to);
  }
  return { offsets, bytes, lowerBound: largestLiveSum(intervals) };
}

/** The next allowed offset. */
export function roundUp(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** The largest sum of bytes alive at once. */
export function largestLiveSum(intervals: readonly Interval[]): number {
  const changes = new Map<number, number>();
  for (const { start, end, bytes } of intervals) {
    changes.set(start, (changes.get(start) ?? 0) + bytes);
    changes.set(end + 1, (changes.get(end + 1) ?? 0) - bytes);
  }
  let live = 0;
  let largest = 0;
  for (const time of [...changes.keys()].sort((a, b) => a - b)) {
    live += changes.get(time)!;
    largest = Math.max(largest, live);
  }
  return largest;
}
