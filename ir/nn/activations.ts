/// Activation functions, as compositions. Names and constants as in PyTorch; sources beside the formulas.
import { anyNumber, checkArgument, checkOptions, finite, flag } from "../options.ts";
import type { Broadcast } from "../static.ts";
import type { Shape } from "../type.ts";
import type { Tensor, Value } from "../value.ts";
import { add, div, mul, neg, sub } from "../ops/arithmetic.ts";
import { where } from "../ops/choose.ts";
import { clamp } from "../ops/combined.ts";
import { greater, greaterEqual, less, lessEqual } from "../ops/compare.ts";
import { abs, expm1, sigmoid, sign, softplus, tanh } from "../ops/functions.ts";
import { erfc } from "../ops/special.ts";

/** min(x, 0), with the exponential of which the branch for x > 0 stays finite. */
function lower(x: Value): Value {
  return where(greater(x, 0), 0, x);
}

/** x where x > 0, else α(eˣ − 1) (Clevert et al. 2015). */
export function elu<T extends Value>(x: T, options?: { readonly alpha?: number }): T;
export function elu(x: Value, options: { readonly alpha?: number } = {}): Value {
  checkOptions("elu", options, { alpha: finite });
  const { alpha = 1 } = options;
  return where(greater(x, 0), x, mul(alpha, expm1(lower(x))));
}

/** Scaled exponential linear unit, whose constants keep mean 0 and variance 1 (Klambauer et al. 2017). */
export function selu<T extends Value>(x: T): T;
export function selu(x: Value): Value {
  return mul(1.0507009873554805, elu(x, { alpha: 1.6732632423543772 }));
}

/** x where x > 0, else α(e^(x/α) − 1): continuously differentiable (Barron 2017). */
export function celu<T extends Value>(x: T, options?: { readonly alpha?: number }): T;
export function celu(x: Value, options: { readonly alpha?: number } = {}): Value {
  checkOptions("celu", options, { alpha: finite });
  const { alpha = 1 } = options;
  return where(greater(x, 0), x, mul(alpha, expm1(div(lower(x), alpha))));
}

/** x·σ(x), also called swish (Elfwing et al. 2017). */
export function silu<T extends Value>(x: T): T;
export function silu(x: Value): Value {
  return mul(x, sigmoid(x));
}

/** Choices of `gelu`. */
export interface GeluOptions {
  /** By tanh, as GPT-2 does: ½x(1 + tanh(√(2/π)(x + 0.044715x³))). */
  readonly approximate?: boolean;
}

/** x·Φ(x) with the normal distribution function Φ (Hendrycks and Gimpel 2016), with all digits for negative x. */
export function gelu<T extends Value>(x: T, options?: GeluOptions): T;
export function gelu(x: Value, options: GeluOptions = {}): Value {
  checkOptions("gelu", options, { approximate: flag });
  if (!options.approximate) return mul(x, mul(0.5, erfc(mul(-Math.SQRT1_2, x))));
  // ½(1 + tanh u) = σ(2u), which does not cancel.
  const cube = mul(x, mul(x, x));
  return mul(x, sigmoid(mul(2 * Math.sqrt(2 / Math.PI), add(x, mul(0.044715, cube)))));
}

/** x·tanh(ln(1 + eˣ)) (Misra 2019). */
export function mish<T extends Value>(x: T): T;
export function mish(x: Value): Value {
  return mul(x, tanh(softplus(x)));
}

/** ln σ(x) = −ln(1 + e⁻ˣ). */
export function logSigmoid<T extends Value>(x: T): T;
export function logSigmoid(x: Value): Value {
  return neg(softplus(neg(x)));
}

/** x/(1 + |x|). */
export function softsign<T extends Value>(x: T): T;
export function softsign(x: Value): Value {
  return div(x, add(1, abs(x)));
}

/** `x` brought into [min, max], with derivative 0 at the ends and beyond. */
export function hardTanh<T extends Value>(x: T, options?: { readonly min?: number; readonly max?: number }): T;
export function hardTanh(x: Value, options: { readonly min?: number; readonly max?: number } = {}): Value {
  checkOptions("hardTanh", options, { min: anyNumber, max: anyNumber });
  const { min = -1, max = 1 } = options;
  return where(lessEqual(x, min), min, where(greaterEqual(x, max), max, x));
}

/** `x` brought into [0, 6]. */
export function relu6<T extends Value>(x: T): T;
export function relu6(x: Value): Value {
  return hardTanh(x, { min: 0, max: 6 });
}

/** x/6 + ½, brought into [0, 1]. */
export function hardSigmoid<T extends Value>(x: T): T;
export function hardSigmoid(x: Value): Value {
  return div(relu6(add(x, 3)), 6);
}

/** x·(x + 3)/6 between −3 and 3, 0 below, x above (Howard et al. 2019). */
export function hardSwish<T extends Value>(x: T): T;
export function hardSwish(x: Value): Value {
  const inside = mul(x, div(add(x, 3), 6));
  return where(less(x, -3), 0, where(greater(x, 3), x, inside));
}

/** x where x > 0, else slope·x. */
export function leakyRelu<T extends Value>(x: T, options?: { readonly slope?: number }): T;
export function leakyRelu(x: Value, options: { readonly slope?: number } = {}): Value {
  checkOptions("leakyRelu", options, { slope: finite });
  const { slope = 0.01 } = options;
  return where(greater(x, 0), x, mul(slope, x));
}

/** x where x > 0, else weight·x, with a weight that is trained (He et al. 2015). */
export function prelu<S extends Shape, W extends Shape>(
  x: Tensor<"f32", S>,
  weight: Tensor<"f32", W>,
): Tensor<"f32", Broadcast<S, W>>;
export function prelu(x: Value, weight: Value): Value;
export function prelu(x: Value, weight: Value): Value {
  return where(greater(x, 0), x, mul(weight, x));
}

/** x where it is above the threshold, else `value`. */
export function threshold<T extends Value>(x: T, limit: number, value: number): T;
export function threshold(x: Value, limit: number, value: number): Value {
  checkArgument("threshold", "the limit", limit, anyNumber);
  checkArgument("threshold", "the value", value, anyNumber);
  return where(lessEqual(x, limit), value, x);
}

/** x moved towards 0 by `width`, and 0 nearer to it than that. */
export function softShrink<T extends Value>(x: T, width?: number): T;
export function softShrink(x: Value, width = 0.5): Value {
  checkArgument("softShrink", "the width", width, anyNumber);
  // Away from 0 where the width is negative, and then no number is nearer to 0 than that.
  return sub(x, width < 0 ? mul(sign(x), width) : clamp(x, -width, width));
}

/** x, and 0 nearer to 0 than `width`. */
export function hardShrink<T extends Value>(x: T, width?: number): T;
export function hardShrink(x: Value, width = 0.5): Value {
  checkArgument("hardShrink", "the width", width, anyNumber);
  return where(lessEqual(abs(x), width), 0, x);
}

/** x − tanh x. */
export function tanhShrink<T extends Value>(x: T): T;
export function tanhShrink(x: Value): Value {
  return sub(x, tanh(x));
}
