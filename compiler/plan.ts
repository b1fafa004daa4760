/// One entry point as kernels in launch order: partition, stores, order; split again where a kernel binds too much.
import type { EntryPoint, Graph } from "../ir/graph.ts";
import { copyOp } from "../ir/ops/choose.ts";
import { apply, postorder, type Value } from "../ir/value.ts";
import { cluster, mostBindings } from "./cluster/cluster.ts";
import { planTraffic, type Traffic } from "./cluster/store.ts";
import { tooManyBindings } from "./errors.ts";
import { orderKernels, type Results, type Step } from "./schedule/order.ts";
import { targetTensor } from "./lower/kernel.ts";

/** What an entry point computes, as kernels. */
export interface EntryPlan {
  readonly entry: EntryPoint;
  readonly steps: readonly Step[];
  /** States by the value that they take. */
  readonly updates: ReadonlyMap<Value, readonly Value[]>;
  /** Values returned, in the order of `entry.outputs`. */
  readonly outputs: readonly Value[];
}

/** Plans an entry point whose sizes are bound and whose derivatives are expanded. */
export function planEntry(entry: EntryPoint, notes: Graph["notes"]): EntryPlan {
  const outputs = entry.outputs.map(({ value }) => written(value));
  const updates = new Map<Value, Value[]>();
  for (const { state, value } of entry.updates) {
    const result = written(value);
    updates.set(result, [...(updates.get(result) ?? []), state]);
  }
  const results: Results = { outputs: new Set(outputs), updates };
  const roots = [...new Set([...outputs, ...updates.keys()])];
  const cuts = new Set<Value>();
  for (;;) {
    const traffic = planTraffic(cluster(roots, cuts), roots, cuts);
    const steps = orderKernels(traffic, results);
    const crowded = steps.find((step) => tensorsOf(step).size > mostBindings);
    if (!crowded) return { entry, steps, outputs, updates };
    const cut = chooseCut(crowded.traffic, cuts);
    if (!cut)
      throw tooManyBindings(
        notes.get(crowded.traffic.stores[0])?.name ?? entry.name,
        tensorsOf(crowded).size,
        mostBindings,
      );
    cuts.add(cut);
  }
}

/** A leaf that is a result is copied into a tensor of its own. */
function written(value: Value): Value {
  return value.op.kind === "leaf" ? apply(copyOp, [value]) : value;
}

/** Tensors that a kernel binds. */
export function tensorsOf({ traffic, targets }: Step): ReadonlySet<Value> {
  return new Set([...traffic.loads, ...[...targets.values()].flat().map(targetTensor)]);
}

/** A value to compute in a kernel of its own: the last that joined, or the largest part of a wide expression. */
function chooseCut(
  { cluster: { members, kind }, stores, loads }: Traffic,
  cuts: ReadonlySet<Value>,
): Value | undefined {
  const joined = [...members].slice(kind === "map" ? 0 : 1).filter((value) => !cuts.has(value));
  const last = joined.at(-1);
  if (last && members.size > 1) return last;
  const parts = postorder(stores).filter(
    (value) => value.op.kind === "elementwise" && !cuts.has(value) && !stores.includes(value) && !loads.includes(value),
  );
  const width = (value: Value): number => {
    const seen = new Set<Value>();
    const visit = (each: Value): void => {
      if (loads.includes(each)) seen.add(each);
      else each.operands.forEach(visit);
    };
    visit(value);
    return seen.size;
  };
  return parts.filter((value) => width(value) < mostBindings).sort((a, b) => width(b) - width(a))[0];
}
