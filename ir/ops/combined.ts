/// Functions that are a few ops each: what users of numpy and PyTorch expect beside the ops.
import { anyNumber, checkOptions } from "../options.ts";
import type { DType, Shape } from "../type.ts";
import type { Either, Broadcast, Scalar } from "../static.ts";
import type { Tensor, Value } from "../value.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { isNaN } from "./bits.ts";
import { where } from "./choose.ts";
import { and, equal, greater, less, lessEqual } from "./compare.ts";
import { checkOperands, type BinaryFunction, type Operand } from "./define.ts";
import { log, step } from "./functions.ts";
import { floor, quotient, remainder, trunc } from "./rounding.ts";
import { sin } from "./trigonometric.ts";

/** 1/x. */
export function reciprocal<T extends Value>(x: T): T;
export function reciprocal(x: Value): Value {
  return div(1, x);
}

/** Logarithm to base 2. */
export function log2<T extends Value>(x: T): T;
export function log2(x: Value): Value {
  return div(log(x), Math.LN2);
}

/** Logarithm to base 10. */
export function log10<T extends Value>(x: T): T;
export function log10(x: Value): Value {
  return div(log(x), Math.LN10);
}

/** `x` brought into [low, high]; at the ends the gradient goes to `x`. NaN stays NaN; `high` wins where low > high. */
export function clamp<D extends DType, S extends Shape, A extends Shape = Scalar, B extends Shape = Scalar>(
  x: Tensor<D, S>,
  low: Tensor<NoInfer<D>, A> | number,
  high: Tensor<NoInfer<D>, B> | number,
): Tensor<D, Broadcast<Broadcast<S, A>, B>>;
export function clamp(x: Value, low: Operand, high: Operand): Value {
  checkOperands("clamp", [x, low, high]);
  const [from, to] = [low, high] as Value[];
  const raised = where(less(x, from), from, x);
  return where(greater(raised, to), to, raised);
}

/** ln(x/(1 − x)), the inverse of `sigmoid`. */
export function logit<T extends Value>(x: T): T;
export function logit(x: Value): Value {
  return log(div(x, sub(1, x)));
}

/** x·ln y, and 0 where x is 0, unless y is NaN; so is its gradient. */
export const xlogy: BinaryFunction<"xlogy"> = ((x: Value, y: Value): Value => {
  const vanishes = and(equal(x, 0), lessEqual(y, 0));
  return mul(x, log(where(vanishes, 1, y)));
}) as BinaryFunction<"xlogy">;

/** sin(πx)/(πx), and 1 at 0. */
export function sinc<T extends Value>(x: T): T;
export function sinc(x: Value): Value {
  const atZero = equal(x, 0);
  const angle = mul(Math.PI, where(atZero, 1, x));
  return where(atZero, 1, div(sin(angle), angle));
}

/** a + t·(b − a): `a` at t = 0, `b` at t = 1. */
export function lerp<D extends DType, A extends Shape, B extends Shape, T extends Shape = Scalar>(
  a: Tensor<D, A>,
  b: Tensor<NoInfer<D>, B>,
  t: Tensor<NoInfer<D>, T> | number,
): Tensor<D, Broadcast<Broadcast<A, B>, T>>;
export function lerp(a: Value, b: Value, t: Operand): Value {
  checkOperands("lerp", [a, b, t]);
  return add(a, mul(t as Value, sub(b, a)));
}

/** 0 where x < 0, 1 where x > 0, `atZero` where x is 0. */
export function heaviside<D extends DType, S extends Shape, E extends DType = never, B extends Shape = Scalar>(
  x: Tensor<D, S>,
  atZero: Tensor<E, B> | number,
): Tensor<Either<D, E>, Broadcast<S, B>>;
export function heaviside(x: Value, atZero: Operand): Value {
  checkOperands("heaviside", [x, atZero]);
  return where(equal(x, 0), atZero as Value, step(x));
}

/** What stands for numbers that are none. */
export interface NanToNumOptions {
  readonly nan?: number;
  /** For ∞; by default the largest float32. */
  readonly positive?: number;
  /** For −∞. */
  readonly negative?: number;
}

const largest = 3.4028234663852886e38;

/** Finite numbers in place of NaN, ∞ and −∞; there the gradient is 0. */
export function nanToNum<T extends Value>(x: T, options?: NanToNumOptions): T;
export function nanToNum(x: Value, options: NanToNumOptions = {}): Value {
  checkOptions("nanToNum", options, { nan: anyNumber, positive: anyNumber, negative: anyNumber });
  const { nan = 0, positive = largest, negative = -largest } = options;
  const bounded = where(greater(x, largest), positive, where(less(x, -largest), negative, x));
  return where(isNaN(x), nan, bounded);
}

/** ⌊a/b⌋ of floats or integers. A float divided by 0 gives ±∞ or NaN, an integer stays what it is. */
export const floorDivide: BinaryFunction<"floorDivide"> = ((a: Operand, b: Operand): Value => {
  checkOperands("floorDivide", [a, b]);
  const dtype = typeof a === "number" ? (typeof b === "number" ? "f32" : b.type.dtype) : a.type.dtype;
  const [x, y] = [a, b] as Value[];
  return dtype === "f32" ? floor(div(x, y)) : quotient(sub(x, remainder(x, y)), y);
}) as BinaryFunction<"floorDivide">;

/** a/b rounded towards 0, of floats or integers. A float divided by 0 gives ±∞ or NaN, an integer stays what it is. */
export const truncDivide: BinaryFunction<"truncDivide"> = ((a: Operand, b: Operand): Value => {
  checkOperands("truncDivide", [a, b]);
  const dtype = typeof a === "number" ? (typeof b === "number" ? "f32" : b.type.dtype) : a.type.dtype;
  const [x, y] = [a, b] as Value[];
  return dtype === "f32" ? trunc(div(x, y)) : quotient(x, y);
}) as BinaryFunction<"truncDivide">;
