/// Which kernels run side by side, in one dispatch: those that do not wait for each other, have workgroups of one size,
/// and bind few buffers together. A dispatch costs more than a branch, and small kernels leave a device idle.
import { sumOp } from "../ir/ops/sum.ts";
import { elementCount } from "../ir/type.ts";
import type { Value } from "../ir/value.ts";
import { countBindings, noneShares, type Shares } from "./cluster/bindings.ts";
import { rowsOfGroup } from "./cluster/columns.ts";
import { mostBindings, type Cluster } from "./cluster/partition.ts";
import { isHeld, loadOf, type Load } from "./dispatch-limits.ts";
import { groupsOf } from "./lower/contraction/arrange.ts";
import { tileCounts } from "./lower/contraction/tile.ts";
import { rowParts } from "./cluster/row-parts.ts";
import { isInQuads } from "./cluster/within.ts";
import { describeContraction } from "./lower/contraction-shape.ts";
import { targetTensor } from "./lower/kernel.ts";
import { arrangeRows, fullStores, isAlongRow } from "./lower/arrange-rows.ts";
import { needsNoBarrier, rowsOf, sharedThreads, unitsOf } from "./lower/rows.ts";
import { tensorsOf, type PlannedStep, type Together } from "./plan.ts";
import { createSigner } from "./signature.ts";
import { addSlabs, fitBuffers, slabsOf, type SlabType } from "./slabs.ts";

/** A single row of more elements than this is no work for one small workgroup. */
const longestRow = 4096;

/** Where tensors lie, as far as it is known before they have places. */
export interface Buffering {
  /** Those in a buffer of their own. */
  readonly outputs: ReadonlySet<Value>;
  /** Those in another, as halves. */
  readonly halves?: ReadonlySet<Value>;
  /** Where buffers are larger than what can be bound, kernels bind tensors, and fewer of them fit in a dispatch. */
  readonly bindsBuffers?: boolean;
  /** Tensors that take one binding where they would take too many. */
  readonly shares?: Shares;
  /** The tensor around all loops that one in a loop stands for. */
  readonly resolve?: (tensor: Value) => Value;
}

/** The dispatches of steps, in an order in which each finds what it needs. */
export function sideBySide(
  steps: readonly PlannedStep[],
  { outputs, halves = new Set(), bindsBuffers = true, shares = noneShares, resolve = (tensor) => tensor }: Buffering,
  signer = createSigner(),
): readonly Together[] {
  const before = waitsOf(steps);
  const grids = steps.map(remembered(gridOf, (step) => signer.of(step).text));
  const tensors = steps.map(tensorsOf);
  const slabs = tensors.map((all) => slabsOf([...all].map(resolve), outputs, halves));
  const loads = steps.map((step, at) => loadOf(step, grids[at].workgroups, signer));
  const table = createTable({ grids, tensors, slabs, loads, bindsBuffers, shares });
  latest(before).forEach((level, step) => {
    if (!table.join(step, level)) table.start(step, level);
  });
  const earliestOf = (step: number): number =>
    before[step].reduce((level, other) => Math.max(level, table.groupOf(other).level + 1), -Infinity);
  meetOthers(table, earliestOf);
  meetReaders(tensors, table, earliestOf);
  meetOthers(table, earliestOf);
  return table.groups
    .filter((group) => group.steps.length > 0)
    .sort((x, y) => x.level - y.level)
    .map(({ kind, steps: all }) => ({ steps: all.map((step) => steps[step]), apart: kind === "apart" }));
}

/** What found nobody may find others earlier, as soon as what it needs is there, or whom those around it have left. */
function meetOthers({ groups, join, leave }: Table, earliestOf: (step: number) => number): void {
  const levels = [...new Set(groups.map(({ level }) => level))].sort((x, y) => y - x);
  for (const group of groups.filter((each) => each.steps.length === 1)) {
    if (group.steps.length > 1) continue;
    const [step] = group.steps;
    const earliest = earliestOf(step);
    if (levels.some((level) => level >= earliest && level <= group.level && join(step, level))) leave(step, group);
  }
}

/** Fewer bytes are not worth a move; who has moved may make room for others, which are asked again. */
const [leastShared, sweeps] = [1024, 2];

