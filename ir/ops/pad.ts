/// Parts and frames: slices, padding and tensors side by side. A slice and a padding are each other's transposes.
import { checkArgument, checkTensor, manyTensors } from "../options.ts";
import { addDims, multiplyDims, divideDims, type Dim } from "../dim.ts";
import { axisRange } from "../errors.ts";
import type { None } from "../static-axes.ts";
import type { ElementOf, Framed, FrameFits, Joined, Joins, Sliced, SlicesFit } from "../static-parts.ts";
import { sameShape, type DType, type Shape } from "../type.ts";
import { apply, type Attrs, type LayoutOp, type PiecewiseOp, type Tensor, type Value } from "../value.ts";
import { countedAxis } from "./axis.ts";
import { constant, represents } from "./leaf.ts";
import { concatenateMismatch, padWidth, sliceRange } from "./errors.ts";
import { checkFrame, manyRanges, type PadOptions } from "./frame.ts";
import { reverse, uniformAs } from "./layout.ts";

/** a − b. */
export const minus = (a: Dim, b: Dim): Dim => addDims(a, multiplyDims(b, -1));
const isBelow = (a: Dim, b: number): boolean => typeof a === "number" && a < b;

/** Attributes of a slice, for each axis: from `starts` on, before `limits`, every `strides`-th. */
export interface SliceAttrs {
  readonly starts: Shape;
  readonly limits: Shape;
  readonly strides: readonly number[];
}

/** The attributes of a slice. */
export function sliceAttrs(attrs: Attrs): SliceAttrs {
  return attrs as unknown as SliceAttrs;
}

/** How many steps it takes through an extent; undefined where that depends on a named size. */
function stepCount(extent: Dim, stride: number): Dim | undefined {
  if (stride === 1) return extent;
  if (typeof extent === "number") return Math.ceil(extent / stride);
  // The last step may be short: of 2·n − 1 elements n are taken in steps of 2.
  for (let short = 0; short < stride; short++) {
    const count = divideDims(addDims(extent, short), stride);
    if (count !== undefined) return count;
  }
  return undefined;
}

export const sliceOp: LayoutOp = {
  name: "slice",
  doc: "Part of a tensor: along each axis the elements from a start, before a limit, in steps.",
  kind: "layout",
  infer([operand], attrs) {
    const { starts, limits, strides } = sliceAttrs(attrs);
    const shape = operand.shape.map((extent, axis) => {
      const [start, limit, stride] = [starts[axis], limits[axis], strides[axis]];
      const count = stepCount(minus(limit, start), stride);
      const outside = isBelow(start, 0) || isBelow(minus(extent, limit), 0);
      if (count === undefined || isBelow(count, 1) || outside || !(stride >= 1)) {
        throw sliceRange(operand.shape, axis, start, limit, stride);
      }
      return count;
    });
    return { dtype: operand.dtype, shape };
  },
  defaults: ([{ shape }]) => ({ starts: shape.map(() => 0), limits: shape, strides: shape.map(() => 1) }),
  mapSizes(attrs, map) {
    const { starts, limits } = sliceAttrs(attrs);
    return { ...attrs, starts: starts.map(map), limits: limits.map(map) };
  },
  source(index, _operand, _result, attrs, algebra) {
    const { starts, strides } = sliceAttrs(attrs);
    return index.map((part, axis) =>
      algebra.add(algebra.multiply(part, strides[axis]), algebra.constant(starts[axis])),
    );
  },
  transpose({ operands: [operand], attrs, result }, cotangent) {
    const { starts, strides } = sliceAttrs(attrs);
    const high = operand.type.shape.map((extent, axis) => {
      const taken = addDims(multiplyDims(addDims(result.type.shape[axis], -1), strides[axis]), 1);
      return minus(minus(extent, starts[axis]), taken);
    });
    const interior = strides.map((stride) => stride - 1);
    return padWith(cotangent, { low: starts, high, interior, fill: 0 });
  },
};

/** Attributes of a padding, for each axis: elements before, after and between; and the number that they hold. */
export interface PadAttrs {
  readonly low: Shape;
  readonly high: Shape;
  readonly interior: readonly number[];
  readonly fill: number;
}

/** The attributes of a padding. */
export function padAttrs(attrs: Attrs): PadAttrs {
  return attrs as unknown as PadAttrs;
}

/** Extent from the first element to the last, with what lies between them. */
const spanOf = (extent: Dim, interior: number): Dim => addDims(multiplyDims(addDims(extent, -1), interior + 1), 1);

