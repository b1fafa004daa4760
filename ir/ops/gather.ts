/// Reading and adding up where integers say. A gather is a product with a one-hot that is never made.
import { about } from "../diagnostic.ts";
import { addDims, multiplyDims, type Dim } from "../dim.ts";
import { axisRange, broadcastMismatch, dtypeMismatch } from "../errors.ts";
import { anySizes, checkArgument, checkOptions, checkTensor, manyTensors, whole } from "../options.ts";
import type { None } from "../static-axes.ts";
import type { Alike, AxisFits, BatchOf, Gathered, GatherFits, PlacesFit, WithAxis } from "../static-parts.ts";
import type { Of } from "../static.ts";
import { sameShape, type DType, type Shape } from "../type.ts";
import { apply, type Attrs, type CompositeOp, type GatherOp, type Tensor, type Value } from "../value.ts";
import { countedAxis, normalizeDim } from "./axis.ts";
import { add } from "./arithmetic.ts";
import { where } from "./choose.ts";
import { equal } from "./compare.ts";
import { gatherShape, scatterShape } from "./errors.ts";
import { transpose } from "./layout.ts";
import { maximum, minimum } from "./functions.ts";
import { iota, sizeValue } from "./leaf.ts";
import { broadcastAlong, sum } from "./sum.ts";

/** Leading axes that positions share with what is read. */
export const batchAxes = (attrs: Attrs): number => attrs.batch as number;

const range = (from: number, count: number): readonly number[] => Array.from({ length: count }, (_, i) => from + i);

const sharesBatch = (a: Shape, b: Shape, batch: number): boolean =>
  range(0, batch).every((axis) => a[axis] === b[axis] && a[axis] !== undefined);

export const gatherOp: GatherOp = {
  name: "gather",
  doc: "Reads the axis after the batch axes at given positions; a position outside it reads 0.",
  kind: "gather",
  infer([operand, indices], attrs) {
    const batch = batchAxes(attrs);
    const fits = operand.shape.length > batch && sharesBatch(operand.shape, indices.shape, batch);
    if (indices.dtype !== "i32" || !fits) throw gatherShape(batch, operand, indices);
    return { dtype: operand.dtype, shape: [...indices.shape, ...operand.shape.slice(batch + 1)] };
  },
  defaults: () => ({ batch: 0 }),
  transpose({ operands: [operand, indices], attrs }, cotangent) {
    const batch = batchAxes(attrs);
    return [apply(scatterAddOp, [indices, cotangent], { batch, extent: operand.type.shape[batch] }), null];
  },
};

/**
 * Σ of the updates whose position is i, for every i: positions [B…, K…] and updates [B…, K…, R…] → [B…, extent, R…]. Each
 * sum has a fixed order, so that results repeat bit by bit; a position outside 0…extent−1 adds nothing.
 */
export const scatterAddOp: CompositeOp = {
  name: "scatterAdd",
  doc: "Adds updates up at their positions along a new axis; the transpose of gather.",
  kind: "composite",
  infer([indices, updates], attrs) {
    const batch = batchAxes(attrs);
    const rank = indices.shape.length;
    const fits = rank >= batch && updates.shape.length >= rank && sharesBatch(indices.shape, updates.shape, rank);
    if (indices.dtype !== "i32" || updates.dtype === "bool" || !fits) throw scatterShape(batch, indices, updates);
    const shape = [...indices.shape.slice(0, batch), attrs.extent as Dim, ...updates.shape.slice(rank)];
    return { dtype: updates.dtype, shape };
  },
  defaults: () => ({ batch: 0 }),
  mapSizes: (attrs, map) => ({ ...attrs, extent: map(attrs.extent as Dim) }),
  expand([indices, updates], attrs) {
    // Space: batch axes, the new axis, the rest of an update, then the positions, which are summed over.
    const batch = batchAxes(attrs);
    const rank = indices.type.shape.length;
    const positions = indices.type.shape.slice(batch);
    const rest = updates.type.shape.slice(rank);
    const outer = [...indices.type.shape.slice(0, batch), attrs.extent as Dim, ...rest];
    const space = [...outer, ...positions];
    const positionAxes = range(outer.length, positions.length);
    const at = broadcastAlong(indices, space, [...range(0, batch), ...positionAxes]);
    const matches = equal(at, iota(space, batch));
    const spread = broadcastAlong(updates, space, [
      ...range(0, batch),
      ...positionAxes,
      ...range(batch + 1, rest.length),
    ]);
    const counted = where(matches, spread, 0);
    return positions.length === 0 ? counted : sum(counted, { axes: positionAxes });
  },
  transpose: ({ operands: [indices], attrs }, cotangent) => [
    null,
    apply(gatherOp, [cotangent, indices], { batch: batchAxes(attrs) }),
  ],
};

/** How many leading axes the tensors of a gather share (default 0). */
export interface BatchOptions {
  readonly batch?: number;
}

/** Throws `argument-invalid` for what is no tensor, and `dtype-mismatch` for positions that are not i32, in the name of what is given them. */
export function checkPositions(of: string, positions: Value): void {
  checkTensor(of, "positions", positions);
  const { type } = positions;
  if (type.dtype !== "i32") throw dtypeMismatch(of, "i32 positions", [type], undefined, 'cast(x, "i32") makes them so');
}

const batchOptions = { batch: whole(0) } as const;

/**
 * Reads `x` at positions: [B…, n, R…] at i32 [B…, K…] → [B…, K…, R…], `batch` leading axes shared (default 0). A position
 * outside 0…n−1 reads 0 and hands on no gradient. Errors: `gather-shape`.
 */
