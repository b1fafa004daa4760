/// What stays in memory between the halves of a step: forward values that one kernel writes and the backward half reads.
import type { Place } from "../ir/diagnostic.ts";
import { entryPointRoots, type Graph } from "../ir/graph.ts";
import { elementCount } from "../ir/type.ts";
import { postorder, underLayouts, type Value } from "../ir/value.ts";
import { fromNumbersAlone, gradientsAndTheirUsers } from "./autodiff/residuals.ts";
import { bytesOf } from "./bytes.ts";
import { descend } from "./cluster/descend.ts";
import { loopTensor } from "./cluster/loop.ts";
import { nameKept, type KeptName } from "./kept-names.ts";
import { tensorPlaces } from "./kernel-places.ts";
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
 * The tensors that kernels of the forward half write, and that others read; in order of computation. The forward half is what
 * outputs need that are no gradients, and what its kernels write beside that for gradients of later: a mask, or which element
 * was the largest of a pool. What is computed again where it is read takes no memory and is none, nor is what a memory budget
 * makes again before it is read, and neither are leaves and single numbers made of them, such as the count of steps, which
 * are there anyway. `graph` is the one that was planned.
 */
export function keptForBackward(graph: Graph, { plan, groups, stored }: EntryFacts): readonly Kept[] {
  const order = postorder(entryPointRoots(plan.entry));
  const needed = neededByOutputs(plan, order, { ...graph, notes: withLoops(graph.notes, order) });
  const numbers = fromNumbersAlone(order);
  const isNumber = (value: Value): boolean => numbers.has(value) && elementCount(value.type.shape) === 1;
  const forward = new Set([...needed, ...writtenForLater(groups, needed, isNumber)]);
  const read = readFromForward(groups, forward);
  const kept = order.filter((value) => read.has(value) && forward.has(value) && !isNumber(value));
  const named = nameKept(kept, graph);
  const placeOf = tensorPlaces(graph.notes, plan);
  return kept.map((value) => ({
    value,
    ...named.get(value)!,
    place: placeOf(value),
    bytes: bytesOf(value, stored?.halves),
  }));
}

/**
 * What the outputs need that are no gradients; without such outputs, what gradients need besides, as far as cotangents have
 * names. Of a loop the tensors are computed together.
 */
function neededByOutputs(
  { entry, steps }: EntryFacts["plan"],
  order: readonly Value[],
  noted: Graph,
): ReadonlySet<Value> {
  const { notes } = noted;
  const backward = gradientsAndTheirUsers(noted, order);
  const results = entry.outputs.map(({ value }) => value).filter((value) => !backward.has(value));
  const gradients = order.filter((value) => notes.get(value)?.derivative === "backward");
  const before = postorder(results.length > 0 ? results : gradients);
  const needed = new Set(before.filter((value) => !backward.has(value)));
  for (const { loop, traffic } of steps) {
    const members = [...traffic.cluster.members];
    if (loop && members.some((member) => needed.has(member))) for (const member of members) needed.add(member);
  }
  return needed;
}

/** A gradient that is part of a tensor of a loop makes all tensors of that loop gradients. */
function withLoops(notes: Graph["notes"], order: readonly Value[]): Graph["notes"] {
  const gradients = order.filter((value) => notes.get(value)?.derivative === "backward").map(underLayouts);
  const loops = new Set(gradients.filter(({ op }) => op.kind === "scan").map((value) => loopTensor(value).loop));
  const tensors = order.filter((value) => value.op.kind === "scan" && loops.has(loopTensor(value).loop));
  return new Map([...notes, ...tensors.map((tensor) => [tensor, { derivative: "backward" }] as const)]);
}

/**
 * What kernels of the forward half write beside it and others read, where these wait for what the forward half computes of
 * that kernel's results, and not only for a count of steps: it stays in memory meanwhile. Otherwise gradients begin in the
 * kernel, as with a loss.
 */
function writtenForLater(
  groups: readonly Together[],
  needed: ReadonlySet<Value>,
  isNumber: (value: Value) => boolean,
): ReadonlySet<Value> {
  const steps = [...new Set(groups.flatMap((group) => group.steps))];
  const writers = new Map(steps.flatMap((step) => [...step.targets.keys()].map((value) => [value, step] as const)));
  const before = new Map<PlannedStep, ReadonlySet<PlannedStep>>();
  for (const step of steps) {
    const direct = step.traffic.loads.flatMap((value) => (isNumber(value) ? [] : (writers.get(value) ?? [])));
    before.set(step, new Set([...direct, ...direct.flatMap((each) => [...(before.get(each) ?? [])])]));
  }
  const isForward = (step: PlannedStep): boolean => [...step.targets.keys()].some((value) => needed.has(value));
  const found = new Set<Value>();
  for (const step of steps.filter(isForward)) {
    const follows = new Set(steps.filter((each) => isForward(each) && before.get(each)!.has(step)));
    const waiting = steps.filter((each) => !isForward(each) && [...before.get(each)!].some((one) => follows.has(one)));
    for (const value of step.targets.keys()) {
      if (!needed.has(value) && waiting.some(({ traffic }) => traffic.loads.includes(value))) found.add(value);
    }
  }
  return found;
}

/**
 * What kernels read of the forward half for what is none of it. A kernel that runs again among those makes a tensor anew:
 * whoever reads it later reads that one, and what the kernel itself reads was kept for it.
 */
function readFromForward(groups: readonly Together[], forward: ReadonlySet<Value>): ReadonlySet<Value> {
  const [read, written, anew] = [new Set<Value>(), new Set<Value>(), new Set<Value>()];
  let begun = false;
  for (const { steps } of groups) {
    const again = steps.filter((step) => begun && [...step.targets.keys()].every((value) => written.has(value)));
    for (const step of steps) {
      const loads = again.includes(step) ? step.traffic.loads : readBackwards(step, forward);
      const left = loads.filter((value) => written.has(value) && !anew.has(value));
      for (const value of left) read.add(value);
      begun ||= left.length > 0;
    }
    for (const { targets } of again) for (const value of targets.keys()) anew.add(value);
    for (const { targets } of steps) for (const value of targets.keys()) written.add(value);
  }
  return read;
}

/** Tensors that a kernel loads on the way to what it writes and is no part of the forward half. */
function readBackwards({ traffic: { loads }, targets }: PlannedStep, forward: ReadonlySet<Value>): readonly Value[] {
  const loaded = new Set(loads);
  const found: Value[] = [];
  const late = [...targets.keys()].filter((value) => !forward.has(value));
  descend(late, (value) => {
    if (loaded.has(value)) found.push(value);
    return !loaded.has(value);
  });
  return found;
}
