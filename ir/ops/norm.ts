/// Norms along axes: no square overflows or vanishes, and where the norm is 0 the gradient is.
import { anyNumber, checkOptions, checkTensor } from "../options.ts";
import type { AxesFit, None, Reduced } from "../static-axes.ts";
import { isFloat, type DType, type Shape } from "../type.ts";
import type { HelperFunction, ReductionOp, Tensor, Value } from "../value.ts";
import { isNanHelper } from "./helpers/numbers.ts";
import { div, mul, square } from "./arithmetic.ts";
import { isFinite } from "./bits.ts";
import { cast, where } from "./choose.ts";
import { and, equal, greater, notEqual } from "./compare.ts";
import { stopGradient } from "./derivative.ts";
import { abs, pow } from "./functions.ts";
import { root } from "./powers.ts";
import { max, min } from "./reduce.ts";
import { axesOf, normalizeAxes, reduction, reductionOptions, spread, sum, type ReductionOptions } from "./sum.ts";

/** Squares of numbers beyond `far` are added up in units of the square of `unit`, those below `near` of its inverse. */
const far = 1e15;
const near = 1e-15;
const unit = 2 ** 100;

/** The square of one number as a part of such a sum, 0 where it belongs to another; NaN belongs to the middle. */
function squareHelper(name: string, belongs: string): HelperFunction {
  return {
    name,
    parameters: { x: "f32" },
    result: "f32",
    uses: [unitHelper],
    body: `let y = x * unit_of(x);\nreturn select(0.0, y * y, ${belongs});`,
  };
}

const unitHelper: HelperFunction = {
  name: "unit_of",
  parameters: { x: "f32" },
  result: "f32",
  uses: [isNanHelper],
  body: `// Squares of numbers beyond 10¹⁵ are in units of 2²⁰⁰, those of numbers below 10⁻¹⁵ in units of 2⁻²⁰⁰.
let unit = select(1.0, 7.888609e-31, abs(x) > 1e15);
return select(select(unit, 1.2676506e30, abs(x) < 1e-15), 1.0, is_nan(x));`,
};
const largeHelper = squareHelper("large_square", "unit_of(x) < 1.0");
const mediumHelper = squareHelper("medium_square", "unit_of(x) == 1.0");
const smallHelper = squareHelper("small_square", "unit_of(x) > 1.0");
const lengthHelper: HelperFunction = {
  name: "euclidean",
  parameters: { large: "f32", medium: "f32", small: "f32" },
  result: "f32",
  uses: [isNanHelper],
  body: `// √Σx² from three sums of squares, the first and the last in units of their own (Blue 1978): of the largest there is, and
// of the next below it.
let total = select(select(small, medium, medium > 0.0), large, large > 0.0);
let rest = select(select(0.0, small, medium > 0.0), medium, large > 0.0);
let unit = select(select(7.888609e-31, 1.0, medium > 0.0), 1.2676506e30, large > 0.0);
// No constant: compilers of shaders multiply two of them beforehand, and the product vanishes.
let down = select(7.888609e-31, 0.0, rest == 0.0);
let size = sqrt(total + rest * down * down) * unit;
return select(size, medium, is_nan(medium));`,
};

export const normOp: ReductionOp = reduction({
  name: "norm",
  doc: "Length √Σx² along axes: no square overflows or vanishes; the gradient is 0 where the length is.",
  accepts: isFloat,
  accumulators: () => ["large", "medium", "small"].map((name) => ({ name, dtype: "f32", initial: 0 }) as const),
  lift(x) {
    const size = Math.abs(x);
    if (size > far) return [(x / unit) ** 2, 0, 0];
    return size < near ? [0, 0, (x * unit) ** 2] : [0, x * x, 0];
  },
  combine: ([a, b, c], [x, y, z]) => [a + x, b + y, c + z],
  finish([large, medium, small]) {
    if (large > 0) return Math.sqrt(large + medium / unit / unit) * unit;
    return medium === 0 ? Math.sqrt(small) / unit : Math.sqrt(medium + small / unit / unit);
  },
  wgsl: {
    lift: (x) => [largeHelper, mediumHelper, smallHelper].map(({ name }) => `${name}(${x})`),
    combine: (a, b) => a.map((part, i) => `${part} + ${b[i]}`),
    finish: (parts) => `${lengthHelper.name}(${parts.join(", ")})`,
  },
  helpers: [isNanHelper, unitHelper, largeHelper, mediumHelper, smallHelper, lengthHelper],
  // A number in its unit, its square, three sums; a root, a sum, and three products for the units.
  flops: { element: 5, finish: 5 },
  differentiate(context, cotangent) {
    const [x] = context.operands;
    const vanishes = equal(context.result, 0) as Value;
    const unitLength = where(
      vanishes as never,
      0,
      div(cotangent, where(vanishes as never, 1, context.result as never)),
    );
    return mul(x, spread(unitLength, x.type, axesOf(context)));
  },
});

/** Axes of a norm, and its order: 2 (default), 1, ∞ (largest), −∞ (smallest), 0 (how many are not 0), or another power. */
export interface NormOptions extends ReductionOptions {
  readonly order?: number;
}

/** Vector norm along axes, (Σ |x|ᵖ)^(1/p); its gradient is 0 where the norm is 0. */
export function norm<D extends DType, S extends Shape, const O extends NormOptions = None>(
  x: Tensor<D, S>,
  options?: O & AxesFit<"norm", S, O>,
): Tensor<D, Reduced<S, O>>;
export function norm(x: Value, given: NormOptions = {}): Value {
  checkTensor("norm", "x", x);
  checkOptions<NormOptions>("norm", given, { order: anyNumber, ...reductionOptions });
  const { order = 2, ...options } = given;
  normalizeAxes("norm", x.type.shape.length, options);
  // The textbook's formula: kernels compute it as the reduction above.
  if (order === 2) return root(sum(square(x), options));
  if (order === 1) return sum(abs(x), options);
  if (order === Infinity) return max(abs(x), options);
  if (order === -Infinity) return min(abs(x), options);
  if (order === 0) return sum(cast(notEqual(x, 0), x.type.dtype), options);
  return powerNorm(x, order, options);
}

/** (Σ |x|ᵖ)^(1/p) as s·(Σ |x/s|ᵖ)^(1/p) for the largest |x|, or the smallest where p < 0: no power overflows. */
function powerNorm(x: Value, order: number, options: ReductionOptions): Value {
  const axes = normalizeAxes("norm", x.type.shape.length, options);
  const extreme: Value = (order > 0 ? max : min)(abs(x), { ...options, axes });
  // It cancels: the norm does not depend on it.
  const size = stopGradient(where(and(greater(extreme, 0), isFinite(extreme)) as never, extreme as never, 1) as Value);
  const total = sum(powerOrZero(abs(div(x, onto(size, x, axes, options))), order), options);
  return mul(size, powerOrZero(total, 1 / order));
}

/** What was reduced, repeated along the axes. */
function onto(reduced: Value, x: Value, axes: readonly number[], { keepAxes }: ReductionOptions): Value {
  return keepAxes ? reduced : spread(reduced, x.type, axes);
}

/** xᵖ for x ≥ 0, with derivative 0 at 0, where that of the power may be infinite. */
function powerOrZero(x: Value, power: number): Value {
  const isZero = equal(x, 0);
  return where(isZero, power < 0 ? Infinity : 0, pow(where(isZero, 1, x), power));
}
