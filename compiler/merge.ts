/// Which kernels run side by side, in one dispatch: those that do not wait for each other, have workgroups of one size,
/// and bind few buffers together. A dispatch costs more than a branch, and small kernels leave a device idle.
import { elementCount } from "../ir/type.ts";
import { inputOp, stateOp } from "../ir/ops/leaf.ts";
import type { Value } from "../ir/value.ts";
import { mostBindings } from "./cluster/partition.ts";
import { describeContraction } from "./lower/contraction-shape.ts";
import { mostWorkgroups, targetTensor } from "./lower/kernel.ts";
import { arrangeRows, fullStores } from "./lower/reduce.ts";
import { isShort, rowsOf, sharedThreads } from "./lower/rows.ts";
import { tensorsOf, type PlannedStep } from "./plan.ts";
import { storageType } from "./wgsl/write.ts";

/** Kernels of one dispatch. */
export interface Together {
  readonly steps: readonly PlannedStep[];
  /** Threads go without barriers, also those of short rows. */
  readonly apart: boolean;
}

/** Text that a driver compiles at once has an end. */
const mostKernels = 32;

/** The dispatches of steps, in an order in which each finds what it needs. */
export function sideBySide(steps: readonly PlannedStep[], outputs: ReadonlySet<Value>): readonly Together[] {
  const levels = latest(steps);
  const order = [...new Set(levels)].sort((a, b) => a - b);
  return order.flatMap((level) =>
    groups(
      steps.filter((_, step) => levels[step] === level),
      outputs,
    ),
  );
}

/** For each step the latest time at which it can go, counted backwards from the end: those that nobody waits for are last. */
function latest(steps: readonly PlannedStep[]): readonly number[] {
  const times = new Array<number>(steps.length).fill(0);
  const [readBy, writtenBy] = [new Map<Value, number>(), new Map<Value, number>()];
  const least = (known: number | undefined, time: number): number => Math.min(known ?? time, time);
  for (let step = steps.length - 1; step >= 0; step--) {
    const { traffic, targets } = steps[step];
    const written = [...targets.values()].flat().map(targetTensor);
    const after = [
      ...written.flatMap((tensor) => [readBy.get(tensor), writtenBy.get(tensor)]),
      ...traffic.loads.map((tensor) => writtenBy.get(tensor)),
    ].filter((time) => time !== undefined);
    times[step] = after.reduce((time, other) => Math.min(time, other - 1), 0);
    for (const tensor of traffic.loads) readBy.set(tensor, least(readBy.get(tensor), times[step]));
    for (const tensor of written) writtenBy.set(tensor, least(writtenBy.get(tensor), times[step]));
  }
  return times;
}

/** Steps of one time, put together as far as they fit. */
function groups(steps: readonly PlannedStep[], outputs: ReadonlySet<Value>): readonly Together[] {
  const found: { readonly kind: string; readonly steps: PlannedStep[] }[] = [];
  for (const step of steps) {
    const kind = kindOf(step);
    const fitting = found.find(
      (each) => each.kind === kind && kind !== "alone" && fits([...each.steps, step], outputs),
    );
    if (fitting) fitting.steps.push(step);
    else found.push({ kind, steps: [step] });
  }
  return found.map(({ kind, steps: all }) => ({ steps: all, apart: kind === "apart" }));
}

/** Kernels of one kind have workgroups of one size, and all of them have barriers or none. */
function kindOf({ traffic: { cluster, stores } }: PlannedStep): "apart" | "barriers" | "alone" {
  if (cluster.kind === "map" || cluster.kind === "contract") return "apart";
  if (cluster.kind !== "reduce") return "alone";
  const rows = rowsOf(cluster.space, cluster.axes);
  if (isShort(rows.length) && fullStores(stores, cluster).length === 0) return "apart";
  const { rows: side, lanes } = arrangeRows(cluster, rows);
  return side * lanes === sharedThreads ? "barriers" : "alone";
}

/** True for kernels that a driver takes as one: in text, workgroups and bindings. */
function fits(steps: readonly PlannedStep[], outputs: ReadonlySet<Value>): boolean {
  if (steps.length > mostKernels || steps.reduce((total, step) => total + mostGroupsOf(step), 0) > mostWorkgroups) {
    return false;
  }
  const tensors = new Set(steps.flatMap((step) => [...tensorsOf(step)]));
  if (tensors.size <= mostBindings) return true;
  const slabs = new Map<unknown, string>();
  const isAlike = (tensor: Value): boolean => {
    const slab = slabOf(tensor, outputs);
    const type = storageType(tensor.type.dtype);
    const known = slabs.get(slab) ?? type;
    slabs.set(slab, known);
    return known === type;
  };
  return [...tensors].every(isAlike) && slabs.size <= mostBindings;
}

/** Tensors of one buffer, as far as it can be told before there are buffers. */
function slabOf(tensor: Value, outputs: ReadonlySet<Value>): unknown {
  if (tensor.op === inputOp) return tensor;
  return tensor.op === stateOp ? "states" : outputs.has(tensor) ? "outputs" : "arena";
}

/** Workgroups of a kernel, at most. */
function mostGroupsOf({ traffic: { cluster } }: PlannedStep): number {
  if (cluster.kind === "reduce") return rowsOf(cluster.space, cluster.axes).rowCount as number;
  if (cluster.kind === "map") return Math.ceil((elementCount(cluster.space) as number) / sharedThreads);
  const root = [...cluster.members].find(({ op }) => op.kind === "contraction")!;
  const { batchCount, rowCount, columnCount, rows, threads } = describeContraction(root);
  const [batch, down, across] = [batchCount, rowCount, columnCount] as readonly number[];
  return batch * Math.ceil(down / (rows * threads[1])) * Math.ceil(across / (4 * threads[0]));
}
