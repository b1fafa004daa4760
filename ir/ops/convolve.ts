/// Convolution: one op, closed under its own derivatives. It stands for a contraction of windows, in which neither the
/// windows nor the padding are ever made.
import { addDims, multiplyDims, partOf } from "../dim.ts";
import { dtypeMismatch } from "../errors.ts";
import { checkOptions, checkTensor, whole, wholeEach } from "../options.ts";
import type { None } from "../static-axes.ts";
import type { Convolved, KernelFits } from "../static-parts.ts";
import type { DType, Shape } from "../type.ts";
import { apply, type Attrs, type CompositeOp, type Tensor, type Value } from "../value.ts";
import { contract, type AxisPair } from "./contract.ts";
import { convolutionShape } from "./errors.ts";
import { reshapeTo, reverse, transpose } from "./layout.ts";
import { minus, padWith } from "./pad.ts";
import { paddingCheck, perAxis, resolvePadding, type Padding } from "./padding.ts";
import { countWindows, spanOf, windowsAlong } from "./windows.ts";

/** Attributes of a convolution, an entry for each spatial axis. Padding may be negative. */
export interface ConvolveAttrs {
  readonly strides: readonly number[];
  readonly low: Shape;
  readonly high: Shape;
  /** Distance of neighbours in the input, once zeros are put between them. */
  readonly inputDilation: readonly number[];
  readonly kernelDilation: readonly number[];
}

/** The attributes of a convolution. */
export function convolveAttrs(attrs: Attrs): ConvolveAttrs {
  return attrs as unknown as ConvolveAttrs;
}

/** Axes before the spatial ones: batch, group and channel of the input; group, filter and channel of the kernel. */
const leading = 3;

/** The expression that a convolution stands for. */
function contractWindows(input: Value, kernel: Value, attrs: ConvolveAttrs): Value {
  const { strides, low, high, inputDilation, kernelDilation } = attrs;
  const none = [0, 0, 0];
  const padded = padWith(input, {
    low: [...none, ...low],
    high: [...none, ...high],
    interior: [...none, ...inputDilation.map((dilation) => dilation - 1)],
    fill: 0,
  });
  const sizes = kernel.type.shape.slice(leading);
  const windowed = windowsAlong(
    padded,
    sizes.map((size, i) => ({ axis: leading + i, size, stride: strides[i], dilation: kernelDilation[i] })),
  );
  const taps = sizes.map((_, i): AxisPair => [leading + i, leading + 1 + 2 * i]);
  const product = contract(kernel, windowed, { batch: [[0, 1]], contracted: [[2, 2], ...taps] });
  return transpose(product, [2, 0, 1, ...sizes.map((_, i) => leading + i)]);
}

export const convolveOp: CompositeOp = {
  name: "convolve",
  doc:
    "Sum of products of a kernel with windows: of [N, G, C, …n] and [G, F, C, …k] → [N, G, F, …o], element o of an axis " +
    "reading o·stride + k·kernelDilation − low of the input, whose neighbours lie inputDilation apart.",
  kind: "composite",
  infer(operands, attrs) {
    const [input, kernel] = operands;
    if (input.dtype !== "f32" || kernel.dtype !== "f32") throw dtypeMismatch("convolve", "f32", operands);
    const { strides, low, high, inputDilation, kernelDilation } = convolveAttrs(attrs);
    const [batch, groups, channels] = input.shape;
    const [others, filters, depth] = kernel.shape;
    const rank = strides.length + leading;
    const fits = input.shape.length === rank && kernel.shape.length === rank;
    if (!fits || groups !== others || channels !== depth) throw convolutionShape(input, kernel, 1, "[G, F, C, …k]");
    const counts = strides.map((stride, i) => {
      const extent = addDims(addDims(spanOf(input.shape[leading + i], inputDilation[i]), low[i]), high[i]);
      return countWindows(extent, { size: kernel.shape[leading + i], stride, dilation: kernelDilation[i] });
    });
    return { dtype: "f32", shape: [batch, groups, filters, ...counts] };
  },
  defaults([{ shape }]) {
    const each = (number: number): readonly number[] => shape.slice(leading).map(() => number);
    return { strides: each(1), low: each(0), high: each(0), inputDilation: each(1), kernelDilation: each(1) };
  },
  mapSizes(attrs, map) {
    const { low, high } = convolveAttrs(attrs);
    return { ...attrs, low: low.map(map), high: high.map(map) };
  },
  expand: ([input, kernel], attrs) => contractWindows(input, kernel, convolveAttrs(attrs)),
  transpose({ operands: [input, kernel], attrs }, cotangent) {
    const own = convolveAttrs(attrs);
    return [inputCotangent(input, kernel, own, cotangent), kernelCotangent(input, kernel, own, cotangent)];
  },
};

