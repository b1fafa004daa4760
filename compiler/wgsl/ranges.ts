/// Which tensors a module binds as one range of a buffer, where there are more of them than can be bound.
import { leastSpared } from "../cluster/partition.ts";

/** Bytes of a buffer. */
export interface Extent {
  readonly buffer: number;
  readonly from: number;
  readonly to: number;
  /** Read or written element by element: an array of vectors would make more text of it. */
  readonly isSingle?: boolean;
}

interface Range<T> extends Extent {
  readonly items: readonly T[];
}

/** Bytes in the ranges of items that are no item's. */
export function bytesBetween<T>(ranges: readonly (readonly T[])[], extentOf: (item: T) => Extent): number {
  const own = ranges.flat().reduce((sum, item) => sum + lengthOf(extentOf(item)), 0);
  return boundBytes(ranges, extentOf) - own;
}

/** Bytes from the first item to the last of each range. */
function boundBytes<T>(ranges: readonly (readonly T[])[], extentOf: (item: T) => Extent): number {
  let bytes = 0;
  for (const range of ranges) {
    let [from, to] = [Infinity, 0];
    for (const item of range) {
      const extent = extentOf(item);
      from = Math.min(from, extent.from);
      to = Math.max(to, extent.to);
    }
    bytes += to - from;
  }
  return bytes;
}

/** Functions part from each other where that spares this part of the bytes of all items. */
const leastPart = 1 / 2;

/**
 * Items in ranges, of which there are at most so many, or one a buffer. Each of `ties` has lists of items that share a range
 * so that some functions can be one; those that lie too far from each other go their own ways.
 */
export function nearRanges<T>(
  items: readonly T[],
  ties: readonly (readonly (readonly T[])[])[],
  extentOf: (item: T) => Extent,
  most: number,
): readonly (readonly T[])[] {
  const bytesOf = (ranges: readonly (readonly T[])[]): number => boundBytes(ranges, extentOf);
  const enough = Math.max(leastSpared, leastPart * bytesOf(items.map((item) => [item])));
  let kept = ties.filter((lists) => lists.length > 0);
  let ranges = rangesOf(items, kept.flat(), extentOf, most);
  for (;;) {
    const bytes = bytesOf(ranges);
    const fewer = kept
      .map((tie) => kept.filter((each) => each !== tie))
      .map((rest) => ({ rest, ranges: rangesOf(items, rest.flat(), extentOf, most) }))
      .find((each) => bytes - bytesOf(each.ranges) > enough);
    if (!fewer) return ranges;
    ({ rest: kept, ranges } = fewer);
  }
}

/**
 * Items in at most so many ranges, which do not overlap: WebGPU lets no two bindings that are written share a byte. Those of
 * a list in `tied` share one. As few bytes as possible lie between the items: of all gaps the smallest are bound. Where there
 * is no gap between arrays of vectors, they are one: functions that find tensors in one variable have more in common.
 */
export function rangesOf<T>(
  items: readonly T[],
  tied: readonly (readonly T[])[],
  extentOf: (item: T) => Extent,
  most: number,
): readonly (readonly T[])[] {
  const hulls = connected(items, tied).map((all) => all.map((item) => rangeOf(item, extentOf(item))).reduce(hull));
  const apart: Range<T>[] = [];
  for (const range of hulls.sort((x, y) => x.buffer - y.buffer || x.from - y.from)) {
    const last = apart.at(-1);
    if (last && last.buffer === range.buffer && range.from < last.to) apart[apart.length - 1] = hull(last, range);
    else apart.push(range);
  }
  const gaps = apart
    .slice(1)
    .map((range, i) => (range.buffer === apart[i].buffer ? range.from - apart[i].to : Infinity));
  const isOne = (i: number): boolean => gaps[i] === 0 && !apart[i].isSingle && !apart[i + 1].isSingle;
  // Where ranges end: between buffers, and at the largest gaps, if there are any.
  const ends = new Set(
    gaps
      .map((gap, i) => ({ gap, i }))
      .sort((x, y) => y.gap - x.gap || x.i - y.i)
      .filter(({ gap, i }, rank) => gap === Infinity || (rank < most - 1 && !isOne(i)))
      .map(({ i }) => i),
  );
  const rangeOfItem = new Map<T, number>();
  let range = 0;
  apart.forEach(({ items: all }, i) => {
    for (const item of all) rangeOfItem.set(item, range);
    if (ends.has(i)) range++;
  });
  // In the order in which the items came.
  const inOrder = new Map<number, T[]>();
  for (const item of items) {
    const own = inOrder.get(rangeOfItem.get(item)!);
    if (own) own.push(item);
    else inOrder.set(rangeOfItem.get(item)!, [item]);
  }
  return [...inOrder.values()];
}

const lengthOf = ({ from, to }: Extent): number => to - from;
const rangeOf = <T>(item: T, extent: Extent): Range<T> => ({ ...extent, items: [item] });

const hull = <T>(some: Range<T>, more: Range<T>): Range<T> => ({
  buffer: some.buffer,
  from: Math.min(some.from, more.from),
  to: Math.max(some.to, more.to),
  isSingle: some.isSingle || more.isSingle,
  items: [...some.items, ...more.items],
});

/** Items that lists tie to each other, also by way of others. */
function connected<T>(items: readonly T[], tied: readonly (readonly T[])[]): readonly (readonly T[])[] {
  const sets = new Map(items.map((item) => [item, new Set([item])]));
  for (const [first, ...others] of tied) {
    for (const other of others) {
      const [into, from] = [sets.get(first)!, sets.get(other)!];
      if (into === from) continue;
      for (const item of from) sets.set(item, into.add(item));
    }
  }
  return [...new Set(sets.values())].map((set) => [...set]);
}