export function gather<
  D extends DType,
  S extends Shape,
  E extends DType,
  P extends Shape,
  const O extends BatchOptions = None,
>(
  x: Tensor<D, S>,
  indices: Of<"i32", "gather", E, P> & GatherFits<"gather", S, P, BatchOf<O>, unknown>,
  options?: O,
): Tensor<D, Gathered<S, P, BatchOf<O>>>;
export function gather(x: Value, indices: Value, options: BatchOptions = {}): Value {
  checkTensor("gather", "x", x);
  checkTensor("gather", "positions", indices);
  checkOptions("gather", options, batchOptions);
  const { batch = 0 } = options;
  return apply(gatherOp, [x, indices], { batch });
}

/** Entries of an axis at positions of any shape, which takes the place of the axis: an embedding is `take(table, tokens)`. */
export function take<D extends DType, S extends Shape, E extends DType, P extends Shape, const A extends number = 0>(
  x: Tensor<D, S>,
  indices: Of<"i32", "take", E, P>,
  axis?: A & AxisFits<"take", S, A>,
): Tensor<D, WithAxis<S, A, P>>;
export function take(x: Value, indices: Value, axis = 0): Value {
  checkTensor("take", "x", x);
  checkPositions("take", indices);
  const rank = x.type.shape.length;
  const along = countedAxis("take", axis, rank);
  const others = range(0, rank).filter((each) => each !== along);
  const read = gather(transpose(x, [along, ...others]), indices);
  const inserted = indices.type.shape.length;
  const permutation = range(0, rank + inserted - 1).map((place) =>
    place < along ? inserted + place : place < along + inserted ? place - along : place,
  );
  return transpose(read, permutation);
}

/** For each place of `indices`, the entry of the axis that it names: `indices` has the shape of `x` but along the axis. */
export function takeAlongAxis<
  D extends DType,
  S extends Shape,
  E extends DType,
  P extends Shape,
  const A extends number,
>(
  x: Tensor<D, S>,
  indices: Of<"i32", "takeAlongAxis", E, P> & PlacesFit<"takeAlongAxis", S, P, A, unknown>,
  axis: A & AxisFits<"takeAlongAxis", S, A>,
): Tensor<D, P>;
export function takeAlongAxis(x: Value, indices: Value, axis: number): Value {
  checkTensor("takeAlongAxis", "x", x);
  const rank = x.type.shape.length;
  const along = countedAxis("takeAlongAxis", axis, rank);
  checkPositions("takeAlongAxis", indices);
  const toLast = [...range(0, rank).filter((each) => each !== along), along];
  const back = range(0, rank).map((place) => toLast.indexOf(place));
  const read = gather(transpose(x, toLast), transpose(indices, toLast), { batch: rank - 1 });
  return transpose(read, back);
}

/** `x` with updates added at positions of its first axis after `batch` shared ones; several at one position add up. */
export function scatterAdd<
  D extends DType,
  S extends Shape,
  E extends DType,
  P extends Shape,
  U extends Shape,
  const O extends BatchOptions = None,
>(
  x: Tensor<D, S>,
  indices: Of<"i32", "scatterAdd", E, P> & GatherFits<"scatterAdd", S, P, BatchOf<O>, unknown>,
  updates: Tensor<NoInfer<D>, U> & Alike<"scatterAdd", Gathered<S, P, BatchOf<O>>, U, unknown>,
  options?: O,
): Tensor<D, S>;
export function scatterAdd(x: Value, indices: Value, updates: Value, options: BatchOptions = {}): Value {
  checkTensor("scatterAdd", "x", x);
  checkTensor("scatterAdd", "positions", indices);
  checkTensor("scatterAdd", "updates", updates);
  checkOptions("scatterAdd", options, batchOptions);
  const { batch = 0 } = options;
  const extent = x.type.shape[batch];
  if (extent === undefined) throw axisRange("scatterAdd", [batch], x.type.shape.length);
  const sums = apply(scatterAddOp, [indices, updates], { batch, extent });
  about([x, updates], () => {
    if (!sameShape(sums.type.shape, x.type.shape)) throw broadcastMismatch("scatterAdd", x.type, sums.type);
  });
  return add(x, sums);
}

/** A part of fixed size that begins where i32 scalars say, one for each axis; a start too far right or left is moved in. */
export function dynamicSlice<D extends DType, const Z extends Shape>(
  x: Tensor<D>,
  starts: readonly Value[],
  sizes: Z,
): Tensor<D, Z>;
export function dynamicSlice(x: Value, starts: readonly Value[], sizes: Shape): Value {
  checkTensor("dynamicSlice", "x", x);
  checkArgument("dynamicSlice", "starts", starts, manyTensors);
  checkArgument("dynamicSlice", "sizes", sizes, anySizes);
  const rank = x.type.shape.length;
  if (starts.length !== rank || sizes.length !== rank) throw axisRange("dynamicSlice", [starts.length - 1], rank);
  return starts.reduce((part, start, axis) => {
    const extent = normalizeDim(sizes[axis]);
    if (extent === part.type.shape[axis]) return part;
    return take(part, add(clampedStart(start, part.type.shape[axis], extent), iota([extent], 0)), axis);
  }, x);
}

/** A start from which so many elements remain. */
function clampedStart(start: Value, extent: Dim, size: Dim): Value {
  const most = sizeValue(addDims(extent, multiplyDims(size, -1)), start.type.dtype);
  return minimum(maximum(start, 0), most);
}
