/// Which values share a kernel: a partition over the unchanged graph.
///
/// Contractions and reductions anchor clusters. An elementwise value joins the latest cluster that produces an operand
/// of it at the very index that it reads (an epilogue); values of leaves alone are recomputed wherever they are used.
import { elementCount, sameShape, type Shape } from "../../ir/type.ts";
import { settingOp } from "../../ir/ops/leaf.ts";
import { keptAxes } from "../../ir/ops/sum.ts";
import { postorder, underLayouts, type Value } from "../../ir/value.ts";
import { indexAlgebra } from "../lower/index.ts";
import { readsOf, sameIndex, spaceIndex, throughLayouts } from "./access.ts";

/** Values computed in one kernel. */
export interface Cluster {
  readonly kind: "map" | "reduce" | "contract" | "cumulative" | "sort";
  /** The iteration space: of an elementwise kernel and a contraction the result, of a reduction the operand. */
  readonly space: Shape;
  /** Reduced axes of the space; empty for other kinds. */
  readonly axes: readonly number[];
  readonly members: Set<Value>;
  /** Accepts no further values. */
  readonly sealed: boolean;
}

/** A partition of the values that roots depend on. */
export interface Partition {
  readonly clusters: readonly Cluster[];
  /** The cluster that computes a value; absent for leaves, layouts and values recomputed where they are used. */
  readonly home: ReadonlyMap<Value, Cluster>;
  /** Results that follow from leaves by a cheap chain: written once, but recomputed by whoever else reads them. */
  readonly recomputed: ReadonlySet<Value>;
}

/** A value that must start a kernel of its own, because a shared one would bind too many tensors. */
export type Cuts = ReadonlySet<Value>;

/** Tensors that a kernel may bind: WebGPU's default maxStorageBuffersPerShaderStage. */
export const mostBindings = 8;

/** A piecewise value of more operands than this is written to memory. */
const mostPieces = 6;

/** Chains over leaves alone of at most this many ops are recomputed by every user. */
const cheapChain = 12;

/** Partitions the values under `roots`. */
export function cluster(roots: readonly Value[], cuts: Cuts = new Set()): Partition {
  const clusters: Cluster[] = [];
  const home = new Map<Value, Cluster>();
  const order = postorder(roots);
  const contracted = new Set(
    order.flatMap((value) => (value.op.kind === "contraction" ? value.operands.map(underLayouts) : [])),
  );

  const add = (value: Value, kind: Cluster["kind"], space: Shape, axes: readonly number[] = []): void => {
    const created = { kind, space, axes, members: new Set([value]), sealed: cuts.has(value) || kind === "sort" };
    clusters.push(created);
    home.set(value, created);
  };
  const join = (value: Value, target: Cluster): void => {
    target.members.add(value);
    home.set(value, target);
  };
  for (const value of order) {
    switch (value.op.kind) {
      case "leaf":
      case "layout":
        break;
      case "piecewise":
        // An expression wherever it is read, unless it has grown wide: then it is written once.
        if (!cuts.has(value) && piecesUnder(value, home) <= mostPieces) break;
        add(value, "map", value.type.shape);
        break;
      case "cumulative":
      case "sort":
        add(value, value.op.kind, value.operands[0].type.shape, [value.attrs.axis as number]);
        break;
      case "contraction":
        add(value, "contract", value.type.shape);
        break;
      case "reduction": {
        const space = value.operands[0].type.shape;
        const axes = value.attrs.axes as readonly number[];
        const target = cuts.has(value) ? undefined : findReduction(value, space, axes, clusters, home);
        if (target) join(value, target);
        else add(value, "reduce", space, axes);
        break;
      }
      case "gather":
      case "elementwise": {
        if (!cuts.has(value) && isCheapChain(value, home) && !(contracted.has(value) && isCostly(value))) break;
        const target = cuts.has(value) ? undefined : findEpilogue(value, clusters, home);
        if (target) join(value, target);
        else add(value, "map", value.type.shape);
        break;
      }
      case "composite":
      case "derivative":
        throw new TypeError("composites and derivatives must be expanded before clustering");
      default:
        value.op satisfies never;
    }
  }
  const recomputed = new Set(roots.filter((root) => !home.has(root)));
  for (const root of recomputed) placeRoot(root, clusters, home, add, join);
  return { clusters, home, recomputed };
}

