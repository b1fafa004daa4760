/// Bits of whole numbers, and what the bits of a float say.
import { checkDtype, checkTensor } from "../options.ts";
import { dtypeMismatch } from "../errors.ts";
import type { DType, Shape, TensorType } from "../type.ts";
import { apply, type ElementwiseOp, type HelperFunction, type Tensor, type Value } from "../value.ts";
import { mul } from "./arithmetic.ts";
import {
  binary,
  calls,
  floats,
  integers,
  unary,
  wgslType,
  type Binary,
  type Test,
  type TypeRule,
  type Unary,
} from "./define.ts";
import { sign } from "./functions.ts";
import { copySignHelper, isFiniteHelper, isInfiniteHelper, isNanHelper } from "./helpers/numbers.ts";
import { wrapped } from "./wrap.ts";

function bitwise<Name extends string>(
  name: Name,
  symbol: string,
  doc: string,
  reference: (a: number, b: number) => number,
): Binary<Name> {
  return binary({
    name,
    doc,
    types: integers,
    partials: () => [null, null],
    wgsl: ([a, b]) => `${a} ${symbol} ${b}`,
    infix: true,
    reference: ([a, b], { result }) => wrapped(reference(a, b), result),
    commutative: true,
  });
}

export const bitAnd: Binary<"bitAnd"> = bitwise("bitAnd", "&", "Bits that are set in both integers.", (a, b) => a & b);
export const bitOr: Binary<"bitOr"> = bitwise("bitOr", "|", "Bits that are set in either integer.", (a, b) => a | b);
export const bitXor: Binary<"bitXor"> = bitwise("bitXor", "^", "Bits in which two integers differ.", (a, b) => a ^ b);

export const bitNot: Unary = unary({
  name: "bitNot",
  doc: "All bits of an integer turned over.",
  types: integers,
  partials: () => [null],
  wgsl: ([x]) => `~${x}`,
  infix: true,
  reference: ([x], { result }) => wrapped(~x, result),
});

function shift<Name extends string>(
  name: Name,
  symbol: "<<" | ">>",
  doc: string,
  reference: (a: number, by: number, result: DType) => number,
): Binary<Name> {
  return binary({
    name,
    doc: `${doc} The width counts modulo 32.`,
    types: integers,
    partials: () => [null, null],
    wgsl([a, by], { result, lanes }) {
      const mask = lanes === 4 ? `${wgslType(result, 4)}(31)` : result === "u32" ? "31u" : "31";
      return `${a} ${symbol} ${wgslType("u32", lanes)}(${by} & ${mask})`;
    },
    infix: true,
    reference: ([a, by], { result }) => wrapped(reference(a, by & 31, result), result),
  });
}

export const shiftLeft: Binary<"shiftLeft"> = shift(
  "shiftLeft",
  "<<",
  "Bits of an integer moved up, with zeros behind.",
  (a, by) => a << by,
);

export const shiftRight: Binary<"shiftRight"> = shift(
  "shiftRight",
  ">>",
  "Bits of an integer moved down; before them zeros for u32, the sign for i32.",
  (a, by, result) => (result === "u32" ? a >>> by : a >> by),
);

/** A float in, a boolean out. */
const floatTest: TypeRule = { ...floats, result: () => "bool" };

function test(name: string, doc: string, helper: HelperFunction, reference: (x: number) => boolean): Test {
  const spec = { name, doc, types: floatTest, partials: () => [null], ...calls(helper) };
  const op: unknown = unary({ ...spec, reference: ([x]) => (reference(x) ? 1 : 0) });
  return op as Test;
}

export const isNaN: Test = test("isNaN", "True for what is not a number.", isNanHelper, Number.isNaN);
export const isFinite: Test = test("isFinite", "True but for ±∞ and NaN.", isFiniteHelper, Number.isFinite);
export const isInfinite: Test = test("isInfinite", "True for ∞ and -∞.", isInfiniteHelper, (x) => {
  return Math.abs(x) === Infinity;
});

export const copysign: Binary<"copysign"> = binary({
  name: "copysign",
  doc: "Size of the first operand with the sign of the second, also of a second that is -0; derivative 0 at 0.",
  types: floats,
  scale: ({ operands: [a], result: y }, t) => [mul(t, mul(sign(a), sign(y))), null],
  ...calls(copySignHelper),
  reference: ([a, b]) => (b < 0 || Object.is(b, -0) ? -Math.abs(a) : Math.abs(a)),
});

/** Types of 32 bits. */
type Word = "f32" | "i32" | "u32";

/** The number whose 32 bits are those of another number. */
function reinterpreted(x: number, from: Word, to: Word): number {
  const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;
  return new arrays[to](arrays[from].of(x).buffer)[0];
}

/** One op object for all target types: the type is part of the value's attrs and of the shape rule alike. */
export const bitcastOp: ElementwiseOp = {
  name: "bitcast",
  doc: "The same 32 bits as another element type; a float counts as the float32 next to it.",
  kind: "elementwise",
  infer([operand], attrs): TensorType {
    const dtype = attrs.dtype as DType;
    if ([operand.dtype, dtype].some((each) => each === "bool" || each === "f16")) {
      throw dtypeMismatch("bitcast", "f32, i32 or u32", [operand]);
    }
    return { dtype, shape: operand.shape };
  },
  partials: () => [null],
  wgsl: ([x], { result, lanes }) => `bitcast<${wgslType(result, lanes)}>(${x})`,
  reference: ([x], { operands, result }) => reinterpreted(x, operands[0] as Word, result as Word),
};

/** The same 32 bits as another element type; without a derivative. */
export function bitcast<S extends Shape, To extends Word>(x: Tensor<DType, S>, dtype: To): Tensor<To, S>;
export function bitcast(x: Value, dtype: Word): Value {
  checkTensor("bitcast", "x", x);
  checkDtype("bitcast", dtype);
  return x.type.dtype === dtype ? x : apply(bitcastOp, [x], { dtype });
}
