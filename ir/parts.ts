/// What ops are described with: arithmetic on indices, accumulators, and how they are spelled.
import type { Dim } from "./dim.ts";
import type { DType } from "./type.ts";

/** What an op needs to spell itself in WGSL: element types, and how many lanes its operands have. */
export interface SpellingContext {
  readonly result: DType;
  readonly operands: readonly DType[];
  /** 4 when operands are `vec4`, else 1. */
  readonly lanes: 1 | 4;
}

/** What the float64 reference of an op must know beside the numbers: element types. */
export interface ReferenceContext {
  readonly result: DType;
  readonly operands: readonly DType[];
}

/**
 * A WGSL function that spellings call; written once into each kernel that needs it. It takes and gives scalars: where
 * operands have four lanes, kernels call the function `name4`, which the writer makes of it, lane by lane.
 */
export interface HelperFunction {
  readonly name: string;
  readonly parameters: Readonly<Record<string, DType>>;
  /** Only scalars have a form of four lanes. */
  readonly result: DType | "vec2f" | "vec2u";
  /** Statements, a line each. They may use `infinity` and `nan`, which have no literal. */
  readonly body: string;
  /** Other helpers that the body calls. */
  readonly uses?: readonly HelperFunction[];
}

/** How an op is written in formulas. A higher precedence binds tighter: || 1, && 2, comparisons 3, + − 4, · / 5, − 6, ^ 7. */
export interface Notation {
  readonly symbol: string;
  readonly precedence: number;
  readonly prefix?: true;
}

/**
 * Arithmetic on indices, on numbers in the interpreter and on expressions in kernels. Parts may be negative; what is
 * divided, and the index at the end, are not where the element exists.
 */
export interface IndexAlgebra<I> {
  constant(extent: Dim): I;
  add(a: I, b: I): I;
  multiply(a: I, b: Dim): I;
  /** Floor of the quotient. */
  divide(a: I, b: Dim): I;
  remainder(a: I, b: Dim): I;
}

/** What may be asked of indices, where an element exists under a condition. */
export interface ConditionAlgebra<I, C> extends IndexAlgebra<I> {
  /** 0 ≤ a < extent. */
  within(a: I, extent: Dim): C;
  /** `by` divides a. */
  isMultiple(a: I, by: Dim): C;
  and(a: C, b: C): C;
}

/** Where an element of a piecewise op comes from: an operand, the index into it, and when (always, without a condition). */
export interface Piece<I, C> {
  readonly operand: number;
  readonly index: readonly I[];
  readonly condition?: C;
}

/** One named part of what a reduction carries along, for example a running maximum. */
export interface Accumulator {
  /** What it is, for the names of variables. */
  readonly name: string;
  readonly dtype: "f32" | "i32" | "u32";
  readonly initial: number;
}

/** Operations of an accumulation, as reports count them: for each element that it takes in, and to finish. */
export interface AccumulationFlops {
  readonly element: number;
  readonly finish: number;
}

/** What accumulates elements of several tensors into one: like a reduction, but of one element from each operand. */
export interface Accumulation {
  /** Parts for an operand of this element type. */
  accumulators(dtype: DType): readonly Accumulator[];
  /** Parts of the elements at one place; `position` is its place along the axis. */
  lift(elements: readonly number[], position: number): readonly number[];
  /** `b` follows `a`. Associative; it need not be commutative. */
  combine(a: readonly number[], b: readonly number[]): readonly number[];
  finish(parts: readonly number[]): number;
  /** The same in WGSL: texts in, texts out. */
  readonly wgsl: {
    lift(elements: readonly string[], position: string): readonly string[];
    /** Texts of the combined parts; all but the first may refer to `first`, the combined first part. */
    combine(a: readonly string[], b: readonly string[], first: string, dtype: DType): readonly string[];
    finish(parts: readonly string[]): string;
  };
  readonly helpers?: readonly HelperFunction[];
  /** What kernels compute for it; one operation for each element unless told. */
  readonly flops?: AccumulationFlops;
}
