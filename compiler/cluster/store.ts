/// Which values are written to memory, and what each kernel reads. Elementwise values that another kernel needs are
/// stored, or recomputed there when that reads no more than one tensor of their size.
import type { Dim } from "../../ir/dim.ts";
import { elementCount } from "../../ir/type.ts";
import type { OpKind, Value } from "../../ir/value.ts";
import { descend } from "./descend.ts";
import { isNumber, tensorUnder } from "./loop.ts";
import { loadsOf } from "./needs.ts";
import { mostRecomputed, type Cluster, type Cuts, type Partition } from "./partition.ts";

/** What a cluster reads and writes. */
export interface Traffic {
  readonly cluster: Cluster;
  /** Leaves in memory and values stored by other clusters, in order of first use. */
  readonly loads: readonly Value[];
  /** Values of the cluster that are stored. */
  readonly stores: readonly Value[];
}

/** Kinds of values that read elements of their operands many times: from memory, except short chains over leaves. */
const rereads: readonly OpKind[] = ["contraction", "composite", "sort", "scan"];

/** Values that are stored whatever it costs: results, and what contractions, sorts and loops read. */
export function mustStore({ clusters, home }: Partition, roots: readonly Value[], cuts: Cuts): ReadonlySet<Value> {
  return new Set([...roots, ...cuts, ...clusters.flatMap((each) => [...readOften(each, home)])]);
}

/** The values of clusters that contractions, sorts and loops among the members of one read. */
export function readOften({ members }: Cluster, home: Partition["home"]): ReadonlySet<Value> {
  const found = new Set<Value>();
  for (const { op, operands } of members) {
    if (!rereads.includes(op.kind)) continue;
    // A loop reads what is under layouts, which may be a result as well. What it has of numbers alone it computes where it
    // reads it, be it a sum of them.
    const read = op.kind === "scan" ? operands.map(tensorUnder).filter((tensor) => !isNumber(tensor)) : operands;
    descend(read, (value) => {
      if (home.has(value)) found.add(value);
      return !home.has(value);
    });
  }
  return found;
}

/** Decides what is stored beside what must be; clusters that store nothing are left out. */
export function planTraffic(partition: Partition, stored: ReadonlySet<Value>): readonly Traffic[] {
  const { clusters } = partition;
  const storage = createStorage(partition);
  for (const value of stored) storage.add(value);
  const loads = new Map<Cluster, readonly Value[]>();
  const positions = new Map(clusters.map((each, position) => [each, position]));
  /** What a cluster loads follows from what is stored: it is looked at again when a value that it met is stored. */
  for (let waiting = storage.takeChanged(); waiting.length > 0; waiting = storage.takeChanged()) {
    const missing = new Set<Value>();
    for (const each of waiting.toSorted((a, b) => positions.get(a)! - positions.get(b)!)) {
      const isLoaded = (value: Value): boolean => {
        if (storage.has(value, each)) return true;
        const { once, home } = partition;
        if (!once.has(value) && (storage.isRecomputable(value, each) || isSpread(value, home))) return false;
        // It cannot be had otherwise: as soon as it is stored, the cluster is looked at again.
        missing.add(value);
        return true;
      };
      loads.set(each, loadsOf(each, storage.storesOf(each), partition, isLoaded));
    }
    for (const value of missing) storage.add(value);
  }
  return clusters.flatMap((each) => {
    const stores = storage.storesOf(each);
    return stores.length === 0 ? [] : [{ cluster: each, loads: loads.get(each)!, stores }];
  });
}

/** Which values are stored so far, and which clusters that concerns. */
interface Storage {
  add(value: Value): void;
  /** Whether the value is stored; `cluster` wants to know when that changes. */
  has(value: Value, cluster: Cluster): boolean;
  /** Whether the value is cheap to compute again from what is stored; `cluster` wants to know when that may change. */
  isRecomputable(value: Value, cluster: Cluster): boolean;
  storesOf(cluster: Cluster): readonly Value[];
  /** Clusters that store something and were concerned by what was added since the last call. */
  takeChanged(): readonly Cluster[];
}

