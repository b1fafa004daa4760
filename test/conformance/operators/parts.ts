/// Slices, frames and joins for tensors that may be empty: those are constants of their shape, since no kernel makes them.
import { broadcastTo, concatenate, constant, pad, reshape, slice, sum, type DType, type Value } from "chainrule";
import { shapeOf } from "../opinfo/call.ts";
import { countOf } from "../opinfo/data.ts";

/** A tensor without elements. */
export function emptyTensor(shape: readonly number[], dtype: DType = "f32"): Value {
  return constant(0, dtype, shape);
}

/** True for a tensor without elements. */
export function isEmpty(value: Value): boolean {
  return countOf(shapeOf(value)) === 0;
}

/** `length` elements of an axis from `start` on, every `step`-th. */
export function sliced(x: Value, axis: number, start: number, length: number, step = 1): Value {
  const shape = shapeOf(x).with(axis, length);
  if (isEmpty(x) || length === 0) return emptyTensor(shape, x.type.dtype);
  const stop = start + (length - 1) * step + 1;
  return slice(
    x,
    shape.map((_, each) => (each === axis ? [start, stop, step] : null)),
  );
}

/** The part at one place of an axis, without the axis. */
export function selected(x: Value, axis: number, at: number): Value {
  const place = at < 0 ? at + shapeOf(x)[axis] : at;
  return reshaped(sliced(x, axis, place, 1), shapeOf(x).toSpliced(axis, 1));
}

/** Under another shape. */
export function reshaped(x: Value, shape: readonly number[]): Value {
  return reshape(x, shape);
}

/** Tensors one after the other along an axis; what is empty adds nothing. */
export function joined(parts: readonly Value[], axis: number): Value {
  const filled = parts.filter((part) => !isEmpty(part));
  if (filled.length > 0) return concatenate(filled, axis);
  const like = parts.reduce((longest, part) => (shapeOf(part).length > shapeOf(longest).length ? part : longest));
  const total = parts.reduce((length, part) => length + (shapeOf(part)[axis] ?? 0), 0);
  return emptyTensor(shapeOf(like).with(axis, total), like.type.dtype);
}

/** A frame of one number; around nothing it is all that there is. */
export function padded(x: Value, widths: readonly (readonly [number, number])[], value: number): Value {
  const shape = shapeOf(x).map((extent, axis) => extent + widths[axis][0] + widths[axis][1]);
  if (isEmpty(x) || countOf(shape) === 0) return constant(value, x.type.dtype, shape);
  return pad(x, widths, { value });
}

/** Repeated to a shape, axes aligned from the last. */
export function expanded(x: Value, shape: readonly number[]): Value {
  return countOf(shape) === 0 ? emptyTensor(shape, x.type.dtype) : broadcastTo(x, shape);
}

/** Sum along axes; over no element it is 0. */
export function total(x: Value, axes: readonly number[], keepAxes = false): Value {
  if (!isEmpty(x)) return sum(x, { axes, keepAxes });
  const shape = shapeOf(x).flatMap((extent, axis) => (!axes.includes(axis) ? [extent] : keepAxes ? [1] : []));
  return constant(0, x.type.dtype, shape);
}
