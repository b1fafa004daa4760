/// Reductions other than the sum: extremes, their positions, and the stable ln Σ eˣ.
import { checkTensor } from "../options.ts";
import type { AxesFit, LastAxis, None, Reduced } from "../static-axes.ts";
import { axisRange } from "../errors.ts";
import { integerLimits, isFloat, type DType, type Shape } from "../type.ts";
import type { HelperFunction, ReductionOp, Tensor, Value } from "../value.ts";
import { div, mul, sub } from "./arithmetic.ts";
import { cast } from "./choose.ts";
import { equal } from "./compare.ts";
import { exp } from "./functions.ts";
import { sizeValue } from "./leaf.ts";
import {
  accumulatorType,
  axesOf,
  isNumber,
  normalizeAxes,
  reduce,
  reducedCount,
  reduction,
  spread,
  sum,
} from "./sum.ts";
import { addExponentialsHelper, logTotalHelper } from "./helpers/exponential.ts";
import { isNanHelper, largerHelper, smallerHelper } from "./helpers/numbers.ts";
import type { ReductionOptions } from "./sum.ts";

/** The lowest finite float32: where the maximum of ln Σ eˣ starts, because ∞ − ∞ would be NaN. */
const lowest = -3.4028234663852886e38;

/** Where the search for an extreme begins: below (sign 1), or above (−1), everything. */
export function farthest(dtype: DType, sign: 1 | -1): number {
  const { low, high } = integerLimits(dtype) ?? { low: -Infinity, high: Infinity };
  return sign > 0 ? low : high;
}

/** Largest (sign 1) or smallest (−1) element. */
function extremeOp(name: "max" | "min", doc: string, sign: 1 | -1): ReductionOp {
  const accumulator = sign > 0 ? "largest" : "smallest";
  return reduction({
    ...{ name, doc, accepts: isNumber },
    accumulators: (dtype) => [{ name: accumulator, dtype: accumulatorType(dtype), initial: farthest(dtype, sign) }],
    lift: (x) => [x],
    combine: ([a], [b]) => [Math[name](a, b)],
    finish: ([found]) => found,
    wgsl: {
      lift: (x) => [x],
      combine: ([a], [b], _, dtype) => [extremeText(sign, a, b, dtype)],
      finish: ([found]) => found,
    },
    helpers: [largerHelper, smallerHelper],
    differentiate(context, cotangent) {
      const [x] = context.operands;
      const axes = axesOf(context);
      const ties = cast(equal(x, spread(context.result, x.type, axes)), x.type.dtype);
      return mul(ties, spread(div(cotangent, sum(ties, { axes })), x.type, axes));
    },
  });
}

/** The larger (sign 1) or smaller (−1) of two numbers; of floats NaN where either is. */
function extremeText(sign: 1 | -1, a: string, b: string, dtype: DType): string {
  const [builtin, helper] = sign > 0 ? ["max", largerHelper] : ["min", smallerHelper];
  return `${isFloat(dtype) ? helper.name : builtin}(${a}, ${b})`;
}

export const maxOp = extremeOp(
  "max",
  "Largest element along axes, NaN where one is; the gradient is shared equally between ties.",
  1,
);
export const minOp = extremeOp(
  "min",
  "Smallest element along axes, NaN where one is; the gradient is shared equally between ties.",
  -1,
);

/** True when `a`, sign times it being largest, comes before `b`: NaN before all else, equals in their order. */
function precedes(sign: 1 | -1, [a, i]: readonly number[], [b, j]: readonly number[]): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && (!Number.isNaN(b) || i < j);
  return sign * a > sign * b || (a === b && i < j);
}

/** The same for floats in a kernel. NaN is told by its bits, since comparisons with it are not to be trusted. */
function precedesHelper(sign: 1 | -1): HelperFunction {
  return {
    name: sign > 0 ? "is_larger" : "is_smaller",
    parameters: { a: "f32", i: "u32", b: "f32", j: "u32" },
    result: "bool",
    uses: [isNanHelper],
    body: `// NaN before all else, equals in their order.
let first = is_nan(a) & (!is_nan(b) | (i < j));
return select((a ${sign > 0 ? ">" : "<"} b) | ((a == b) & (i < j)), first, is_nan(a) | is_nan(b));`,
  };
}

/** Position of an extreme; the first of equals. */
function extremePlaceOp(name: string, doc: string, extreme: ReductionOp, sign: 1 | -1): ReductionOp {
  const before = precedesHelper(sign);
  const beforeText = (a: string, i: string, b: string, j: string, dtype: DType): string => {
    if (isFloat(dtype)) return `${before.name}(${a}, ${i}, ${b}, ${j})`;
    return `(${a} ${sign > 0 ? ">" : "<"} ${b}) | ((${a} == ${b}) & (${i} < ${j}))`;
  };
  return reduction({
    ...{ name, doc, accepts: isNumber, result: () => "i32" },
    accumulators(dtype) {
      const [found] = extreme.accumulators(dtype);
      return [found, { name: `${found.name}_at`, dtype: "u32", initial: 0xffffffff }];
    },
    lift: (x, position) => [x, position],
    combine: (a, b) => (precedes(sign, a, b) ? a : b),
    finish: ([, position]) => position,
    wgsl: {
      lift: (x, position) => [x, position],
      combine: ([a, i], [b, j], _, dtype) => [
        extremeText(sign, a, b, dtype),
        `select(${j}, ${i}, ${beforeText(a, i, b, j, dtype)})`,
      ],
      finish: ([, position]) => `i32(${position})`,
    },
    helpers: [largerHelper, smallerHelper, before],
    contains: extreme,
  });
}

