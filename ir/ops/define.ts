/// How op families are declared: the shape rules they share, and numbers as operands.
import { about, type CompileError } from "../diagnostic.ts";
import { broadcastMismatch, dtypeMismatch } from "../errors.ts";
import { checkArgument, tensorOrNumber } from "../options.ts";
import { broadcastShapes, isFloat, sameShape, type DType, type Shape, type TensorType } from "../type.ts";
import type { Broadcast, Either, Scalar, Together } from "../static.ts";
import {
  apply,
  type ElementwiseOp,
  type HelperFunction,
  type SpellingContext,
  isValue,
  type Tensor,
  type Value,
} from "../value.ts";
import { constant, represents } from "./leaf.ts";
import { broadcastLast } from "./sum.ts";

/** A value, or a number that takes the element type of the other operand. */
export type Operand = Value | number;

/** Which element types an op takes, and which it gives. */
export interface TypeRule {
  readonly wanted: string;
  accepts(operands: readonly DType[]): boolean;
  result(operands: readonly DType[]): DType;
}

function allEqual(dtypes: readonly DType[]): boolean {
  for (let i = 1; i < dtypes.length; i++) if (dtypes[i] !== dtypes[0]) return false;
  return true;
}

/** Float in, the same float out. */
export const floats: TypeRule = {
  wanted: "floats of one type",
  accepts: (dtypes) => allEqual(dtypes) && isFloat(dtypes[0]),
  result: (dtypes) => dtypes[0],
};

/** Any number in, the same type out. */
export const numbers: TypeRule = {
  wanted: "numbers of one type",
  accepts: (dtypes) => allEqual(dtypes) && dtypes[0] !== "bool",
  result: (dtypes) => dtypes[0],
};

/** Any number that may be negative in, the same type out: WGSL has no sign for u32. */
export const signed: TypeRule = {
  wanted: "floats or i32 of one type",
  accepts: (dtypes) => numbers.accepts(dtypes) && dtypes[0] !== "u32",
  result: (dtypes) => dtypes[0],
};

/** Whole numbers in, the same type out. */
export const integers: TypeRule = {
  wanted: "integers of one type",
  accepts: (dtypes) => allEqual(dtypes) && (dtypes[0] === "i32" || dtypes[0] === "u32"),
  result: (dtypes) => dtypes[0],
};

/** Numbers in, a boolean out. */
export const comparison: TypeRule = { ...numbers, result: () => "bool" };

/** Booleans in, a boolean out. */
export const logic: TypeRule = {
  wanted: "booleans",
  accepts: (dtypes) => dtypes.every((dtype) => dtype === "bool"),
  result: () => "bool",
};

/** What an elementwise op states; the shape rule follows from `types`. */
export type ElementwiseSpec = Omit<ElementwiseOp, "kind" | "infer"> & { readonly types: TypeRule };

/** Makes the op object: operands of one shape (broadcasts are explicit values), element types by rule. */
export function elementwise({ types, ...spec }: ElementwiseSpec): ElementwiseOp {
  return {
    ...spec,
    kind: "elementwise",
    infer(operands: readonly TensorType[]): TensorType {
      const dtypes = operands.map((operand) => operand.dtype);
      if (!types.accepts(dtypes)) throw dtypeMismatch(spec.name, types.wanted, operands);
      const { shape } = operands[0];
      for (let i = 1; i < operands.length; i++) {
        if (!sameShape(operands[i].shape, shape)) throw broadcastMismatch(spec.name, operands[0], operands[i]);
      }
      return { dtype: types.result(dtypes), shape };
    },
  };
}

/**
 * Applies an elementwise op to operands of any shapes that broadcast; numbers become constants. Errors are those of the
 * function of this name.
 */
export function applyBroadcasting(
  op: ElementwiseOp,
  operands: readonly Operand[],
  numberType?: DType,
  name: string = op.name,
): Value {
  if (areAlike(operands)) return apply(op, operands);
  checkOperands(name, operands);
  const first = operands.find((operand): operand is Value => typeof operand !== "number");
  const dtype = numberType ?? first?.type.dtype ?? "f32";
  const known = operands.filter((operand): operand is Value => typeof operand !== "number");
  const fits = operands.every((operand) => typeof operand !== "number" || represents(dtype, operand));
  if (!fits) {
    about(known, () => {
      throw numberMismatch(name, dtype, operands);
    });
  }
  const values = operands.map((operand) => (typeof operand === "number" ? constant(operand, dtype) : operand));
  const shape = about(values, () => commonShape(name, values));
  return apply(
    op,
    values.map((value) => broadcastLast(value, shape)),
  );
}

/** True for values of one shape, as most are: nothing is to be made of them. */
function areAlike(operands: readonly Operand[]): operands is readonly Value[] {
  const [first] = operands;
  if (!isValue(first)) return false;
  for (let i = 1; i < operands.length; i++) {
    const operand = operands[i];
    if (!isValue(operand) || !sameShape(operand.type.shape, first.type.shape)) return false;
  }
  return true;
}

