/// Sum and broadcast: each is the other's transpose. Also what all reductions share.
import { multiplyDims, type Dim } from "../dim.ts";
import { checkArgument, checkOptions, checkTensor, flag, oneAxis, shaped, someAxes } from "../options.ts";
import { axisRange, broadcastMismatch, dtypeMismatch } from "../errors.ts";
import type { AxesFit, None, Reduced } from "../static-axes.ts";
import { sameShape, type DType, type Shape, type TensorType } from "../type.ts";
import {
  apply,
  type Accumulation,
  type AccumulationFlops,
  type Accumulator,
  type IndexAlgebra,
  type LayoutOp,
  type ReductionOp,
  type Attrs,
  type Tensor,
  type Value,
} from "../value.ts";
import { normalizeDim } from "./axis.ts";
import { reshape, reshapeTo, transpose, uniformAs } from "./layout.ts";

/** Attributes of broadcast: the result's shape, and for each operand axis the result axis that it lies along. */
export interface BroadcastAttrs {
  readonly shape: Shape;
  readonly axes: readonly number[];
}

/** The attributes of a broadcast. */
export function broadcastAttrs(value: Value): BroadcastAttrs {
  return value.attrs as unknown as BroadcastAttrs;
}

export const broadcastOp: LayoutOp = {
  name: "broadcast",
  doc: "Repeats a tensor along new axes, and along axes of extent 1.",
  kind: "layout",
  infer([operand], attrs) {
    const { shape, axes } = attrs as unknown as BroadcastAttrs;
    const fits = axes.every((axis, i) => operand.shape[i] === shape[axis] || operand.shape[i] === 1);
    if (axes.length !== operand.shape.length || !fits)
      throw broadcastMismatch("broadcast", operand, { ...operand, shape });
    return { dtype: operand.dtype, shape };
  },
  source<I>(index: readonly I[], operand: Shape, result: Shape, attrs: unknown, algebra: IndexAlgebra<I>) {
    const { axes } = attrs as BroadcastAttrs;
    return axes.map((axis, i) => (operand[i] === 1 && result[axis] !== 1 ? algebra.constant(0) : index[axis]));
  },
  transpose({ operands: [operand], attrs }, cotangent) {
    const { shape, axes } = attrs as unknown as BroadcastAttrs;
    const repeated = shape.flatMap((extent, axis) => {
      const from = axes.indexOf(axis);
      return from < 0 || (operand.type.shape[from] === 1 && extent !== 1) ? [axis] : [];
    });
    // What is left lies in the order of the result's axes, which may not be the operand's.
    const kept = keptAxes(shape.length, repeated);
    const order = axes.filter((axis) => kept.includes(axis)).map((axis) => kept.indexOf(axis));
    return reshapeTo(transpose(sum(cotangent, { axes: repeated }), order), operand.type.shape);
  },
};

/** Which axes to combine (negative counts from the last; default all), and whether they stay with extent 1. */
export interface ReductionOptions {
  readonly axes?: readonly number[];
  readonly axis?: number;
  readonly keepAxes?: boolean;
}

/** What every reduction may be told. */
export const reductionOptions = { axis: oneAxis, axes: someAxes, keepAxes: flag } as const;

/** Axes of a reduction that stay. */
export function keptAxes(rank: number, axes: readonly number[]): readonly number[] {
  const kept: number[] = [];
  for (let axis = 0; axis < rank; axis++) if (!axes.includes(axis)) kept.push(axis);
  return kept;
}

/** Undoes a reduction's shape: repeats `x` along the axes that were combined. */
export function spread(x: Value, like: TensorType, axes: readonly number[]): Value {
  return broadcastAlong(x, like.shape, keptAxes(like.shape.length, axes));
}

/** Number of elements that a reduction combines into one. */
export function reducedCount(type: TensorType, axes: readonly number[]): Dim {
  return axes.reduce<Dim>((count, axis) => multiplyDims(count, type.shape[axis]), 1);
}

/** What a reduction states. */
export type ReductionSpec = Omit<ReductionOp, "kind" | "infer"> & {
  result?(dtype: DType): DType;
  accepts(dtype: DType): boolean;
};

