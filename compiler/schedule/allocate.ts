/// Where intermediate tensors live: one arena, in which tensors that are never alive together share bytes.
import type { Value } from "../../ir/value.ts";
import { leastSpared } from "../cluster/partition.ts";

/** Offsets of bindings are multiples of this (WebGPU's default minStorageBufferOffsetAlignment). */
export const alignment = 256;

/** A tensor of the arena, alive from the kernel that writes it to the last that reads it, inclusive. */
export interface Interval {
  readonly value: Value;
  readonly bytes: number;
  readonly start: number;
  readonly end: number;
}

/** Where each tensor lies. */
export interface Arena extends Placing<Value> {
  /** The largest sum of bytes alive at once: no arena can be smaller. */
  readonly lowerBound: number;
}

/** So many lists of tensors that lie together are tried. */
const mostLists = 4;

/**
 * First fit, largest tensors first: within a few percent of the lower bound on training steps. Those of a list that would lie
 * far from each other come before all others: of as many lists, the first of them first, as the arena has room for, of which so
 * large a part may be lost for that.
 */
export function allocate(
  intervals: readonly Interval[],
  lists: readonly ReadonlySet<Value>[] = [],
  mostLost = 1 / 128,
): Arena {
  const largestFirst = intervals.toSorted((a, b) => b.bytes - a.bytes || a.start - b.start);
  let placed = place(largestFirst);
  const enough = placed.bytes * (1 + mostLost);
  const apart = lists
    .map((list) => largestFirst.filter(({ value }) => list.has(value)))
    .filter((members) => bytesAmong(members, (each) => placed.offsets.get(each)!) >= leastSpared);
  for (let count = 1; count <= Math.min(apart.length, mostLists); count++) {
    const together = place([...new Set([...apart.slice(0, count).flat(), ...largestFirst])]);
    if (together.bytes > enough) break;
    placed = together;
  }
  return {
    offsets: new Map([...placed.offsets].map(([{ value }, offset]) => [value, offset])),
    ...{ bytes: placed.bytes, lowerBound: largestLiveSum(intervals) },
  };
}

/** Bytes from the first of some spans to the last that are none of theirs, if they do not share any. */
export function bytesAmong<Each extends Span>(spans: readonly Each[], offsetOf: (span: Each) => number): number {
  const from = Math.min(...spans.map(offsetOf));
  const to = Math.max(...spans.map((span) => offsetOf(span) + span.bytes));
  return spans.reduce((left, { bytes }) => left - bytes, to - from);
}

/** Bytes between spans that are none of theirs, but for some of the largest gaps. */
export function bytesWithin<Each extends Span>(
  spans: readonly Each[],
  offsetOf: (span: Each) => number,
  gapsLeftOut: number,
): number {
  const gaps: number[] = [];
  let end = Infinity;
  for (const span of spans.toSorted((a, b) => offsetOf(a) - offsetOf(b))) {
    const from = offsetOf(span);
    if (from > end) gaps.push(from - end);
    end = end === Infinity ? from + span.bytes : Math.max(end, from + span.bytes);
  }
  const largestFirst = gaps.toSorted((a, b) => b - a);
  return largestFirst.slice(gapsLeftOut).reduce((sum, gap) => sum + gap, 0);
}

/** Where each of some lies, and how many bytes they take. */
export interface Placing<Each> {
  readonly offsets: ReadonlyMap<Each, number>;
  readonly bytes: number;
}

/** Something of some bytes, from one time to another. */
export type Span = Omit<Interval, "value">;

/** A place for each, in the order given: the first gap that is large enough. */
export function place<Each extends Span>(spans: readonly Each[]): Placing<Each> {
  const offsets = new Map<Each, number>();
  /** In order of their places. */
  const placed: { readonly span: Each; readonly from: number; readonly to: number }[] = [];
  let bytes = 0;
  for (const span of spans) {
    let from = 0;
    for (const other of placed) {
      if (other.span.end < span.start || span.end < other.span.start) continue;
      if (from + span.bytes <= other.from) break;
      from = Math.max(from, roundUp(other.to));
    }
    const to = from + span.bytes;
    const after = placed.findLastIndex((other) => other.from <= from);
    placed.splice(after + 1, 0, { span, from, to });
    offsets.set(span, from);
    bytes = Math.max(bytes, to);
  }
  return { offsets, bytes };
}

/** Some placed behind others. */
export function behind<Each>(first: Placing<Each>, then: Placing<Each>): Placing<Each> {
  const start = roundUp(first.bytes);
  const moved = [...then.offsets].map(([each, offset]) => [each, start + offset] as const);
  return { offsets: new Map([...first.offsets, ...moved]), bytes: moved.length > 0 ? start + then.bytes : first.bytes };
}

/** The next allowed offset. */
export function roundUp(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

/** The largest sum of bytes alive at once. */
export function largestLiveSum(intervals: readonly Span[]): number {
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
