/// What a kernel needs for values that it gives: what it loads, and what it computes on its way to them.
import { settingOp } from "../../ir/ops/leaf.ts";
import type { Value } from "../../ir/value.ts";
import { descend, type Seen } from "./descend.ts";
import { isNumber, tensorUnder } from "./loop.ts";
import type { Cluster, Partition } from "./partition.ts";

/** True for a leaf that is a tensor: one that kernels load. */
export const isTensor = ({ op, constant }: Value): boolean => op.kind === "leaf" && !constant && op !== settingOp;

/** True for a value that a cluster finds in memory, if it does not compute it again. */
export function isForeign(value: Value, cluster: Cluster, { home, recomputed }: Partition): boolean {
  const owner = recomputed.has(value) ? undefined : home.get(value);
  return owner !== undefined && owner !== cluster;
}

/**
 * What a cluster loads for some of its values, in order of first use; `isLoaded` says of a value of another cluster whether it
 * is, or computed again. What is under values in `seen` is known; all that is met joins them.
 */
export function loadsOf(
  cluster: Cluster,
  values: readonly Value[],
  partition: Partition,
  isLoaded: (value: Value) => boolean,
  seen?: Seen,
): readonly Value[] {
  if (cluster.kind === "loop") {
    const read = tensorsRead(cluster);
    for (const tensor of read) seen?.add(tensor);
    return read;
  }
  const loads: Value[] = [];
  const into = (value: Value): boolean => {
    const found = isTensor(value) || (isForeign(value, cluster, partition) && isLoaded(value));
    if (found) loads.push(value);
    return !found;
  };
  descend(values, into, seen);
  return loads;
}

/** A loop reads its operands as they are: each is a tensor, but for numbers. */
function tensorsRead({ members }: Cluster): readonly Value[] {
  const operands = new Set([...members].flatMap((member) => member.operands.map(tensorUnder)));
  return [...operands].filter((operand) => !isNumber(operand));
}
