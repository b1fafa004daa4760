/// Where a value is in a kernel: its index among those that a thread has, and whether registers hold what it reads there.
import { multiplyDims, type Dim } from "../../ir/dim.ts";
import { joinIndex, splitIndex } from "../../ir/ops/layout.ts";
import { axesOf, keptAxes, sumOp } from "../../ir/ops/sum.ts";
import { elementCount, sameShape, type Shape } from "../../ir/type.ts";
import { underLayouts, type Value } from "../../ir/value.ts";
import { indexAlgebra, type Index } from "../lower/index.ts";
import {
  afterLayouts,
  firstAxes,
  fitsFours,
  fitsQuads,
  hasManyResults,
  isAtExtreme,
  isExtreme,
  isRow,
  neighbours,
  quadNeighbours,
  readsOf,
  sameIndex,
  throughLayouts,
  throughRenaming,
  type Access,
} from "./access.ts";
import { isColumnSum } from "./columns.ts";
import type { Cluster, View } from "./partition.ts";
import { rowParts } from "./row-parts.ts";

/**
 * The view in which a reduction sees a product whose threads have the neighbours that it takes, all of a last axis: one the
 * four, or a quad the sixteen that are added up. Undefined where they do not.
 */
export function neighbourView(value: Value, target: Cluster, home: ReadonlyMap<Value, Cluster>): View | undefined {
  const [operand] = value.operands;
  const { shape } = operand.type;
  if (target.kind !== "contract" || !hasManyResults(target.space)) return undefined;
  const place = placeAmong(shape.at(-1), value, target);
  if (!place || axesOf(value).join() !== `${shape.length - 1}`) return undefined;
  const view = viewAs(shape, target) ?? (operand.op.kind === "layout" ? viewOf(operand, target, home) : undefined);
  const index = view && afterLayouts(target.index, view.layouts);
  const isWhole = index && sameIndex(index.slice(-1), [place]);
  return isWhole && isCanonical({ value: operand, index }, target, home) ? view : undefined;
}

/** The place of an element among so many neighbours, where threads have them; all reductions of a product take as many. */
function placeAmong(count: Dim | undefined, { op }: Value, target: Cluster): Index | undefined {
  const { space, index, members } = target;
  const [product] = members;
  const [, first] = firstAxes(product);
  if (first === space.length || count === undefined || (neighboursOf(target) ?? count) !== count) return undefined;
  if (count === neighbours && space.at(-1) === count) return index.at(-1);
  const isOfColumns = count === neighbours ? fitsFours(product) : count === quadNeighbours && fitsQuads(product);
  if (!isOfColumns || op !== sumOp) return undefined;
  const column = joinIndex(index.slice(first), space.slice(first), indexAlgebra);
  return indexAlgebra.remainder(column, count);
}

/** How many neighbours the reductions of a product take; undefined where there are none. */
export function neighboursOf({ kind, axes, members }: Cluster): number | undefined {
  if (kind !== "contract" || axes.length === 0) return undefined;
  const reduction = [...members].find(({ op }) => op.kind === "reduction");
  return reduction?.operands[0].type.shape.at(-1) as number | undefined;
}

/** True for a product that quads of threads add up. */
export const isInQuads = (cluster: Cluster): boolean => neighboursOf(cluster) === quadNeighbours;

/** The value's shape as a view of a contraction's result: what is read of it in place is read through transposes and reshapes. */
export function viewOf(value: Value, target: Cluster, home: ReadonlyMap<Value, Cluster>): View | undefined {
  if (target.kind !== "contract") return undefined;
  for (const operand of value.op.kind === "layout" ? [value] : value.operands) {
    const { under: base, layouts } = throughRenaming(operand);
    const { shape } = base.type;
    const inner = viewAs(shape, target);
    if (inner && home.get(base) === target) return { shape: value.type.shape, layouts: [...inner.layouts, ...layouts] };
  }
  return undefined;
}

