/// Planned kernels as jobs: which tensors of the arena each reads and writes, what it costs, and which may share a dispatch.
import type { Graph } from "../ir/graph.ts";
import type { Value } from "../ir/value.ts";
import { bytesOf, sumBytes } from "./bytes.ts";
import { countBindings } from "./cluster/bindings.ts";
import { mostBindings } from "./cluster/partition.ts";
import { ownTensors } from "./half.ts";
import { isHeld, loadOf } from "./dispatch-limits.ts";
import { draftOf } from "./draft.ts";
import { gridOf, waitsOf } from "./merge.ts";
import { innerTensors, type Packing } from "./pack.ts";
import { putOff } from "./memory-updates.ts";
import { createPairing } from "./places.ts";
import { tensorsOf, type EntryPlan, type PlannedStep, type Together } from "./plan.ts";
import { roundUp } from "./schedule/allocate.ts";
import type { Company } from "./schedule/gather.ts";
import type { Job, Work } from "./schedule/liveness.ts";
import type { Signer } from "./signature.ts";
import { addSlabs, fitBuffers, slabsOf, type SlabType } from "./slabs.ts";

/** The kernels of an entry point as jobs, by their places in `steps`; tensors by their places in `tensors`. */
export interface KernelWork extends Work {
  readonly plan: EntryPlan;
  readonly steps: readonly PlannedStep[];
  readonly tensors: readonly Value[];
  /** For each job those that must have run. */
  readonly before: readonly (readonly number[])[];
  /** Flops of a job. */
  readonly flops: readonly number[];
  /** The dispatch in which a job runs where nothing runs again. */
  readonly groups: readonly Together[];
  readonly signer: Signer;
}

/** The jobs of a packing. */
export function workOf(packing: Packing, notes: Graph["notes"], signer: Signer): KernelWork {
  const { stored } = packing;
  const { plan, groupOf } = putOff(packing.plan, stored.groups, packing.shares);
  const { steps, outputs } = plan;
  const returned = new Set(outputs);
  const tensors: Value[] = [];
  const producers: number[] = [];
  const numbers = new Map<Value, number>();
  const written = steps.map((step, job) =>
    [...ownTensors(step).filter((value) => !returned.has(value)), ...innerTensors(step)].map((value) => {
      numbers.set(value, tensors.length);
      producers.push(job);
      return tensors.push(value) - 1;
    }),
  );
  const flopsOf = flopsCounter(notes, signer, stored.halves);
  const flops = steps.map((step) => flopsOf(step, groupOf.get(step)!));
  const overwriters = overwritersOf(steps);
  const isOwn = (value: Value): boolean => !(returned.has(value) || packing.shares(value));
  const pairing = createPairing(isOwn, stored.halves, notes, signer);
  const jobs = steps.map((step, job): Job => {
    const { loads } = step.traffic;
    const targets = [...step.targets.values()].flat();
    const isFree = targets.every(({ value, state, row }) => !state && !row && !returned.has(value));
    const pairs = pairing(
      step,
      groupOf.get(step)!,
      loads.filter((load) => numbers.has(load)),
    );
    return {
      pairs: pairs.map(({ result, operand }) => ({ result: numbers.get(result)!, operand: numbers.get(operand)! })),
      reads: loads.flatMap((load) => numbers.get(load) ?? []),
      writes: written[job],
      cost: isFree ? flops[job] + sumBytes(tensorsOf(step), stored.halves) : undefined,
      until: [...new Set(loads.flatMap((load) => overwriters.get(load) ?? []))].filter((other) => other !== job),
    };
  });
  const bytes = tensors.map((tensor) => roundUp(bytesOf(tensor, stored.halves)));
  const groups = steps.map((step) => groupOf.get(step)!);
  const operands = new Set(jobs.flatMap(({ pairs }) => pairs.map(({ operand }) => operand)));
  return { jobs, bytes, producers, operands, plan, steps, tensors, before: waitsOf(steps), flops, groups, signer };
}

/** The jobs that write states. */
function overwritersOf(steps: readonly PlannedStep[]): ReadonlyMap<Value, readonly number[]> {
  const overwriters = new Map<Value, number[]>();
  steps.forEach(({ targets }, job) => {
    for (const { state } of [...targets.values()].flat()) {
      if (state) overwriters.set(state, [...(overwriters.get(state) ?? []), job]);
    }
  });
  return overwriters;
}

/** Flops of steps as their kernels have them; those that are alike are lowered once. */
function flopsCounter(
  notes: Graph["notes"],
  signer: Signer,
  halves: ReadonlySet<Value>,
): (step: PlannedStep, group: Together) => number {
  const known = new Map<string, number>();
  const count = (step: PlannedStep, group?: Together): number => {
    if (step.loop) {
      const { first, each, times } = step.loop;
      const sum = (groups: readonly Together[]): number =>
        groups.reduce((total, inner) => inner.steps.reduce((all, own) => all + count(own, inner), total), 0);
      return sum(first) + times * sum(each);
    }
    const isShared = group !== undefined && group.steps.length > 1;
    const key = `${isShared} ${signer.of(step).text}`;
    const isExact = (tensor: Value): boolean => !halves.has(tensor);
    const among = isShared ? group : undefined;
    const flops = known.get(key) ?? (draftOf(step, { notes, isExact, among }).flops as number);
    known.set(key, flops);
    return flops;
  };
  return count;
}

/**
 * What may share a dispatch, of jobs in an order: kernels that did so before, where they are written in the same way and so
 * add up in the same order.
 */
export function companyOf(order: readonly number[], work: KernelWork, packing: Packing): Omit<Company, "hasRoom"> {
  const { stored, bindsBuffers, shares } = packing;
  const outputs = new Set(work.plan.outputs);
  const facts = work.steps.map((step, job) => {
    const group = work.groups[job];
    const isAlone = group.steps.length === 1;
    const tensors = tensorsOf(step);
    const slabs = slabsOf(tensors, outputs, stored.halves);
    const load = loadOf(step, isAlone ? Infinity : gridOf(step).workgroups, work.signer);
    return { isAlone, apart: group.apart, load, tensors, slabs };
  });
  return {
    before: waitsOf(order.map((job) => work.steps[job])),
    fits(entries) {
      const all = entries.map((entry) => facts[order[entry]]);
      if (all.some(({ isAlone, apart }) => isAlone || apart !== all[0].apart)) return false;
      if (!isHeld(all.map(({ load }) => load))) return false;
      if (countBindings(new Set(all.flatMap(({ tensors }) => [...tensors])), shares) <= mostBindings) return true;
      const slabs = new Map<unknown, SlabType>();
      for (const each of all) addSlabs(slabs, each.slabs);
      return bindsBuffers && fitBuffers(slabs, new Map());
    },
  };
}