/** Throws `argument-invalid` for what is neither a tensor nor a number. */
export function checkOperands(of: string, operands: readonly unknown[]): void {
  const which = operands.length === 1 ? ["the operand"] : ["the left operand", "the right operand"];
  operands.forEach((each, place) => checkArgument(of, which[place] ?? `operand ${place + 1}`, each, tensorOrNumber));
}

/** A number that the other operand's element type has not: 0.5 next to an i32, −1 next to a u32. */
function numberMismatch(name: string, dtype: DType, operands: readonly Operand[]): CompileError {
  const types = operands.map((operand): TensorType => {
    if (typeof operand !== "number") return operand.type;
    return { dtype: represents(dtype, operand) ? dtype : represents("i32", operand) ? "i32" : "f32", shape: [] };
  });
  return dtypeMismatch(name, "of one type", types);
}

function commonShape(name: string, values: readonly Value[]): Shape {
  let result = values[0];
  let shape = values[0].type.shape;
  for (const value of values.slice(1)) {
    const next = broadcastShapes(shape, value.type.shape);
    if (!next) throw broadcastMismatch(name, { ...result.type, shape }, value.type);
    [result, shape] = [value, next];
  }
  return shape;
}

/** An op of one operand, of any shape; the result has the operand's type. */
export interface Unary {
  <T extends Value>(x: T): T;
  readonly op: ElementwiseOp;
}

/** A function of two operands whose shapes broadcast and whose element types agree; numbers take the type of the other. */
export type BinaryFunction<Name extends string = string> = <
  D extends DType = never,
  A extends Shape = Scalar,
  E extends DType = never,
  B extends Shape = Scalar,
>(
  a: Tensor<D, A> | number,
  b: Together<Name, D, A, E, B, Tensor<E, B> | number>,
) => Tensor<Either<D, E>, Broadcast<A, B>>;

/** A binary function that is one op. */
export interface Binary<Name extends string = string> extends BinaryFunction<Name> {
  readonly op: ElementwiseOp;
}

/** An op of one operand, of any shape, whose result is a boolean. */
export interface Test {
  <S extends Shape>(x: Tensor<DType, S>): Tensor<"bool", S>;
  readonly op: ElementwiseOp;
}

/** A binary op whose result is a boolean. */
export interface Comparison<Name extends string = string> {
  <D extends DType = never, A extends Shape = Scalar, E extends DType = never, B extends Shape = Scalar>(
    a: Tensor<D, A> | number,
    b: Together<Name, D, A, E, B, Tensor<E, B> | number>,
  ): Tensor<"bool", Broadcast<A, B>>;
  readonly op: ElementwiseOp;
}

/** Declares an op of one operand; call it to apply it. */
export function unary(spec: ElementwiseSpec): Unary {
  const op = elementwise(spec);
  return Object.assign((x: Value) => applyBroadcasting(op, [x]), { op }) as Unary;
}

/** Declares an op of two operands whose shapes broadcast; numbers become constants. */
export function binary<Name extends string>(spec: ElementwiseSpec & { readonly name: Name }): Binary<Name> {
  const op = elementwise(spec);
  return Object.assign((a: Operand, b: Operand) => applyBroadcasting(op, [a, b]), { op }) as Binary<Name>;
}

/** WGSL name of an element type with so many lanes. */
export function wgslType(dtype: DType, lanes: 1 | 4): string {
  if (lanes === 1) return dtype;
  return dtype === "bool" ? "vec4<bool>" : dtype === "f16" ? "vec4h" : `vec4${dtype[0]}`;
}

/** The call of a helper function: `softplus(x)`, and `softplus4(x)` for four lanes. */
export function callText(helper: HelperFunction, operands: readonly string[], { lanes }: SpellingContext): string {
  const { length } = Object.keys(helper.parameters);
  if (operands.length !== length)
    throw new TypeError(`${helper.name} takes ${length} operands, found ${operands.length}`);
  return `${helper.name}${lanes === 4 ? "4" : ""}(${operands.join(", ")})`;
}

/** The spelling of an op that is one helper function. */
export function calls(helper: HelperFunction): Pick<ElementwiseSpec, "wgsl" | "helpers"> {
  return { wgsl: (operands, context) => callText(helper, operands, context), helpers: [helper] };
}

/** The spelling of an op that is a helper function on floats, and something else on other element types. */
export function callsOnFloats(
  helper: HelperFunction,
  other: ElementwiseSpec["wgsl"],
): Pick<ElementwiseSpec, "wgsl" | "helpers"> {
  const wgsl: ElementwiseSpec["wgsl"] = (operands, context) =>
    (isFloat(context.operands[0]) ? calls(helper).wgsl : other)(operands, context);
  return { wgsl, helpers: [helper] };
}
