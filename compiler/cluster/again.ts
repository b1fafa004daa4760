/// What kernels load, store and cost, where each computes some values of others again.
import { copyOp } from "../../ir/ops/choose.ts";
import type { Value } from "../../ir/value.ts";
import type { Seen } from "./descend.ts";
import { loadsOf } from "./needs.ts";
import type { Cluster, Partition } from "./partition.ts";
import { costOf, trafficBytes } from "./price.ts";
import type { Traffic } from "./store.ts";

/** The values of other clusters that a cluster computes again, instead of loading them. */
export type Again = ReadonlyMap<Cluster, ReadonlySet<Value>>;

/** What is stored and computed again; the bytes that kernels bind for that, and the same with the price of arithmetic. */
export interface Plan {
  readonly again: Again;
  readonly traffic: ReadonlyMap<Cluster, Traffic>;
  readonly stored: ReadonlySet<Value>;
  readonly bytes: number;
  readonly cost: number;
}

/** Kinds of kernels that may compute what they read. */
export const flexible: readonly Cluster["kind"][] = ["map", "reduce", "contract", "cumulative"];

/** True for what may be computed anywhere. */
export function isExpression({ op }: Value): boolean {
  return (op.kind === "elementwise" && op !== copyOp) || op.kind === "piecewise" || op.kind === "layout";
}

/** What a cluster loads for some of its values; what is under those in `seen` is known, and they grow. */
export function loadsWith(
  again: Again,
  cluster: Cluster,
  values: readonly Value[],
  partition: Partition,
  seen?: Seen,
): readonly Value[] {
  const computed = again.get(cluster);
  return loadsOf(cluster, values, partition, (value) => !computed?.has(value), seen);
}

/**
 * What a kernel costs that stores these values: bytes, and the price of arithmetic; beside `known`, what it loads or computes
 * in any case.
 */
export function costWith(
  again: Again,
  cluster: Cluster,
  stores: readonly Value[],
  partition: Partition,
  known?: ReadonlySet<Value>,
): number {
  const met = new Set<Value>();
  const seen: Seen = known
    ? { has: (value) => known.has(value) || met.has(value), add: (value) => met.add(value) }
    : met;
  return costOf({ loads: loadsWith(again, cluster, stores, partition, seen), stores }, met);
}

/** What clusters compute again in kernels that are planned. */
export function againIn(traffic: readonly Traffic[], partition: Partition): Again {
  const again = new Map<Cluster, ReadonlySet<Value>>();
  for (const { cluster, loads, stores } of traffic) {
    const [loaded, computed] = [new Set(loads), new Set<Value>()];
    const isLoaded = (value: Value): boolean => {
      if (!loaded.has(value)) computed.add(value);
      return loaded.has(value);
    };
    loadsOf(cluster, stores, partition, isLoaded);
    if (computed.size > 0) again.set(cluster, computed);
  }
  return again;
}

/**
 * The plan in which clusters compute what `again` says and load everything else that others have; clusters of which nobody
 * needs anything are left out.
 */
export function planOf(partition: Partition, kept: ReadonlySet<Value>, again: Again): Plan {
  const { clusters, home } = partition;
  const stored = new Set<Value>();
  const stores = new Map<Cluster, Value[]>();
  const waiting: Value[] = [];
  const store = (value: Value): void => {
    const owner = home.get(value);
    if (!owner || stored.has(value)) return;
    stored.add(value);
    waiting.push(value);
    stores.set(owner, [...(stores.get(owner) ?? []), value]);
  };
  for (const value of kept) store(value);
  const met = new Map<Cluster, Set<Value>>();
  for (let value = waiting.pop(); value; value = waiting.pop()) {
    const cluster = home.get(value)!;
    const seen = met.get(cluster) ?? new Set();
    met.set(cluster, seen);
    for (const load of loadsWith(again, cluster, [value], partition, seen)) store(load);
  }
  const traffic = new Map<Cluster, Traffic>();
  let cost = 0;
  for (const cluster of clusters) {
    const own = stores.get(cluster);
    if (!own) continue;
    const seen = new Set<Value>();
    const kernel: Traffic = { cluster, loads: loadsWith(again, cluster, own, partition, seen), stores: own };
    traffic.set(cluster, kernel);
    cost += costOf(kernel, seen);
  }
  return { again, traffic, stored, bytes: trafficBytes([...traffic.values()]), cost };
}
