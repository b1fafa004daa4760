/// Shapes in the TypeScript type system, continued: what reductions, transposes, reshapes and losses do to axes.
import type { Dim } from "./dim.ts";
import type { Differ, MayEqual, Scalar, ShapeError, Show } from "./static.ts";
import type { DType, Shape } from "./type.ts";
import type { Tensor, Value } from "./value.ts";

/** No options given. */
export type None = Readonly<Record<never, never>>;

/** The last axis, which `argmax` looks along unless told otherwise. */
export interface LastAxis {
  readonly axis: -1;
}

/** The shape with the last axis replaced. */
export type WithLast<S extends Shape, Last extends Dim> = S extends readonly [...infer P extends Shape, Dim]
  ? readonly [...P, Last]
  : Shape;

/** The shape without its last axis. */
export type Leading<S extends Shape> = S extends readonly [...infer P extends Shape, Dim] ? readonly [...P] : Shape;

/** The last extent. */
export type Last<S extends Shape> = S extends readonly [...Shape, infer L extends Dim] ? L : Dim;

// Reductions

/** The shape that a reduction leaves, from its literal options. */
export type Reduced<S extends Shape, O> = number extends S["length"]
  ? Shape
  : O extends { readonly keepAxes: infer Keep }
    ? boolean extends Keep
      ? Shape
      : Keep extends true
        ? Over<S, O, 1>
        : Over<S, O, never>
    : "keepAxes" extends keyof O
      ? Shape
      : Over<S, O, never>;

/** Axes that options name, as written: -1, 0, …; number when they are not literal. */
type Named<O> = O extends { readonly axes: readonly (infer Axis extends number)[] }
  ? Axis
  : O extends { readonly axis: infer Axis extends number }
    ? Axis
    : "axes" extends keyof O
      ? number
      : "axis" extends keyof O
        ? number
        : "all";

type Over<S extends Shape, O, Left extends Dim> =
  Named<O> extends "all" ? Every<S, Left> : number extends Named<O> ? Shape : Drop<S, `${Named<O>}`, Left, readonly []>;

type Every<S extends Shape, Left extends Dim> = [Left] extends [never] ? Scalar : { readonly [I in keyof S]: Left };

/** Without the axes of these numbers (from the front, or negative from the end), or with extent `Left` there. */
type Drop<
  S extends Shape,
  Axes extends string,
  Left extends Dim,
  Done extends Shape,
  Seen extends Shape = readonly [],
> = S extends readonly [infer First extends Dim, ...infer Rest extends Shape]
  ? `${Seen["length"]}` | `-${S["length"]}` extends infer Position
    ? Extract<Position, Axes> extends never
      ? Drop<Rest, Axes, Left, readonly [...Done, First], readonly [...Seen, 0]>
      : Drop<Rest, Axes, Left, [Left] extends [never] ? Done : readonly [...Done, Left], readonly [...Seen, 0]>
    : never
  : Done;

/** Axis numbers that a shape has, as text. */
type Positions<S extends Shape, Seen extends string = never> = S extends readonly [Dim, ...infer Rest extends Shape]
  ? Positions<Rest, Seen | `${Rest["length"]}` | `-${S["length"]}`>
  : Seen;

/** `unknown` when the axes exist, else the reason why not. */
export type AxesFit<Name extends string, S extends Shape, O> = number extends S["length"]
  ? unknown
  : Named<O> extends "all"
    ? unknown
    : number extends Named<O>
      ? unknown
      : [Exclude<`${Named<O>}`, Positions<S>>] extends [never]
        ? unknown
        : ShapeError<`${Name}: no axis ${Exclude<`${Named<O>}`, Positions<S>>} in ${Show<S>}`>;

// Layout

/** Axes in the order of a permutation; reversed without one. */
export type Permuted<S extends Shape, P extends readonly number[]> = [P] extends [never]
  ? Reversed<S, readonly []>
  : number extends P["length"] | S["length"]
    ? Shape
    : { readonly [I in keyof P]: S[P[I]] };

type Reversed<S extends Shape, Done extends Shape> = S extends readonly [
  infer First extends Dim,
  ...infer Rest extends Shape,
]
  ? Reversed<Rest, readonly [First, ...Done]>
  : number extends S["length"]
    ? Shape
    : Done;

/** A shape as given to reshape: -1 is the rest. */
export type Completed<T extends Shape> = { readonly [I in keyof T]: T[I] extends -1 ? Dim : T[I] };

/** `unknown` unless the two shapes are certain to hold different numbers of elements. */
export type Reshapes<S extends Shape, T extends Shape> = number extends S["length"] | T["length"]
  ? unknown
  : -1 extends T[number]
    ? unknown
    : Rest<S, T> extends readonly [infer A extends Shape, infer B extends Shape]
      ? [Single<A>, Single<B>] extends [infer X extends Dim, infer Y extends Dim]
        ? [X] extends [Y]
          ? unknown
          : ShapeError<`reshape: ${Show<S>} and ${Show<T>} hold different numbers of elements`>
        : unknown
      : unknown;

/** What is left of two shapes when extents that they share at the front and at the end are struck out. */
type Rest<S extends Shape, T extends Shape> = S extends readonly [infer A extends Dim, ...infer P extends Shape]
  ? T extends readonly [infer B extends Dim, ...infer Q extends Shape]
    ? [A, B] extends [B, A]
      ? Rest<P, Q>
      : RestOfEnd<S, T>
    : readonly [S, T]
  : readonly [S, T];

