/// The line of the model that a kernel computes: names alone do not tell apart what equal layers compute.
import type { Place } from "../ir/diagnostic.ts";
import { entryPointRoots, type Graph } from "../ir/graph.ts";
import { postorder, type Value } from "../ir/value.ts";
import { placeOfUser } from "./autodiff/residuals.ts";
import type { EntryPlan, PlannedStep } from "./plan.ts";

/** Finds the place of a kernel, of several side by side that of the first; undefined without source. */
export function kernelPlaces(graph: Graph, plan: EntryPlan): (steps: readonly PlannedStep[]) => Place | undefined {
  const order = postorder(entryPointRoots(plan.entry));
  const notesOf = notesBySteps(plan.steps, graph.notes);
  return ([step]) => {
    const notes = notesOf.get(step)!;
    const { cluster, stores, loads } = step.traffic;
    const nearest = (values: Iterable<Value>): Place | undefined => {
      for (const value of values) {
        const place = notes.get(value)?.place;
        if (place) return place;
      }
      return undefined;
    };
    const own = nearest([...step.targets.keys(), ...stores, ...[...cluster.members].toReversed()]);
    return own ?? placeOfUser(graph, stores[0], order) ?? nearest(loads);
  };
}

/** What the values of kernels are called: in a loop by the notes of its own graph. */
function notesBySteps(steps: readonly PlannedStep[], notes: Graph["notes"]): ReadonlyMap<PlannedStep, Graph["notes"]> {
  const found = new Map<PlannedStep, Graph["notes"]>();
  const visit = (each: readonly PlannedStep[], around: Graph["notes"]): void => {
    for (const step of each) {
      if (step.loop) visit([...step.loop.first, ...step.loop.each], step.loop.notes);
      else found.set(step, around);
    }
  };
  visit(steps, notes);
  return found;
}
