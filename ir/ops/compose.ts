/// Rearrangements as compositions: axes added, merged and moved, tensors stacked, split, repeated and rolled. None of
/// these is an op of its own, so each has its derivative and its kernel from what it is made of.
import { addDims, multiplyDims, type Dim } from "../dim.ts";
import { axisRange } from "../errors.ts";
import {
  anySize,
  anySizes,
  checkArgument,
  checkTensor,
  extents,
  manyTensors,
  someAxes,
  wholeEach,
} from "../options.ts";
import { sameShape, type DType, type Shape } from "../type.ts";
import type { Tensor, Value } from "../value.ts";
import { countedAxis, normalizeDim } from "./axis.ts";
import { partSizes } from "./errors.ts";
import { reshapeTo, transpose } from "./layout.ts";
import { concatenate, slice } from "./pad.ts";
import { broadcastAlong, broadcastTo, normalizeAxes } from "./sum.ts";

/** A new axis of extent 1, at this place of the result (negative counts from its last). */
export function expandDims<D extends DType>(x: Tensor<D>, axis: number): Tensor<D>;
export function expandDims(x: Value, axis: number): Value {
  checkTensor("expandDims", "x", x);
  const { shape } = x.type;
  const at = countedAxis("expandDims", axis, shape.length + 1);
  return reshapeTo(x, shape.toSpliced(at, 0, 1));
}

/** Leaves out axes of extent 1: all of them, or those that are named (which stay where they have more). */
export function squeeze<D extends DType>(x: Tensor<D>, axes?: readonly number[]): Tensor<D>;
export function squeeze(x: Value, axes?: readonly number[]): Value {
  checkTensor("squeeze", "x", x);
  if (axes !== undefined) checkArgument("squeeze", "axes", axes, someAxes);
  const { shape } = x.type;
  const named = normalizeAxes("squeeze", shape.length, axes ? { axes } : {});
  return reshapeTo(
    x,
    shape.filter((extent, axis) => extent !== 1 || !named.includes(axis)),
  );
}

/** Merges neighbouring axes, from `first` to `last` (by default all), into one. */
export function flatten<D extends DType>(x: Tensor<D>, first?: number, last?: number): Tensor<D>;
export function flatten(x: Value, first = 0, last = -1): Value {
  checkTensor("flatten", "x", x);
  const { shape } = x.type;
  if (shape.length === 0) return reshapeTo(x, [1]);
  const [from, to] = [first, last].map((axis) => countedAxis("flatten", axis, shape.length));
  if (to < from) throw axisRange("flatten", [first, last], shape.length);
  return reshapeTo(x, [...shape.slice(0, from), extentOf(shape.slice(from, to + 1)), ...shape.slice(to + 1)]);
}

function extentOf(shape: Shape): Dim {
  return shape.reduce<Dim>((count, extent) => multiplyDims(count, extent), 1);
}

/** Moves axes to other places; the others keep their order. */
export function moveAxis<D extends DType>(
  x: Tensor<D>,
  from: number | readonly number[],
  to: number | readonly number[],
): Tensor<D>;
export function moveAxis(x: Value, from: number | readonly number[], to: number | readonly number[]): Value {
  checkTensor("moveAxis", "x", x);
  const rank = x.type.shape.length;
  const [sources, places] = [from, to].map((axes) => [axes].flat().map((axis) => countedAxis("moveAxis", axis, rank)));
  const distinct = [sources, places].every((axes) => new Set(axes).size === axes.length);
  if (!distinct || sources.length !== places.length) throw axisRange("moveAxis", [from, to].flat(), rank);
  const rest = x.type.shape.flatMap((_, axis) => (sources.includes(axis) ? [] : [axis]));
  const order = x.type.shape.map((_, place) => {
    const moved = places.indexOf(place);
    return moved < 0 ? rest.shift()! : sources[moved];
  });
  return transpose(x, order);
}

/** Exchanges two axes. */
export function swapAxes<D extends DType>(x: Tensor<D>, a: number, b: number): Tensor<D>;
export function swapAxes(x: Value, a: number, b: number): Value {
  checkTensor("swapAxes", "x", x);
  const rank = x.type.shape.length;
  const [first, second] = [a, b].map((axis) => countedAxis("swapAxes", axis, rank));
  const order = x.type.shape.map((_, axis) => (axis === first ? second : axis === second ? first : axis));
  return transpose(x, order);
}

/** Tensors of one shape side by side along a new axis (default the first). */
export function stack<D extends DType>(tensors: readonly Tensor<D>[], axis?: number): Tensor<D>;
export function stack(tensors: readonly Value[], axis = 0): Value {
  checkArgument("stack", "what is stacked", tensors, manyTensors);
  const layers = tensors.map((tensor) => expandDims(tensor, axis));
  return concatenate(layers, axis);
}

/** The parts of a tensor along an axis (default the first), without that axis: undoes `stack`. */
export function unstack<D extends DType>(x: Tensor<D>, axis?: number): readonly Tensor<D>[];
export function unstack(x: Value, axis = 0): readonly Value[] {
  checkTensor("unstack", "x", x);
  const { shape } = x.type;
  const along = countedAxis("unstack", axis, shape.length);
  const extent = shape[along];
  if (typeof extent !== "number") throw partSizes(extent, []);
  return split(
    x,
    Array.from({ length: extent }, () => 1),
    along,
  ).map((part) => reshapeTo(part, shape.toSpliced(along, 1)));
}