/** So may what binds more bytes of the same tensors as others there: a dispatch binds a tensor once. */
function meetReaders(
  tensors: readonly ReadonlySet<Value>[],
  { groupOf, fits, put, leave }: Table,
  earliestOf: (step: number) => number,
): void {
  const users = new Map<Value, number[]>();
  tensors.forEach((all, step) => all.forEach((tensor) => addTo(users, tensor, step)));
  for (let step = 0; step < sweeps * tensors.length; step++) move(step % tensors.length);

  function move(step: number): void {
    const own = groupOf(step);
    if (own.kind === "alone") return;
    const shared = new Map<Group, number>();
    for (const tensor of tensors[step]) {
      const bytes = 4 * (elementCount(tensor.type.shape) as number);
      const others = users.get(tensor)!.filter((other) => other !== step);
      for (const group of new Set(others.map(groupOf))) shared.set(group, (shared.get(group) ?? 0) + bytes);
    }
    const earliest = earliestOf(step);
    let nearest = own;
    for (const [group, bytes] of shared) {
      const isBetter =
        bytes >= leastShared + (shared.get(nearest) ?? 0) && group.level >= earliest && group.level <= own.level;
      if (isBetter && fits(step, group)) nearest = group;
    }
    if (nearest === own) return;
    leave(step, own);
    put(step, nearest);
  }
}

/** Groups while they are filled; steps are numbers. */
interface Table {
  readonly groups: readonly Group[];
  groupOf(step: number): Group;
  start(step: number, level: number): void;
  put(step: number, group: Group): void;
  /** Takes a step out of a group, also when it has a place in another one by now. */
  leave(step: number, group: Group): void;
  fits(step: number, group: Group): boolean;
  /** Puts a step into the first group of a level that it fits; false where there is none. */
  join(step: number, level: number): boolean;
}

/** What is known of each step. */
interface Steps {
  readonly grids: readonly Grid[];
  readonly tensors: readonly ReadonlySet<Value>[];
  readonly slabs: readonly ReadonlyMap<unknown, SlabType>[];
  readonly loads: readonly Load[];
  readonly bindsBuffers: boolean;
  readonly shares: Shares;
}

function createTable({ grids, tensors, slabs, loads, bindsBuffers, shares }: Steps): Table {
  const kinds = grids.map(({ kind }) => kind);
  const groups: Group[] = [];
  /** Those of one level and kind, in the order in which they were made. */
  const alike = new Map<string, Group[]>();
  const place = new Map<number, Group>();
  const put = (step: number, group: Group): void => {
    group.steps.push(step);
    for (const tensor of tensors[step]) group.tensors.add(tensor);
    addSlabs(group.slabs, slabs[step]);
    place.set(step, group);
  };
  const fits = (step: number, group: Group): boolean =>
    kinds[step] !== "alone" &&
    (kinds[step] === group.kind || (group.kind === "barriers" && grids[step].joinsBarriers)) &&
    isHeld([...group.steps, step].map((each) => loads[each])) &&
    (countBindings(new Set([...group.tensors, ...tensors[step]]), shares) <= mostBindings ||
      (bindsBuffers && fitBuffers(group.slabs, slabs[step])));
  return {
    groups,
    put,
    fits,
    groupOf: (step) => place.get(step)!,
    start(step, level) {
      const group: Group = { level, kind: kinds[step], steps: [], tensors: new Set(), slabs: new Map() };
      groups.push(group);
      addTo(alike, `${group.kind} ${level}`, group);
      put(step, group);
    },
    leave(step, group) {
      const others = group.steps.splice(0).filter((each) => each !== step);
      group.tensors.clear();
      group.slabs.clear();
      for (const other of others) put(other, group);
    },
    join(step, level) {
      const fitting = [kinds[step], ...(grids[step].joinsBarriers ? ["barriers"] : [])];
      const near = fitting.flatMap((kind) => alike.get(`${kind} ${level}`) ?? []);
      const own = place.get(step);
      const group = near.find((each) => each !== own && each.steps.length > 0 && fits(step, each));
      if (group) put(step, group);
      return group !== undefined;
    },
  };
}

/** What threads a kernel asks for. */
export interface Grid {
  readonly kind: ReturnType<typeof kindOf>;
  readonly workgroups: number;
  /** It may also run beside kernels with barriers. */
  readonly joinsBarriers: boolean;
}

/** The threads of a kernel that may run beside others. */
export function gridOf(step: PlannedStep): Grid {
  const kind = kindOf(step);
  const joinsBarriers = kind === "apart" && mayHaveBarriers(step);
  return { kind, workgroups: kind === "alone" ? Infinity : workgroupsOf(step, kind), joinsBarriers };
}

