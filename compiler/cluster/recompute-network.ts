/// The network whose minimum cut says what kernels compute again. It has a copy of a value for each kernel that may need it:
/// the kernel has the value, where that lies on the sink's side, by loading it, or by making it of operands that it has. What
/// a kernel needs whatever is decided is the sink, and what it cannot make hangs on the source.
///
/// A write is shared: kernels that need the value now pay it together, unless all of them make it. For a kernel that would
/// come to need a value the plan before says whether that is written. So a cut is exact where kernels go on needing what they
/// need; what to store for several that make different things of it is no minimum cut, but as hard as covering sets.
import type { Value } from "../../ir/value.ts";
import { costWith, flexible, isExpression, loadsWith, type Again, type Plan } from "./again.ts";
import { createNetwork, sink, source, type Network } from "./minimum-cut.ts";
import { isForeign, isTensor } from "./needs.ts";
import { mostRecomputed, type Cluster, type Partition } from "./partition.ts";
import { priceOf, sizeOf } from "./price.ts";
import { readOften, type Traffic } from "./store.ts";

/** Tensors of fewer bytes are read and written in no time: it takes longer to look for something better. */
const leastTensor = 2 ** 14;

/** A value that another kernel has, in a kernel that may need it. */
interface Copy {
  readonly cluster: Cluster;
  /** On the sink's side where the kernel makes it. */
  readonly made: number;
  /** On the sink's side where the kernel makes or loads it. */
  readonly had: number;
  /** The kernel needs it as things are. */
  readonly isNeeded: boolean;
}

/** A network that grows. */
interface Draft {
  readonly partition: Partition;
  readonly plan: Plan;
  readonly network: Network;
  readonly copies: Map<Value, Copy[]>;
  /** Values that are stored whatever is decided. */
  readonly kept: Set<Value>;
  /** What kernels load or compute as things are, of those that were asked what one more tensor costs. */
  readonly met: Map<Cluster, Set<Value>>;
}

/** What kernels compute again at least cost; those in `frozen` as before. Undefined where there is nothing to decide. */
export function cutOf(
  partition: Partition,
  plan: Plan,
  kept: ReadonlySet<Value>,
  frozen: ReadonlySet<Cluster>,
): Again | undefined {
  const [network, copies, met] = [createNetwork(), new Map(), new Map()];
  const draft: Draft = { partition, plan, network, copies, kept: new Set(kept), met };
  for (const each of plan.traffic.values()) addKernel(each, frozen, draft);
  if (draft.copies.size === 0) return undefined;
  for (const [value, copies] of draft.copies) addLoads(value, copies, draft);
  const { isBelow } = draft.network.cut();
  const again = new Map<Cluster, Set<Value>>();
  for (const each of frozen) if (plan.again.has(each)) again.set(each, new Set(plan.again.get(each)));
  for (const [value, copies] of draft.copies) {
    for (const { cluster, made } of copies) {
      if (made === source || !isBelow(made)) continue;
      again.set(cluster, (again.get(cluster) ?? new Set()).add(value));
    }
  }
  return again;
}

/** Adds the copies of a kernel, if it may compute anything that it reads. */
function addKernel({ cluster, stores, loads }: Traffic, frozen: ReadonlySet<Cluster>, draft: Draft): void {
  const { partition, plan, kept } = draft;
  const given = new Set<Value>();
  const mayChange = flexible.includes(cluster.kind) && !frozen.has(cluster);
  const read = mayChange ? loadsWith(new Map(), cluster, stores, partition, given) : loads;
  const often = mayChange ? readOften(cluster, partition.home) : undefined;
  const open = new Set(read.filter((value) => mayChange && isOpen(value, partition) && !often?.has(value)));
  for (const value of read) if (!open.has(value)) kept.add(value);
  if (open.size === 0) return;
  const needed = new Set<Value>();
  loadsWith(plan.again, cluster, stores, partition, needed);
  addCopies(cluster, { open, given, needed }, draft);
}

/** What a kernel needs: values that it can load or make, all that it has in any case, and all that it has as things are. */
interface Needs {
  readonly open: ReadonlySet<Value>;
  readonly given: ReadonlySet<Value>;
  readonly needed: ReadonlySet<Value>;
}

function addCopies(cluster: Cluster, { open, given, needed }: Needs, { partition, network, copies }: Draft): void {
  const nodes = new Map<Value, number>();
  let steps = 0;
  /** The node that is on the sink's side where the kernel has the value. */
  const nodeOf = (value: Value): number => {
    if (given.has(value)) return sink;
    const known = nodes.get(value) ?? add(value);
    nodes.set(value, known);
    return known;
  };
  const add = (value: Value): number => {
    if (value.op.kind !== "leaf") {
      return isForeign(value, cluster, partition) ? addForeign(value, network.node()) : make(value);
    }
    if (!isTensor(value)) return sink;
    const node = network.node();
    network.edge(source, node, sizeOf(value));
    return node;
  };
  const make = (value: Value): number => {
    const node = network.node();
    network.edge(source, node, priceOf(value));
    for (const operand of value.operands) network.edge(nodeOf(operand), node, Infinity);
    return node;
  };
  const addForeign = (value: Value, had: number): number => {
    const isMade = isComputable(value, partition) && (value.op.kind === "layout" || ++steps <= mostRecomputed);
    const made = isMade ? make(value) : source;
    const all = copies.get(value) ?? [];
    copies.set(value, all);
    all.push({ cluster, made, had, isNeeded: needed.has(value) });
    return had;
  };
  for (const value of open) addForeign(value, sink);
}

/** Adds what it costs to load a value, and to write it. */
function addLoads(value: Value, copies: readonly Copy[], draft: Draft): void {
  const { network, plan, kept } = draft;
  const write = kept.has(value) ? 0 : writeCost(value, draft);
  for (const { made, had, isNeeded } of copies) {
    network.edge(made, had, sizeOf(value) + (isNeeded || plan.stored.has(value) ? 0 : write));
  }
  const sharing = copies.filter(({ isNeeded }) => isNeeded);
  if (write === 0 || sharing.length === 0) return;
  const written = network.node();
  const read = sharing.some(({ had }) => had === sink) ? sink : network.node();
  network.edge(written, read, write);
  for (const { made, had } of sharing) {
    network.edge(made, written, Infinity);
    network.edge(read, had, Infinity);
  }
}

/** What it costs the kernel of a value to store it, beside all else that it stores. */
function writeCost(value: Value, { partition, plan, met }: Draft): number {
  const cluster = partition.home.get(value)!;
  const stores = plan.traffic.get(cluster)?.stores ?? [];
  if (cluster.kind === "loop" || stores.includes(value)) {
    const cost = (all: readonly Value[]): number => costWith(plan.again, cluster, all, partition);
    const others = stores.filter((each) => each !== value);
    return cost([...others, value]) - cost(others);
  }
  const known = met.get(cluster) ?? new Set<Value>();
  if (!met.has(cluster)) loadsWith(plan.again, cluster, stores, partition, known);
  met.set(cluster, known);
  return costWith(plan.again, cluster, [value], partition, known);
}

/** True for what kernels may compute that read it, and which is large enough to ask. */
export function isOpen(value: Value, partition: Partition): boolean {
  return isComputable(value, partition) && sizeOf(value) >= leastTensor;
}

/** True for what may be computed anywhere. */
const isComputable = (value: Value, { once }: Partition): boolean => isExpression(value) && !once.has(value);