/** A permutation of the first three axes, the spatial ones staying. */
function permuteLeading(x: Value, order: readonly [number, number, number]): Value {
  return transpose(x, [...order, ...x.type.shape.slice(leading).map((_, i) => leading + i)]);
}

/** Every output hands back along the kernel: a convolution of the spread cotangent with the turned kernel. */
function inputCotangent(input: Value, kernel: Value, attrs: ConvolveAttrs, cotangent: Value): Value {
  const { strides, low, inputDilation, kernelDilation } = attrs;
  const own = strides.map((stride, i) => {
    const axis = leading + i;
    const reach = addDims(spanOf(kernel.type.shape[axis], kernelDilation[i]), -1);
    const before = minus(reach, low[i]);
    // As many results as the input has elements: what the kernel reaches beyond the last output.
    const extent = spanOf(input.type.shape[axis], inputDilation[i]);
    return { before, after: minus(addDims(extent, low[i]), spanOf(cotangent.type.shape[axis], stride)) };
  });
  const turned = reverse(
    permuteLeading(kernel, [0, 2, 1]),
    strides.map((_, i) => leading + i),
  );
  return apply(convolveOp, [cotangent, turned], {
    strides: inputDilation,
    low: own.map(({ before }) => before),
    high: own.map(({ after }) => after),
    inputDilation: strides,
    kernelDilation,
  });
}

/** Every tap of the kernel meets all outputs: a convolution of the input with the cotangent, the batch as channels. */
function kernelCotangent(input: Value, kernel: Value, attrs: ConvolveAttrs, cotangent: Value): Value {
  const { strides, low, inputDilation, kernelDilation } = attrs;
  const high = strides.map((stride, i) => {
    const axis = leading + i;
    const wanted = addDims(spanOf(kernel.type.shape[axis], kernelDilation[i]), -1);
    const covered = minus(spanOf(input.type.shape[axis], inputDilation[i]), spanOf(cotangent.type.shape[axis], stride));
    return minus(minus(wanted, covered), low[i]);
  });
  const found = apply(convolveOp, [permuteLeading(input, [2, 1, 0]), permuteLeading(cotangent, [1, 2, 0])], {
    ...{ strides: kernelDilation, low, high, inputDilation, kernelDilation: strides },
  });
  return permuteLeading(found, [1, 2, 0]);
}

/** How a convolution walks; one number counts for every spatial axis. */
export interface ConvolveOptions {
  /** Distance between neighbouring windows (default 1). */
  readonly strides?: number | readonly number[];
  /** Zeros before and after each axis; "same" keeps ⌈n / stride⌉ elements (default "valid", none). */
  readonly padding?: Padding;
  /** Distance between neighbouring elements of the kernel (default 1). */
  readonly dilation?: number | readonly number[];
  /** Distance between neighbouring elements of the input, with zeros between (default 1). */
  readonly inputDilation?: number | readonly number[];
  /** Channels fall into so many groups, each with filters of its own (default 1). */
  readonly groups?: number;
}

/** How windows walk, without what only `convolve` takes. */
export const walkOptions = { strides: wholeEach(1), padding: paddingCheck, dilation: wholeEach(1), groups: whole(1) };

/**
 * Convolution (cross-correlation, as networks have it) of x [N, C, …n] with w [F, C/groups, …k] → [N, F, …o], over any
 * number of spatial axes. Errors: `convolution-shape`, `padding-form`, `window-size`, `dtype-mismatch`.
 */
export function convolve<D extends DType, S extends Shape, W extends Shape, const O extends ConvolveOptions = None>(
  x: Tensor<D, S>,
  w: Tensor<NoInfer<D>, W> & KernelFits<S, W, O, unknown>,
  options?: O,
): Tensor<D, Convolved<S, W>>;
export function convolve(x: Value, w: Value, options: ConvolveOptions = {}): Value {
  return convolvedBy("convolve", x, w, options);
}

