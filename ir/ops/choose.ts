/// Choosing between values and converting element types.
import { dtypeMismatch } from "../errors.ts";
import type { Broadcast, Either, Of, Scalar, Together } from "../static.ts";
import { isFloat, type DType, type Shape, type TensorType } from "../type.ts";
import { apply, type ElementwiseOp, type Tensor, type Value } from "../value.ts";
import { applyBroadcasting, elementwise, wgslType, type Operand } from "./define.ts";
import { constant, constantValue, represents } from "./leaf.ts";

const select = elementwise({
  name: "select",
  doc: "The first value where the condition holds, else the second. A branch that is not taken has no gradient.",
  types: {
    wanted: "a condition and two values of one type",
    accepts: ([condition, a, b]) => condition === "bool" && a === b,
    result: ([, a]) => a,
  },
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
  const dtype = typeof a !== "number" ? a.type.dtype : typeof b !== "number" ? b.type.dtype : "f32";
  return applyBroadcasting(select, [condition, a, b], dtype);
}

/** One op object a target type, so that the type is part of the op's attrs and shape rule alike. */
export const castOp: ElementwiseOp = {
  name: "cast",
  doc: "Converts the element type; true is 1, floats round towards 0.",
  kind: "elementwise",
  infer([operand], attrs): TensorType {
    if (operand.dtype === "f16" || attrs.dtype === "f16")
      throw dtypeMismatch("cast", "f32, i32, u32 or bool", [operand]);
    return { dtype: attrs.dtype as DType, shape: operand.shape };
  },
  scale: ({ operands: [x], result }, t) => [
    isFloat(x.type.dtype) && isFloat(result.type.dtype) ? cast(t, x.type.dtype) : null,
  ],
  wgsl: ([x], { result, lanes }) => `${wgslType(result, lanes)}(${x})`,
  reference: ([x], { result }) => (result === "f32" ? x : result === "bool" ? Number(x !== 0) : Math.trunc(x)),
};

/** Converts the element type; `x` itself when it has it. */
export function cast<S extends Shape, To extends DType>(x: Tensor<DType, S>, dtype: To): Tensor<To, S>;
export function cast(x: Value, dtype: DType): Value {
  if (x.type.dtype === dtype) return x;
  const number = constantValue(x);
  const converted = number === undefined ? undefined : castOp.reference([number], { result: dtype });
  // Out of range, WGSL clamps floats and wraps integers: left to the kernel.
  if (converted !== undefined && represents(dtype, converted)) return constant(converted, dtype, x.type.shape);
  return apply(castOp, [x], { dtype });
}

/** The same value as a result of its own: what an input or state becomes when an entry point returns it. */
export const copyOp: ElementwiseOp = {
  name: "copy",
  doc: "The same value, written out.",
  kind: "elementwise",
  infer: ([operand]) => operand,
  scale: (_, t) => [t],
  wgsl: ([x]) => x,
  reference: ([x]) => x,
};
