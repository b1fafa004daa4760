/// The line of the model that a kernel computes: names alone do not tell apart what equal layers compute.
import type { Place } from "../ir/diagnostic.ts";
import { entryPointRoots, type Graph } from "../ir/graph.ts";
import { postorder, type Value } from "../ir/value.ts";
import { placeOfUser } from "./autodiff/residuals.ts";
import { shownValues } from "./lower/header.ts";
import { stepsInside, type EntryPlan, type PlannedStep } from "./plan.ts";

/** Finds the place of a kernel, of several side by side that of the first; undefined without source. */
export function kernelPlaces(graph: Graph, plan: EntryPlan): (steps: readonly PlannedStep[]) => Place | undefined {
  const order = postorder(entryPointRoots(plan.entry));
  const inLoops = notesInLoops(plan.steps);
  return ([step]) => {
    // Under a memory budget a kernel that runs again is a step of its own.
    const notes = inLoops.get(step) ?? graph.notes;
    const { cluster, stores, loads } = step.traffic;
    const nearest = (values: Iterable<Value>): Place | undefined => {
      for (const value of values) {
        const place = notes.get(value)?.place;
        if (place) return place;
      }
      return undefined;
    };
    // What the kernel's comment tells, from its results back; what else it computes may be of any line.
    const told = shownValues(step.traffic, notes).toReversed();
    const own = nearest([...step.targets.keys(), ...stores, ...told, ...[...cluster.members].toReversed()]);
    return own ?? placeOfUser(graph, stores[0], order) ?? nearest(loads);
  };
}

/** What the values of kernels in loops are called: each loop has a graph of its own. */
function notesInLoops(steps: readonly PlannedStep[]): ReadonlyMap<PlannedStep, Graph["notes"]> {
  const found = new Map<PlannedStep, Graph["notes"]>();
  const visit = ({ loop }: PlannedStep): void => {
    for (const step of loop ? stepsInside(loop) : []) {
      found.set(step, loop!.notes);
      visit(step);
    }
  };
  steps.forEach(visit);
  return found;
}
