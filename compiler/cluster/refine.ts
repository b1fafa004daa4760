/// Save or recompute: which of the values that were to be stored are cheaper to compute again where they are read. What
/// counts are the bytes that kernels bind; arithmetic has a price in bytes.
import type { Value } from "../../ir/value.ts";
import { isRow } from "./access.ts";
import { flexible, isExpression } from "./again.ts";
import { loadsOf } from "./needs.ts";
import { mostRecomputed, type Cluster, type Partition } from "./partition.ts";
import { costOf, countOf, isCrowded, kernelBindings, leastGain, type Binds, type Footprint } from "./price.ts";
import type { Traffic } from "./store.ts";

/** What is known about results. */
export interface Kept extends Binds {
  /** Values that must be stored. */
  has(value: Value): boolean;
}

/** Traffic with fewer bytes, and the values that are stored no longer. */
export interface Refined {
  readonly traffic: readonly Traffic[];
  readonly floating: ReadonlySet<Value>;
}

/** The same, and what it costs in bytes. */
type Costed = Footprint & { readonly cost: number };

/** One kernel while its traffic changes. */
interface Draft extends Costed {
  readonly cluster: Cluster;
}

/** All kernels while their traffic changes. */
interface Ledger extends Partition {
  readonly stored: Set<Value>;
  readonly drafts: Map<Cluster, Draft>;
  /** The kernels that load a value. */
  readonly readers: Map<Value, Set<Cluster>>;
}

/** Computes values again where that binds fewer bytes; each is tried once, users before what they read. */
export function refine(traffic: readonly Traffic[], partition: Partition, kept: Kept): Refined {
  const ledger: Ledger = {
    ...partition,
    ...{ stored: new Set(traffic.flatMap(({ stores }) => stores)), drafts: new Map(), readers: new Map() },
  };
  const floating = new Set<Value>();
  const candidates = [...ledger.stored].filter((value) => !kept.has(value) && isExpression(value)).toReversed();
  if (candidates.length === 0) return { traffic, floating };
  for (const { cluster, stores, loads } of traffic) {
    put({ cluster, stores, loads, cost: look(cluster, stores, ledger)?.cost ?? 0 }, ledger);
  }
  for (const value of candidates) {
    const change = tryWithout(value, ledger, kept);
    if (!change) continue;
    floating.add(value);
    ledger.stored.delete(value);
    for (const draft of change) {
      for (const store of draft.stores) ledger.stored.add(store);
      put(draft, ledger);
    }
  }
  const kernels = traffic.map(({ cluster }) => ledger.drafts.get(cluster)!).filter(({ stores }) => stores.length > 0);
  return { traffic: kernels.map(({ cluster, stores, loads }) => ({ cluster, stores, loads })), floating };
}

/** Notes what a kernel reads and writes now. */
function put(draft: Draft, { drafts, readers }: Ledger): void {
  const { cluster } = draft;
  for (const load of drafts.get(cluster)?.loads ?? []) readers.get(load)?.delete(cluster);
  drafts.set(cluster, draft);
  for (const load of draft.loads) readers.set(load, (readers.get(load) ?? new Set()).add(cluster));
}

/** Kernels as they are when a value is not stored; undefined where that gains nothing. */
function tryWithout(value: Value, ledger: Ledger, kept: Kept): readonly Draft[] | undefined {
  const { home, drafts, readers, once } = ledger;
  const owner = home.get(value)!;
  const users = [...(readers.get(value) ?? [])];
  if (users.some(({ kind }) => !flexible.includes(kind))) return undefined;
  if (users.length > 0 && once.has(value)) return undefined;
  /** One of its own, too, where others read it. */
  const targetsOf = (each: Value): readonly Value[] =>
    (readers.get(each)?.size ?? 0) > 0 ? [each, ...kept.targetsOf(each)] : kept.targetsOf(each);
  const binds = { targetsOf, shares: kept.shares };
  const changed: Draft[] = [];
  /** What the owner has of whole rows is written instead, where users need it to compute the value. */
  const rows = new Set<Value>();
  let gain = 0;
  for (const cluster of [...users, owner]) {
    const before = drafts.get(cluster)!;
    const stores =
      cluster === owner ? [...new Set([...before.stores.filter((each) => each !== value), ...rows])] : before.stores;
    const found = look(cluster, stores, ledger, { value, rows });
    if (!found || isCrowded(kernelBindings(found, binds), kernelBindings(before, binds))) return undefined;
    changed.push({ cluster, ...found });
    gain += before.cost - found.cost;
  }
  // What nobody reads any more, since its reader is where it is computed, has no tensor.
  return gain >= leastGain || users.length === 0 ? changed : undefined;
}

/** A value that is not stored, and what is stored in its place. */
interface Without {
  readonly value: Value;
  readonly rows: Set<Value>;
}

/** A row of fewer elements is not worth a tensor. */
const leastRow = 16;

/** True for what the kernel that computes the value knows of each row: the mean, say. */
function isRowBeside(row: Value, value: Value, { home }: Ledger): boolean {
  const owner = home.get(value)!;
  if (owner.kind !== "reduce" || home.get(row) !== owner || !isRow(row.type.shape, owner.space, owner.axes))
    return false;
  return leastRow * countOf(row.type.shape) <= countOf(value.type.shape);
}

/** What a kernel reads for its stores, and what it costs; undefined where it would need what nobody stores. */
function look(cluster: Cluster, stores: readonly Value[], ledger: Ledger, without?: Without): Costed | undefined {
  let [steps, possible] = [0, true];
  const isLoaded = (value: Value): boolean => {
    const isNarrow = without !== undefined && isRowBeside(value, without.value, ledger);
    if (isNarrow) without.rows.add(value);
    if (isNarrow || (value !== without?.value && ledger.stored.has(value))) return true;
    if (value.op.kind !== "layout") steps++;
    possible &&= isExpression(value) && steps <= mostRecomputed;
    return !possible;
  };
  const met = new Set<Value>();
  const loads = loadsOf(cluster, stores, ledger, isLoaded, met);
  return possible ? { stores, loads, cost: costOf({ loads, stores }, met) } : undefined;
}
