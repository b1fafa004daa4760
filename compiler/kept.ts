/// What stays in memory between the halves of a step: forward values that one kernel writes and the backward half reads.
import type { Place } from "../ir/diagnostic.ts";
import { entryPointRoots, type Graph } from "../ir/graph.ts";
import { postorder, underLayouts, type Value } from "../ir/value.ts";
import { gradientsAndTheirUsers, placeOfUser } from "./autodiff/residuals.ts";
import { bytesOf } from "./bytes.ts";
import { descend } from "./cluster/descend.ts";
import { loopTensor } from "./cluster/loop.ts";
import { carryOf, nameKept, type KeptName } from "./kept-names.ts";
import type { PlannedStep, Together } from "./plan.ts";
import type { EntryFacts } from "./program.ts";

/** A tensor that forward kernels leave to the backward half. */
export interface Kept extends KeptName {
  readonly value: Value;
  /** Where the model computes it, or the first thing that has a place among what is computed from it. */
  readonly place: Place | undefined;
  /** Bytes that it takes. */
  readonly bytes: number;
}

/**
 * The tensors that kernels of one entry point write, and that others read for a gradient; in order of computation. What is
 * computed again where it is read takes no memory and is none, nor is what a memory budget makes again before it is read, and
 * neither are leaves, which are there anyway. `graph` is the one that was planned.
 */
export function keptForBackward(graph: Graph, { plan, groups, stored }: EntryFacts): readonly Kept[] {
  const order = postorder(entryPointRoots(plan.entry));
  const noted = { ...graph, notes: withLoops(graph.notes, order) };
  const backward = gradientsAndTheirUsers(noted, order);
  const forward = forwardHalf(plan, order, noted, backward);
  const read = readFromForward(groups, forward, backward);
  const kept = order.filter((value) => read.has(value) && forward.has(value));
  const named = nameKept(kept, graph);
  return kept.map((value) => ({
    value,
    ...named.get(value)!,
    place: placeOf(graph, value, order),
    bytes: bytesOf(value, stored?.halves),
  }));
}

/**
 * What the outputs need that are no gradients; without such outputs, what gradients need besides, as far as cotangents have
 * names. Of a loop the tensors are computed together.
 */
function forwardHalf(
  { entry, steps }: EntryFacts["plan"],
  order: readonly Value[],
  { notes }: Graph,
  backward: ReadonlySet<Value>,
): ReadonlySet<Value> {
  const results = entry.outputs.map(({ value }) => value).filter((value) => !backward.has(value));
  const gradients = order.filter((value) => notes.get(value)?.derivative === "backward");
  const before = postorder(results.length > 0 ? results : gradients);
  const forward = new Set(before.filter((value) => !backward.has(value)));
  for (const { loop, traffic } of steps) {
    const members = [...traffic.cluster.members];
    if (loop && members.some((member) => forward.has(member))) for (const member of members) forward.add(member);
  }
  return forward;
}

/** A gradient that is part of a tensor of a loop makes all tensors of that loop gradients. */
function withLoops(notes: Graph["notes"], order: readonly Value[]): Graph["notes"] {
  const gradients = order.filter((value) => notes.get(value)?.derivative === "backward").map(underLayouts);
  const loops = new Set(gradients.filter(({ op }) => op.kind === "scan").map((value) => loopTensor(value).loop));
  const tensors = order.filter((value) => value.op.kind === "scan" && loops.has(loopTensor(value).loop));
  return new Map([...notes, ...tensors.map((tensor) => [tensor, { derivative: "backward" }] as const)]);
}

/**
 * What kernels read for gradients as forward left it. A kernel that runs again among those of gradients makes a tensor anew:
 * whoever reads it later reads that one, and what the kernel itself reads was kept for it.
 */
function readFromForward(
  groups: readonly Together[],
  forward: ReadonlySet<Value>,
  backward: ReadonlySet<Value>,
): ReadonlySet<Value> {
  const [read, written, anew] = [new Set<Value>(), new Set<Value>(), new Set<Value>()];
  let begun = false;
  for (const { steps } of groups) {
    begun ||= steps.some(({ traffic }) => [...traffic.cluster.members].some((member) => backward.has(member)));
    const again = steps.filter((step) => begun && [...step.targets.keys()].every((value) => written.has(value)));
    for (const step of steps) {
      const loads = again.includes(step)
        ? step.traffic.loads.filter(({ op }) => op.kind !== "leaf")
        : readBackwards(step, forward);
      for (const value of loads) if (!anew.has(value)) read.add(value);
    }
    for (const { targets } of again) for (const value of targets.keys()) anew.add(value);
    for (const { targets } of steps) for (const value of targets.keys()) written.add(value);
  }
  return read;
}

/** Tensors that a kernel loads on the way to what it writes and is no part of the forward half. */
function readBackwards({ traffic: { loads }, targets }: PlannedStep, forward: ReadonlySet<Value>): readonly Value[] {
  const loaded = new Set(loads.filter(({ op }) => op.kind !== "leaf"));
  const found: Value[] = [];
  const late = [...targets.keys()].filter((value) => !forward.has(value));
  descend(late, (value) => {
    if (loaded.has(value)) found.push(value);
    return !loaded.has(value);
  });
  return found;
}

function placeOf(graph: Graph, value: Value, order: readonly Value[]): Place | undefined {
  const { notes } = graph;
  const carry = carryOf(value);
  return (carry && notes.get(carry)?.place) ?? notes.get(value)?.place ?? placeOfUser(graph, value, order);
}
