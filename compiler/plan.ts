/// One entry point as kernels in launch order: partition, stores, order; split again where a kernel binds too much. A loop
/// is a step of many kernels, planned in the same way.
import type { EntryPoint, Graph } from "../ir/graph.ts";
import { copyOp } from "../ir/ops/choose.ts";
import { apply, postorder, underLayouts, type OpKind, type Value } from "../ir/value.ts";
import { countBindings, noneShares, smallMayShare, type Shares } from "./cluster/bindings.ts";
import { cluster } from "./cluster/cluster.ts";
import { descend } from "./cluster/descend.ts";
import { mostBindings, type Cuts, type Lessons } from "./cluster/partition.ts";
import { trafficBytes } from "./cluster/price.ts";
import { recompute, type Question } from "./cluster/recompute.ts";
import { refine } from "./cluster/refine.ts";
import { mustStore, planTraffic, type Traffic } from "./cluster/store.ts";
import { tooManyBindings } from "./errors.ts";
import { targetTensor } from "./lower/kernel.ts";
import { loopGraph } from "./loop-graph.ts";
import { orderKernels, type Results, type Step } from "./schedule/order.ts";
import { addTarget } from "./targets.ts";

type Notes = Graph["notes"];

/** One kernel to launch, or a loop of them. */
export interface PlannedStep extends Step {
  readonly loop?: LoopPlan;
}

/** Kernels of one dispatch. */
export interface Together {
  readonly steps: readonly PlannedStep[];
  /** Threads go without barriers, also those of short rows. */
  readonly apart: boolean;
  /** The only one left of kernels that ran side by side: it is written as it was among them. */
  readonly isLeft?: boolean;
}

/** What a loop launches: once to begin with, then for each place. */
export interface LoopPlan {
  readonly times: number;
  readonly reverse: boolean;
  readonly first: readonly Together[];
  readonly each: readonly Together[];
  /** Leaves of the loop's own graphs → the tensors around it that they stand for. */
  readonly aliases: ReadonlyMap<Value, Value>;
  /** Tensors of the loop that nothing outside reads. */
  readonly inner: readonly Value[];
  readonly notes: Notes;
}

/** What an entry point computes, as kernels. */
export interface EntryPlan {
  readonly entry: EntryPoint;
  readonly steps: readonly PlannedStep[];
  /** States by the value that they take. */
  readonly updates: ReadonlyMap<Value, readonly Value[]>;
  /** Values returned, in the order of `entry.outputs`. */
  readonly outputs: readonly Value[];
}

/**
 * Plans an entry point whose sizes are bound and whose derivatives are expanded. `refused` is told what kernels did not take
 * in, in every round of planning.
 */
export function planEntry(entry: EntryPoint, notes: Notes, refused?: Lessons["refused"]): EntryPlan {
  const outputs = entry.outputs.map(({ value }) => written(value));
  const updates = new Map<Value, Value[]>();
  for (const { state, value } of entry.updates) {
    // A loop writes tensors of its own, never a state.
    const result = value.op.kind === "scan" ? apply(copyOp, [value]) : written(value);
    addTarget(updates, result, () => state);
  }
  const results: Results = { outputs: new Set(outputs), updates };
  return { entry, steps: planResults(results, notes, entry.name, refused), outputs, updates };
}

