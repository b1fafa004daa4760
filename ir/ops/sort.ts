/// The order of elements: one op gives positions, and reading at them gives all the rest.
import { axisRange, dtypeMismatch, optionValue } from "../errors.ts";
import { checkOptions, checkTensor, flag, whole } from "../options.ts";
import type { AxesFit, None } from "../static-axes.ts";
import type { AxisOf, WithAxis } from "../static-parts.ts";
import type { DType, Shape } from "../type.ts";
import { apply, type SortOp, type Tensor, type Value } from "../value.ts";
import { countedAxis } from "./axis.ts";
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
  defaults: () => ({ descending: false }),
};

/** Which axis (default the last), and which way. */
export interface SortOptions {
  readonly axis?: number;
  readonly descending?: boolean;
}

const sortOptions = { axis: true, descending: flag } as const;

/** Positions that put the elements along an axis in order; stable, NaN last. They have no derivative. */
export function argsort<D extends DType, S extends Shape, const O extends SortOptions = None>(
  x: Tensor<D, S>,
  options?: O & AxesFit<"argsort", S, O>,
): Tensor<"i32", S>;
export function argsort(x: Value, options: SortOptions = {}): Value {
  checkTensor("argsort", "x", x);
  checkOptions("argsort", options, sortOptions);
  const { axis = -1, descending = false } = options;
  return apply(argsortOp, [x], { axis: countedAxis("argsort", axis, x.type.shape.length), descending });
}

/** The elements along an axis in order; the gradient goes back to where each came from. */
export function sort<D extends DType, S extends Shape, const O extends SortOptions = None>(
  x: Tensor<D, S>,
  options?: O & AxesFit<"sort", S, O>,
): Tensor<D, S>;
export function sort(x: Value, options: SortOptions = {}): Value {
  checkTensor("sort", "x", x);
  checkOptions("sort", options, sortOptions);
  return takeAlongAxis(x, argsort(x, options), options.axis ?? -1);
}

/** What top-k gives: elements in order, and where they were. */
export interface TopK<D extends DType, S extends Shape = Shape> {
  readonly values: Tensor<D, S>;
  readonly indices: Tensor<"i32", S>;
}

/** Along which axis (default the last), and which way. */
export interface TopKOptions {
  readonly axis?: number;
  readonly largest?: boolean;
}

/** The `count` largest elements along an axis (the smallest with `largest: false`), in order, with their positions. */
export function topK<D extends DType, S extends Shape, const K extends number, const O extends TopKOptions = None>(
  x: Tensor<D, S>,
  count: K,
  options?: O & AxesFit<"topK", S, O>,
): TopK<D, WithAxis<S, AxisOf<O, -1>, readonly [K]>>;
export function topK(x: Value, count: number, options: TopKOptions = {}): TopK<DType> {
  checkTensor("topK", "x", x);
  checkOptions("topK", options, { axis: true, largest: flag });
  const { axis = -1, largest = true } = options;
  const along = countedAxis("topK", axis, x.type.shape.length);
  const { shape } = x.type;
  const extent = shape[along];
  const most = typeof extent === "number" ? extent : Infinity;
  if (!whole(1).holds(count) || count > most) {
    const wanted = most < Infinity ? `an integer from 1 to ${most}, the extent of the axis` : whole(1).must;
    throw optionValue("topK", "count", wanted, count, "topK(x, 1)");
  }
  const indices = sliceTo(argsort(x, { axis: along, descending: largest }), {
    starts: shape.map(() => 0),
    limits: shape.map((each, other) => (other === along ? count : each)),
    strides: shape.map(() => 1),
  }) as Tensor<"i32">;
  return { values: takeAlongAxis(x, indices, along), indices };
}
