/// Sliding windows: what convolution and pooling read. A window of windows is a view, so no element is copied.
import { addDims, divideDims, multiplyDims, type Dim } from "../dim.ts";
import { checkOptions, checkTensor, extent, whole } from "../options.ts";
import type { AxesFit } from "../static-axes.ts";
import type { WithAxis } from "../static-parts.ts";
import type { DType, Shape } from "../type.ts";
import { apply, type Attrs, type LayoutOp, type Tensor, type Value } from "../value.ts";
import { countedAxis, normalizeDim } from "./axis.ts";
import { windowSize, type WalkedAxis } from "./errors.ts";
import { reverse } from "./layout.ts";
import { minus, padWith } from "./pad.ts";
import { sum } from "./sum.ts";

/** Attributes of windows along `axis`: so many elements `dilation` apart, windows `stride` apart. */
export interface WindowsAttrs {
  readonly axis: number;
  readonly size: Dim;
  readonly stride: number;
  readonly dilation: number;
}

/** The attributes of windows. */
export function windowsAttrs(attrs: Attrs): WindowsAttrs {
  return attrs as unknown as WindowsAttrs;
}

/** Places from the first to the last of so many elements that lie `dilation` apart. */
export const spanOf = (size: Dim, dilation: number): Dim => addDims(multiplyDims(addDims(size, -1), dilation), 1);

/** Number of windows that fit into an extent. Errors: `window-size`. */
export function countWindows(extent: Dim, windows: Omit<WindowsAttrs, "axis">, along?: WalkedAxis): Dim {
  const { size, stride, dilation } = windows;
  const count = stride >= 1 && dilation >= 1 ? windowCount(extent, windows) : undefined;
  if (count === undefined) throw windowSize(extent, size, stride, dilation, along);
  return count;
}

/** Number of windows that fit; undefined where that depends on a named size. */
function windowCount(extent: Dim, { size, stride, dilation }: Omit<WindowsAttrs, "axis">): Dim | undefined {
  const steps = minus(extent, spanOf(size, dilation));
  if (typeof steps === "number") return steps < 0 ? undefined : Math.floor(steps / stride) + 1;
  const whole = stride === 1 ? steps : divideDims(addDims(steps, stride), stride);
  return whole === undefined ? undefined : stride === 1 ? addDims(whole, 1) : whole;
}

export const windowsOp: LayoutOp = {
  name: "windows",
  doc: "Sliding windows along an axis: [… n …] → [… o, k …], element (o, k) being o·stride + k·dilation.",
  kind: "layout",
  infer([{ dtype, shape }], attrs) {
    const own = windowsAttrs(attrs);
    const count = countWindows(shape[own.axis], own);
    return { dtype, shape: [...shape.slice(0, own.axis), count, own.size, ...shape.slice(own.axis + 1)] };
  },
  defaults: () => ({ stride: 1, dilation: 1 }),
  mapSizes: (attrs, map) => ({ ...attrs, size: map(windowsAttrs(attrs).size) }),
  source(index, _operand, _result, attrs, algebra) {
    const { axis, stride, dilation } = windowsAttrs(attrs);
    const at = algebra.add(algebra.multiply(index[axis], stride), algebra.multiply(index[axis + 1], dilation));
    return [...index.slice(0, axis), at, ...index.slice(axis + 2)];
  },
  transpose: ({ operands: [operand], attrs }, cotangent) =>
    overlapAdd(cotangent, operand.type.shape[windowsAttrs(attrs).axis], windowsAttrs(attrs)),
};

/**
 * The transpose of windows: every element is the sum of its copies. A window's k-th elements, spread by the stride and
 * shifted by k·dilation, lie one upon the other: a skewed view of the spread windows, summed over k.
 */