/** Kernels for results, in launch order. */
function planResults(
  results: Results,
  notes: Notes,
  name: string,
  refused?: Lessons["refused"],
): readonly PlannedStep[] {
  const roots = [...new Set([...results.outputs, ...results.updates.keys(), ...(results.rows?.keys() ?? [])])];
  const lessons = {
    cuts: new Set<Value>(),
    apart: new Map<Value, Set<Value>>(),
    written: new Map<Value, Set<Value>>(),
    refused,
    // What a loop calls its own may lie anywhere.
    shares: results.rows ? noneShares : smallMayShare(results.outputs),
  };
  const isCrowded = (step: Step): boolean => !isLoop(step) && stepBindings(step, lessons.shares) > mostBindings;
  let floating: ReadonlySet<Value> | undefined;
  for (;;) {
    const planned = planKernels(roots, lessons, floating, results);
    ({ floating } = planned);
    const steps = orderKernels(planned.traffic, results);
    const crowded = steps.filter(isCrowded);
    if (crowded.length === 0) {
      const cut = recompute(planned.traffic, planned);
      const again = cut === planned.traffic ? steps : orderKernels(cut, results);
      // As a minimum cut has them, unless one of them binds too much then.
      return (again.some(isCrowded) ? steps : again).map((step) =>
        isLoop(step) ? planLoop(step, notes, refused) : step,
      );
    }
    // Only now it is known what is written: the kernels are made again with that in mind.
    for (const { targets } of steps) {
      for (const [value, all] of targets) noteAll(lessons.written, value, all.map(targetTensor));
    }
    // Each is divided as it was planned: what another is cut at is not written yet.
    const cuts = new Set(lessons.cuts);
    for (const step of crowded) {
      const { parted, cut } = divide(step, cuts, lessons.shares, notes.get(step.traffic.stores[0])?.name ?? name);
      const [first] = step.traffic.cluster.members;
      for (const value of parted) noteAll(lessons.apart, value, [first]);
      if (cut) lessons.cuts.add(cut);
    }
  }
}

/** Kernels that are planned, and what that rests on. */
interface PlannedKernels extends Question {
  readonly traffic: readonly Traffic[];
  readonly floating: ReadonlySet<Value>;
}

/**
 * Kernels and what they read and write. Values that are cheaper to compute twice than to store are found in the first
 * round; the kernels are made again without them, where that binds fewer bytes, and later rounds do the same. Each looks
 * for what else is cheaper to compute: kernels that were divided have room.
 */
function planKernels(
  roots: readonly Value[],
  lessons: Lessons,
  floating: ReadonlySet<Value> | undefined,
  { outputs, updates, rows }: Results,
): PlannedKernels {
  const targetsOf = (value: Value): readonly Value[] => [
    ...(outputs.has(value) ? [value] : []),
    ...(updates.get(value) ?? []),
    ...(rows?.get(value) ?? []).map(targetTensor),
  ];
  const plan = (without: ReadonlySet<Value>): PlannedKernels => {
    const partition = cluster(roots, { ...lessons, floating: without });
    const kept = mustStore(partition, roots, lessons.cuts);
    const binds = { targetsOf, shares: lessons.shares };
    const refined = refine(planTraffic(partition, kept), partition, { has: (value) => kept.has(value), ...binds });
    return { ...refined, partition, kept, ...binds };
  };
  if (floating) return { ...plan(floating), floating };
  const first = plan(new Set());
  if (first.floating.size === 0) return first;
  const again = plan(first.floating);
  const isBetter =
    again.traffic.length <= first.traffic.length && trafficBytes(again.traffic) < trafficBytes(first.traffic);
  return isBetter ? { ...again, floating: first.floating } : { ...first, floating: new Set() };
}

function noteAll(known: Map<Value, Set<Value>>, key: Value, values: readonly Value[]): void {
  const all = known.get(key) ?? new Set();
  for (const value of values) all.add(value);
  known.set(key, all);
}

const isLoop = ({ traffic }: Step): boolean => traffic.cluster.kind === "loop";

function planLoop(step: Step, notes: Notes, refused?: Lessons["refused"]): PlannedStep {
  const graph = loopGraph([...step.traffic.cluster.members], notes);
  const none = { outputs: new Set<Value>(), updates: new Map<Value, Value[]>() };
  // What of it runs side by side is decided with where tensors lie.
  const plan = (rows: Results["rows"]): readonly Together[] =>
    planResults({ ...none, rows }, graph.notes, "a loop", refused).map((inner) => ({ steps: [inner], apart: false }));
  const stored = new Set(step.traffic.stores);
  const loop: LoopPlan = {
    times: graph.times,
    reverse: graph.reverse,
    first: plan(graph.first),
    each: plan(graph.each),
    aliases: graph.aliases,
    inner: graph.tensors.filter((tensor) => !stored.has(tensor)),
    notes: graph.notes,
  };
  return { ...step, loop };
}

