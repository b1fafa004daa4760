/// Orders of the kernels of an entry point for less and less memory, and where their tensors lie.
import type { Graph } from "../ir/graph.ts";
import { bytesOf } from "./bytes.ts";
import { companyOf, workOf, type KernelWork } from "./memory-work.ts";
import type { Packing } from "./pack.ts";
import { behind, largestLiveSum, place, type Placing, type Span } from "./schedule/allocate.ts";
import { gather } from "./schedule/gather.ts";
import {
  oneByOne,
  peakOf,
  takeoversIn,
  versionsOf,
  type Slots,
  type Takeover,
  type Version,
} from "./schedule/liveness.ts";
import { orderForMemory } from "./schedule/memory-order.ts";
import { remake } from "./schedule/remake.ts";
import type { Signer } from "./signature.ts";

/** Entry points share their arenas: each is as large as the most that one of them needs. */
export interface Taken {
  readonly whole: number;
  readonly half: number;
}

/** Arenas of both. */
export const together = (some: Taken, more: Taken): Taken => ({
  whole: Math.max(some.whole, more.whole),
  half: Math.max(some.half, more.half),
});

/** Bytes of all arenas. */
export const bytesTaken = ({ whole, half }: Taken): number => whole + half;

/** Jobs in dispatches, and where their tensors lie. */
export interface Layout extends Taken {
  readonly order: readonly number[];
  /** Dispatches: places in the order. */
  readonly slots: Slots;
  readonly offsets: ReadonlyMap<Placed, number>;
  readonly takeovers: readonly Takeover[];
  readonly lowerBound: number;
}

/** A tensor while it lies at one place. */
export interface Placed extends Version, Span {}

/** How far below the budget the search aims: tensors do not fill an arena without gaps. */
const aims = [1, 0.98, 0.95, 0.9];

/** Where none of that is found, steps of so many parts of the peak; the smallest arena is one of these, so that it is found again. */
const rungs = 24;

/** After so many steps that were not reached the next ones are not either. */
const mostMissed = 2;

/** True for arenas that are small enough. */
export type Accepts = (layout: Taken) => boolean;

/** The search for less memory in one entry point; nothing is computed before it is asked for. */
export interface Search {
  readonly packing: Packing;
  work(): KernelWork;
  /** A layout for about so many bytes. */
  near(accepts: Accepts, budget: number): Layout | undefined;
  /** Layouts of less and less memory, the same for every budget: what is named as the smallest is found again. */
  ladder(): Iterable<Layout>;
  /** The layout with as few dispatches as are accepted. */
  finish(layout: Layout, accepts: Accepts, budget: number): Layout;
}

/** The search in the entry point of a packing. */
export function createSearch(packing: Packing, notes: Graph["notes"], signer: Signer): Search {
  const work = once(() => workOf(packing, notes, signer));
  const base = once(() => bestOrder(work()));
  const floor = once(() => largestJob(work()));
  const layoutFor = (target: number): Layout => {
    const order = remake(base(), work(), target);
    return layoutOf(order, alone(order), work(), packing);
  };
  const ladder = recalled(() => rungsOf(layoutFor, floor()));
  return {
    ...{ packing, work, ladder },
    near(accepts, budget) {
      for (const aim of aims) {
        // No order needs less than one of its jobs.
        if (aim * budget < floor()) break;
        const layout = layoutFor(aim * budget);
        if (accepts(layout)) return layout;
        // Less is not reached where this is not.
        if (layout.lowerBound > aim * budget) break;
      }
      return undefined;
    },
    finish({ order }, accepts, budget) {
      const company = companyOf(order, work(), packing);
      const hasRoom = (slots: Slots): boolean => accepts(layoutOf(order, slots, work(), packing, accepts));
      return layoutOf(order, gather(order, work(), { ...company, hasRoom }, budget), work(), packing);
    },
  };
}

/** Layouts for less and less, until steps are missed. */
function* rungsOf(layoutFor: (target: number) => Layout, floor: number): Iterable<Layout> {
  const first = layoutFor(Infinity);
  yield first;
  const peak = first.lowerBound;
  for (let [rung, missed] = [rungs - 1, 0]; rung > 0 && missed < mostMissed; rung--) {
    const target = (peak * rung) / rungs;
    const layout = layoutFor(Math.max(target, floor));
    yield layout;
    if (target <= floor) return;
    missed = layout.lowerBound > target ? missed + 1 : 0;
  }
}

const alone = (order: readonly number[]): Slots => order.map((_, at) => [at]);

