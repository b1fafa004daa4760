/// Convolutions of an input with zeros between its elements, as the slope of a strided convolution is, without the zeros: of
/// d neighbouring outputs each meets every d-th tap of the kernel, so that they are d filters over the input itself, whose
/// results are put side by side (sub-pixel convolution; Shi et al. 2016, "Is the deconvolution layer the same as a
/// convolutional layer?").
///
/// Output d·q + r adds up taps k = low − r + d·u of input q + u. With E = ⌊(d − 1 − low) / d⌋ and p = d − 1 − low − d·E zeros
/// before the kernel, k + p = d·(u − E) + (d − 1 − r): the kernel as rows of d taps has filter r in column d − 1 − r.
import type { Graph } from "../../ir/graph.ts";
import { multiplyDims, type Dim } from "../../ir/dim.ts";
import { convolveAttrs, convolveOp } from "../../ir/ops/convolve.ts";
import { reshapeTo, reverse, transpose } from "../../ir/ops/layout.ts";
import { padWith } from "../../ir/ops/pad.ts";
import { apply, type Value } from "../../ir/value.ts";
import type { Pass } from "../pass.ts";
import { rewriteValues } from "./replace.ts";

/** Axes before the spatial ones: batch, group and channel or filter. */
const leading = 3;

/** What is left of the products must be at most so much of them: the filters come in another order. */
const worthwhile = 0.75;

export const subPixel: Pass = {
  name: "sub-pixel",
  doc: "A convolution does not go over zeros between elements: neighbouring outputs are filters over the elements themselves.",
  run: (graph: Graph): Graph => rewriteValues(graph, withoutZeros),
};

/** One spatial axis of a convolution whose input has zeros between elements, or none. */
interface Axis {
  /** Distance of neighbours: 1 where there are no zeros. */
  readonly apart: number;
  /** Taps of the kernel, outputs, and zeros before the input once none are between. */
  readonly size: number;
  readonly count: number;
  readonly low: number;
  readonly high: number;
  /** Filters that neighbouring outputs are: all of them, or those that any tap falls to. */
  readonly filters: number;
  /** Taps of each, zeros before the kernel, and those of the outputs of a filter. */
  readonly taps: number;
  readonly before: number;
  readonly outputs: number;
}

function withoutZeros(value: Value): Value {
  if (value.op !== convolveOp) return value;
  const { inputDilation } = convolveAttrs(value.attrs);
  if (inputDilation.every((apart) => apart === 1)) return value;
  const axes = inputDilation.map((_, i) => axisOf(value, i));
  if (!axes.every((axis): axis is Axis => axis !== undefined)) return value;
  const products = (of: (axis: Axis) => number): number => axes.reduce<number>((all, axis) => all * of(axis), 1);
  const [left, before] = [products((a) => a.filters * a.taps * a.outputs), products((a) => a.size * a.count)];
  return left <= worthwhile * before ? sideBySide(value, axes) : value;
}

/** What an axis becomes; undefined where its sizes are not numbers yet, or where it has strides or gaps of its own. */
function axisOf({ type, operands: [input, kernel], attrs }: Value, i: number): Axis | undefined {
  const { strides, low, inputDilation, kernelDilation } = convolveAttrs(attrs);
  const axis = leading + i;
  const sizes = [type.shape[axis], input.type.shape[axis], kernel.type.shape[axis], low[i]];
  const apart = inputDilation[i];
  if (!areNumbers(sizes) || strides[i] !== 1 || (apart > 1 && kernelDilation[i] !== 1)) return undefined;
  const [count, extent, size, own] = sizes;
  const first = Math.floor((apart - 1 - own) / apart);
  const before = apart - 1 - own - apart * first;
  const isOneTap = apart > 1 && before + size <= apart;
  const taps = isOneTap ? 1 : Math.ceil((size + before) / apart);
  const outputs = Math.ceil(count / apart);
  const reach = kernelDilation[i] * (taps - 1);
  return {
    ...{ apart, size, count, taps, before, outputs, low: -first, high: outputs + reach - extent + first },
    filters: isOneTap ? size : apart,
  };
}

const areNumbers = (dims: readonly Dim[]): dims is readonly number[] => dims.every((dim) => typeof dim === "number");

/** The convolution by the filters of neighbouring outputs, and these side by side. */
function sideBySide(value: Value, axes: readonly Axis[]): Value {
  const [input, kernel] = value.operands;
  const { kernelDilation } = convolveAttrs(value.attrs);
  const [batch, groups, filters] = value.type.shape;
  const each = axes.map((axis) => axis.filters);
  const apart = apply(convolveOp, [input, filtersOf(kernel, axes)], {
    strides: axes.map(() => 1),
    low: axes.map((axis) => axis.low),
    high: axes.map((axis) => axis.high),
    inputDilation: axes.map(() => 1),
    kernelDilation,
  });
  const outputs = axes.map((axis) => axis.outputs);
  // The filters last, so that outputs that no tap falls to can be put beside them.
  const rank = axes.length;
  const split = reshapeTo(apart, [batch, groups, filters, ...each, ...outputs]);
  const [ofFilter, ofOutput] = [0, rank].map((from) => axes.map((_, i) => leading + from + i));
  const last = transpose(split, [0, 1, 2].concat(ofOutput, ofFilter));
  const missing = (axis: Axis): number => axis.apart - axis.filters;
  const whole = framed(
    last,
    axes,
    (axis) => (missing(axis) > 0 ? missing(axis) - axis.before : 0),
    (axis) => (missing(axis) > 0 ? axis.before : 0),
  );
  const turned = transpose(whole, [0, 1, 2, ...axes.flatMap((_, i) => [leading + i, leading + rank + i])]);
  const beside = reshapeTo(turned, [batch, groups, filters, ...axes.map((axis) => axis.outputs * axis.apart)]);
  return framed(
    beside,
    axes,
    () => 0,
    (axis) => axis.count - axis.outputs * axis.apart,
  );
}

/** Zeros before and after the last axes, or less of them. */
function framed(x: Value, axes: readonly Axis[], low: (axis: Axis) => number, high: (axis: Axis) => number): Value {
  const others = x.type.shape.slice(axes.length).map(() => 0);
  return padWith(x, {
    low: [...others, ...axes.map(low)],
    high: [...others, ...axes.map(high)],
    interior: x.type.shape.map(() => 0),
    fill: 0,
  });
}

/** [G, F, C, …k] → [G, F·…filters, C, …taps]. */
function filtersOf(kernel: Value, axes: readonly Axis[]): Value {
  const [groups, filters, channels] = kernel.type.shape;
  const isWhole = (axis: Axis): boolean => axis.filters === axis.apart;
  const padded = framed(
    kernel,
    axes,
    (axis) => (isWhole(axis) ? axis.before : 0),
    (axis) => (isWhole(axis) ? axis.taps * axis.apart - axis.size - axis.before : 0),
  );
  const rows = reshapeTo(padded, [
    ...[groups, filters, channels],
    ...axes.flatMap((axis) => [axis.taps, axis.filters]),
  ]);
  const columns = axes.map((_, i) => leading + 2 * i + 1);
  const turned = transpose(reverse(rows, columns), [0, 1, ...columns, 2, ...axes.map((_, i) => leading + 2 * i)]);
  const count = axes.reduce<Dim>((all, axis) => multiplyDims(all, axis.filters), filters);
  return reshapeTo(turned, [groups, count, channels, ...axes.map((axis) => axis.taps)]);
}
