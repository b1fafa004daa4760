/// Pooling: reductions of windows along the last axes. The largest element of a window is read where it was found, so
/// that its gradient goes to one place, the first of equals.
import { addDims, type Dim } from "../dim.ts";
import { optionValue, rankMismatch } from "../errors.ts";
import { checkOptions, checkTensor, flag, wholeEach } from "../options.ts";
import type { DType } from "../type.ts";
import { apply, type Tensor, type Value } from "../value.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { cast } from "./choose.ts";
import { windowSize } from "./errors.ts";
import { maximum, minimum } from "./functions.ts";
import { gatherOp } from "./gather.ts";
import { reshapeTo, transpose } from "./layout.ts";
import { iota, sizeValue } from "./leaf.ts";
import { minus, padWith } from "./pad.ts";
import { paddingCheck, perAxis, resolvePadding, type Padding, type Walk } from "./padding.ts";
import { argmax, farthest } from "./reduce.ts";
import { broadcastAlong, reducedCount, sum } from "./sum.ts";
import { countWindows, spanOf, windowsAlong, type WindowsAttrs } from "./windows.ts";

/** How windows walk; one number counts for every pooled axis. */
export interface PoolOptions {
  /** Distance between neighbouring windows (default: the window, so that none overlap). */
  readonly strides?: number | readonly number[];
  /** Places before and after each axis that hold nothing; "same" keeps ⌈n / stride⌉ windows (default "valid", none). */
  readonly padding?: Padding;
  /** Distance between neighbouring elements of a window (default 1). */
  readonly dilation?: number | readonly number[];
  /** Keeps a last window that reaches over the end (default false), if it begins before it. */
  readonly ceil?: boolean;
}

const meanOptions = { strides: wholeEach(1), padding: paddingCheck, ceil: flag } as const;
const poolOptions = { ...meanOptions, dilation: wholeEach(1) } as const;

/** How a window walks along one axis, with what lies around it. */
interface PooledAxis extends Walk {
  readonly axis: number;
  readonly low: Dim;
  readonly high: Dim;
  /** Places beyond the padding that the last window reaches. */
  readonly over: number;
}

/** A window of one number for all axes after the first two, or of one for each of the last axes. */
function pooledAxes(name: string, x: Value, size: number | readonly number[], options: PoolOptions) {
  checkTensor(name, "x", x);
  const sizesCheck = wholeEach(1);
  if (!sizesCheck.holds(size)) throw optionValue(name, "size", sizesCheck.must, size, `${name}(x, 2)`);
  const rank = x.type.shape.length;
  if (typeof size === "number" && rank < 3) throw rankMismatch(name, "at least 3 axes [batch, channels, …]", [x.type]);
  const sizes = typeof size === "number" ? x.type.shape.slice(2).map(() => size) : size;
  const first = rank - sizes.length;
  if (sizes.length === 0 || first < 0) {
    const wanted = `one positive integer for each of at most ${rank} axes, or one for all after the first two`;
    throw optionValue(name, "size", wanted, size, `x has ${rank} axes`);
  }
  const strides = perAxis(options.strides ?? sizes, sizes.length);
  const dilation = perAxis(options.dilation, sizes.length);
  const walks = sizes.map((size, i): Walk => {
    return { extent: x.type.shape[first + i], size, stride: strides[i], dilation: dilation[i] };
  });
  const { low, high } = resolvePadding(options.padding ?? "valid", walks);
  return walks.map((walk, i): PooledAxis => {
    const bounds = { axis: first + i, low: low[i], high: high[i] };
    const over = options.ceil ? placesOver(walk, low[i], high[i]) : 0;
    const padded = addDims(addDims(walk.extent, low[i]), addDims(high[i], over));
    countWindows(padded, walk, { by: name, type: x.type, axis: first + i });
    return { ...walk, ...bounds, over };
  });
}

/** How far the last window reaches over the end, where one more begins before the end. */
function placesOver({ extent, size, stride, dilation }: Walk, low: Dim, high: Dim): number {
  const room = minus(addDims(addDims(extent, low), high), spanOf(size, dilation));
  if (stride === 1) return 0;
  if (typeof room !== "number") throw windowSize(extent, size, stride, dilation);
  const last = Math.ceil(room / stride) * stride;
  const begins = last < (addDims(extent, low) as number);
  return begins ? Math.max(0, last - room) : 0;
}