export function overlapAdd(copies: Value, extent: Dim, { axis, size, stride, dilation }: WindowsAttrs): Value {
  const { shape } = copies.type;
  const reach = multiplyDims(addDims(size, -1), dilation);
  const spread = addDims(multiplyDims(addDims(shape[axis], -1), stride), 1);
  const none = shape.map(() => 0);
  const high = minus(extent, spread);
  const padded = padWith(copies, {
    low: none.map((_, i) => (i === axis ? reach : 0)),
    high: none.map((_, i) => (i === axis ? high : 0)),
    interior: none.map((_, i) => (i === axis ? stride - 1 : 0)),
    fill: 0,
  });
  return sum(apply(skewOp, [padded], { axis, dilation }), { axes: [axis + 1] });
}

export const skewOp: LayoutOp = {
  name: "skew",
  doc: "Shifts each column against the one before: [… n + (K−1)·dilation, K …] → [… n, K …], element (i, k) being (i + (K−1−k)·dilation, k).",
  kind: "layout",
  infer([{ dtype, shape }], attrs) {
    const { axis, dilation } = windowsAttrs(attrs);
    const reach = multiplyDims(addDims(shape[axis + 1], -1), dilation);
    const extent = addDims(shape[axis], multiplyDims(reach, -1));
    if (typeof extent === "number" && extent < 1) throw windowSize(shape[axis], shape[axis + 1], 1, dilation);
    return { dtype, shape: shape.map((each, i) => (i === axis ? extent : each)) };
  },
  defaults: () => ({ dilation: 1 }),
  source(index, operand, _result, attrs, algebra) {
    const { axis, dilation } = windowsAttrs(attrs);
    const reach = multiplyDims(addDims(operand[axis + 1], -1), dilation);
    const shift = algebra.add(algebra.constant(reach), algebra.multiply(index[axis + 1], -dilation));
    return index.map((part, i) => (i === axis ? algebra.add(part, shift) : part));
  },
  // The other way round each column shifts back: the same view of padded columns in reverse order.
  transpose({ operands: [operand], attrs }, cotangent) {
    const { axis, dilation } = windowsAttrs(attrs);
    const reach = multiplyDims(addDims(operand.type.shape[axis + 1], -1), dilation);
    const width = operand.type.shape.map((_, i) => (i === axis ? reach : 0));
    const padded = padWith(cotangent, { low: width, high: width, interior: width.map(() => 0), fill: 0 });
    const columns = [axis + 1];
    return reverse(apply(skewOp, [reverse(padded, columns)], { axis, dilation }), columns);
  },
};

/** How windows lie along an axis. */
export interface WindowOptions {
  readonly axis: number;
  readonly size: Dim;
  /** Distance between windows (default 1). */
  readonly stride?: number;
  /** Distance between elements of a window (default 1). */
  readonly dilation?: number;
}

/**
 * Sliding windows along an axis, [… n …] → [… windows, size …]. Reduce the new axis to pool: `max(windows(x, { axis: 1,
 * size: 2, stride: 2 }), { axis: 2 })`. Errors: `window-size` for a window longer than the axis.
 */
export function windows<D extends DType, S extends Shape, const O extends WindowOptions>(
  x: Tensor<D, S>,
  options: O & AxesFit<"windows", S, O>,
): Tensor<D, WithAxis<S, O["axis"], readonly [Dim, O["size"]]>>;
export function windows(x: Value, options: WindowOptions): Value {
  checkTensor("windows", "x", x);
  checkOptions("windows", options, { axis: true, size: extent, stride: whole(1), dilation: whole(1) });
  const { axis, stride = 1, dilation = 1 } = options;
  const along = countedAxis("windows", axis, x.type.shape.length);
  return apply(windowsOp, [x], { axis: along, size: normalizeDim(options.size), stride, dilation });
}

/** Windows along several axes: each of them becomes two, the window and the place in it. Axes count in `x`, ascending. */
export function windowsAlong(x: Value, each: readonly WindowsAttrs[]): Value {
  return each.toReversed().reduce((view, attrs) => apply(windowsOp, [view], { ...attrs }), x);
}
