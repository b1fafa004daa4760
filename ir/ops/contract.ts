/// Sums of products over shared axes: matrix products, dot products, and their derivatives, which are contractions again.
import { checkArgument, checkTensor, isRecord, whole, type OptionCheck } from "../options.ts";
import { axisRange, contractionExtent, dtypeMismatch, rankMismatch } from "../errors.ts";
import type { Multiplies, Of, Product, Scalar } from "../static.ts";
import type { SameShape } from "../static-axes.ts";
import type { Dim } from "../dim.ts";
import type { DType, Shape, TensorType } from "../type.ts";
import { apply, type ContractionOp, type Tensor, type Value } from "../value.ts";
import { transpose } from "./layout.ts";

/** Pairs of axes [left, right]: `batch` axes are kept side by side, `contracted` ones are summed over. */
export interface ContractAttrs {
  readonly batch: readonly AxisPair[];
  readonly contracted: readonly AxisPair[];
  /** In kernels: the left operand is 0 or 1, and picks what it multiplies: what is not picked may be ∞. */
  readonly picks?: boolean;
  /** In kernels: each term is picked by one row, and the terms are in the order of their rows. */
  readonly inRows?: boolean;
}
export type AxisPair = readonly [number, number];

/** The attributes of a contraction. */
export function contractAttrs({ attrs }: Pick<Value, "attrs">): ContractAttrs {
  return attrs as unknown as ContractAttrs;
}

/** Axes of one operand by their part in a contraction, in order. */
export interface OperandAxes {
  readonly batch: readonly number[];
  readonly free: readonly number[];
  readonly contracted: readonly number[];
}

/** How the axes of the left (0) or right (1) operand take part. */
export function operandAxes(attrs: ContractAttrs, side: 0 | 1, rank: number): OperandAxes {
  const batch = attrs.batch.map((pair) => pair[side]);
  const contracted = attrs.contracted.map((pair) => pair[side]);
  const free: number[] = [];
  for (let axis = 0; axis < rank; axis++) if (!batch.includes(axis) && !contracted.includes(axis)) free.push(axis);
  return { batch, free, contracted };
}

export const contractOp: ContractionOp = {
  name: "contract",
  doc: "Sum of products over contracted axes; the matrix product is the case of one.",
  kind: "contraction",
  infer([a, b], attrs): TensorType {
    const { batch, contracted } = contractAttrs({ attrs });
    if (a.dtype !== b.dtype || a.dtype !== "f32") throw dtypeMismatch("contract", "f32", [a, b]);
    batch.forEach((pair) => checkExtents(pair, a.shape, b.shape));
    contracted.forEach((pair) => checkExtents(pair, a.shape, b.shape));
    const shape: Dim[] = batch.map((pair) => a.shape[pair[0]]);
    pushFree(shape, a.shape, batch, contracted, 0);
    pushFree(shape, b.shape, batch, contracted, 1);
    return { dtype: a.dtype, shape };
  },
  transpose({ operands: [a, b], attrs }, cotangent) {
    const { batch, contracted } = contractAttrs({ attrs });
    const left = operandAxes({ batch, contracted }, 0, a.type.shape.length);
    const right = operandAxes({ batch, contracted }, 1, b.type.shape.length);
    const kept = batch.map((_, i) => i);
    const leftFree = left.free.map((_, i) => batch.length + i);
    const rightFree = right.free.map((_, i) => batch.length + left.free.length + i);
    // ∂a: batch, free of a | contracted of b, in the order in which contract() leaves them.
    const toLeft: ContractAttrs = {
      batch: kept.map((axis, i) => [axis, right.batch[i]]),
      contracted: rightFree.map((axis, i) => [axis, right.free[i]]),
    };
    const toRight: ContractAttrs = {
      batch: kept.map((axis, i) => [left.batch[i], axis]),
      contracted: left.free.map((axis, i) => [axis, leftFree[i]]),
    };
    const contractedOfA = pairedInOrderOf(contracted, 1);
    const contractedOfB = pairedInOrderOf(contracted, 0);
    return [
      withAxes([cotangent, b], toLeft, [left.batch, left.free, contractedOfA]),
      withAxes([a, cotangent], toRight, [right.batch, contractedOfB, right.free]),
    ];
  },
};

/**
 * A contraction of which the axes batch, free of the left and free of the right operand go to these positions. Where the
 * operands the other way round leave them there, nothing needs to be moved.
 */
