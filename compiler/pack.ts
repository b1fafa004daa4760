/// The dispatches of an entry point and their memory: an arena for floats and one for halves, since a buffer is bound as one
/// type.
import type { Graph } from "../ir/graph.ts";
import type { Value } from "../ir/value.ts";
import { bytesOf } from "./bytes.ts";
import { countBindings, smallMayShare, type Shares } from "./cluster/bindings.ts";
import { mostBindings } from "./cluster/partition.ts";
import { ownTensors, storeHalves, type Storage, type Stored } from "./half.ts";
import type { OtherOffsets } from "./launch.ts";
import { sideBySide } from "./merge.ts";
import { createPairing, placedLoops, placedSteps, placesIn, type Taken } from "./places.ts";
import { stepsInside, tensorsOf, type EntryPlan, type PlannedStep, type Together } from "./plan.ts";
import type { Places } from "./schedule/order.ts";
import { behind, largestLiveSum, roundUp, type Arena, type Interval } from "./schedule/allocate.ts";
import { arenaOf } from "./schedule/settle.ts";
import type { Signer } from "./signature.ts";
import { fitBuffers, slabsOf } from "./slabs.ts";

/** States of one buffer together stay within WebGPU's default limits, and so does what is bound whole. */
export const mostBufferBytes = 128 * 1024 * 1024;

/** An entry point and where its tensors lie. */
export interface Packing {
  readonly plan: EntryPlan;
  readonly stored: Stored;
  /** Results that lie where operands lay. */
  readonly taken: Taken;
  readonly whole: Arena;
  readonly half: Arena;
  /** The largest sum of bytes alive at once. */
  readonly lowerBound: number;
  /** Kernels side by side may bind whole buffers. */
  readonly bindsBuffers: boolean;
  /** Tensors that lie before all others, where dispatches bind them as one. */
  readonly shares: Shares;
  /** Where tensors lie that have another place in a dispatch, since they were made again. */
  readonly moved?: OtherOffsets;
  /** What a memory budget took. */
  readonly memory?: MemoryFacts;
}

/** What it took to stay within a memory budget. */
export interface MemoryFacts {
  readonly budget: number;
  /** Bytes of the arena and dispatches without a budget. */
  readonly bytesBefore: number;
  readonly dispatchesBefore: number;
  /** Kernels that run more than once, and how often more. */
  readonly again: readonly { readonly step: PlannedStep; readonly times: number; readonly flops: number }[];
}

/** Kernels bind whole buffers where these can be bound. */
export function packed(bare: EntryPlan, { notes, states }: Graph, storage: Storage, signer: Signer): Packing {
  const { outputs } = bare;
  const returned = new Set(outputs);
  const pack = (bindsBuffers: boolean): Packing => {
    const plan = placedLoops(bare, { outputs: returned, bindsBuffers }, signer);
    const sharing = (halves?: ReadonlySet<Value>): Shares => smallMayShare(returned, halves);
    const group = (halves?: ReadonlySet<Value>) =>
      sideBySide(plan.steps, { outputs: returned, halves, bindsBuffers, shares: sharing(halves) }, signer);
    const stored =
      storage === "f16"
        ? storeHalves(plan, notes, group)
        : { groups: group(), halves: new Set<Value>(), wide: new Map() };
    const fitsBuffers = (tensors: ReadonlySet<Value>): boolean =>
      bindsBuffers && fitBuffers(slabsOf(tensors, returned, stored.halves), new Map());
    const shares = sharedIn(stored.groups, sharing(stored.halves), fitsBuffers);
    const isOwn = (value: Value): boolean => !(returned.has(value) || shares(value));
    const pairing = createPairing(isOwn, stored.halves, notes, signer);
    const taken = placesIn(stored.groups, returned, pairing);
    const places = placesOf(stored.groups, taken);
    const intervals = intervalsOf(stored.groups, outputs, stored.halves, places);
    const crowded = crowdedFirst(stored.groups, places);
    const arenaFor = (isHalf: boolean): Arena => {
      const own = intervals.filter(({ value }) => stored.halves.has(value) === isHalf);
      const [first, others] = [own.filter(({ value }) => shares(value)), own.filter(({ value }) => !shares(value))];
      const placing = behind(arenaOf(first, crowded), arenaOf(others, crowded));
      return withPlaces({ ...placing, lowerBound: largestLiveSum(own) }, places);
    };
    const known = { plan, stored, taken, whole: arenaFor(false), bindsBuffers, shares };
    if (stored.halves.size === 0) return { ...known, half: nothing, lowerBound: known.whole.lowerBound };
    return { ...known, half: arenaFor(true), lowerBound: largestLiveSum(intervals) };
  };
  const packing = pack(true);
  const largest = Math.max(packing.whole.bytes, packing.half.bytes, sum(states), sum(outputs));
  return largest <= mostBufferBytes ? packing : pack(false);
}

