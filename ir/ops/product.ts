/// The product along axes.
import type { AxesFit, None, Reduced } from "../static-axes.ts";
import { elementCount, type DType, type Shape } from "../type.ts";
import { apply, type ReductionOp, type Tensor, type Value } from "../value.ts";
import { mul } from "./arithmetic.ts";
import { cumprodOp } from "./cumulative.ts";
import { reshapeTo, transpose } from "./layout.ts";
import {
  accumulatorType,
  axesOf,
  isNumber,
  keptAxes,
  reduce,
  reduction,
  spread,
  type ReductionOptions,
} from "./sum.ts";

export const productOp: ReductionOp = reduction({
  name: "product",
  doc: "Product of the elements along axes; the gradient holds at zeros as well.",
  accepts: isNumber,
  accumulators: (dtype) => [{ name: "factors", dtype: accumulatorType(dtype), initial: 1 }],
  lift: (x) => [x],
  combine: ([a], [b]) => [a * b],
  finish: ([total]) => total,
  wgsl: { lift: (x) => [x], combine: ([a], [b]) => [`${a} * ${b}`], finish: ([total]) => total },
  differentiate(context, cotangent) {
    const [x] = context.operands;
    return mul(spread(cotangent, x.type, axesOf(context)), productOfOthers(x, axesOf(context)));
  },
});

/** For each element the product of all others along the axes: of all before times of all after, without a division. */
function productOfOthers(x: Value, axes: readonly number[]): Value {
  const kept = keptAxes(x.type.shape.length, axes);
  const order = [...kept, ...axes];
  const moved = transpose(x, order);
  const count = elementCount(axes.map((axis) => x.type.shape[axis]));
  const rows = reshapeTo(moved, [...kept.map((axis) => x.type.shape[axis]), count]);
  const [before, after] = [false, true].map((reverse) =>
    apply(cumprodOp, [rows], { axis: kept.length, reverse, exclusive: true }),
  );
  return transpose(
    reshapeTo(mul(before, after), moved.type.shape),
    order.map((_, axis) => order.indexOf(axis)),
  );
}

/** Product along axes; of a scalar, itself. */
export function product<D extends DType, S extends Shape, const O extends ReductionOptions = None>(
  x: Tensor<D, S>,
  options?: O & AxesFit<"product", S, O>,
): Tensor<D, Reduced<S, O>>;
export function product(x: Value, options: ReductionOptions = {}): Value {
  return reduce(productOp, x, options);
}