/** Windows over the padded axes: […, o₁, k₁, o₂, k₂, …]. */
function pooledWindows(x: Value, axes: readonly PooledAxis[], fill: number): Value {
  const around = (of: (axis: PooledAxis) => Dim): readonly Dim[] => [
    ...x.type.shape.slice(0, axes[0].axis).map(() => 0),
    ...axes.map(of),
  ];
  const padded = padWith(x, {
    low: around(({ low }) => low),
    high: around(({ high, over }) => addDims(high, over)),
    interior: x.type.shape.map(() => 0),
    fill,
  });
  return windowsAlong(
    padded,
    axes.map(({ axis, size, stride, dilation }): WindowsAttrs => ({ axis, size, stride, dilation })),
  );
}

/** Axes of windows: those of the places in a window. */
const placesIn = (axes: readonly PooledAxis[]): readonly number[] => axes.map(({ axis }, i) => axis + i + 1);

/**
 * Largest element of each window over the last axes: maxPool(x [N, C, …n], 2). NaN wins; the gradient goes to the first
 * of equals. Errors: `window-size`, `padding-form`.
 */
export function maxPool<D extends DType>(
  x: Tensor<D>,
  size: number | readonly number[],
  options?: PoolOptions,
): Tensor<D>;
export function maxPool(x: Value, size: number | readonly number[], options: PoolOptions = {}): Value {
  checkOptions("maxPool", options, poolOptions);
  const axes = pooledAxes("maxPool", x, size, options);
  const windows = pooledWindows(x, axes, farthest(x.type.dtype, 1));
  const within = placesIn(axes);
  const outer = windows.type.shape.flatMap((_, axis) => (within.includes(axis) ? [] : [axis]));
  const kept = outer.map((axis) => windows.type.shape[axis]);
  const flat = reshapeTo(transpose(windows, [...outer, ...within]), [...kept, reducedCount(windows.type, within)]);
  return apply(gatherOp, [flat, argmax(flat, { axis: -1 })], { batch: kept.length });
}

/** Sum of each window over the last axes. Errors: `window-size`, `padding-form`. */
export function sumPool<D extends DType>(
  x: Tensor<D>,
  size: number | readonly number[],
  options?: PoolOptions,
): Tensor<D>;
export function sumPool(x: Value, size: number | readonly number[], options: PoolOptions = {}): Value {
  checkOptions("sumPool", options, poolOptions);
  const axes = pooledAxes("sumPool", x, size, options);
  return sum(pooledWindows(x, axes, 0), { axes: placesIn(axes) });
}

/** How windows walk, and by what their sum is divided. */
export interface AveragePoolOptions extends Omit<PoolOptions, "dilation"> {
  /** Padding counts as elements that are 0 (default true); otherwise the mean is that of the elements there are. */
  readonly countPadding?: boolean;
}

/** Mean of each window over the last axes. Errors: `window-size`, `padding-form`. */
export function averagePool<D extends DType>(
  x: Tensor<D>,
  size: number | readonly number[],
  options?: AveragePoolOptions,
): Tensor<D>;
export function averagePool(x: Value, size: number | readonly number[], options: AveragePoolOptions = {}): Value {
  checkOptions("averagePool", options, { ...meanOptions, countPadding: flag });
  const { countPadding = true } = options;
  const axes = pooledAxes("averagePool", x, size, options);
  const total = sum(pooledWindows(x, axes, 0), { axes: placesIn(axes) });
  // How many elements a window holds is a product of one number an axis.
  return axes.reduce((mean, each) => div(mean, elementsWithin(each, total, countPadding)), total);
}

/** For each window along an axis, how many places of it count, as a tensor that broadcasts against the result. */
function elementsWithin(each: PooledAxis, result: Value, countPadding: boolean): Value {
  const { axis, extent, size, stride, low, high, over } = each;
  const { dtype, shape } = result.type;
  const uncounted = countPadding ? [0, 0] : [low, high];
  if (over === 0 && uncounted.every((width) => width === 0)) return sizeValue(size, dtype);
  const start = mul(iota([shape[axis]], 0), stride);
  const end = minimum(
    add(start, size as number),
    sizeValue(minus(addDims(addDims(extent, low), high), uncounted[1]), "i32"),
  );
  const count = cast(sub(end, maximum(start, sizeValue(uncounted[0], "i32"))), dtype);
  return broadcastAlong(count, shape, [axis]);
}