export const padOp: PiecewiseOp = {
  name: "pad",
  doc: "A frame around a tensor, and a grid between its elements; negative widths take elements away.",
  kind: "piecewise",
  infer([operand], attrs) {
    const { low, high, interior } = padAttrs(attrs);
    const shape = operand.shape.map((extent, axis) => {
      const result = addDims(addDims(spanOf(extent, interior[axis]), low[axis]), high[axis]);
      if (isBelow(result, 1) || interior[axis] < 0) {
        throw padWidth(operand.shape, axis, low[axis], high[axis], interior[axis]);
      }
      return result;
    });
    return { dtype: operand.dtype, shape };
  },
  defaults([{ shape }]) {
    const none = shape.map(() => 0);
    return { low: none, high: none, interior: none, fill: 0 };
  },
  mapSizes(attrs, map) {
    const { low, high } = padAttrs(attrs);
    return { ...attrs, low: low.map(map), high: high.map(map) };
  },
  pieces(index, [operand], attrs, algebra) {
    const { low, high, interior } = padAttrs(attrs);
    const from = index.map((part, axis) => algebra.add(part, algebra.constant(multiplyDims(low[axis], -1))));
    const isAtMostZero = (width: Dim): boolean => typeof width === "number" && width <= 0;
    const conditions = from.flatMap((part, axis) => {
      const step = interior[axis] + 1;
      // Where nothing is put around an axis, every place of it lies within.
      const bounded = isAtMostZero(low[axis]) && isAtMostZero(high[axis]);
      return [
        ...(bounded ? [] : [algebra.within(part, spanOf(operand[axis], interior[axis]))]),
        ...(step === 1 ? [] : [algebra.isMultiple(part, step)]),
      ];
    });
    const condition = conditions.length === 0 ? undefined : conditions.reduce((a, b) => algebra.and(a, b));
    const source = from.map((part, axis) => algebra.divide(part, interior[axis] + 1));
    return [{ operand: 0, index: source, condition }];
  },
  transpose({ operands: [operand], attrs }, cotangent) {
    const { low, high, interior } = padAttrs(attrs);
    const cropped = [...low, ...high].some((width) => isBelow(width, 0));
    const whole = cropped
      ? padWith(cotangent, {
          low: low.map((width) => (isBelow(width, 0) ? multiplyDims(width, -1) : 0)),
          high: high.map((width) => (isBelow(width, 0) ? multiplyDims(width, -1) : 0)),
          interior: interior.map(() => 0),
          fill: 0,
        })
      : cotangent;
    const starts = low.map((width) => (isBelow(width, 0) ? 0 : width));
    const limits = operand.type.shape.map((extent, axis) => addDims(starts[axis], spanOf(extent, interior[axis])));
    return [sliceTo(whole, { starts, limits, strides: interior.map((between) => between + 1) })];
  },
};

/** A slice by its attributes; `x` itself when it takes everything. */
export function sliceTo(x: Value, attrs: SliceAttrs): Value {
  const { starts, limits, strides } = attrs;
  const { shape } = x.type;
  if (strides.every((each) => each === 1) && starts.every((each) => each === 0) && sameShape(limits, shape)) return x;
  const result = apply(sliceOp, [x], { ...attrs });
  return uniformAs(x, result.type.shape) ?? result;
}

/** A padding by its attributes; `x` itself when it adds nothing. */
export function padWith(x: Value, attrs: PadAttrs): Value {
  const { low, high, interior } = attrs;
  return [...low, ...high, ...interior].every((width) => width === 0) ? x : apply(padOp, [x], { ...attrs });
}

/** Attributes of concatenation: the axis along which operands follow each other. */
const axisOf = (attrs: Attrs): number => attrs.axis as number;

export const concatenateOp: PiecewiseOp = {
  name: "concatenate",
  doc: "Tensors one after the other along an axis.",
  kind: "piecewise",
  infer(operands, attrs) {
    const axis = axisOf(attrs);
    const [first] = operands;
    for (const other of operands) {
      const like = other.shape.map((extent, i) => (i === axis ? first.shape[axis] : extent));
      if (other.dtype !== first.dtype || !sameShape(like, first.shape)) throw concatenateMismatch(axis, first, other);
    }
    const total = operands.reduce<Dim>((sum, { shape }) => addDims(sum, shape[axis]), 0);
    return { dtype: first.dtype, shape: first.shape.map((extent, i) => (i === axis ? total : extent)) };
  },
  pieces(index, operands, attrs, algebra) {
    const axis = axisOf(attrs);
    let before: Dim = 0;
    return operands.map((shape, operand) => {
      const offset = algebra.constant(multiplyDims(before, -1));
      const source = index.map((part, i) => (i === axis ? algebra.add(part, offset) : part));
      before = addDims(before, shape[axis]);
      // The first that holds counts, so only ends matter, and the last needs no condition.
      const last = operand === operands.length - 1;
      return { operand, index: source, ...(last ? {} : { condition: algebra.within(index[axis], before) }) };
    });
  },
  transpose({ operands, attrs }, cotangent) {
    const axis = axisOf(attrs);
    let before: Dim = 0;
    return operands.map(({ type: { shape } }) => {
      const start = before;
      before = addDims(before, shape[axis]);
      const starts = shape.map((_, i) => (i === axis ? start : 0));
      const limits = shape.map((extent, i) => (i === axis ? before : extent));
      return sliceTo(cotangent, { starts, limits, strides: shape.map(() => 1) });
    });
  },
};

