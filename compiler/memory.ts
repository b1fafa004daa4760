/// A memory budget: kernels run in an order in which less is alive, and some of them again, until the arena is within it.
/// The graph stays as it is: a step that runs again is the same kernel, and its results lie elsewhere.
import { placeText } from "../ir/diagnostic.ts";
import type { Graph } from "../ir/graph.ts";
import type { Value } from "../ir/value.ts";
import { bytesOf } from "./bytes.ts";
import { memoryBudget } from "./errors.ts";
import { nounOf } from "./lower/kernel.ts";
import { companyOf, workOf, type KernelWork } from "./memory-work.ts";
import type { Together } from "./merge.ts";
import type { MemoryFacts, Packing } from "./pack.ts";
import type { PlannedStep } from "./plan.ts";
import { largestLiveSum, place, type Span } from "./schedule/allocate.ts";
import { gather } from "./schedule/gather.ts";
import { liveBytes, peakOf, versionsOf, type Slots, type Version } from "./schedule/liveness.ts";
import { orderForMemory } from "./schedule/memory-order.ts";
import { remake } from "./schedule/remake.ts";
import type { Signer } from "./signature.ts";

type Notes = Graph["notes"];

/** Entry points share their arenas: each is as large as the most that one of them needs. */
interface Taken {
  readonly whole: number;
  readonly half: number;
}

const together = (some: Taken, more: Taken): Taken => ({
  whole: Math.max(some.whole, more.whole),
  half: Math.max(some.half, more.half),
});

const bytesTaken = ({ whole, half }: Taken): number => whole + half;

/** Packings whose arenas take at most `budget` bytes; those that do so already stay. Error: `memory-budget`. */
export function withinBudget(
  packings: readonly Packing[],
  budget: number,
  notes: Notes,
  signer: Signer,
): readonly Packing[] {
  const takenBy = ({ whole, half }: Packing): Taken => ({ whole: whole.bytes, half: half.bytes });
  let taken: Taken = { whole: 0, half: 0 };
  const failures: Failure[] = [];
  const all = packings.map((packing) => {
    const own = takenBy(packing);
    const bytesBefore = bytesTaken(own);
    const dispatchesBefore = countDispatches(packing.stored.groups);
    const facts = { budget, bytesBefore, dispatchesBefore, again: [] };
    const fitting =
      bytesTaken(together(taken, own)) <= budget
        ? { ...packing, memory: facts }
        : fitted(packing, facts, taken, notes, signer);
    if ("error" in fitting) {
      failures.push(fitting);
      return packing;
    }
    taken = together(taken, takenBy(fitting));
    return fitting;
  });
  // Of several entry points the one that needs most is named.
  if (failures.length > 0) throw failures.reduce((a, b) => (b.bytes > a.bytes ? b : a)).error;
  return all;
}

/** An entry point that does not fit, and the smallest arenas that it can do with. */
interface Failure {
  readonly error: Error;
  readonly bytes: number;
}

/** A packing within the budget, if there is one. */
function fitted(packing: Packing, facts: MemoryFacts, taken: Taken, notes: Notes, signer: Signer): Packing | Failure {
  const work = workOf(packing, notes, signer);
  const { budget } = facts;
  const { found, smallest } = search(work, packing, (layout) => bytesTaken(together(taken, layout)) <= budget, budget);
  if (found) return repacked(packing, work, found, facts);
  const { entry } = packing.plan;
  const bytes = bytesTaken(together(taken, smallest));
  return { error: memoryBudget(entry.name, budget, bytes, aliveIn(smallest, work, packing, notes)), bytes };
}

/** Jobs in dispatches, and where their tensors lie. */
interface Layout extends Taken {
  readonly order: readonly number[];
  /** Dispatches: places in the order. */
  readonly slots: Slots;
  readonly offsets: ReadonlyMap<Placed, number>;
  readonly lowerBound: number;
}

interface Placed extends Version, Span {}

/** How far below the budget the search aims: tensors do not fill an arena without gaps. */
const aims = [1, 0.98, 0.95, 0.9];

/** Where none of that is found, steps of so many parts of the peak; the smallest arena is one of these, so that it is found again. */
const rungs = 24;

/** After so many steps that were not reached the next ones are not either. */
const mostMissed = 2;

/** Looks for an order that is accepted; where there is none, `smallest` is the smallest on the ladder. */
function search(
  work: KernelWork,
  packing: Packing,
  accepts: (layout: Taken) => boolean,
  budget: number,
): { readonly found?: Layout; readonly smallest: Layout } {
  const base = bestOrder(work);
  const alone = (order: readonly number[]): Slots => order.map((_, at) => [at]);
  const layoutFor = (target: number): Layout => {
    const order = remake(base, work, target);
    return layoutOf(order, alone(order), work, packing);
  };
  const finish = ({ order }: Layout): Layout => {
    const company = companyOf(order, work, packing);
    const hasRoom = (slots: Slots): boolean => accepts(layoutOf(order, slots, work, packing, accepts));
    return layoutOf(order, gather(order, work, { ...company, hasRoom }, budget), work, packing);
  };
  let smallest = layoutFor(Infinity);
  for (const aim of aims) {
    const layout = layoutFor(aim * budget);
    if (accepts(layout)) return { found: finish(layout), smallest };
    // Less is not reached where this is not.
    if (layout.lowerBound > aim * budget) break;
  }
  const peak = smallest.lowerBound;
  for (let [rung, missed] = [rungs - 1, 0]; rung > 0 && missed < mostMissed; rung--) {
    const target = (peak * rung) / rungs;
    const layout = layoutFor(target);
    missed = layout.lowerBound > target ? missed + 1 : 0;
    if (bytesTaken(layout) < bytesTaken(smallest)) smallest = layout;
    if (accepts(layout)) return { found: finish(layout), smallest };
  }
  return { smallest };
}