export const argmaxOp = extremePlaceOp(
  "argmax",
  "Position of the largest element along an axis; the first of equals. NaN counts as larger than all else.",
  maxOp,
  1,
);
export const argminOp = extremePlaceOp(
  "argmin",
  "Position of the smallest element along an axis; the first of equals. NaN counts as smaller than all else.",
  minOp,
  -1,
);

export const logsumexpOp = reduction({
  name: "logsumexp",
  doc: "ln Σ eˣ along axes, without overflow: the running maximum is taken out (Milakov and Gimelshein 2018).",
  accepts: isFloat,
  accumulators: () => [
    { name: "largest", dtype: "f32", initial: lowest },
    { name: "total", dtype: "f32", initial: 0 },
  ],
  lift: (x) => [x, 1],
  combine([a, s], [b, t]) {
    const largest = Math.max(a, b);
    return [largest, s * Math.exp(a - largest) + t * Math.exp(b - largest)];
  },
  finish: ([largest, total]) => (total === 0 ? -Infinity : largest === Infinity ? Infinity : largest + Math.log(total)),
  wgsl: {
    lift: (x) => [x, "1.0"],
    combine: ([a, s], [b, t]) => [`larger(${a}, ${b})`, `add_exponentials(${a}, ${s}, ${b}, ${t})`],
    finish: ([largest, total]) => `log_total(${largest}, ${total})`,
  },
  helpers: [largerHelper, addExponentialsHelper, logTotalHelper],
  // The larger, a difference, an exponential, a product and a sum; a logarithm and a sum.
  flops: { element: 5, finish: 2 },
  differentiate(context, cotangent) {
    const [x] = context.operands;
    const axes = axesOf(context);
    return mul(spread(cotangent, x.type, axes), exp(sub(x, spread(context.result, x.type, axes))));
  },
});

/** Largest element along axes. */
export function max<D extends DType, S extends Shape, const O extends ReductionOptions = None>(
  x: Tensor<D, S>,
  options?: O & AxesFit<"max", S, O>,
): Tensor<D, Reduced<S, O>>;
export function max(x: Value, options: ReductionOptions = {}): Value {
  return reduce(maxOp, x, options);
}

/** Smallest element along axes. */
export function min<D extends DType, S extends Shape, const O extends ReductionOptions = None>(
  x: Tensor<D, S>,
  options?: O & AxesFit<"min", S, O>,
): Tensor<D, Reduced<S, O>>;
export function min(x: Value, options: ReductionOptions = {}): Value {
  return reduce(minOp, x, options);
}

/** Position of the smallest element along the last (or given) axis. */
export function argmin<D extends DType, S extends Shape, const O extends ReductionOptions = LastAxis>(
  x: Tensor<D, S>,
  options?: O & AxesFit<"argmin", S, O>,
): Tensor<"i32", Reduced<S, O>>;
export function argmin(x: Value, options: ReductionOptions = { axis: -1 }): Value {
  checkTensor("argmin", "x", x);
  if (normalizeAxes("argmin", x.type.shape.length, options).length === 0)
    throw axisRange("argmin", [], x.type.shape.length);
  return reduce(argminOp, x, options);
}

/** Position of the largest element along the last (or given) axis. */
export function argmax<D extends DType, S extends Shape, const O extends ReductionOptions = LastAxis>(
  x: Tensor<D, S>,
  options?: O & AxesFit<"argmax", S, O>,
): Tensor<"i32", Reduced<S, O>>;
export function argmax(x: Value, options: ReductionOptions = { axis: -1 }): Value {
  checkTensor("argmax", "x", x);
  if (normalizeAxes("argmax", x.type.shape.length, options).length === 0)
    throw axisRange("argmax", [], x.type.shape.length);
  return reduce(argmaxOp, x, options);
}

/** ln Σ eˣ along axes. */
export function logsumexp<D extends DType, S extends Shape, const O extends ReductionOptions = None>(
  x: Tensor<D, S>,
  options?: O & AxesFit<"logsumexp", S, O>,
): Tensor<D, Reduced<S, O>>;
export function logsumexp(x: Value, options: ReductionOptions = {}): Value {
  return reduce(logsumexpOp, x, options);
}

/** Arithmetic mean along axes: sum divided by the number of elements. */
export function mean<D extends DType, S extends Shape, const O extends ReductionOptions = None>(
  x: Tensor<D, S>,
  options?: O & AxesFit<"mean", S, O>,
): Tensor<D, Reduced<S, O>>;
export function mean(x: Value, options: ReductionOptions = {}): Value {
  checkTensor("mean", "x", x);
  const axes = normalizeAxes("mean", x.type.shape.length, options);
  const count = reducedCount(x.type, axes);
  return div(sum(x, options), sizeValue(count, x.type.dtype));
}