/** Bytes of the tensors of the job that has most, if results lie where operands lay. */
const largestJob = ({ jobs, bytes }: KernelWork): number =>
  jobs.reduce((most, { reads, writes, pairs }) => {
    const placed = new Set(pairs.map(({ result }) => result));
    const own = new Set([...reads, ...writes.filter((tensor) => !placed.has(tensor))]);
    return Math.max(
      most,
      [...own].reduce((sum, tensor) => sum + bytes[tensor], 0),
    );
  }, 0);

/** A value that is computed when it is first asked for. */
function once<Result>(compute: () => Result): () => Result {
  let result: { readonly value: Result } | undefined;
  return () => (result ??= { value: compute() }).value;
}

/** A sequence that is computed once, as far as it is asked for. */
function recalled<Each>(make: () => Iterable<Each>): () => Iterable<Each> {
  const known: Each[] = [];
  const source = once(() => make()[Symbol.iterator]());
  return function* () {
    for (let at = 0; ; at++) {
      if (at === known.length) {
        const next = source().next();
        if (next.done) return;
        known.push(next.value);
      }
      yield known[at];
    }
  };
}

/** Of the order in which results ask for kernels, and that for little memory: where less is alive. */
function bestOrder(work: KernelWork): readonly number[] {
  const orders = [orderForMemory(work, work.before), work.steps.map((_, job) => job)];
  const peaks = orders.map((order) => peakOf(oneByOne(order), work));
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
  { stored, shares }: Packing,
  isEnough?: (taken: Taken) => boolean,
): Layout {
  const jobs = slots.map((slot) => slot.map((at) => order[at]));
  const versions = versionsOf(jobs, work).map((version): Placed => ({
    ...version,
    bytes: bytesOf(work.tensors[version.tensor], stored.halves),
  }));
  const { takeovers, rootOf, spans } = joined(versions, jobs, work);
  const isHalf = ({ tensor }: Placed): boolean => stored.halves.has(work.tensors[tensor]);
  const [whole, half] = [spans.filter((span) => !isHalf(span)), spans.filter(isHalf)];
  const smaller = <Each extends { readonly bytes: number }>(a: Each, b: Each): Each => (b.bytes < a.bytes ? b : a);
  const isShared = ({ tensor }: Placed): boolean => shares(work.tensors[tensor]);
  const [first, others] = [whole.filter(isShared), whole.filter((span) => !isShared(span))];
  const placeWhole = (compare: (typeof placings)[number]): Placing<Placed> =>
    behind(place(first.toSorted(compare)), place(others.toSorted(compare)));
  let [inWhole, inHalf] = [placeWhole(placings[0]), place(half.toSorted(placings[0]))];
  for (const compare of placings.slice(1)) {
    if (isEnough?.({ whole: inWhole.bytes, half: inHalf.bytes })) break;
    inWhole = smaller(inWhole, placeWhole(compare));
    inHalf = smaller(inHalf, place(half.toSorted(compare)));
  }
  const places = new Map([...inWhole.offsets, ...inHalf.offsets]);
  const offsets = new Map(versions.map((version) => [version, places.get(rootOf(version))!]));
  const taken = { whole: inWhole.bytes, half: inHalf.bytes };
  return { order, slots, offsets, takeovers, ...taken, lowerBound: largestLiveSum(spans) };
}

/** Versions in the places of others as one span, from the first of them to the end of the last. */
function joined(versions: readonly Placed[], jobs: Slots, work: KernelWork) {
  const byTensor = new Map<number, Placed[]>();
  for (const version of versions) {
    byTensor.set(version.tensor, [...(byTensor.get(version.tensor) ?? []), version]);
  }
  const ending = (tensor: number, time: number): Placed | undefined =>
    byTensor.get(tensor)?.find(({ end }) => end === time);
  const takeovers = takeoversIn(jobs, work, (operand, time) => ending(operand, time) !== undefined);
  const before = new Map<Placed, Placed>();
  for (const { result, operand, time } of takeovers) {
    before.set(
      byTensor.get(result)!.find(({ start }) => start === time)!,
      ending(operand, time)!,
    );
  }
  const firstOf = (version: Placed): Placed => {
    const earlier = before.get(version);
    return earlier ? firstOf(earlier) : version;
  };
  const spans = new Map<Placed, Placed>();
  for (const version of versions) {
    const first = firstOf(version);
    const { end } = spans.get(first) ?? first;
    spans.set(first, { ...first, end: Math.max(end, version.end) });
  }
  return { takeovers, spans: [...spans.values()], rootOf: (version: Placed) => spans.get(firstOf(version))! };
}
