/// The dispatches of an entry point and their memory: an arena for floats and one for halves, since a buffer is bound as one
/// type.
import type { Graph } from "../ir/graph.ts";
import type { Value } from "../ir/value.ts";
import { bytesOf } from "./bytes.ts";
import { ownTensors, storeHalves, type Storage, type Stored } from "./half.ts";
import type { Moved } from "./launch.ts";
import { sideBySide, type Together } from "./merge.ts";
import type { EntryPlan, PlannedStep } from "./plan.ts";
import { allocate, largestLiveSum, roundUp, type Arena, type Interval } from "./schedule/allocate.ts";
import type { Signer } from "./signature.ts";

/** States of one buffer together stay within WebGPU's default limits, and so does what is bound whole. */
export const mostBufferBytes = 128 * 1024 * 1024;

/** An entry point and where its tensors lie. */
export interface Packing {
  readonly plan: EntryPlan;
  readonly stored: Stored;
  readonly whole: Arena;
  readonly half: Arena;
  /** The largest sum of bytes alive at once. */
  readonly lowerBound: number;
  /** Kernels side by side may bind whole buffers. */
  readonly bindsBuffers: boolean;
  /** Where tensors lie that have another place in a dispatch, since they were made again. */
  readonly moved?: Moved;
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
export function packed(plan: EntryPlan, { notes, states }: Graph, storage: Storage, signer: Signer): Packing {
  const { steps, outputs } = plan;
  const pack = (bindsBuffers: boolean): Packing => {
    const group = (halves?: ReadonlySet<Value>) => sideBySide(steps, new Set(outputs), bindsBuffers, halves, signer);
    const stored =
      storage === "f16"
        ? storeHalves(plan, notes, group)
        : { groups: group(), halves: new Set<Value>(), wide: new Map() };
    const intervals = intervalsOf(stored.groups, outputs, stored.halves);
    const whole = allocate(intervals.filter(({ value }) => !stored.halves.has(value)));
    const known = { plan, stored, whole, bindsBuffers };
    if (stored.halves.size === 0) return { ...known, half: nothing, lowerBound: whole.lowerBound };
    const half = allocate(intervals.filter(({ value }) => stored.halves.has(value)));
    return { ...known, half, lowerBound: largestLiveSum(intervals) };
  };
  const packing = pack(true);
  const largest = Math.max(packing.whole.bytes, packing.half.bytes, sum(states), sum(outputs));
  return largest <= mostBufferBytes ? packing : pack(false);
}

const nothing: Arena = { offsets: new Map(), bytes: 0, lowerBound: 0 };

const sum = (tensors: readonly Value[]): number =>
  tensors.reduce((total, tensor) => roundUp(total) + bytesOf(tensor), 0);

/** Lifetimes of the tensors that an entry point keeps in the arena. */
function intervalsOf(
  groups: readonly Together[],
  outputs: readonly Value[],
  halves: ReadonlySet<Value>,
): readonly Interval[] {
  const end = new Map<Value, number>();
  const returned = new Set(outputs);
  const steps = groups.flatMap((group, time) => group.steps.map((step) => ({ step, time })));
  for (const { step, time } of steps) for (const value of step.traffic.loads) end.set(value, time);
  return steps.flatMap(({ step, time: start }) => [
    ...ownTensors(step).flatMap((value) =>
      returned.has(value) ? [] : [{ value, bytes: bytesOf(value, halves), start, end: end.get(value) ?? start }],
    ),
    // What a loop keeps for itself lives as long as it runs.
    ...innerTensors(step).map((value) => ({ value, bytes: bytesOf(value), start, end: start })),
  ]);
}

/** Tensors of a loop that nothing outside reads. */
export function innerTensors({ loop }: PlannedStep): readonly Value[] {
  if (!loop) return [];
  const steps = [...loop.first, ...loop.each];
  return [...loop.inner, ...steps.flatMap((step) => [...ownTensors(step), ...innerTensors(step)])];
}