/** What `convolve` gives, for the function that its errors are to name. */
export function convolvedBy(by: string, x: Value, w: Value, options: ConvolveOptions): Value {
  checkTensor("convolve", "x", x);
  checkTensor("convolve", "the kernel", w);
  checkOptions("convolve", options, { ...walkOptions, inputDilation: wholeEach(1) });
  const { groups = 1, padding = "valid" } = options;
  const [batch, channels, ...extents] = x.type.shape;
  const [filters, depth, ...sizes] = w.type.shape;
  const [each, own] = [partOf(channels, groups), partOf(filters, groups)];
  const fits = extents.length >= 1 && sizes.length === extents.length && each !== undefined && each === depth;
  if (!fits || own === undefined) throw convolutionShape(x.type, w.type, groups, "[F, C/groups, …k]");
  const inputDilation = perAxis(options.inputDilation, sizes.length);
  const kernelDilation = perAxis(options.dilation, sizes.length);
  const strides = perAxis(options.strides, sizes.length);
  const walks = sizes.map((size, i) => ({
    ...{ extent: spanOf(extents[i], inputDilation[i]), size, stride: strides[i], dilation: kernelDilation[i] },
  }));
  const { low, high } = resolvePadding(padding, walks);
  walks.forEach((walk, i) => {
    countWindows(addDims(addDims(walk.extent, low[i]), high[i]), walk, { by, type: x.type, axis: 2 + i });
  });
  const attrs = { strides, low, high, inputDilation, kernelDilation };
  const input = reshapeTo(x, [batch, groups, each, ...extents]);
  const kernel = reshapeTo(w, [groups, own, depth, ...sizes]);
  return mergeGroups(apply(convolveOp, [input, kernel], attrs));
}

/** How a transposed convolution walks: the options of the convolution that it is the transpose of. */
export interface ConvolveTransposedOptions extends Omit<ConvolveOptions, "padding" | "inputDilation"> {
  /** Padding of that convolution: so many elements are left out at each end (default 0). */
  readonly padding?: number | readonly number[];
  /** Elements more at the end, which the strides of that convolution skip (default 0). */
  readonly outputPadding?: number | readonly number[];
}

/**
 * The transpose of a convolution, by which images grow: x [N, C, …n] with w [C, F/groups, …k] → [N, F, …o], where o is
 * (n − 1)·stride − 2·padding + dilation·(k − 1) + outputPadding + 1. Errors as of `convolve`.
 */
export function convolveTransposed<D extends DType>(
  x: Tensor<D>,
  w: Tensor<NoInfer<D>>,
  options?: ConvolveTransposedOptions,
): Tensor<D>;
export function convolveTransposed(x: Value, w: Value, options: ConvolveTransposedOptions = {}): Value {
  checkTensor("convolveTransposed", "x", x);
  checkTensor("convolveTransposed", "the kernel", w);
  const around = { padding: wholeEach(-Infinity), outputPadding: wholeEach(0) };
  checkOptions("convolveTransposed", options, { ...walkOptions, ...around });
  const { groups = 1 } = options;
  const [batch, channels, ...extents] = x.type.shape;
  const [first, filters, ...sizes] = w.type.shape;
  const each = partOf(channels, groups);
  const fits = extents.length >= 1 && sizes.length === extents.length && channels === first;
  if (!fits || each === undefined) throw convolutionShape(x.type, w.type, groups, "[C, F/groups, …k]");
  const kernelDilation = perAxis(options.dilation, sizes.length);
  const padding = perAxis(options.padding, sizes.length, 0);
  const more = perAxis(options.outputPadding, sizes.length, 0);
  const low = sizes.map((size, i) => addDims(spanOf(size, kernelDilation[i]), -1 - padding[i]));
  const split = reshapeTo(w, [groups, each, filters, ...sizes]);
  const kernel = reverse(
    permuteLeading(split, [0, 2, 1]),
    sizes.map((_, i) => leading + i),
  );
  return mergeGroups(
    apply(convolveOp, [reshapeTo(x, [batch, groups, each, ...extents]), kernel], {
      strides: perAxis(undefined, sizes.length),
      low,
      high: low.map((before, i) => addDims(before, more[i])),
      inputDilation: perAxis(options.strides, sizes.length),
      kernelDilation,
    }),
  );
}

/** [N, G, F, …o] → [N, G·F, …o]. */
function mergeGroups(x: Value): Value {
  const [batch, groups, filters, ...extents] = x.type.shape;
  return reshapeTo(x, [batch, multiplyDims(groups, filters), ...extents]);
}