/** Of the order in which results ask for kernels, and that for little memory: where less is alive. */
function bestOrder(work: KernelWork): readonly number[] {
  const orders = [orderForMemory(work, work.before), work.steps.map((_, job) => job)];
  const peaks = orders.map((order) =>
    peakOf(
      order.map((job) => [job]),
      work,
    ),
  );
  return orders[peaks.indexOf(Math.min(...peaks))];
}

/** Orders in which tensors find their places; the one that needs least is taken. */
const placings: readonly ((a: Placed, b: Placed) => number)[] = [
  (a, b) => b.bytes - a.bytes || a.start - b.start,
  (a, b) => a.start - b.start || b.bytes - a.bytes,
  (a, b) => b.end - b.start - (a.end - a.start) || b.bytes - a.bytes || a.start - b.start,
  (a, b) => b.bytes * (b.end - b.start + 1) - a.bytes * (a.end - a.start + 1) || a.start - b.start,
];

/** Tensors in the first way of placing them that is enough, else in the one that needs least. */
function layoutOf(
  order: readonly number[],
  slots: Slots,
  work: KernelWork,
  { stored }: Packing,
  isEnough?: (taken: Taken) => boolean,
): Layout {
  const jobs = slots.map((slot) => slot.map((at) => order[at]));
  const versions = versionsOf(jobs, work).map((version): Placed => ({
    ...version,
    bytes: bytesOf(work.tensors[version.tensor], stored.halves),
  }));
  const isHalf = ({ tensor }: Placed): boolean => stored.halves.has(work.tensors[tensor]);
  const [whole, half] = [versions.filter((version) => !isHalf(version)), versions.filter(isHalf)];
  const smaller = <Each extends { readonly bytes: number }>(a: Each, b: Each): Each => (b.bytes < a.bytes ? b : a);
  let [inWhole, inHalf] = [place(whole.toSorted(placings[0])), place(half.toSorted(placings[0]))];
  for (const compare of placings.slice(1)) {
    if (isEnough?.({ whole: inWhole.bytes, half: inHalf.bytes })) break;
    inWhole = smaller(inWhole, place(whole.toSorted(compare)));
    inHalf = smaller(inHalf, place(half.toSorted(compare)));
  }
  const offsets = new Map([...inWhole.offsets, ...inHalf.offsets]);
  return { order, slots, offsets, whole: inWhole.bytes, half: inHalf.bytes, lowerBound: largestLiveSum(versions) };
}

/** The packing with the dispatches and places of a layout. */
function repacked(packing: Packing, work: KernelWork, layout: Layout, facts: MemoryFacts): Packing {
  const { order, slots, offsets, lowerBound } = layout;
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
  const arena = (isHalf: boolean, bytes: number) => {
    const own = [...first].filter(([value]) => packing.stored.halves.has(value) === isHalf);
    return { offsets: new Map(own.map(([value, version]) => [value, offsets.get(version)!])), bytes, lowerBound };
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
  const memory = { ...facts, again: againIn(order, work) };
  const stored = { ...packing.stored, groups };
  return {
    ...packing,
    ...{ plan: work.plan, stored, lowerBound, moved, memory },
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
function aliveIn({ order, slots }: Layout, work: KernelWork, { stored }: Packing, notes: Notes): readonly string[] {
  const jobs = slots.map((slot) => slot.map((at) => order[at]));
  const live = liveBytes(jobs, work);
  const time = live.indexOf(Math.max(...live));
  const alive = versionsOf(jobs, work)
    .filter(({ start, end }) => start <= time && time <= end)
    .sort((a, b) => work.bytes[b.tensor] - work.bytes[a.tensor] || a.tensor - b.tensor)
    .map(({ tensor }) => work.tensors[tensor]);
  const lines = alive.slice(0, mostListed).map((value) => {
    const { name = nounOf(value), place: at } = notes.get(value) ?? {};
    const text = `${name} [${value.type.shape.join(", ")}], ${bytesOf(value, stored.halves)} bytes`;
    return at ? `${text}, ${placeText(at)}` : text;
  });
  return alive.length > mostListed ? [...lines, `and ${alive.length - mostListed} more`] : lines;
}

/** Dispatches of a call, those of loops for every place. */
function countDispatches(groups: readonly Together[]): number {
  const count = ({ loop }: PlannedStep): number =>
    loop ? sum(loop.first.map(count)) + loop.times * sum(loop.each.map(count)) : 1;
  return sum(groups.map(({ steps }) => count(steps[0])));
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