/** Parts of given sizes, one after the other along an axis (default the first). Errors: `part-sizes`. */
export function split<D extends DType>(x: Tensor<D>, sizes: readonly Dim[], axis?: number): readonly Tensor<D>[];
export function split(x: Value, sizes: readonly Dim[], axis = 0): readonly Value[] {
  checkTensor("split", "x", x);
  checkArgument("split", "sizes", sizes, extents);
  const { shape } = x.type;
  const along = countedAxis("split", axis, shape.length);
  const parts = sizes.map(normalizeDim);
  const total = parts.reduce<Dim>((sum, size) => addDims(sum, size), 0);
  if (!sameShape([total], [shape[along]])) throw partSizes(shape[along], sizes);
  let start: Dim = 0;
  return parts.map((size) => {
    const from = start;
    start = addDims(start, size);
    return slice(
      x,
      shape.map((_, each) => (each === along ? [from, start] : null)),
    );
  });
}

/** Repeats the whole tensor so many times along each axis; counts are aligned with the last axes. */
export function tile<D extends DType>(x: Tensor<D>, counts: readonly Dim[]): Tensor<D>;
export function tile(x: Value, counts: readonly Dim[]): Value {
  checkTensor("tile", "x", x);
  checkArgument("tile", "counts", counts, anySizes);
  const rank = Math.max(x.type.shape.length, counts.length);
  const ones = (count: number): Shape => Array.from({ length: count }, () => 1);
  const shape = [...ones(rank - x.type.shape.length), ...x.type.shape];
  const times = [...ones(rank - counts.length), ...counts.map(normalizeDim)];
  const repeated = shape.flatMap((extent, axis) => [times[axis], extent]);
  const axes = shape.map((_, axis) => 2 * axis + 1);
  return reshapeTo(
    broadcastAlong(reshapeTo(x, shape), repeated, axes),
    shape.map((extent, axis) => multiplyDims(times[axis], extent)),
  );
}

/** Repeats every element so many times along an axis; all elements in row-major order without one. */
export function repeat<D extends DType>(x: Tensor<D>, count: Dim, axis?: number): Tensor<D>;
export function repeat(x: Value, count: Dim, axis?: number): Value {
  checkTensor("repeat", "x", x);
  checkArgument("repeat", "count", count, anySize);
  if (axis === undefined) return repeat(flatten(x), count, 0);
  const times = normalizeDim(count);
  const { shape } = x.type;
  const along = countedAxis("repeat", axis, shape.length);
  const between = shape.toSpliced(along + 1, 0, times);
  const axes = shape.map((_, each) => (each <= along ? each : each + 1));
  return reshapeTo(broadcastAlong(x, between, axes), shape.with(along, multiplyDims(shape[along], times)));
}

/** Shifts elements along axes; those that leave at the end come back at the start. Without axes, in row-major order. */
export function roll<D extends DType>(
  x: Tensor<D>,
  shifts: number | readonly number[],
  axes?: readonly number[],
): Tensor<D>;
export function roll(x: Value, shifts: number | readonly number[], axes?: readonly number[]): Value {
  checkTensor("roll", "x", x);
  checkArgument("roll", "shifts", shifts, wholeEach(-Infinity));
  if (axes !== undefined) checkArgument("roll", "axes", axes, someAxes);
  const { shape } = x.type;
  if (!axes) return reshapeTo(roll(flatten(x), shifts, [0]), shape);
  const distances = [shifts].flat();
  if (distances.length !== axes.length) throw axisRange("roll", axes, shape.length);
  return axes.reduce((moved, axis, i) => rollAlong(moved, distances[i], countedAxis("roll", axis, shape.length)), x);
}

function rollAlong(x: Value, shift: number, axis: number): Value {
  const { shape } = x.type;
  const extent = shape[axis];
  const distance = typeof extent === "number" ? ((shift % extent) + extent) % extent : shift;
  if (distance === 0) return x;
  const cut = distance > 0 ? addDims(extent, -distance) : -distance;
  const parts = split(x, [cut, addDims(extent, multiplyDims(cut, -1))], axis);
  return concatenate([parts[1], parts[0]], axis);
}

/** Coordinates of a grid: each vector repeated along the axes of all the others, axis i belonging to vector i. */
export function meshgrid<D extends DType>(...vectors: readonly Tensor<D>[]): readonly Tensor<D>[];
export function meshgrid(...vectors: readonly Value[]): readonly Value[] {
  vectors.forEach((vector, place) => checkTensor("meshgrid", `vector ${place + 1}`, vector));
  const shape = vectors.map((vector) => extentOf(vector.type.shape));
  return vectors.map((vector, axis) =>
    broadcastTo(
      reshapeTo(
        vector,
        shape.map((extent, each) => (each === axis ? extent : 1)),
      ),
      shape,
    ),
  );
}
