/// Moments and logic along axes, as compositions.
import { checkOptions, checkTensor, finite } from "../options.ts";
import type { Of } from "../static.ts";
import type { AxesFit, None, Reduced } from "../static-axes.ts";
import type { DType, Shape } from "../type.ts";
import type { Tensor, Value } from "../value.ts";
import { div, square, sub } from "./arithmetic.ts";
import { cast } from "./choose.ts";
import { equal, greater } from "./compare.ts";
import { sizeValue } from "./leaf.ts";
import { root } from "./powers.ts";
import { max, mean, min } from "./reduce.ts";
import { normalizeAxes, reducedCount, reductionOptions, sum, type ReductionOptions } from "./sum.ts";

/** Axes of a variance, and what its divisor is less than the number of elements: 0 (default), or 1 for a sample. */
export interface VarianceOptions extends ReductionOptions {
  readonly correction?: number;
}

const varianceOptions = { ...reductionOptions, correction: finite } as const;

/** Mean squared distance from the mean, along axes: in two passes, so that nearly equal numbers keep their digits. */
export function variance<D extends DType, S extends Shape, const O extends VarianceOptions = None>(
  x: Tensor<D, S>,
  options?: O & AxesFit<"variance", S, O>,
): Tensor<D, Reduced<S, O>>;
export function variance(x: Value, given: VarianceOptions = {}): Value {
  checkTensor("variance", "x", x);
  checkOptions("variance", given, varianceOptions);
  const { correction = 0, ...options } = given;
  const axes = normalizeAxes("variance", x.type.shape.length, options);
  const total = sum(square(sub(x, mean(x, { axes, keepAxes: true }))), options);
  const count = sizeValue(reducedCount(x.type, axes), x.type.dtype);
  return div(total, correction === 0 ? count : sub(count, correction));
}

/** Square root of the variance along axes; its gradient is 0 where the variance is 0. */
export function standardDeviation<D extends DType, S extends Shape, const O extends VarianceOptions = None>(
  x: Tensor<D, S>,
  options?: O & AxesFit<"standardDeviation", S, O>,
): Tensor<D, Reduced<S, O>>;
export function standardDeviation(x: Value, options: VarianceOptions = {}): Value {
  checkTensor("standardDeviation", "x", x);
  checkOptions("standardDeviation", options, varianceOptions);
  return root(variance(x, options));
}

/** True where all elements along axes are. */
export function all<D extends DType, S extends Shape, const O extends ReductionOptions = None>(
  x: Of<"bool", "all", D, S>,
  options?: O & AxesFit<"all", S, O>,
): Tensor<"bool", Reduced<S, O>>;
export function all(x: Value, options: ReductionOptions = {}): Value {
  return equal(min(cast(x, "i32"), options), 1);
}

/** True where any element along axes is. */
export function any<D extends DType, S extends Shape, const O extends ReductionOptions = None>(
  x: Of<"bool", "any", D, S>,
  options?: O & AxesFit<"any", S, O>,
): Tensor<"bool", Reduced<S, O>>;
export function any(x: Value, options: ReductionOptions = {}): Value {
  return greater(max(cast(x, "i32"), options), 0);
}