/** What was found out about a value, until one of those that it rests on is stored; the clusters that asked. */
interface Finding {
  readonly value: Value;
  readonly clusters: Set<Cluster>;
  readonly recomputable: boolean;
}

function createStorage({ home }: Partition): Storage {
  const stored = new Set<Value>();
  const stores = new Map<Cluster, Value[]>();
  const concerned = new Map<Value, Set<Cluster>>();
  const findings = new Map<Value, Finding>();
  /** The findings that rest on a value not being stored. */
  const resting = new Map<Value, Finding[]>();
  const changed = new Set<Cluster>();

  function find(value: Value): Finding {
    const met: Value[] = [];
    const has = (each: Value): boolean => {
      if (!stored.has(each) && home.has(each)) met.push(each);
      return stored.has(each);
    };
    const finding = { value, clusters: new Set<Cluster>(), recomputable: isRecomputable(value, has) };
    for (const each of met) resting.set(each, [...(resting.get(each) ?? []), finding]);
    return finding;
  }

  function forget(finding: Finding): void {
    for (const each of finding.clusters) changed.add(each);
    if (findings.get(finding.value) === finding) findings.delete(finding.value);
  }

  return {
    add(value) {
      const owner = home.get(value);
      if (stored.has(value) || !owner) return;
      stored.add(value);
      stores.set(owner, [...(stores.get(owner) ?? []), value]);
      for (const each of [owner, ...(concerned.get(value) ?? [])]) changed.add(each);
      resting.get(value)?.forEach(forget);
      resting.delete(value);
    },
    has(value, cluster) {
      if (stored.has(value)) return true;
      if (home.has(value)) concerned.set(value, (concerned.get(value) ?? new Set()).add(cluster));
      return false;
    },
    isRecomputable(value, cluster) {
      const finding = findings.get(value) ?? find(value);
      findings.set(value, finding);
      finding.clusters.add(cluster);
      return finding.recomputable;
    },
    storesOf: (cluster) => stores.get(cluster) ?? [],
    takeChanged() {
      const all = [...changed].filter((each) => stores.has(each));
      changed.clear();
      return all;
    },
  };
}

/** True for a tensor that has fewer elements; of a larger one as many are read. Free sizes are alike or not. */
function isSmaller({ type }: Value, size: Dim): boolean {
  const count = elementCount(type.shape);
  return typeof count === "number" && typeof size === "number" ? count < size : count !== size;
}

/** True for what is made of smaller tensors alone: those are written and read instead. */
function isSpread(value: Value, home: Partition["home"]): boolean {
  const size = elementCount(value.type.shape);
  let isMade = value.op.kind === "elementwise" && size !== 1;
  descend(value.operands, (each) => {
    if (each.op.kind !== "leaf" && !home.has(each)) return isMade;
    isMade &&= each.constant || isSmaller(each, size);
    return false;
  });
  return isMade;
}

/** True for values that a kernel may compute again. */
function isExpression(kind: OpKind): boolean {
  return kind === "elementwise" || kind === "piecewise" || kind === "gather";
}

/** True when the value follows in a few steps from at most one stored tensor of its size (smaller ones do not count). */
function isRecomputable(value: Value, isStored: (value: Value) => boolean): boolean {
  const size = elementCount(value.type.shape);
  let [large, steps, follows] = [0, 0, value.op.kind === "elementwise"];
  descend(value.operands, (each) => {
    const { kind } = each.op;
    if (!follows || kind === "layout") return follows;
    // What is smaller and cannot be computed again is written anyway, rather than what is made of it.
    const isSource = !isExpression(kind) && (kind === "leaf" || isSmaller(each, size));
    if (isSource || isStored(each)) {
      if (!each.constant && size !== 1 && !isSmaller(each, size)) large++;
      return false;
    }
    steps++;
    follows = (kind === "elementwise" || kind === "piecewise") && steps < mostRecomputed && large <= 1;
    return follows;
  });
  return follows && large <= 1;
}