/** The kernels and loops of a loop. */
export const stepsInside = ({ first, each }: LoopPlan): readonly PlannedStep[] =>
  [...first, ...each].flatMap(({ steps }) => steps);

/** A leaf that is a result is copied into a tensor of its own. */
function written(value: Value): Value {
  return value.op.kind === "leaf" ? apply(copyOp, [value]) : value;
}

/** Tensors that a kernel binds; what takes the place of an operand is none of its own. */
export function tensorsOf({ traffic, targets, over }: Step): ReadonlySet<Value> {
  const written = [...targets.values()].flat().map(targetTensor);
  return new Set([...traffic.loads, ...written.map((tensor) => over?.get(tensor) ?? tensor)]);
}

/** How many bindings a kernel takes. */
export const stepBindings = (step: Step, shares: Shares): number => countBindings(tensorsOf(step), shares);

/** Kinds of values that are expressions wherever they are read: each may have a kernel of its own. */
const expressions: readonly OpKind[] = ["elementwise", "piecewise", "gather"];

/** Values that leave a crowded kernel: the last that joined; or, where its first member alone binds too much, a part of that. */
function divide(
  step: Step,
  cuts: Cuts,
  shares: Shares,
  name: string,
): { readonly parted: readonly Value[]; readonly cut?: Value } {
  const {
    cluster: { members },
    stores,
    loads,
  } = step.traffic;
  const all = [...members];
  const fitting = all.findLastIndex(
    (_, last) => last < all.length - 1 && bindingsOfPart(all.slice(0, last + 1), step, shares) <= mostBindings,
  );
  if (fitting >= 0) return { parted: all.slice(fitting + 1) };
  const kept = new Set([...stores, ...loads, ...cuts]);
  const loaded = new Set(loads);
  const widths = postorder(stores, (value) => !loaded.has(value))
    .filter((value) => expressions.includes(value.op.kind) && !kept.has(value))
    .map((value) => ({ value, width: countUnder(value, loaded) }))
    .filter(({ width }) => width < mostBindings);
  const widest = widths.reduce((most, { width }) => Math.max(most, width), 0);
  const cut = widths.find(({ width }) => width === widest);
  if (!cut && all.length === 1) throw tooManyBindings(name, stepBindings(step, shares), mostBindings);
  return { parted: all.slice(1), cut: cut?.value };
}

/** Bindings that a kernel would take if it had only these of its members: what others read of them is written. */
function bindingsOfPart(kept: readonly Value[], { traffic, targets }: Step, shares: Shares): number {
  const [inside, loaded] = [new Set(kept), new Set(traffic.loads)];
  const passed = new Set(
    [...traffic.cluster.members]
      .filter((value) => !inside.has(value))
      .flatMap(({ operands }) => operands.map(underLayouts)),
  );
  const tensors = new Set<Value>();
  for (const value of kept) {
    for (const target of targets.get(value) ?? []) tensors.add(targetTensor(target));
    if (passed.has(value) && !targets.has(value)) tensors.add(value);
  }
  descend(kept, (value) => {
    if (loaded.has(value)) tensors.add(value);
    return !loaded.has(value);
  });
  return countBindings(tensors, shares);
}

/** How many of the loaded values a value is made of. */
function countUnder(value: Value, loaded: ReadonlySet<Value>): number {
  let count = 0;
  descend([value], (each) => {
    if (loaded.has(each)) count++;
    return !loaded.has(each);
  });
  return count;
}