/** Makes the op object of a reduction over `attrs.axes`. */
export function reduction({ result, accepts, ...spec }: ReductionSpec): ReductionOp {
  return {
    ...spec,
    kind: "reduction",
    infer([operand], attrs) {
      if (!accepts(operand.dtype)) throw dtypeMismatch(spec.name, "numbers", [operand]);
      const kept = keptAxes(operand.shape.length, attrs.axes as readonly number[]);
      return { dtype: result?.(operand.dtype) ?? operand.dtype, shape: kept.map((axis) => operand.shape[axis]) };
    },
  };
}

/** What kernels compute for a reduction, or for what runs along an axis, as reports count it. */
export const accumulationFlops = ({ flops }: Pick<Accumulation, "flops">): AccumulationFlops =>
  flops ?? { element: 1, finish: 0 };

/** Everything but booleans. */
export const isNumber = (dtype: DType): boolean => dtype !== "bool";
/** Element type of an accumulator for operands of this type. */
export const accumulatorType = (dtype: DType): Accumulator["dtype"] =>
  dtype === "i32" || dtype === "u32" ? dtype : "f32";
/** The axes of a reduction: of a value, or in a derivative rule. */
export const axesOf = ({ attrs }: { readonly attrs: Attrs }): readonly number[] => attrs.axes as readonly number[];

export const sumOp = reduction({
  name: "sum",
  doc: "Sum of the elements along axes.",
  accepts: isNumber,
  accumulators: (dtype) => [{ name: "total", dtype: accumulatorType(dtype), initial: 0 }],
  lift: (x) => [x],
  combine: ([a], [b]) => [a + b],
  finish: ([total]) => total,
  wgsl: { lift: (x) => [x], combine: ([a], [b]) => [`${a} + ${b}`], finish: ([total]) => total },
  differentiate: (context, cotangent) => spread(cotangent, context.operands[0].type, axesOf(context)),
});

/** Repeats `x` to `shape`, axes aligned from the last; `x` itself when it has that shape. */
export function broadcastTo<D extends DType, const S extends Shape>(x: Tensor<D>, shape: S): Tensor<D, S>;
export function broadcastTo(x: Value, shape: Shape): Value {
  checkTensor("broadcastTo", "x", x);
  checkArgument("broadcastTo", "the shape", shape, shaped);
  return broadcastLast(x, shape.map(normalizeDim));
}

/** Repeats `x` to `shape`, whose sizes are in their normal form, axes aligned from the last. */
export function broadcastLast(x: Value, shape: Shape): Value {
  if (sameShape(x.type.shape, shape)) return x;
  const offset = shape.length - x.type.shape.length;
  return broadcastAlong(
    x,
    shape,
    x.type.shape.map((_, axis) => axis + offset),
  );
}

/** Repeats `x` to `shape`, axis i of `x` lying along axis `axes[i]`. */
export function broadcastAlong(x: Value, shape: Shape, axes: readonly number[]): Value {
  if (sameShape(x.type.shape, shape) && axes.every((axis, i) => axis === i)) return x;
  return uniformAs(x, shape) ?? apply(broadcastOp, [x], { shape, axes });
}

/** The axes that options name, sorted, counted from 0. */
export function normalizeAxes(name: string, rank: number, options: ReductionOptions): readonly number[] {
  checkOptions<ReductionOptions>(name, options, reductionOptions);
  const given = options.axes ?? (options.axis === undefined ? undefined : [options.axis]);
  if (!given) return Array.from({ length: rank }, (_, axis) => axis);
  const axes = given.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  if (new Set(axes).size !== axes.length || axes.some((axis) => !Number.isInteger(axis) || axis < 0 || axis >= rank)) {
    throw axisRange(name, given, rank);
  }
  return axes;
}

/** Applies a reduction. */
export function reduce(op: ReductionOp, x: Value, options: ReductionOptions): Value {
  checkTensor(op.name, "x", x);
  const axes = normalizeAxes(op.name, x.type.shape.length, options);
  if (axes.length === 0) return x;
  const result = apply(op, [x], { axes });
  if (!options.keepAxes) return result;
  return reshape(
    result,
    x.type.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)),
  );
}

/** Sum along axes; of a scalar, itself. */
export function sum<D extends DType, S extends Shape, const O extends ReductionOptions = None>(
  x: Tensor<D, S>,
  options?: O & AxesFit<"sum", S, O>,
): Tensor<D, Reduced<S, O>>;
export function sum(x: Value, options: ReductionOptions = {}): Value {
  return reduce(sumOp, x, options);
}
