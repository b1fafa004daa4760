/// A memory budget: kernels run in an order in which less is alive, and some of them again, until the arena is within it.
/// The graph stays as it is: a step that runs again is the same kernel, and its results lie elsewhere.
import { placeText } from "../ir/diagnostic.ts";
import type { Graph } from "../ir/graph.ts";
import type { Value } from "../ir/value.ts";
import { bytesOf } from "./bytes.ts";
import { memoryBudget, memoryBudgetValue } from "./errors.ts";
import { tensorPlaces } from "./kernel-places.ts";
import { nounOf } from "./lower/kernel.ts";
import {
  bytesTaken,
  createSearch,
  together,
  type Accepts,
  type Layout,
  type Placed,
  type Search,
  type Taken,
} from "./memory-search.ts";
import type { KernelWork } from "./memory-work.ts";
import { placesOf, withPlaces, type MemoryFacts, type Packing } from "./pack.ts";
import type { Together } from "./plan.ts";
import { liveBytes, versionsOf } from "./schedule/liveness.ts";
import type { Signer } from "./signature.ts";

type Notes = Graph["notes"];

/**
 * Packings whose arenas take at most `budget` bytes; those that do so already stay. Errors: `memory-budget`,
 * `memory-budget-value`.
 */
export function withinBudget(
  packings: readonly Packing[],
  budget: number,
  notes: Notes,
  signer: Signer,
): readonly Packing[] {
  if (!(Number.isSafeInteger(budget) && budget > 0)) throw memoryBudgetValue(budget);
  const searches = packings.map((packing) => createSearch(packing, notes, signer));
  let taken: Taken = { whole: 0, half: 0 };
  const found = searches.map((search): Packing | undefined => {
    const { packing } = search;
    const accepts = (layout: Taken): boolean => bytesTaken(together(taken, layout)) <= budget;
    const fitting = accepts(takenBy(packing)) ? kept(packing, budget) : fitted(search, accepts, budget);
    if (fitting) taken = together(taken, takenBy(fitting));
    return fitting;
  });
  if (found.every((packing) => packing !== undefined)) return found;
  // What one entry point took may be what another lacks: so many bytes of either kind are enough for all of them.
  const least = leastFor(searches.map(({ packing, ladder }) => [takenBy(packing), ...ladder()]));
  if (bytesTaken(least) > budget) throw tooSmall(searches, least, budget, notes);
  const accepts = ({ whole, half }: Taken): boolean => whole <= least.whole && half <= least.half;
  return searches.map((search) => {
    if (accepts(takenBy(search.packing))) return kept(search.packing, budget);
    const layout = firstOf(search.ladder(), accepts)!;
    return repacked(search, search.finish(layout, accepts, budget), budget);
  });
}

const takenBy = ({ whole, half }: Packing): Taken => ({ whole: whole.bytes, half: half.bytes });

/** What a report says beside what is made again. */
const factsOf = ({ whole, half, stored }: Packing, budget: number): Omit<MemoryFacts, "again"> => ({
  budget,
  bytesBefore: whole.bytes + half.bytes,
  dispatchesBefore: countDispatches(stored.groups),
});

const kept = (packing: Packing, budget: number): Packing => ({
  ...packing,
  memory: { ...factsOf(packing, budget), again: [] },
});

/** A packing that is accepted, if there is one. */
function fitted(search: Search, accepts: Accepts, budget: number): Packing | undefined {
  const layout = search.near(accepts, budget) ?? firstOf(search.ladder(), accepts);
  return layout && repacked(search, search.finish(layout, accepts, budget), budget);
}

/** The first that is accepted; what comes after it is not made. */
function firstOf(layouts: Iterable<Layout>, accepts: Accepts): Layout | undefined {
  for (const layout of layouts) if (accepts(layout)) return layout;
  return undefined;
}

/** The smallest arenas in which every entry point, given by what it can do with, has room. */
function leastFor(entries: readonly (readonly Taken[])[]): Taken {
  const sizes = [...new Set(entries.flat().map(({ whole }) => whole))];
  const all = sizes.map((whole): Taken => {
    const leastHalf = (some: readonly Taken[]): number =>
      some.reduce((least, each) => (each.whole <= whole ? Math.min(least, each.half) : least), Infinity);
    return { whole, half: Math.max(...entries.map(leastHalf)) };
  });
  return all.reduce((a, b) => (bytesTaken(b) < bytesTaken(a) ? b : a));
}