/** True for rows that threads of one workgroup may take alone or together; products are too much work to wait for. */
function mayHaveBarriers({ traffic }: PlannedStep): boolean {
  const { kind, space, axes } = traffic.cluster;
  if (kind !== "reduce") return kind === "map";
  const { rows, lanes } = arrangeRows(traffic, rowsOf(space, axes), { apart: false });
  return lanes === 1 || rows * lanes === sharedThreads;
}

/** The function, which goes by what `keyOf` says and looks at one of those that are alike. */
function remembered<T, R>(find: (each: T) => R, keyOf: (each: T) => string): (each: T) => R {
  const known = new Map<string, R>();
  return (each) => {
    const key = keyOf(each);
    const found = known.get(key) ?? find(each);
    known.set(key, found);
    return found;
  };
}

/** Adds an item to the list under a key. */
function addTo<K, T>(lists: Map<K, T[]>, key: K, item: T): void {
  const known = lists.get(key);
  if (known) known.push(item);
  else lists.set(key, [item]);
}

/** Steps that run together, by their numbers. */
interface Group {
  readonly level: number;
  readonly kind: string;
  readonly steps: number[];
  /** What they bind. */
  readonly tensors: Set<Value>;
  readonly slabs: Map<unknown, SlabType>;
}

/** For each step those that must have run: they write what it reads, or read or write what it overwrites. */
export function waitsOf(steps: readonly PlannedStep[]): readonly (readonly number[])[] {
  const [readers, writers] = [new Map<Value, number[]>(), new Map<Value, number[]>()];
  return steps.map(({ traffic, targets }, step) => {
    const written = [...targets.values()].flat().map(targetTensor);
    const before = [
      ...traffic.loads.flatMap((tensor) => writers.get(tensor) ?? []),
      ...written.flatMap((tensor) => [...(readers.get(tensor) ?? []), ...(writers.get(tensor) ?? [])]),
    ];
    for (const tensor of traffic.loads) addTo(readers, tensor, step);
    for (const tensor of written) addTo(writers, tensor, step);
    return [...new Set(before)];
  });
}

/** For each step the latest time at which it can go, counted backwards from the end: those that nobody waits for are last. */
function latest(before: readonly (readonly number[])[]): readonly number[] {
  const times = before.map(() => 0);
  for (let step = before.length - 1; step >= 0; step--) {
    for (const other of before[step]) times[other] = Math.min(times[other], times[step] - 1);
  }
  return times;
}

/** Kernels of one kind have workgroups of one size, and all of them have barriers or none. */
function kindOf({ traffic }: PlannedStep): "apart" | "barriers" | "alone" {
  const { cluster, stores } = traffic;
  if (cluster.kind === "map" || cluster.kind === "contract") return "apart";
  if (cluster.kind !== "reduce") return "alone";
  const rows = rowsOf(cluster.space, cluster.axes);
  const hasColumns = rowsOfGroup(cluster) !== undefined;
  const isBrief = needsNoBarrier(rows) || isSumOfColumns(cluster);
  const mayBeApart = !hasColumns && rowParts(cluster) === 1 && fullStores(stores, cluster).length === 0;
  if (isBrief && mayBeApart) return "apart";
  // A single row that long deserves more threads than the others have.
  if (rows.rowCount === 1 && !(Number(rows.length) <= longestRow)) return "alone";
  const { rows: side, lanes } = arrangeRows(traffic, rows, { apart: false });
  if (lanes === 1 && !hasColumns) return "apart";
  return side * lanes === sharedThreads ? "barriers" : "alone";
}

/** True for columns that are added up: those too long for quads are in parts, but where a product beside them takes as long. */
function isSumOfColumns(cluster: Cluster): boolean {
  const reductions = [...cluster.members].filter(({ op }) => op.kind === "reduction");
  return !isAlongRow(cluster) && reductions.every(({ op }) => op === sumOp);
}

/** Workgroups of a kernel in a group. */
function workgroupsOf({ traffic }: PlannedStep, kind: ReturnType<typeof kindOf>): number {
  const { cluster } = traffic;
  if (cluster.kind === "map") return Math.ceil((elementCount(cluster.space) as number) / sharedThreads);
  if (cluster.kind === "reduce") {
    const rows = rowsOf(cluster.space, cluster.axes);
    const { rows: side, tall } = arrangeRows(traffic, rows, { apart: kind === "apart" });
    return Math.ceil((unitsOf(rows.rowCount, tall) as number) / side);
  }
  const root = [...cluster.members].find(({ op }) => op.kind === "contraction")!;
  const shape = describeContraction(root, sharedThreads, isInQuads(cluster));
  return groupsOf(tileCounts(shape), shape.tile).reduce((total, each) => total * each);
}
