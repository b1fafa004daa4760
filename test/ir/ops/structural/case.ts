/// What a case of the suite of structural ops is, and the numbers that it is tried on.
import { bindDim, type Dim } from "../../../../ir/dim.ts";
import type { DType, Tensor } from "chainrule";
import type { Value } from "../../../../ir/value.ts";
import { stream } from "../cases.ts";

/**
 * Numbers of an input: with NaN, ∞, ties and the largest; the same but for the largest, which sums and products of any
 * order keep finite; small whole numbers; numbers near 1; or positions below a bound, some outside.
 */
export type Numbers = "normal" | "edges" | "infinities" | "ties" | "near one" | { readonly below: number };

/** One input. Its sizes may be names. */
export interface Input {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
  readonly numbers: Numbers;
}

/** An application to inputs. */
export interface Case {
  readonly name: string;
  readonly inputs: readonly Input[];
  make(...inputs: readonly Tensor<"f32">[]): Value;
  /** Has derivatives at the numbers at hand: those of its float inputs are checked to second order. */
  readonly smooth: boolean;
}

/** Name of an op → its cases. */
export type Table = Readonly<Record<string, readonly Case[]>>;

/** How cases make their value. */
export type Make = Case["make"];

/** What the names among the sizes are bound to. */
export const sizes: Readonly<Record<string, number>> = { n: 5, m: 3 };

/** A float input of normal numbers. */
export const f32 = (...shape: readonly Dim[]): Input => ({ dtype: "f32", shape, numbers: "normal" });
/** An input of numbers of a kind. */
export const of = (numbers: Numbers, dtype: DType, ...shape: readonly Dim[]): Input => ({ dtype, shape, numbers });
/** Positions below a bound. */
export const at = (below: number, ...shape: readonly Dim[]): Input => of({ below }, "i32", ...shape);

/** A case whose derivatives are not looked at. */
export const rough = (name: string, inputs: readonly Input[], make: Make): Case => {
  return { name, inputs, make, smooth: false };
};
/** A case with derivatives. */
export const smooth = (name: string, inputs: readonly Input[], make: Make): Case => {
  return { name, inputs, make, smooth: true };
};

const special: Readonly<Record<string, readonly number[]>> = {
  f32: [NaN, Infinity, -Infinity, 0, -0, 1, 1, -1, 3.4028234663852886e38, 1e-20],
  i32: [0, 1, -1, 2147483647, -2147483648],
  u32: [0, 1, 2147483648, 4294967295],
  bool: [0, 1],
};
const withoutLargest = special.f32.filter((each) => Number.isNaN(each) || !(Math.abs(each) > 1 && isFinite(each)));

/** The number of elements of an input. */
export function countOf(shape: readonly Dim[]): number {
  return shape.reduce<number>((count, extent) => count * (bindDim(extent, sizes) as number), 1);
}

/** The numbers of an input, the same in every run. */
export function draw({ dtype, shape, numbers }: Input, seed: number): Float64Array {
  const next = stream(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const small = (): number =>
    Math.floor(next() * (dtype === "bool" ? 2 : 5)) - (dtype === "f32" || dtype === "i32" ? 2 : 0);
  const chosen = numbers === "infinities" && dtype === "f32" ? withoutLargest : special[dtype];
  const one = (): number => {
    if (typeof numbers === "object") return Math.floor(next() * (numbers.below + 2)) - 1;
    if (numbers === "ties") return small();
    if (numbers === "near one") return 1 + 0.2 * normal();
    // A row of 9 often has no NaN, one, or two.
    if (numbers !== "normal" && next() < 0.25) return chosen[Math.floor(next() * chosen.length)];
    return dtype === "f32" ? normal() : small();
  };
  const draws = Float64Array.from({ length: countOf(shape) }, one);
  return dtype === "f32" ? draws.map(Math.fround) : draws;
}
