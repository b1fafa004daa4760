/// Tensors that one dispatch binds as ranges of the arena, moved near each other: what lies between them is bound too.
import type { Value } from "../../ir/value.ts";
import { leastSpared } from "../cluster/partition.ts";
import { allocate, alignment, bytesAmong, bytesWithin, type Arena, type Interval } from "./allocate.ts";

/** One move may make room for another. */
const sweeps = 2;

/** Ranges that a dispatch of many tensors has for those of an arena, less one: the gaps that it does not bind. */
const gapsUnbound = 2;

/** Where dispatches bind so large a part of the arena for nothing, this much of it may be lost to spare them that. */
const [muchBound, mostLost] = [1 / 8, 1 / 16] as const;

/** A byte of the arena is worth so many that a dispatch binds for nothing. */
const arenaPrice = 8;

/** An arena in which tensors of a list lie near each other; where they would not, a slightly larger one. */
export function arenaOf(intervals: readonly Interval[], lists: readonly ReadonlySet<Value>[]): Arena {
  const settled = (arena: Arena): Arena => ({
    ...arena,
    offsets: settle(intervals, arena.offsets, arena.bytes, lists),
  });
  const bound = ({ offsets }: Arena): number =>
    lists
      .map((list) => intervals.filter(({ value }) => list.has(value)))
      .reduce((sum, members) => sum + bytesWithin(members, ({ value }) => offsets.get(value)!, gapsUnbound), 0);
  const small = settled(allocate(intervals, lists));
  const forNothing = bound(small);
  if (forNothing < Math.max(leastSpared, muchBound * small.bytes)) return small;
  const larger = settled(allocate(intervals, lists, mostLost));
  const price = bound(larger) + arenaPrice * (larger.bytes - small.bytes);
  return price < forNothing ? larger : small;
}

/**
 * Offsets after each tensor of a list has moved to where the others of the list are, as far as bytes are free there while it
 * is alive. The arena does not grow. Of several lists the first counts most: what it has is not moved for the others.
 */
export function settle(
  intervals: readonly Interval[],
  offsets: ReadonlyMap<Value, number>,
  arenaBytes: number,
  lists: readonly ReadonlySet<Value>[],
): ReadonlyMap<Value, number> {
  const settled = new Map(offsets);
  let byPlace = inOrder(intervals, settled);
  const middleOf = ({ value, bytes }: Interval): number => settled.get(value)! + bytes / 2;
  for (const [rank, list] of [...lists.entries()].toReversed()) {
    const members = intervals.filter(({ value }) => list.has(value));
    const isFree = ({ value }: Interval): boolean => !lists.slice(0, rank).some((other) => other.has(value));
    if (bytesAmong(members, ({ value }) => settled.get(value)!) < leastSpared) continue;
    // Those that live shortest find room most easily.
    const movable = members.filter(isFree).toSorted((a, b) => a.end - a.start - (b.end - b.start));
    for (let turn = 0; turn < sweeps * movable.length; turn++) {
      const own = movable[turn % movable.length];
      const center = members.map(middleOf).sort((a, b) => a - b)[members.length >> 1];
      const wanted = center - own.bytes / 2;
      const choices = freeOffsets(own, byPlace, settled, arenaBytes).map(([from, to]) =>
        Math.min(to, Math.max(from, Math.round(wanted / alignment) * alignment)),
      );
      const distance = (offset: number): number => Math.abs(offset - wanted);
      // Where it lies is one of them.
      const nearest = choices.reduce((best, offset) => (distance(offset) < distance(best) ? offset : best));
      if (distance(nearest) < distance(settled.get(own.value)!)) {
        settled.set(own.value, nearest);
        byPlace = inOrder(byPlace, settled);
      }
    }
  }
  return settled;
}

/** Tensors in the order of their places; what is nearly in order already is soon there. */
function inOrder(intervals: readonly Interval[], offsets: ReadonlyMap<Value, number>): readonly Interval[] {
  return intervals.toSorted((a, b) => offsets.get(a.value)! - offsets.get(b.value)!);
}

/**
 * From where to where a tensor may begin, so that it shares no byte with one that is alive while it is; of tensors in the
 * order of their places.
 */
function freeOffsets(
  own: Interval,
  byPlace: readonly Interval[],
  offsets: ReadonlyMap<Value, number>,
  arenaBytes: number,
): readonly (readonly [number, number])[] {
  const free: (readonly [number, number])[] = [];
  let start = 0;
  const leaveFree = (to: number): void => {
    const last = Math.floor((to - own.bytes) / alignment) * alignment;
    if (last >= start) free.push([start, last]);
  };
  // A plain loop: it goes over all that is kept until backward for each tensor of each dispatch.
  for (const other of byPlace) {
    if (other === own || other.start > own.end || own.start > other.end) continue;
    const from = offsets.get(other.value)!;
    leaveFree(from);
    start = Math.max(start, Math.ceil((from + other.bytes) / alignment) * alignment);
  }
  leaveFree(arenaBytes);
  return free;
}
