/// Choosing between values and converting element types.
import { about } from "../diagnostic.ts";
import { dtypeMismatch } from "../errors.ts";
import { checkDtype, checkTensor } from "../options.ts";
import type { Broadcast, Either, Of, Scalar, Together } from "../static.ts";
import { integerLimits, isFloat, type DType, type Shape, type TensorType } from "../type.ts";
import { apply, isValue, type ElementwiseOp, type Tensor, type Value } from "../value.ts";
import { applyBroadcasting, callText, checkOperands, elementwise, wgslType, type Operand } from "./define.ts";
import { toI32Helper, toU32Helper } from "./helpers/numbers.ts";
import { constant, constantValue } from "./leaf.ts";
import { wrapped } from "./wrap.ts";

/** What a `where` wants beside its condition. */
const twoValues = "a condition and two values of one type";

const select = elementwise({
  name: "select",
  doc: "The first value where the condition holds, else the second. A branch that is not taken has no gradient.",
  types: {
    wanted: twoValues,
    accepts: ([condition, a, b]) => condition === "bool" && a === b,
    result: ([, a]) => a,
  },
  // It moves a number and computes none: the counters of GPUs count no floating-point operation either.
  flops: 0,
  scale: ({ operands: [condition] }, t) => [null, where(condition, t, 0), where(condition, 0, t)],
  wgsl: ([condition, a, b]) => `select(${b}, ${a}, ${condition})`,
  reference: ([condition, a, b]) => (condition ? a : b),
});

export const selectOp: ElementwiseOp = select;

/** `a` where `condition` holds, else `b`; shapes broadcast, numbers take the type of the other branch. */
export function where<
  C extends DType,
  P extends Shape,
  D extends DType = never,
  A extends Shape = Scalar,
  E extends DType = never,
  B extends Shape = Scalar,
>(
  condition: Of<"bool", "where", C, P>,
  a: Together<"where", never, P, D, A, Tensor<D, A> | number>,
  b: Together<"where", D, Broadcast<P, A>, E, B, Tensor<E, B> | number>,
): Tensor<Either<D, E>, Broadcast<Broadcast<P, A>, B>>;
export function where(condition: Value, a: Operand, b: Operand): Value {
  checkTensor("where", "the condition", condition);
  if (condition.type.dtype !== "bool") {
    const help = "a comparison gives one: greater(x, 0)";
    throw dtypeMismatch("where", "bool", [condition.type], undefined, help, "the condition");
  }
  checkOperands("where", [a, b]);
  const values = [a, b].filter(isValue);
  about(values, () => {
    const types = [condition, ...values].map(({ type }) => type);
    if (values.some(({ type }) => type.dtype !== values[0].type.dtype)) throw dtypeMismatch("where", twoValues, types);
  });
  const dtype = typeof a !== "number" ? a.type.dtype : typeof b !== "number" ? b.type.dtype : "f32";
  return applyBroadcasting(select, [condition, a, b], dtype, "where");
}

/** A number as an element of another type: floats are truncated and saturate, whole numbers of 32 bits wrap. */
function converted(number: number, from: DType, to: DType): number {
  if (to === "f32" || to === "f16") return number;
  if (to === "bool") return Number(number !== 0);
  if (!isFloat(from)) return wrapped(number, to);
  const { low, high } = integerLimits(to)!;
  return Number.isNaN(number) ? 0 : Math.trunc(Math.min(Math.max(number, low), high));
}

/** One op object for all target types: the type is part of the value's attrs and of the shape rule alike. */
export const castOp: ElementwiseOp = {
  name: "cast",
  doc:
    "Converts the element type. True is 1; what is not 0 is true, NaN as well. Floats are rounded towards 0 and saturate " +
    "at the ends of the integer type, NaN becomes 0; i32 and u32 convert modulo 2³².",
  kind: "elementwise",
  infer([operand], attrs): TensorType {
    if (operand.dtype === "f16" || attrs.dtype === "f16")
      throw dtypeMismatch("cast", "f32, i32, u32 or bool", [operand]);
    return { dtype: attrs.dtype as DType, shape: operand.shape };
  },
  scale: ({ operands: [x], result }, t) => [
    isFloat(x.type.dtype) && isFloat(result.type.dtype) ? cast(t, x.type.dtype) : null,
  ],
  wgsl: ([x], context) => {
    const { result, operands, lanes } = context;
    if (operands[0] !== "f32" || result === "f32") return `${wgslType(result, lanes)}(${x})`;
    // Not x != 0, which is false for NaN. What operators a float is made with all go before ==.
    if (result === "bool") return `!(${x} == ${lanes === 4 ? "vec4f(0.0)" : "0.0"})`;
    return callText(result === "u32" ? toU32Helper : toI32Helper, [x], context);
  },
  helpers: [toI32Helper, toU32Helper],
  reference: ([x], { operands, result }) => converted(x, operands[0], result),
};

/**
 * Converts the element type; `x` itself when it has it. True is 1, and what is not 0 is true. Floats are rounded towards 0
 * and saturate at the ends of the integer type; NaN becomes 0 (and true). i32 and u32 convert modulo 2³².
 */
export function cast<S extends Shape, To extends DType>(x: Tensor<DType, S>, dtype: To): Tensor<To, S>;
export function cast(x: Value, dtype: DType): Value {
  checkTensor("cast", "x", x);
  checkDtype("cast", dtype);
  const from = x.type.dtype;
  if (from === dtype) return x;
  const number = constantValue(x);
  if (number !== undefined) return constant(converted(number, from, dtype), dtype, x.type.shape);
  return apply(castOp, [x], { dtype });
}

/** The same value as a result of its own: what an input or state becomes when an entry point returns it. */
export const copyOp: ElementwiseOp = {
  name: "copy",
  doc: "The same value, written out.",
  kind: "elementwise",
  flops: 0,
  infer: ([operand]) => operand,
  scale: (_, t) => [t],
  wgsl: ([x]) => x,
  reference: ([x]) => x,
};