/** Computed values that a value reads, through layouts and through values that are recomputed. */
export function sourcesOf(value: Value, home: ReadonlyMap<Value, Cluster>): readonly Value[] {
  const sources = new Set<Value>();
  const visit = (operand: Value): void => {
    const base = underLayouts(operand);
    if (home.has(base)) sources.add(base);
    else base.operands.forEach(visit);
  };
  value.operands.forEach(visit);
  return [...sources];
}

/** A result that no cluster computes (a leaf, a layout, a cheap chain) still has to be written by one. */
function placeRoot(
  root: Value,
  clusters: readonly Cluster[],
  home: Map<Value, Cluster>,
  add: (value: Value, kind: Cluster["kind"], space: Shape) => void,
  join: (value: Value, target: Cluster) => void,
): void {
  // A scalar costs nothing beside a reduction to a scalar; anything else gets a kernel.
  const scalar = root.type.shape.length === 0;
  const target = scalar
    ? clusters.find((each) => each.kind === "reduce" && each.axes.length === each.space.length && !each.sealed)
    : undefined;
  if (target && canJoin(root, target, home)) join(root, target);
  else add(root, "map", root.type.shape);
}

function findReduction(
  value: Value,
  space: Shape,
  axes: readonly number[],
  clusters: readonly Cluster[],
  home: ReadonlyMap<Value, Cluster>,
): Cluster | undefined {
  return clusters.find(
    (each) =>
      each.kind === "reduce" &&
      !each.sealed &&
      sameShape(each.space, space) &&
      each.axes.length === axes.length &&
      each.axes.every((axis, i) => axis === axes[i]) &&
      sharesInput(value, each, home) &&
      readsCanonically(value.operands[0], spaceIndex(space), each, home) &&
      !isCrowded(value, each, home) &&
      canJoin(value, each, home),
  );
}

/** Two reductions that read nothing in common gain nothing from one kernel; of totals, the dispatch itself is the gain. */
function sharesInput(value: Value, target: Cluster, home: ReadonlyMap<Value, Cluster>): boolean {
  if (value.type.shape.length === 0) return true;
  const own = inputsOf([value], target, home);
  const others = inputsOf([...target.members], target, home);
  return [...own].some((each) => others.has(each));
}

/** True when the kernel of `target` with `value` would surely bind more tensors than it may, one being for a result. */
function isCrowded(value: Value, target: Cluster, home: ReadonlyMap<Value, Cluster>): boolean {
  const inputs = inputsOf([...target.members, value], target, home);
  const tensors = [...inputs].filter((each) => (each.op.kind === "leaf" ? each.op !== settingOp : isElsewhere(each)));
  return tensors.length >= mostBindings;

  function isElsewhere(each: Value): boolean {
    return home.has(each) && home.get(each) !== target;
  }
}

/** What values read that `target` does not compute, and what is recomputed on the way. */
function inputsOf(values: readonly Value[], target: Cluster, home: ReadonlyMap<Value, Cluster>): ReadonlySet<Value> {
  const found = new Set<Value>();
  const pending = values.flatMap((value) => value.operands.map(underLayouts));
  for (let base = pending.pop(); base; base = pending.pop()) {
    if (base.constant || found.has(base)) continue;
    found.add(base);
    if (!home.has(base) || home.get(base) === target) pending.push(...base.operands.map(underLayouts));
  }
  return found;
}

