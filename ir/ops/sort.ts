/// The order of elements: one op gives positions, and reading at them gives all the rest.
import { axisRange, dtypeMismatch } from "../errors.ts";
import type { DType } from "../type.ts";
import { apply, type SortOp, type Tensor, type Value } from "../value.ts";
import { takeAlongAxis } from "./gather.ts";
import { sliceTo } from "./pad.ts";
import { isNumber } from "./sum.ts";

export const argsortOp: SortOp = {
  name: "argsort",
  doc: "Positions that put the elements along an axis in order; equal ones keep theirs, NaN comes last.",
  kind: "sort",
  infer([operand], attrs) {
    if (!isNumber(operand.dtype)) throw dtypeMismatch("argsort", "numbers", [operand]);
    const axis = attrs.axis as number;
    if (operand.shape[axis] === undefined) throw axisRange("argsort", [axis], operand.shape.length);
    return { dtype: "i32", shape: operand.shape };
  },
};

/** Which axis (default the last), and which way. */
export interface SortOptions {
  readonly axis?: number;
  readonly descending?: boolean;
}

/** Positions that put the elements along an axis in order; stable, NaN last. They have no derivative. */
export function argsort(x: Value, { axis = -1, descending = false }: SortOptions = {}): Tensor<"i32"> {
  return apply(argsortOp, [x], { axis: countedAxis("argsort", axis, x), descending }) as Tensor<"i32">;
}

/** The elements along an axis in order; the gradient goes back to where each came from. */
export function sort<T extends Value>(x: T, options?: SortOptions): T;
export function sort(x: Value, options: SortOptions = {}): Value {
  return takeAlongAxis(x, argsort(x, options), options.axis ?? -1);
}

/** What top-k gives: elements in order, and where they were. */
export interface TopK<D extends DType> {
  readonly values: Tensor<D>;
  readonly indices: Tensor<"i32">;
}

/** The `count` largest elements along an axis (the smallest with `largest: false`), in order, with their positions. */
export function topK<D extends DType>(
  x: Tensor<D>,
  count: number,
  { axis = -1, largest = true }: { readonly axis?: number; readonly largest?: boolean } = {},
): TopK<D> {
  const along = countedAxis("topK", axis, x);
  const { shape } = x.type;
  const extent = shape[along];
  if (!Number.isInteger(count) || count < 1 || (typeof extent === "number" && count > extent)) {
    throw axisRange("topK", [count], typeof extent === "number" ? extent : shape.length);
  }
  const indices = sliceTo(argsort(x, { axis: along, descending: largest }), {
    starts: shape.map(() => 0),
    limits: shape.map((each, other) => (other === along ? count : each)),
    strides: shape.map(() => 1),
  }) as Tensor<"i32">;
  return { values: takeAlongAxis(x, indices, along), indices };
}

function countedAxis(name: string, axis: number, x: Value): number {
  const rank = x.type.shape.length;
  const counted = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(counted) || counted < 0 || counted >= rank) throw axisRange(name, [axis], rank);
  return counted;
}