/**
 * The index of a value of this shape within a cluster's space, or undefined when the shape is not the cluster's. A value of
 * a row may keep axes of extent 1 where the reduction took them away.
 */
export function indexWithin(shape: Shape, target: Cluster): readonly Index[] | undefined {
  const { space, index } = target;
  const seen = seenAs(shape, index, target);
  if (seen) return seen;
  if (target.kind === "contract") return rowWithin(shape, index, target);
  if (target.kind !== "reduce") return undefined;
  if (!isRow(shape, space, target.axes)) return partWithin(shape, target);
  const rows = keptAxes(space.length, target.axes).filter((axis) => space[axis] !== 1);
  const parts = rows.map((axis) => index[axis]);
  return shape.map((extent) => (extent === 1 ? indexAlgebra.constant(0) : parts.shift()!));
}

/** The index of a value that is one number for each part of a kernel's rows, where these are taken in parts. */
function partWithin(shape: Shape, target: Cluster): readonly Index[] | undefined {
  const { space, index, axes } = target;
  const parts = rowParts(target);
  const count = elementCount(keptAxes(space.length, axes).map((axis) => space[axis]));
  if (parts === 1 || elementCount(shape) !== multiplyDims(count, parts)) return undefined;
  const length = (elementCount(space) as number) / (elementCount(shape) as number);
  return splitIndex(indexAlgebra.divide(joinIndex(index, space, indexAlgebra), length), shape, indexAlgebra);
}

/** The index of a value that is one number for all neighbours of a product, from an index of the product. */
export function rowWithin(shape: Shape, index: readonly Index[], target: Cluster): readonly Index[] | undefined {
  const count = neighboursOf(target);
  return count === undefined ? undefined : seenAs([...shape, count], index, target)?.slice(0, -1);
}

/**
 * The index of a value of this shape from one of the space: they may be views of each other. A row kernel goes over elements
 * as they lie, whatever axes they have.
 */
export function seenAs(shape: Shape, index: readonly Index[], target: Cluster): readonly Index[] | undefined {
  const { kind, space } = target;
  if (kind === "reduce" && elementCount(shape) === elementCount(space)) {
    return sameShape(shape, space) ? index : splitIndex(joinIndex(index, space, indexAlgebra), shape, indexAlgebra);
  }
  const view = viewAs(shape, target);
  return view && afterLayouts(index, view.layouts);
}

/** The view of the space under a shape; the space is one of itself. */
function viewAs(shape: Shape, { space, views }: Cluster): View | undefined {
  return sameShape(shape, space) ? { shape, layouts: [] } : views?.find((each) => sameShape(each.shape, shape));
}

/** True when members of `target` under what is read there are read at their own index, so that a register holds them. */
export function isCanonical(read: Access, target: Cluster, home: ReadonlyMap<Value, Cluster>): boolean {
  const under = underLayouts(read.value);
  const source = home.get(under);
  // What lies in memory is read anywhere.
  if (source ? source !== target : under.op.kind === "leaf") return true;
  const { value: base, index } = throughLayouts(read.value, read.index);
  if (!source) return readsOf(base, index).every((inner) => isCanonical(inner, target, home));
  // A part of a column is there when all rows have been.
  const own = isColumnSum(base, target) ? undefined : indexWithin(base.type.shape, target);
  return own !== undefined && sameIndex(index, own);
}

/** True for an element at the place of an extreme of neighbours that a thread has. */
export function isAtExtremeWithin(value: Value, { kind, members }: Cluster): boolean {
  return kind === "contract" && isAtExtreme(value) && members.has(value.operands[1]);
}

/** What a value reads at an index; the extreme is known with its place, and what else is there lies beside it. */
export function readsWithin(value: Value, index: readonly Index[], target: Cluster): readonly Access[] {
  if (!isAtExtremeWithin(value, target)) return readsOf(value, index);
  const [data, place] = value.operands;
  const four = isExtreme(value) ? undefined : indexWithin(data.type.shape, target);
  return [{ value: place, index }, ...(four ? [{ value: data, index: four }] : [])];
}
