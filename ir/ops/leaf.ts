/// Values without operands: what the caller gives, what the program keeps, constants and counting indices.
import { checkArgument, checkDtype, shaped, type OptionCheck } from "../options.ts";
import type { Dim } from "../dim.ts";
import { countedAxis, normalizeDim } from "./axis.ts";
import { constantNumber } from "./errors.ts";
import type { DType, Shape, TensorType } from "../type.ts";
import type { Initializer } from "../initializer.ts";
import type { Scalar } from "../static.ts";
import { apply, type LeafOp, type Tensor, type Value } from "../value.ts";

/** What makes an input itself: two inputs of one type never merge. */
export interface InputIdentity extends TensorType {
  readonly name: string;
  /** Each row along the last axis is a distribution: entries ≥ 0 that sum to 1. */
  readonly distribution?: boolean;
}

/** A hyperparameter: a scalar that the caller may change at every call. */
export interface SettingIdentity {
  readonly name: string;
  readonly value: number;
  /** The least value that it may take, and the one that all must be below: any finite one where this is absent. */
  readonly range?: readonly [number, number];
}

/** Something kept between calls. Its final name is in the graph's notes. */
export interface StateIdentity extends TensorType {
  readonly name: string;
  /** Parameters are what optimizers train; other states are moments, counters, the key. */
  readonly parameter: boolean;
  /** False for frozen parameters: optimizers leave them out unless asked. */
  readonly trainable: boolean;
  readonly initializer: Initializer;
}

/** What constants are of. */
const numberOrFlag: OptionCheck = {
  must: "a number, true or false",
  holds: (value) => typeof value === "number" || typeof value === "boolean",
};

function leafType(attrs: Readonly<Record<string, unknown>>): TensorType {
  const { dtype, shape } = attrs.identity as TensorType;
  return { dtype, shape };
}

export const inputOp: LeafOp = {
  name: "input",
  doc: "A tensor that the caller gives at every call.",
  kind: "leaf",
  structural: false,
  infer: (_, attrs) => leafType(attrs),
};

export const stateOp: LeafOp = {
  name: "state",
  doc: "A tensor that the program keeps between calls: a parameter, a moment, a counter.",
  kind: "leaf",
  structural: false,
  infer: (_, attrs) => leafType(attrs),
};

export const settingOp: LeafOp = {
  name: "setting",
  doc: "A scalar hyperparameter that the caller may change at every call.",
  kind: "leaf",
  structural: false,
  infer: () => ({ dtype: "f32", shape: [] }),
};

export const constantOp: LeafOp = {
  name: "constant",
  doc: "One number in every element.",
  kind: "leaf",
  structural: true,
  infer: (_, attrs) => ({ dtype: attrs.dtype as DType, shape: attrs.shape as Shape }),
};

export const iotaOp: LeafOp = {
  name: "iota",
  doc: "Each element is its own index along one axis.",
  kind: "leaf",
  structural: true,
  infer: (_, attrs) => ({ dtype: attrs.dtype as DType, shape: attrs.shape as Shape }),
};

export const letterOp: LeafOp = {
  name: "letter",
  doc: "Stands for a value at which a graph is cut: the operand of a body, or what a derivative is taken with respect to.",
  kind: "leaf",
  structural: false,
  infer: (_, attrs) => leafType(attrs),
};

/** A new letter of a type; no two are the same value. */
export function letter({ dtype, shape }: TensorType): Value {
  return apply(letterOp, [], { identity: { dtype, shape } });
}

/** A constant: `value` in every element of `shape`. Error: `constant-number` for a number that the element type has not. */
export function constant<D extends DType = "f32", const S extends Shape = Scalar>(
  value: number | boolean,
  dtype?: D,
  shape?: S,
): Tensor<D, S>;
export function constant(value: number | boolean, dtype: DType = "f32", shape: Shape = []): Value {
  checkArgument("constant", "the number", value, numberOrFlag);
  checkDtype("constant", dtype);
  checkArgument("constant", "the shape", shape, shaped);
  const number = Number(value);
  if (!represents(dtype, number)) throw constantNumber(number, dtype);
  const attrs = { value: dtype === "f32" ? Math.fround(number) : number, dtype, shape: shape.map(normalizeDim) };
  return apply(constantOp, [], attrs);
}

/** True when an element type has a number; floats have all, rounded. */
export function represents(dtype: DType, number: number): boolean {
  if (dtype === "i32") return number === (number | 0);
  if (dtype === "u32") return number === number >>> 0;
  return dtype !== "bool" || number === 0 || number === 1;
}

/** Indices 0, 1, … along `axis` of `shape` (negative counts from the last). Error: `axis-range`. */
export function iota<const S extends Shape, D extends DType = "i32">(shape: S, axis: number, dtype?: D): Tensor<D, S>;
export function iota(shape: readonly Dim[], axis: number, dtype: DType = "i32"): Value {
  checkArgument("iota", "the shape", shape, shaped);
  checkDtype("iota", dtype);
  return apply(iotaOp, [], { axis: countedAxis("iota", axis, shape.length), dtype, shape: shape.map(normalizeDim) });
}

/** The number in every element, when the value is a constant leaf. */
export function constantValue(value: Value): number | undefined {
  return value.op === constantOp ? (value.attrs.value as number) : undefined;
}

export const sizeOp: LeafOp = {
  name: "size",
  doc: "A named size as a number; a constant once the size is bound.",
  kind: "leaf",
  structural: true,
  infer: (_, attrs) => ({ dtype: attrs.dtype as DType, shape: attrs.shape as Shape }),
};

/** A size as a number: a constant, or the named size until it is bound. */
export function sizeValue(size: Dim, dtype: DType = "f32", shape: Shape = []): Value {
  return typeof size === "number" ? constant(size, dtype, shape) : apply(sizeOp, [], { size, dtype, shape });
}
