/// Moving elements without computing. None of these costs a kernel: they become index arithmetic in their users.
import { checkArgument, checkTensor, shaped, someAxes, type OptionCheck } from "../options.ts";
import { addDims, divideDims, multiplyDims, type Dim } from "../dim.ts";
import { axisRange, reshapeCount } from "../errors.ts";
import { elementCount, rowMajorStrides, sameShape, type DType, type Shape, type TensorType } from "../type.ts";
import type { AxesFit, Completed, Permuted, Reshapes } from "../static-axes.ts";
import { apply, type IndexAlgebra, type LayoutOp, type Tensor, type Value } from "../value.ts";
import { normalizeDim } from "./axis.ts";
import { constantOp, sizeOp } from "./leaf.ts";

export const reshapeOp: LayoutOp = {
  name: "reshape",
  doc: "The same elements in row-major order under another shape.",
  kind: "layout",
  infer([operand], attrs) {
    const shape = attrs.shape as Shape;
    const counts = [elementCount(operand.shape), elementCount(shape)];
    if (counts[0] !== counts[1]) throw reshapeCount(operand.shape, shape, counts);
    return { dtype: operand.dtype, shape };
  },
  source<I>(index: readonly I[], operand: Shape, result: Shape, _: unknown, algebra: IndexAlgebra<I>) {
    // Axes that only stay, or merge and split among themselves, keep to themselves: so the index stays simple.
    return sharedGroups(operand, result).flatMap(([from, to]) => {
      const given = index.slice(to.start, to.end);
      const wanted = operand.slice(from.start, from.end);
      return splitIndex(joinIndex(given, result.slice(to.start, to.end), algebra), wanted, algebra);
    });
  },
  transpose: ({ operands: [operand] }, cotangent) => reshapeTo(cotangent, operand.type.shape),
};

export const transposeOp: LayoutOp = {
  name: "transpose",
  doc: "Permutes the axes: axis i of the result is axis permutation[i] of the operand.",
  kind: "layout",
  infer([operand], attrs) {
    const permutation = attrs.permutation as readonly number[];
    return { dtype: operand.dtype, shape: permutation.map((axis) => operand.shape[axis]) };
  },
  source<I>(index: readonly I[], _operand: Shape, _result: Shape, attrs: { readonly permutation?: unknown }) {
    return inversePermutation(attrs.permutation as readonly number[]).map((axis) => index[axis]);
  },
  transpose: ({ attrs }, cotangent) => transpose(cotangent, inversePermutation(attrs.permutation as readonly number[])),
};

export const reverseOp: LayoutOp = {
  name: "reverse",
  doc: "The elements in the opposite order along axes.",
  kind: "layout",
  infer: ([operand]) => operand,
  source(index, operand, _result, attrs, algebra) {
    const axes = attrs.axes as readonly number[];
    return index.map((part, axis) =>
      axes.includes(axis)
        ? algebra.add(algebra.constant(addDims(operand[axis], -1)), algebra.multiply(part, -1))
        : part,
    );
  },
  transpose: ({ attrs }, cotangent) => reverse(cotangent, attrs.axes as readonly number[]),
};

/** The elements in the opposite order along axes (negative counts from the last). */
export function reverse<D extends DType, S extends Shape, const A extends readonly number[]>(
  x: Tensor<D, S>,
  axes: A & AxesFit<"reverse", S, { readonly axes: A }>,
): Tensor<D, S>;
export function reverse(x: Value, axes: readonly number[]): Value {
  checkTensor("reverse", "x", x);
  checkArgument("reverse", "axes", axes, someAxes);
  const rank = x.type.shape.length;
  const counted = axes.map((axis) => (axis < 0 ? axis + rank : axis));
  if (new Set(counted).size !== axes.length || counted.some((axis) => !(axis >= 0 && axis < rank))) {
    throw axisRange("reverse", axes, rank);
  }
  const turned = counted.filter((axis) => x.type.shape[axis] !== 1).sort((a, b) => a - b);
  return turned.length === 0 || uniformAs(x, x.type.shape) ? x : apply(reverseOp, [x], { axes: turned });
}

/** Row-major position of an index within a shape. */
export function joinIndex<I>(index: readonly I[], shape: Shape, algebra: IndexAlgebra<I>): I {
  const strides = rowMajorStrides(shape);
  const terms = index.flatMap((part, axis) => (shape[axis] === 1 ? [] : [algebra.multiply(part, strides[axis])]));
  return terms.length === 0 ? algebra.constant(0) : terms.reduce((total, term) => algebra.add(total, term));
}