function withAxes(
  [a, b]: readonly [Value, Value],
  { batch, contracted }: ContractAttrs,
  [side, left, right]: readonly (readonly number[])[],
): Value {
  const turned = [...side, ...right, ...left];
  if (left.length === 0 || right.length === 0 || !turned.every((axis, i) => axis === i)) {
    return restoreAxes(contract(a, b, { batch, contracted }), [...side, ...left, ...right]);
  }
  const turn = (pairs: readonly AxisPair[]): readonly AxisPair[] => pairs.map(([x, y]) => [y, x]);
  return contract(b, a, { batch: turn(batch), contracted: turn(contracted) });
}

/** Axes on the other side of each pair, in the order in which they stand free on side `by`. */
function pairedInOrderOf(pairs: readonly AxisPair[], by: 0 | 1): readonly number[] {
  return [...pairs].sort((x, y) => x[by] - y[by]).map((pair) => pair[by === 0 ? 1 : 0]);
}

function checkExtents(pair: AxisPair, a: Shape, b: Shape): void {
  const extents: Shape = [a[pair[0]], b[pair[1]]];
  if (pair[0] >= a.length) throw axisRange("contract", [pair[0]], a.length);
  if (pair[1] >= b.length) throw axisRange("contract", [pair[1]], b.length);
  if (extents[0] !== extents[1]) throw contractionExtent("matmul", pair[0], pair[1], extents);
}

/** Adds the extents of the axes of one side that are in no pair. */
function pushFree(
  shape: Dim[],
  from: Shape,
  batch: readonly AxisPair[],
  contracted: readonly AxisPair[],
  side: 0 | 1,
): void {
  for (let axis = 0; axis < from.length; axis++) {
    const isPaired = (pair: AxisPair): boolean => pair[side] === axis;
    if (!batch.some(isPaired) && !contracted.some(isPaired)) shape.push(from[axis]);
  }
}

/** Puts axis i of `x` back to position `axes[i]`. */
function restoreAxes(x: Value, axes: readonly number[]): Value {
  const permutation = new Array<number>(axes.length);
  axes.forEach((axis, i) => (permutation[axis] = i));
  return transpose(x, permutation);
}

const isPair = (pair: unknown): boolean => Array.isArray(pair) && pair.length === 2 && pair.every(whole(0).holds);

const manyPairs: OptionCheck = {
  must: "an array of pairs of axes",
  holds: (pairs) => Array.isArray(pairs) && pairs.every((pair: unknown) => isPair(pair)),
  help: "contract(a, b, { batch: [[0, 0]], contracted: [[2, 1]] })",
};

/** Throws `argument-invalid` for what is no tensor. */
export function checkFactors(of: string, a: Value, b: Value): void {
  checkTensor(of, "the left operand", a);
  checkTensor(of, "the right operand", b);
}

/** General contraction. Result axes: batch, free axes of `a`, free axes of `b`. */
export function contract(a: Value, b: Value, attrs: ContractAttrs): Value {
  checkFactors("contract", a, b);
  const { batch, contracted } = isRecord(attrs) ? attrs : ({} as Partial<ContractAttrs>);
  checkArgument("contract", "the batch axes", batch, manyPairs);
  checkArgument("contract", "the contracted axes", contracted, manyPairs);
  return apply(contractOp, [a, b], { ...attrs });
}

/** Matrix product of the last two axes, [m, k] and [k, n] → [m, n]; leading axes are batch axes and must agree. */
export function matmul<D extends DType, A extends Shape, E extends DType, B extends Shape>(
  a: Of<"f32", "matmul", D, A>,
  b: Multiplies<A, B, Of<"f32", "matmul", E, B>>,
): Tensor<D, Product<A, B>>;
export function matmul(a: Value, b: Value): Value {
  checkFactors("matmul", a, b);
  const rank = a.type.shape.length;
  const right = b.type.shape.length;
  if (
    rank < 1 ||
    right < 1 ||
    (rank !== right && right !== 2 && !(right === 1 && rank <= 2) && !(rank === 1 && right === 2))
  ) {
    throw rankMismatch("matmul", "one or two axes, or equally many", [a.type, b.type]);
  }
  const shared = right > 2 ? rank - 2 : 0;
  const batch = Array.from({ length: shared }, (_, axis): AxisPair => [axis, axis]);
  return contract(a, b, { batch, contracted: [[rank - 1, right === 1 ? 0 : right - 2]] });
}

/** Sum of the products of two vectors. */
export function dot<D extends DType, A extends Shape, E extends DType, B extends Shape>(
  a: Of<"f32", "dot", D, A>,
  b: SameShape<"dot", A, B, Of<"f32", "dot", E, B>>,
): Tensor<D, Scalar>;
export function dot(a: Value, b: Value): Value {
  checkFactors("dot", a, b);
  if (a.type.shape.length !== 1 || b.type.shape.length !== 1) throw rankMismatch("dot", "one axis", [a.type, b.type]);
  return contract(a, b, { batch: [], contracted: [[0, 0]] });
}