/** Of several entry points the one that needs most by itself is named. */
function tooSmall(searches: readonly Search[], least: Taken, budget: number, notes: Notes): Error {
  const smaller = <Each extends Taken>(a: Each, b: Each): Each => (bytesTaken(b) < bytesTaken(a) ? b : a);
  const needs = searches.map((search) => {
    const own = takenBy(search.packing);
    const smallest = bytesTaken(own) === 0 ? undefined : [...search.ladder()].reduce(smaller);
    return { search, smallest, bytes: smallest ? Math.min(bytesTaken(own), bytesTaken(smallest)) : 0 };
  });
  const { search, smallest } = needs.reduce((a, b) => (b.bytes > a.bytes ? b : a));
  const { packing } = search;
  const alive = aliveIn(smallest!, search.work(), packing, notes);
  return memoryBudget(packing.plan.entry.name, budget, bytesTaken(least), alive);
}

/** The packing with the dispatches and places of a layout. */
function repacked({ packing, work: workOf }: Search, layout: Layout, budget: number): Packing {
  const work = workOf();
  const { order, slots, offsets, takeovers, lowerBound } = layout;
  const { tensors } = work;
  const groups = slots.map((slot): Together => {
    const steps = slot.map((at) => work.steps[order[at]]);
    const before = work.groups[order[slot[0]]];
    return { steps, apart: before.apart, ...(steps.length === 1 && before.steps.length > 1 && { isLeft: true }) };
  });
  const first = new Map<Value, Placed>();
  for (const version of offsets.keys()) {
    const known = first.get(tensors[version.tensor]);
    if (!known || version.start < known.start) first.set(tensors[version.tensor], version);
  }
  const taken = new Map<Together, Map<Value, Value>>();
  for (const { result, operand, time } of takeovers) {
    const there = taken.get(groups[time]) ?? new Map<Value, Value>();
    taken.set(groups[time], there.set(tensors[result], tensors[operand]));
  }
  const arena = (isHalf: boolean, bytes: number) => {
    const own = [...first].filter(([value]) => packing.stored.halves.has(value) === isHalf);
    const known = new Map(own.map(([value, version]) => [value, offsets.get(version)!]));
    // What lies in the place of another within a loop is no tensor of its own.
    return withPlaces({ offsets: known, bytes, lowerBound }, placesOf(groups, new Map()));
  };
  const moved = new Map<Together, Map<Value, number>>();
  for (const [version, offset] of offsets) {
    const value = tensors[version.tensor];
    if (first.get(value) === version) continue;
    for (let time = version.start; time <= version.end; time++) {
      const there = moved.get(groups[time]) ?? new Map<Value, number>();
      moved.set(groups[time], there.set(value, offset));
    }
  }
  const memory = { ...factsOf(packing, budget), again: againIn(order, work) };
  const stored = { ...packing.stored, groups };
  return {
    ...packing,
    ...{ plan: work.plan, stored, taken, lowerBound, moved, memory },
    ...{ whole: arena(false, layout.whole), half: arena(true, layout.half) },
  };
}

/** What runs more than once. */
function againIn(order: readonly number[], { steps, flops }: KernelWork): MemoryFacts["again"] {
  const times = new Map<number, number>();
  for (const job of order) times.set(job, (times.get(job) ?? -1) + 1);
  return [...times].flatMap(([job, count]) =>
    count > 0 ? [{ step: steps[job], times: count, flops: count * flops[job] }] : [],
  );
}

/** So many tensors are listed where a budget is too small. */
const mostListed = 8;

/** What is alive where most is, the largest first. */
function aliveIn(layout: Layout, work: KernelWork, { stored }: Packing, notes: Notes): readonly string[] {
  const { order, slots, takeovers } = layout;
  const jobs = slots.map((slot) => slot.map((at) => order[at]));
  const live = liveBytes(jobs, work);
  const time = live.indexOf(Math.max(...live));
  const alive = versionsOf(jobs, work)
    .filter(({ start, end }) => start <= time && time <= end)
    .filter((each) => !takeovers.some(({ operand, time: over }) => operand === each.tensor && over === time))
    .sort((a, b) => work.bytes[b.tensor] - work.bytes[a.tensor] || a.tensor - b.tensor)
    .map(({ tensor }) => work.tensors[tensor]);
  const placeOf = tensorPlaces(notes, work.plan);
  const lines = alive.slice(0, mostListed).map((value) => {
    const [{ name = nounOf(value) }, at] = [notes.get(value) ?? {}, placeOf(value)];
    const text = `${name} [${value.type.shape.join(", ")}], ${bytesOf(value, stored.halves)} bytes`;
    return at ? `${text}, ${placeText(at)}` : text;
  });
  return alive.length > mostListed ? [...lines, `and ${alive.length - mostListed} more`] : lines;
}

/** Dispatches of a call, those of loops for every place. */
function countDispatches(groups: readonly Together[]): number {
  const count = ({ steps: [{ loop }] }: Together): number =>
    loop ? countDispatches(loop.first) + loop.times * countDispatches(loop.each) : 1;
  return sum(groups.map(count));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