type RestOfEnd<S extends Shape, T extends Shape> = S extends readonly [...infer P extends Shape, infer A extends Dim]
  ? T extends readonly [...infer Q extends Shape, infer B extends Dim]
    ? [A, B] extends [B, A]
      ? RestOfEnd<P, Q>
      : readonly [S, T]
    : readonly [S, T]
  : readonly [S, T];

/** The one literal size of a shape (1 for a scalar); undefined where there are more, or arithmetic. */
type Single<S extends Shape> = S extends readonly []
  ? 1
  : S extends readonly [infer D extends Dim]
    ? number extends D
      ? undefined
      : string extends D
        ? undefined
        : D extends `${string}${"*" | "+" | "-" | " "}${string}`
          ? undefined
          : D
    : undefined;

// Losses

/** The shape of a loss: a scalar, or `S` (the examples) when it is not reduced. */
export type LossShape<S extends Shape, O> = O extends { readonly reduction: infer R }
  ? [R] extends ["none"]
    ? S
    : "none" extends R
      ? Shape
      : Scalar
  : "reduction" extends keyof O
    ? Shape
    : Scalar;

/** `Fine` for a target of the same shape as the prediction, else the reason why not. */
export type SameShape<Name extends string, S extends Shape, T extends Shape, Fine> =
  Meets<S, T> extends true ? Fine : ShapeError<`${Name}: prediction is ${Show<S>}, target is ${Show<T>}`>;

/** True unless two shapes are certain to differ. */
export type Meets<S extends Shape, T extends Shape> = [S] extends [T] ? true : [T] extends [S] ? true : false;

/** A target for scores over classes: i32 labels of one axis less, or floats of the same shape. */
export type ClassTarget<Name extends string, S extends Shape, E extends DType, T extends Shape> = number extends
  S["length"] | T["length"]
  ? Tensor<E, T>
  : "f32" extends E
    ? Meets<Leading<S>, T> extends true
      ? ShapeError<`${Name}: integer labels must be of element type i32, found f32${Show<T>}`>
      : SameShape<Name, S, T, Tensor<E, T>>
    : "i32" extends E
      ? Meets<Leading<S>, T> extends true
        ? Tensor<E, T>
        : ShapeError<`${Name}: labels must be ${Show<Leading<S>>}, found ${Show<T>}`>
      : ShapeError<`${Name}: the target is i32 labels or f32 probabilities, found ${E}`>;

// Loops

/** What a scan walks along, entry by entry: tensors without their first axis. */
export type Elements<S extends readonly Value[]> = { readonly [I in keyof S]: Entry<S[I]> };

type Entry<T> = T extends Tensor<infer D, infer S> ? Tensor<D, Trailing<S>> : never;

/** The shape without its first axis. */
type Trailing<S extends Shape> = S extends readonly [Dim, ...infer Rest extends Shape] ? readonly [...Rest] : Shape;

/** The first extent. */
type First<S extends Shape> = S extends readonly [infer F extends Dim, ...Shape] ? F : Dim;

/** Number of steps: places of the first sequence, else the given length. */
type Steps<S extends readonly Value[], L extends Dim> = S extends readonly [
  Tensor<DType, infer T>,
  ...(readonly Value[]),
]
  ? First<T>
  : [L] extends [never]
    ? Dim
    : L;

/** What a scan gives of all steps: the outputs of one, with an axis in front. */
export type Stacked<S extends readonly Value[], L extends Dim, Y extends readonly unknown[]> = {
  readonly [I in keyof Y]: Y[I] extends Tensor<infer D, infer T>
    ? Tensor<D, number extends T["length"] ? Shape : readonly [Steps<S, L>, ...T]>
    : never;
};

/** The sequences themselves; the reason why not in the place of one that is certain to have another length. */
export type AlongOneLength<S extends readonly Value[]> = {
  readonly [I in keyof S]: S[I] extends Tensor<DType, infer T>
    ? T extends readonly []
      ? ShapeError<"scan: a sequence takes at least one axis, found a scalar">
      : MayEqual<Steps<S, never>, First<T>> extends true
        ? S[I]
        : ShapeError<`scan: sequences differ in length: ${Steps<S, never>} and ${First<T>}`>
    : never;
};

/** The carries that a step gives, where they have the types of those that it gets; else the reason why not. */
export type Handed<C extends readonly Value[], N extends readonly unknown[]> = number extends C["length"] | N["length"]
  ? Kept<N>
  : N["length"] extends C["length"]
    ? { readonly [I in keyof N]: I extends keyof C ? Next<C[I], N[I]> : N[I] }
    : ShapeError<`scan: starts with ${C["length"]} carries, the step gives ${N["length"]}`>;

type Next<A, B> =
  A extends Tensor<infer D, infer S>
    ? B extends Tensor<infer E, infer T>
      ? [Differ<D, E>, Meets<S, T>] extends [false, true]
        ? B
        : ShapeError<`scan: a carry that starts as ${D}${Show<S>} becomes ${E}${Show<T>}`>
      : ShapeError<"scan: a step hands on values">
    : B;

/** Values; the reason why not in the place of anything else. */
export type Kept<Y extends readonly unknown[]> = {
  readonly [I in keyof Y]: Y[I] extends Value ? Y[I] : ShapeError<"scan: a step gives values">;
};
