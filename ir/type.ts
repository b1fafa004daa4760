/// What is known of a value before it is computed: its element type and its shape.
import { dimNames, multiplyDims, type Dim } from "./dim.ts";

/**
 * Element types. No op takes `f16`, and nothing of that type can be compiled: what `--storage f16` keeps in half precision
 * is f32 in the graph.
 */
export type DType = "f32" | "f16" | "i32" | "u32" | "bool";

/** All of them. */
export const dtypes: readonly DType[] = ["f32", "f16", "i32", "u32", "bool"];

/** Those that programs compute with. */
export const computedTypes: readonly DType[] = dtypes.filter((dtype) => dtype !== "f16");

/** Extents, outermost first; [] is a scalar. */
export type Shape = readonly Dim[];

/** Element type and shape of a value. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Types whose gradient exists. */
export function isFloat(dtype: DType): boolean {
  return dtype === "f32" || dtype === "f16";
}

/** Least and greatest number of an integer type; other types have none. */
export function integerLimits(dtype: DType): { readonly low: number; readonly high: number } | undefined {
  if (dtype === "i32") return { low: -(2 ** 31), high: 2 ** 31 - 1 };
  return dtype === "u32" ? { low: 0, high: 2 ** 32 - 1 } : undefined;
}

/** Number of elements of a shape. */
export function elementCount(shape: Shape): Dim {
  let count: Dim = 1;
  for (let axis = 0; axis < shape.length; axis++) count = multiplyDims(count, shape[axis]);
  return count;
}

/** True when two shapes have the same rank and extents. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** True when two types have the same element type and shape. */
export function sameType(a: TensorType, b: TensorType): boolean {
  return a.dtype === b.dtype && sameShape(a.shape, b.shape);
}

/** The shape that both broadcast to (right-aligned, 1 stretches), or undefined when they do not meet. */
export function broadcastShapes(a: Shape, b: Shape): Shape | undefined {
  const rank = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const x = a[axis - rank + a.length] ?? 1;
    const y = b[axis - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return undefined;
    result.push(x === 1 ? y : x);
  }
  return result;
}

/** Row-major strides of a shape, in elements. */
export function rowMajorStrides(shape: Shape): readonly Dim[] {
  const strides: Dim[] = new Array<Dim>(shape.length);
  let stride: Dim = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride = multiplyDims(stride, shape[axis]);
  }
  return strides;
}

/** Names of the named sizes in a shape, sorted. */
export function shapeNames(shape: Shape): readonly string[] {
  // Extent by extent: in a sum of extents k+1 and n-k, k would cancel.
  return [...new Set(shape.flatMap(dimNames))].sort();
}

/** `f32[batch, 784]`; a scalar is `f32`. */
export function formatType(type: TensorType): string {
  return type.shape.length === 0 ? type.dtype : `${type.dtype}[${type.shape.join(", ")}]`;
}