/** The index of a row-major position within a shape. */
export function splitIndex<I>(position: I, shape: Shape, algebra: IndexAlgebra<I>): readonly I[] {
  const strides = rowMajorStrides(shape);
  const outermost = shape.findIndex((extent) => extent !== 1);
  return shape.map((extent, axis) => {
    if (extent === 1) return algebra.constant(0);
    const quotient = algebra.divide(position, strides[axis]);
    return axis === outermost ? quotient : algebra.remainder(quotient, extent);
  });
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Runs of neighbouring axes of two shapes that hold equally many elements, as short as they come. */
export function sharedGroups(a: Shape, b: Shape): readonly (readonly [Range, Range])[] {
  const groups: (readonly [Range, Range])[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [start, other] = [i, j];
    let [left, right]: [Dim, Dim] = [i < a.length ? a[i++] : 1, j < b.length ? b[j++] : 1];
    while (left !== right && (i < a.length || j < b.length)) {
      // The side that divides the other has to grow; where neither does, both go to the end.
      if (j === b.length || (i < a.length && divideDims(right, left) !== undefined)) left = multiplyDims(left, a[i++]);
      else right = multiplyDims(right, b[j++]);
    }
    groups.push([
      { start, end: i },
      { start: other, end: j },
    ]);
  }
  return groups;
}

function inversePermutation(permutation: readonly number[]): number[] {
  const inverse = new Array<number>(permutation.length);
  permutation.forEach((axis, position) => (inverse[axis] = position));
  return inverse;
}

/** A leaf with one number in every element, under another shape. */
export function uniformAs(x: Value, shape: Shape): Value | undefined {
  if (x.op !== constantOp && x.op !== sizeOp) return undefined;
  return apply(x.op, [], { ...x.attrs, shape });
}

/** The same elements under another shape; sizes may be polynomials in names, and one may be -1 (the rest). */
export function reshape<D extends DType, S extends Shape, const T extends Shape>(
  x: Tensor<D, S>,
  shape: T & Reshapes<S, T>,
): Tensor<D, Completed<T>>;
export function reshape(x: Value, shape: readonly (number | string)[]): Value {
  checkTensor("reshape", "x", x);
  checkArgument("reshape", "the shape", shape, shaped);
  return reshapeTo(x, completeShape(x.type, shape));
}

/** Reshape to a known shape; `x` itself when it has it. */
export function reshapeTo(x: Value, shape: Shape): Value {
  if (sameShape(x.type.shape, shape)) return x;
  return uniformAs(x, shape) ?? apply(reshapeOp, [x], { shape });
}

function completeShape(type: TensorType, shape: readonly (number | string)[]): Shape {
  const known = shape.map((extent) => (extent === -1 ? 1 : normalizeDim(extent)));
  const at = shape.indexOf(-1);
  if (at < 0) return known;
  const counts = [elementCount(type.shape), elementCount(known)] as const;
  const rest = divideDims(...counts);
  if (rest === undefined || shape.lastIndexOf(-1) > at) throw reshapeCount(type.shape, shape, counts);
  return known.map((extent, axis) => (axis === at ? rest : extent));
}

/** The order of all axes. */
const permutationCheck: OptionCheck = { ...someAxes, help: "transpose(x, [1, 0]); swapAxes(x, 0, 1) exchanges two" };

/** Permutes axes; by default reverses them. */
export function transpose<D extends DType, S extends Shape, const P extends readonly number[] = never>(
  x: Tensor<D, S>,
  permutation?: P,
): Tensor<D, Permuted<S, P>>;
export function transpose(x: Value, permutation?: readonly number[]): Value {
  checkTensor("transpose", "x", x);
  if (permutation !== undefined) checkArgument("transpose", "axes", permutation, permutationCheck);
  const rank = x.type.shape.length;
  const axes = permutation ?? x.type.shape.map((_, axis) => rank - 1 - axis);
  if (axes.length !== rank || new Set(axes).size !== rank || axes.some((axis) => axis < 0 || axis >= rank)) {
    throw axisRange("transpose", axes, rank, true);
  }
  if (axes.every((axis, i) => axis === i)) return x;
  const shape = axes.map((axis) => x.type.shape[axis]);
  return uniformAs(x, shape) ?? apply(transposeOp, [x], { permutation: axes });
}
