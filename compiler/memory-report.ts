/// What a report says of a memory budget: what the arena was without it, and what is made again.
import type { Place } from "../ir/diagnostic.ts";
import type { Graph } from "../ir/graph.ts";
import { nounOf } from "./lower/kernel.ts";
import type { MemoryFacts } from "./pack.ts";
import type { PlannedStep } from "./plan.ts";

/** What a budget took of an entry point; arena and dispatches are those without it. */
export interface MemoryReport {
  readonly budget: number;
  readonly arenaBytes: number;
  readonly dispatches: number;
  /** What is spent on making values again. */
  readonly flops: number;
  readonly again: readonly AgainReport[];
}

/** Values of a kernel that runs more than once; `times` is how often more, for so many flops. */
export interface AgainReport {
  readonly name: string;
  readonly shape: readonly number[];
  readonly times: number;
  readonly flops: number;
  readonly place?: Place;
}

/** Kernels that run again, under the first of their values that has a name. */
export function memoryReport(
  { budget, bytesBefore, dispatchesBefore, again }: MemoryFacts,
  notes: Graph["notes"],
  placeOf: (steps: readonly PlannedStep[]) => Place | undefined,
): MemoryReport {
  const all = again.map(({ step, times, flops }): AgainReport => {
    const { stores } = step.traffic;
    const value = stores.find((each) => notes.get(each)?.name !== undefined) ?? stores[0];
    const { name = nounOf(value), place = placeOf([step]) } = notes.get(value) ?? {};
    return { name, shape: value.type.shape as readonly number[], times, flops, ...(place && { place }) };
  });
  const flops = all.reduce((sum, each) => sum + each.flops, 0);
  return { budget, arenaBytes: bytesBefore, dispatches: dispatchesBefore, flops, again: all };
}
