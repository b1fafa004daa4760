/// Element types and shapes in the TypeScript type system: what an op gives, and the sentence to read where operands do
/// not fit. Wide types (`Shape`, `number`) pass, and are checked when the model is built. Types only; no code.
import type { Dim } from "./dim.ts";
import type { DType, Shape } from "./type.ts";
import type { Tensor } from "./value.ts";

declare const problem: unique symbol;

/** A mismatch: no value has this type, and its name is the sentence that the editor shows. */
export interface ShapeError<Message extends string> {
  readonly [problem]: Message;
}

/** The shape of a scalar. */
export type Scalar = readonly [];

type List<S extends Shape> = S extends readonly [infer First extends Dim, ...infer Rest extends Shape]
  ? Rest extends readonly []
    ? `${First}`
    : `${First}, ${List<Rest>}`
  : S extends readonly []
    ? ""
    : "…";
/** A shape as it is written, `[batch, 784]`. */
export type Show<S extends Shape> = `[${List<S>}]`;

/** True for a size that is known only when the model is built. */
type IsWide<D extends Dim> = number extends D ? true : string extends D ? true : false;

/** True unless the sizes are certain to differ. */
export type MayEqual<A extends Dim, B extends Dim> = [A] extends [B] ? true : IsWide<A> extends true ? true : IsWide<B>;

/** The element type of two operands; a number (never) takes that of the other. */
export type Either<D extends DType, E extends DType> = [D | E] extends [never] ? "f32" : D | E;

/** True when two element types are certain to differ. */
export type Differ<D extends DType, E extends DType> = [D] extends [E] ? false : [E] extends [D] ? false : true;

// Broadcasting

/** One axis of a broadcast; never when the extents do not meet. A wide extent may be 1, or equal to the other. */
type Stretch<A extends Dim, B extends Dim> = [A] extends [B]
  ? [B] extends [A]
    ? A
    : A extends 1
      ? B
      : IsWide<A> extends true
        ? B
        : A
  : A extends 1
    ? B
    : B extends 1
      ? A
      : IsWide<A> extends true
        ? IsWide<B> extends true
          ? A | B
          : B
        : IsWide<B> extends true
          ? A
          : never;

type Align<A extends Shape, B extends Shape, Done extends Shape> = A extends readonly [
  ...infer P extends Shape,
  infer X extends Dim,
]
  ? B extends readonly [...infer Q extends Shape, infer Y extends Dim]
    ? [Stretch<X, Y>] extends [never]
      ? never
      : Align<P, Q, readonly [Stretch<X, Y>, ...Done]>
    : readonly [...A, ...Done]
  : readonly [...B, ...Done];

/** The shape that two shapes broadcast to, aligned from the last axis; never when they do not meet. */
export type Broadcast<A extends Shape, B extends Shape> = number extends A["length"] | B["length"]
  ? Shape
  : B extends readonly []
    ? A
    : Align<A, B, readonly []>;

/** `Fine` when two operands go together, else the reason why not. */
export type Together<Name extends string, D extends DType, A extends Shape, E extends DType, B extends Shape, Fine> =
  Differ<D, E> extends true
    ? ShapeError<`${Name}: element types differ: ${D} and ${E}`>
    : [Broadcast<A, B>] extends [never]
      ? ShapeError<`${Name}: shapes do not broadcast: ${Show<A>} and ${Show<B>}`>
      : Fine;

/** A tensor of an element type, or the reason why another one does not serve. */
export type Of<Wanted extends DType, Name extends string, D extends DType, S extends Shape> = Wanted extends D
  ? Tensor<D, S>
  : ShapeError<`${Name}: takes ${Wanted}, found ${D}`>;

/** A scalar float, as losses must be. */
export type ScalarFloat<Name extends string, D extends DType, S extends Shape> = "f32" extends D
  ? readonly [] extends S
    ? Tensor<D, S>
    : ShapeError<`${Name}: the loss must be a scalar, found ${Show<S>}; use mean or sum`>
  : ShapeError<`${Name}: the loss must be f32, found ${D}`>;

// Contractions

/** Shape of the matrix product; never when the inner sizes or the ranks do not fit. */
export type Product<A extends Shape, B extends Shape> = A extends readonly [
  ...infer P extends Shape,
  infer K extends Dim,
]
  ? B extends readonly [infer L extends Dim]
    ? Inner<K, L, readonly [...P]>
    : B extends readonly [...infer _ extends Shape, infer L extends Dim, infer N extends Dim]
      ? Inner<K, L, readonly [...P, N]>
      : Shape
  : A extends readonly []
    ? never
    : Shape;

type Inner<K extends Dim, L extends Dim, Result> = MayEqual<K, L> extends true ? Result : never;

/** `Fine` when two operands multiply as matrices, else the reason why not. */
export type Multiplies<A extends Shape, B extends Shape, Fine> = [Product<A, B>] extends [never]
  ? ShapeError<ProductProblem<A, B>>
  : Fine;

type ProductProblem<A extends Shape, B extends Shape> = A extends readonly [
  ...infer _ extends Shape,
  infer K extends Dim,
]
  ? B extends readonly [infer L extends Dim] | readonly [...infer _ extends Shape, infer L extends Dim, Dim]
    ? `matmul: inner sizes differ: ${K} and ${L}`
    : `matmul: takes one or two axes, or equally many, found ${Show<B>}`
  : `matmul: takes one or two axes, or equally many, found ${Show<A>}`;
