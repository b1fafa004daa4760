/// The line of the model that a kernel computes, or that a tensor is of: names alone do not tell apart what equal layers
/// compute.
import type { Place } from "../ir/diagnostic.ts";
import { entryPointRoots, type Graph } from "../ir/graph.ts";
import { postorder, type Value } from "../ir/value.ts";
import { placeOfUser } from "./autodiff/residuals.ts";
import { carryOf } from "./kept-names.ts";
import { shownValues } from "./lower/header.ts";
import { targetTensor } from "./lower/kernel.ts";
import { stepsInside, type EntryPlan, type PlannedStep } from "./plan.ts";

/** Finds the place of a kernel, of several side by side that of the first that has one; undefined without source. */
export function kernelPlaces(
  notes: Graph["notes"],
  plan: EntryPlan,
): (steps: readonly PlannedStep[]) => Place | undefined {
  const order = postorder(entryPointRoots(plan.entry));
  const inLoops = stepsInLoops(plan.steps);
  // Under a memory budget a kernel that runs again is a step of its own.
  const notesOf = (step: PlannedStep): Graph["notes"] => inLoops.get(step)?.notes ?? notes;
  const nearest = (step: PlannedStep, values: Iterable<Value>): Place | undefined => {
    for (const value of values) {
      const place = notesOf(step).get(value)?.place;
      if (place) return place;
    }
    return undefined;
  };
  const ownPlace = (step: PlannedStep): Place | undefined => {
    const { cluster, stores, loads } = step.traffic;
    // What the kernel's comment tells, from its results back; what else it computes may be of any line.
    const told = shownValues(step.traffic, notesOf(step)).toReversed();
    const own = nearest(step, [...step.targets.keys(), ...stores, ...told, ...[...cluster.members].toReversed()]);
    return own ?? placeOfUser({ notes }, stores[0], order) ?? nearest(step, loads);
  };
  /** Of what rules have made and a loop begins with, such as zeros: that of the first kernel that reads it there. */
  const placeOfReader = (step: PlannedStep): Place | undefined => {
    const written = new Set([...step.targets.values()].flat().map(targetTensor));
    const beside = inLoops.get(step)?.steps ?? plan.steps;
    return firstOf(
      beside.filter((each) => each !== step && each.traffic.loads.some((load) => written.has(load))),
      ownPlace,
    );
  };
  return (steps) => firstOf(steps, ownPlace) ?? firstOf(steps, placeOfReader);
}

/**
 * Finds where the model computes a tensor, or the first thing that has a place among what is computed from it; of what rules
 * have made for a derivative alone the place of its kernel.
 */
export function tensorPlaces(notes: Graph["notes"], plan: EntryPlan): (tensor: Value) => Place | undefined {
  const order = postorder(entryPointRoots(plan.entry));
  const placeOfKernel = kernelPlaces(notes, plan);
  const writers = new Map(
    plan.steps.flatMap((step) => [...step.targets.keys()].map((value) => [value, step] as const)),
  );
  return (tensor) => {
    const [carry, writer] = [carryOf(tensor), writers.get(tensor)];
    const own = (carry && notes.get(carry)?.place) ?? notes.get(tensor)?.place;
    return own ?? placeOfUser({ notes }, tensor, order) ?? (writer && placeOfKernel([writer]));
  };
}

/** What is first found of some. */
function firstOf<Item, Found>(items: readonly Item[], find: (item: Item) => Found | undefined): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A loop, whose graph says what its values are called, and all of its kernels. */
interface Around {
  readonly notes: Graph["notes"];
  readonly steps: readonly PlannedStep[];
}

/** The kernels in loops, with the loop that they are in. */
function stepsInLoops(steps: readonly PlannedStep[]): ReadonlyMap<PlannedStep, Around> {
  const found = new Map<PlannedStep, Around>();
  const visit = ({ loop }: PlannedStep): void => {
    if (!loop) return;
    const inside = { notes: loop.notes, steps: stepsInside(loop) };
    for (const step of inside.steps) {
      found.set(step, inside);
      visit(step);
    }
  };
  steps.forEach(visit);
  return found;
}