/** What to take of an axis: [start, stop, step]. Negative positions count from the end; a negative step walks back. */
export type SliceRange = readonly [start?: Dim | null, stop?: Dim | null, step?: number];

/**
 * Part of a tensor, a range for each leading axis: `slice(x, [null, [1, -1]])` takes all of the first axis, and the
 * second without its ends. Stops are exclusive and clipped to the axis. Errors: `slice-range` for nothing left.
 */
export function slice<D extends DType, S extends Shape, const R extends readonly (SliceRange | null)[]>(
  x: Tensor<D, S>,
  ranges: R & SlicesFit<S, R>,
): Tensor<D, Sliced<S, R>>;
export function slice(x: Value, ranges: readonly (SliceRange | null)[]): Value {
  checkTensor("slice", "x", x);
  checkArgument("slice", "ranges", ranges, manyRanges);
  const { shape } = x.type;
  if (ranges.length > shape.length) throw axisRange("slice", [ranges.length - 1], shape.length);
  const resolved = shape.map((extent, axis) => resolveRange(shape, axis, extent, ranges[axis] ?? []));
  const backwards = resolved.flatMap(({ stride }, axis) => (stride < 0 ? [axis] : []));
  const taken = sliceTo(x, {
    starts: resolved.map(({ start }) => start),
    limits: resolved.map(({ limit }) => limit),
    strides: resolved.map(({ stride }) => Math.abs(stride)),
  });
  return reverse(taken, backwards);
}

interface ResolvedRange {
  readonly start: Dim;
  readonly limit: Dim;
  readonly stride: number;
}

function resolveRange(shape: Shape, axis: number, extent: Dim, [from, to, step = 1]: SliceRange): ResolvedRange {
  if (!Number.isInteger(step) || step === 0) throw sliceRange(shape, axis, from ?? 0, to ?? extent, step);
  if (step > 0) {
    const start = from === undefined || from === null ? 0 : clipped(from, extent, 0);
    const limit = to === undefined || to === null ? extent : clipped(to, extent, 0);
    return { start, limit, stride: step };
  }
  // From `from` down to after `to`: the same elements in order, from the last that the steps reach.
  const last =
    from === undefined || from === null ? addDims(extent, -1) : clipped(from, addDims(extent, -1), -1, extent);
  const after = to === undefined || to === null ? -1 : clipped(to, extent, -1);
  const count = stepCount(minus(last, after), -step);
  if (count === undefined) throw sliceRange(shape, axis, last, after, step);
  const start = addDims(last, multiplyDims(addDims(count, -1), step));
  return { start, limit: addDims(last, 1), stride: step };
}

/** A position counted from the start, within what the axis has. */
function clipped(position: Dim, most: Dim, least: number, extent: Dim = most): Dim {
  if (position === Infinity) return most;
  if (position === -Infinity) return least;
  const counted = isBelow(position, 0) ? addDims(extent, position) : position;
  if (typeof counted !== "number") return counted;
  const low = Math.max(counted, least);
  return typeof most === "number" ? Math.min(low, most) : low;
}

/** A frame around a tensor: `[before, after]` for each axis, counts that may be negative. Errors: `pad-width`. */
export function pad<
  D extends DType,
  S extends Shape,
  const W extends readonly (readonly [Dim, Dim])[],
  const O extends PadOptions = None,
>(x: Tensor<D, S>, widths: W & FrameFits<S, W>, options?: O): Tensor<D, Framed<S, W, O>>;
export function pad(x: Value, widths: readonly (readonly [Dim, Dim])[], options: PadOptions = {}): Value {
  checkTensor("pad", "x", x);
  checkFrame(x.type.shape.length, widths, options);
  const interior = options.interior ?? widths.map(() => 0);
  const fill = options.value ?? 0;
  // A number that the element type has not is refused as any constant is.
  if (!represents(x.type.dtype, fill)) constant(fill, x.type.dtype);
  return padWith(x, { low: widths.map(([low]) => low), high: widths.map(([, high]) => high), interior, fill });
}

/** Tensors one after the other along an axis (default the first; negative counts from the last). */
export function concatenate<const T extends readonly Tensor[], const A extends number = 0>(
  tensors: T & Joins<T, A>,
  axis?: A,
): Tensor<ElementOf<T>, Joined<T, A>>;
export function concatenate(tensors: readonly Value[], axis = 0): Value {
  checkArgument("concatenate", "what is joined", tensors, manyTensors);
  const rank = tensors[0]?.type.shape.length ?? 0;
  const along = countedAxis("concatenate", axis, rank);
  return tensors.length === 1 ? tensors[0] : apply(concatenateOp, tensors, { axis: along });
}