const nothing: Arena = { offsets: new Map(), bytes: 0, lowerBound: 0 };

const sum = (tensors: readonly Value[]): number =>
  tensors.reduce((total, tensor) => roundUp(total) + bytesOf(tensor), 0);

/** The plan and its dispatches with the places that results take. */
export function placed({ plan, stored: { groups }, taken, moved }: Packing) {
  const own = new Map<PlannedStep, PlannedStep>();
  const moves = new Map(moved);
  const dispatches = groups.map((group): Together => {
    const places = taken.get(group);
    if (!places) return group;
    const steps = placedSteps(group.steps, places);
    group.steps.forEach((step, at) => own.set(step, steps[at]));
    const there = { ...group, steps };
    if (moves.has(group)) moves.set(there, moves.get(group)!);
    return there;
  });
  return {
    plan: { ...plan, steps: plan.steps.map((step) => own.get(step) ?? step) },
    groups: dispatches,
    moved: moves,
  };
}

/** Results of dispatches and of loops in them, with the operand in whose place each lies. */
export function placesOf(groups: readonly Together[], taken: Taken): Places {
  const within = ({ loop, over = new Map() }: PlannedStep): readonly (readonly [Value, Value])[] => [
    ...over,
    ...(loop ? stepsInside(loop).flatMap(within) : []),
  ];
  return new Map(groups.flatMap((group) => [...(taken.get(group) ?? []), ...group.steps.flatMap(within)]));
}

/** The arena with results where operands lay. */
export function withPlaces(arena: Arena, places: Places): Arena {
  const offsets = new Map(arena.offsets);
  for (const [result] of places) {
    const offset = arena.offsets.get(rootOf(result, places));
    if (offset !== undefined && !offsets.has(result)) offsets.set(result, offset);
  }
  return { ...arena, offsets };
}

/** What lay first in the place of a tensor. */
function rootOf(value: Value, places: Places): Value {
  const operand = places.get(value);
  return operand ? rootOf(operand, places) : value;
}

/**
 * The tensors that share a binding: of kernels that could not bind each, which may also run alone, and of several side by
 * side that could not bind whole buffers either.
 */
function sharedIn(
  groups: readonly Together[],
  mayShare: Shares,
  fitsBuffers: (tensors: ReadonlySet<Value>) => boolean,
): Shares {
  const kernels = groups.map(({ steps }) => steps.filter(({ loop }) => !loop).map(tensorsOf));
  const dispatches = kernels.map((all) => new Set(all.flatMap((tensors) => [...tensors])));
  const lists = [...kernels.flat(), ...dispatches.filter((tensors) => !fitsBuffers(tensors))];
  const crowded = lists.filter(
    (tensors) => tensors.size > mostBindings && countBindings(tensors, mayShare) <= mostBindings,
  );
  const shared = new Set(crowded.flatMap((tensors) => [...tensors].filter(mayShare)));
  return (tensor) => shared.has(tensor);
}

/** Tensors of dispatches that bind ranges of buffers, most of them first: what lies between them is bound too. */
function crowdedFirst(groups: readonly Together[], places: Places): readonly ReadonlySet<Value>[] {
  return groups
    .map(({ steps }) => new Set(steps.flatMap((step) => [...tensorsOf(step)].map((tensor) => rootOf(tensor, places)))))
    .filter(({ size }) => size > mostBindings)
    .sort((x, y) => y.size - x.size);
}

/** Lifetimes of the tensors that an entry point keeps in the arena; a result is what its operand was. */
function intervalsOf(
  groups: readonly Together[],
  outputs: readonly Value[],
  halves: ReadonlySet<Value>,
  places: Places,
): readonly Interval[] {
  const end = new Map<Value, number>();
  const returned = new Set(outputs);
  const steps = groups.flatMap((group, time) => group.steps.map((step) => ({ step, time })));
  for (const { step, time } of steps) for (const value of step.traffic.loads) end.set(rootOf(value, places), time);
  return steps.flatMap(({ step, time: start }) => [
    ...ownTensors(step).flatMap((value) =>
      returned.has(value) || places.has(value)
        ? []
        : [{ value, bytes: bytesOf(value, halves), start, end: end.get(value) ?? start }],
    ),
    // What a loop keeps for itself lives as long as it runs.
    ...innerTensors(step).map((value) => ({ value, bytes: bytesOf(value), start, end: start })),
  ]);
}

/** Tensors of a loop that nothing outside reads, without those that take the place of others. */
export function innerTensors({ loop }: PlannedStep): readonly Value[] {
  if (!loop) return [];
  const own = (step: PlannedStep): readonly Value[] => ownTensors(step).filter((value) => !step.over?.has(value));
  return [...loop.inner, ...stepsInside(loop).flatMap((step) => [...own(step), ...innerTensors(step)])];
}