/** The latest cluster whose result the value reads in place. */
function findEpilogue(
  value: Value,
  clusters: readonly Cluster[],
  home: ReadonlyMap<Value, Cluster>,
): Cluster | undefined {
  const candidates = new Set(sourcesOf(value, home).map((source) => home.get(source)!));
  const latestFirst = [...candidates].sort((a, b) => clusters.indexOf(b) - clusters.indexOf(a));
  return latestFirst.find((each) => {
    if (each.sealed) return false;
    const index = indexWithin(value.type.shape, each);
    return (
      index !== undefined &&
      value.operands.every((operand) => readsCanonically(operand, index, each, home)) &&
      !isCrowded(value, each, home) &&
      canJoin(value, each, home)
    );
  });
}

/**
 * The index of a value of this shape within a cluster's space, or undefined when the shape is not the cluster's. A value
 * a row may keep axes of extent 1 where the reduction took them away.
 */
export function indexWithin(shape: Shape, target: Cluster): ReturnType<typeof spaceIndex> | undefined {
  const full = spaceIndex(target.space);
  if (sameShape(shape, target.space)) return full;
  const rows = keptAxes(target.space.length, target.axes).filter((axis) => target.space[axis] !== 1);
  const extents = shape.filter((extent) => extent !== 1);
  if (
    target.kind !== "reduce" ||
    !sameShape(
      extents,
      rows.map((axis) => target.space[axis]),
    )
  )
    return undefined;
  const parts = rows.map((axis) => full[axis]);
  return shape.map((extent) => (extent === 1 ? indexAlgebra.constant(0) : parts.shift()!));
}

/** True when members of `target` under `operand` are read at their own index, so that a register holds them. */
function readsCanonically(
  operand: Value,
  index: ReturnType<typeof spaceIndex>,
  target: Cluster,
  home: ReadonlyMap<Value, Cluster>,
): boolean {
  const access = throughLayouts(operand, index);
  const base = access.value;
  if (home.get(base) === target) {
    const own = indexWithin(base.type.shape, target);
    return own !== undefined && sameIndex(access.index, own);
  }
  if (home.has(base) || base.op.kind === "leaf") return true;
  return readsOf(base, access.index).every((read) => readsCanonically(read.value, read.index, target, home));
}

/** How many operands a piecewise value has, counting through those that are expressions in their turn. */
function piecesUnder(value: Value, home: ReadonlyMap<Value, Cluster>): number {
  return value.operands.reduce((total, operand) => {
    const base = underLayouts(operand);
    return total + (base.op.kind === "piecewise" && !home.has(base) ? piecesUnder(base, home) : 1);
  }, 0);
}

/** True when nothing that the value needs depends on `target` through another cluster. */
function canJoin(value: Value, target: Cluster, home: ReadonlyMap<Value, Cluster>): boolean {
  const seen = new Set<Cluster>();
  const reaches = (from: Cluster): boolean => {
    if (from === target) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    return [...from.members].some((member) =>
      sourcesOf(member, home).some((source) => home.get(source) !== from && reaches(home.get(source)!)),
    );
  };
  return sourcesOf(value, home).every((source) => home.get(source) === target || !reaches(home.get(source)!));
}

/** An elementwise value over leaves alone, short enough to recompute. */
function isCheapChain(value: Value, home: ReadonlyMap<Value, Cluster>): boolean {
  return sourcesOf(value, home).length === 0 && chainLength(value, home) <= cheapChain;
}

function chainLength(value: Value, home: ReadonlyMap<Value, Cluster>): number {
  const base = underLayouts(value);
  if (base.op.kind === "leaf" || home.has(base)) return 0;
  return base.operands.reduce((total, operand) => total + chainLength(operand, home), 1);
}

/** A contraction reads an operand many times: recomputing pays only for a few cheap ops that read no more bytes. */
function isCostly(value: Value): boolean {
  const chain = postorder([value]).filter((each) => each.op.kind === "elementwise");
  const loads = postorder([value]).filter(
    (each) =>
      each.op.kind === "leaf" && !each.constant && elementCount(each.type.shape) === elementCount(value.type.shape),
  );
  return (
    postorder([value]).some((each) => each.op.kind === "gather") ||
    chain.length > 4 ||
    loads.length > 1 ||
    chain.some((each) => each.op.kind === "elementwise" && (each.op.helpers?.length ?? 0) > 0)
  );
}
