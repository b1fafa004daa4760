/// Which values are written to memory, and what each kernel reads. Elementwise values that another kernel needs are
/// stored, or recomputed there when that reads no more than one tensor of their size.
import { elementCount } from "../../ir/type.ts";
import { underLayouts, type Value } from "../../ir/value.ts";
import type { Cluster, Cuts, Partition } from "./cluster.ts";

/** What a cluster reads and writes. */
export interface Traffic {
  readonly cluster: Cluster;
  /** Leaves in memory and values stored by other clusters, in order of first use. */
  readonly loads: readonly Value[];
  /** Values of the cluster that are stored. */
  readonly stores: readonly Value[];
}

/** Decides what is stored; clusters that store nothing are left out. */
export function planTraffic(partition: Partition, roots: readonly Value[], cuts: Cuts): readonly Traffic[] {
  const { clusters, home } = partition;
  const stored = new Set<Value>([...roots, ...cuts]);
  for (const each of clusters) {
    if (each.kind !== "contract" && each.kind !== "sort") continue;
    for (const member of each.members) {
      if (member.op.kind === "contraction" || member.op.kind === "sort")
        for (const operand of member.operands) markOperand(operand, stored, home);
    }
  }
  for (;;) {
    const found = collect(partition, stored);
    if (found.missing.size === 0) return found.traffic;
    for (const value of found.missing) stored.add(value);
  }
}

/** Contractions and sorts read their operands many times: from memory, except short chains over leaves. */
function markOperand(operand: Value, stored: Set<Value>, home: Partition["home"]): void {
  const base = underLayouts(operand);
  if (home.has(base)) stored.add(base);
  else if (base.op.kind !== "leaf") for (const inner of base.operands) markOperand(inner, stored, home);
}

function collect({ clusters, home, recomputed }: Partition, stored: ReadonlySet<Value>) {
  const missing = new Set<Value>();
  const traffic: Traffic[] = [];
  const order = [...stored];
  for (const each of clusters) {
    const stores = order.filter((value) => home.get(value) === each);
    if (stores.length === 0) continue;
    const loads = new Set<Value>();
    const seen = new Set<Value>();
    const visit = (value: Value): void => {
      if (seen.has(value)) return;
      seen.add(value);
      const owner = recomputed.has(value) ? undefined : home.get(value);
      if (value.op.kind === "leaf") {
        if (!value.constant && value.op.name !== "setting") loads.add(value);
      } else if (owner && owner !== each && stored.has(value)) {
        loads.add(value);
      } else if (owner && owner !== each && !isRecomputable(value, stored)) {
        missing.add(value);
      } else {
        value.operands.forEach(visit);
      }
    };
    stores.forEach(visit);
    traffic.push({ cluster: each, loads: [...loads], stores });
  }
  return { missing, traffic };
}

/** True when the value follows from at most one stored tensor of its size (smaller ones do not count). */
function isRecomputable(value: Value, stored: ReadonlySet<Value>): boolean {
  const size = elementCount(value.type.shape);
  const large = new Set<Value>();
  const known = new Map<Value, boolean>();
  const visit = (each: Value): boolean => {
    const base = underLayouts(each);
    const answer = known.get(base) ?? follows(base);
    known.set(base, answer);
    return answer;
  };
  const follows = (base: Value): boolean => {
    if (base.op.kind === "leaf" || stored.has(base)) {
      if (!base.constant && elementCount(base.type.shape) === size && size !== 1) large.add(base);
      return true;
    }
    return (base.op.kind === "elementwise" || base.op.kind === "piecewise") && base.operands.every(visit);
  };
  return value.op.kind === "elementwise" && value.operands.every(visit) && large.size <= 1;
}
