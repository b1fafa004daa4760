/// What kernels load, store and cost, where each computes some values of others again.
import type { Value } from "../../ir/value.ts";
import { descend } from "./descend.ts";
import type { Cluster, Partition } from "./partition.ts";
import { priceOf, sizeOf, trafficBytes } from "./refine.ts";
import { isTensor, tensorsRead, type Traffic } from "./store.ts";

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

/** True for a value that a cluster finds in memory, if it does not compute it again. */
export function isForeign(value: Value, cluster: Cluster, { home, recomputed }: Partition): boolean {
  const owner = recomputed.has(value) ? undefined : home.get(value);
  return owner !== undefined && owner !== cluster;
}

/** Values that were met already; what others are met joins them. */
export interface Met {
  has(value: Value): boolean;
  add(value: Value): unknown;
}

/** What a cluster loads for some of its values; what is under those in `seen` is known, and they grow. */
export function loadsOf(
  cluster: Cluster,
  values: readonly Value[],
  partition: Partition,
  again: Again,
  seen: Met = new Set<Value>(),
): readonly Value[] {
  if (cluster.kind === "loop") return tensorsRead(cluster);
  const computed = again.get(cluster);
  const loads: Value[] = [];
  descend(values, (value) => {
    if (seen.has(value)) return false;
    seen.add(value);
    const isLoaded = isTensor(value) || (isForeign(value, cluster, partition) && !computed?.has(value));
    if (isLoaded) loads.push(value);
    return !isLoaded;
  });
  return loads;
}

/**
 * What a kernel costs that stores these values: bytes, and the price of arithmetic; beside `known`, what it loads or computes
 * in any case.
 */
export function costOf(
  cluster: Cluster,
  stores: readonly Value[],
  partition: Partition,
  again: Again,
  known?: ReadonlySet<Value>,
): number {
  const seen = new Set<Value>();
  const met: Met = known
    ? { has: (value) => known.has(value) || seen.has(value), add: (value) => seen.add(value) }
    : seen;
  const loads = loadsOf(cluster, stores, partition, again, met);
  for (const load of loads) seen.delete(load);
  let cost = 0;
  for (const value of loads) cost += sizeOf(value);
  for (const value of stores) cost += sizeOf(value);
  for (const value of seen) cost += priceOf(value);
  return cost;
}

/** What clusters compute again in kernels that are planned. */
export function againIn(traffic: readonly Traffic[], partition: Partition): Again {
  const again = new Map<Cluster, ReadonlySet<Value>>();
  for (const { cluster, loads, stores } of traffic) {
    const [loaded, computed] = [new Set(loads), new Set<Value>()];
    descend(stores, (value) => {
      if (loaded.has(value) || value.op.kind === "leaf") return false;
      if (isForeign(value, cluster, partition)) computed.add(value);
      return true;
    });
    if (computed.size > 0 && cluster.kind !== "loop") again.set(cluster, computed);
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
    for (const load of loadsOf(cluster, [value], partition, again, seen)) store(load);
  }
  const traffic = new Map<Cluster, Traffic>();
  let cost = 0;
  for (const cluster of clusters) {
    const own = stores.get(cluster);
    if (!own) continue;
    traffic.set(cluster, { cluster, loads: loadsOf(cluster, own, partition, again), stores: own });
    cost += costOf(cluster, own, partition, again);
  }
  return { again, traffic, stored, bytes: trafficBytes([...traffic.values()]), cost };
}
