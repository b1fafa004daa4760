/// Shapes in the TypeScript type system, continued: what slices, frames, gathers and concatenations do to an axis. Sums of
/// literal sizes below 1000 are known; of others the extent is wide.
import type { AxesFit, Meets } from "./static-axes.ts";
import type { Differ, ShapeError, Show } from "./static.ts";
import type { Dim } from "./dim.ts";
import type { DType, Shape } from "./type.ts";
import type { Tensor } from "./value.ts";

/** `unknown` when the axis exists, else the reason why not. */
export type AxisFits<Name extends string, S extends Shape, A extends number> = AxesFit<Name, S, { readonly axis: A }>;

/** The axis that options name, else the usual one. */
export type AxisOf<O, Usual extends number> = O extends { readonly axis: infer A extends number }
  ? A
  : "axis" extends keyof O
    ? number
    : Usual;

/** The shape with other axes in the place of one. */
export type WithAxis<S extends Shape, A extends number, New extends Shape> = number extends
  S["length"] | A | New["length"]
  ? Shape
  : Put<S, `${A}`, New, readonly []>;

type Put<S extends Shape, Axis extends string, New extends Shape, Done extends Shape> = S extends readonly [
  infer First extends Dim,
  ...infer Rest extends Shape,
]
  ? Axis extends `${Done["length"]}` | `-${S["length"]}`
    ? readonly [...Done, ...New, ...Rest]
    : Put<Rest, Axis, New, readonly [...Done, First]>
  : Shape;

/** True unless two shapes are certain to differ somewhere else than along an axis. */
type AgreeBut<S extends Shape, T extends Shape, A extends number> = number extends S["length"] | T["length"]
  ? true
  : S["length"] extends T["length"]
    ? Meets<WithAxis<S, A, readonly [1]>, WithAxis<T, A, readonly [1]>>
    : false;

/** The extent of an axis. */
type ExtentOf<S extends Shape, A extends number, Done extends Shape = readonly []> = S extends readonly [
  infer First extends Dim,
  ...infer Rest extends Shape,
]
  ? `${A}` extends `${Done["length"]}` | `-${S["length"]}`
    ? First
    : ExtentOf<Rest, A, readonly [...Done, First]>
  : Dim;

// Sums of literal sizes

type Ten<T extends readonly 0[]> = readonly [...T, ...T, ...T, ...T, ...T, ...T, ...T, ...T, ...T, ...T];
interface Digits {
  readonly 0: readonly [];
  readonly 1: readonly [0];
  readonly 2: readonly [0, 0];
  readonly 3: readonly [0, 0, 0];
  readonly 4: readonly [0, 0, 0, 0];
  readonly 5: readonly [0, 0, 0, 0, 0];
  readonly 6: readonly [0, 0, 0, 0, 0, 0];
  readonly 7: readonly [0, 0, 0, 0, 0, 0, 0];
  readonly 8: readonly [0, 0, 0, 0, 0, 0, 0, 0];
  readonly 9: readonly [0, 0, 0, 0, 0, 0, 0, 0, 0];
}
type Digit = `${keyof Digits}`;
type OfDigit<D extends string> = D extends `${infer N extends keyof Digits}` ? Digits[N] : never;

/** So many elements; undefined where a size is no literal, negative or has more than three digits. */
type Count<N extends Dim> = number extends N
  ? undefined
  : `${N}` extends `${infer A extends Digit}${infer Rest}`
    ? Rest extends ""
      ? OfDigit<A>
      : Rest extends `${infer B extends Digit}${infer Last}`
        ? Last extends ""
          ? readonly [...Ten<OfDigit<A>>, ...OfDigit<B>]
          : Last extends Digit
            ? readonly [...Ten<readonly [...Ten<OfDigit<A>>, ...OfDigit<B>]>, ...OfDigit<Last>]
            : undefined
        : undefined
    : undefined;

/** a + b where both are small literals; any size otherwise. */
type Sum<A extends Dim, B extends Dim> = B extends 0
  ? A
  : A extends 0
    ? B
    : [Count<A>, Count<B>] extends [infer X extends readonly 0[], infer Y extends readonly 0[]]
      ? [...X, ...Y]["length"]
      : Dim;

/** a − b where both are small literals, 0 where b is more; any size otherwise. */
type Difference<A extends Dim, B extends Dim> = B extends 0
  ? A
  : [Count<A>, Count<B>] extends [infer X extends readonly 0[], infer Y extends readonly 0[]]
    ? X extends readonly [...Y, ...infer Rest]
      ? Rest["length"]
      : 0
    : Dim;

// Concatenation

/** The element type that all have. */
export type ElementOf<T extends readonly Tensor[]> = T[number] extends Tensor<infer D> ? D : DType;

/** The shape of tensors one after the other. */
export type Joined<T extends readonly Tensor[], A extends number> = number extends T["length"]
  ? Shape
  : T extends readonly [Tensor<DType, infer S extends Shape>, ...infer Rest extends readonly Tensor[]]
    ? JoinedTo<S, Rest, A>
    : Shape;

type JoinedTo<S extends Shape, T extends readonly Tensor[], A extends number> = T extends readonly [
  Tensor<DType, infer N extends Shape>,
  ...infer Rest extends readonly Tensor[],
]
  ? JoinedTo<WithAxis<S, A, readonly [Sum<ExtentOf<S, A>, ExtentOf<N, A>>]>, Rest, A>
  : S;

/** `unknown` when tensors agree but along an axis that they have, else the reason why not. */
export type Joins<T extends readonly Tensor[], A extends number> = number extends T["length"]
  ? unknown
  : T extends readonly [Tensor<infer D extends DType, infer S extends Shape>, ...infer Rest extends readonly Tensor[]]
    ? unknown extends AxisFits<"concatenate", S, A>
      ? JoinsTo<D, S, Rest, A>
      : AxisFits<"concatenate", S, A>
    : unknown;

type JoinsTo<D extends DType, S extends Shape, T extends readonly Tensor[], A extends number> = T extends readonly [
  Tensor<infer E extends DType, infer N extends Shape>,
  ...infer Rest extends readonly Tensor[],
]
  ? Differ<D, E> extends true
    ? ShapeError<`concatenate: element types differ: ${D} and ${E}`>
    : AgreeBut<S, N, A> extends true
      ? JoinsTo<D, S, Rest, A>
      : ShapeError<`concatenate: ${Show<S>} and ${Show<N>} must agree but along axis ${A}`>
  : unknown;

// Slices and frames

/** What to take of an axis, as `slice` has it. */
type Range = readonly [start?: Dim | null, stop?: Dim | null, step?: number];

/** The shape that ranges leave. */
export type Sliced<S extends Shape, R extends readonly (Range | null)[]> = number extends S["length"]
  ? Shape
  : number extends R["length"]
    ? { readonly [I in keyof S]: Dim }
    : { readonly [I in keyof S]: I extends keyof R ? Taken<S[I], R[I]> : S[I] };

/** How much a range takes of an extent. */
type Taken<N extends Dim, R> = R extends null | readonly []
  ? N
  : R extends readonly [(infer From)?, (infer To)?]
    ? R extends readonly [unknown]
      ? Between<N, From, null>
      : Between<N, From, To>
    : Dim;

type Between<N extends Dim, From, To> = Difference<Ending<N, To>, Beginning<N, From>>;

/** Where a range begins, counted from the start of the axis. */
type Beginning<N extends Dim, From> = From extends null | undefined ? 0 : From extends Dim ? Counted<N, From> : Dim;

/** Where a range ends: at most at the end of the axis. */
type Ending<N extends Dim, To> = To extends null | undefined
  ? N
  : To extends Dim
    ? Difference<N, Counted<N, To>> extends infer Rest extends Dim
      ? number extends Rest
        ? Dim
        : Difference<N, Rest>
      : Dim
    : Dim;

/** A position, from the end where it is negative. */
type Counted<N extends Dim, At extends Dim> = `${At}` extends `-${infer Back extends number}`
  ? Difference<N, Back>
  : At;

/** `unknown` when there is an axis for every range, and something left of each, else the reason why not. */
export type SlicesFit<S extends Shape, R extends readonly (Range | null)[]> = number extends S["length"] | R["length"]
  ? unknown
  : [Exclude<Extract<keyof R, `${number}`>, keyof S>] extends [never]
    ? Extract<Sliced<S, R>[number], 0> extends never
      ? unknown
      : ShapeError<`slice: nothing is left of an axis of ${Show<S>}`>
    : ShapeError<`slice: more ranges than axes of ${Show<S>}`>;

/** Elements before and after, for each axis, as `pad` has them. */
type Widths = readonly (readonly [Dim, Dim])[];

/** The shape with a frame around it; wide where elements are put between others. */
export type Framed<S extends Shape, W extends Widths, O> = number extends S["length"]
  ? Shape
  : number extends W["length"]
    ? { readonly [I in keyof S]: Dim }
    : O extends { readonly interior: unknown }
      ? { readonly [I in keyof S]: Dim }
      : "interior" extends keyof O
        ? { readonly [I in keyof S]: Dim }
        : { readonly [I in keyof S]: I extends keyof W ? Widened<S[I], W[I]> : Dim };

type Widened<N extends Dim, W> = W extends readonly [infer Low extends Dim, infer High extends Dim]
  ? Shifted<Shifted<N, Low>, High>
  : Dim;
type Shifted<N extends Dim, By extends Dim> = `${By}` extends `-${infer Less extends number}`
  ? Difference<N, Less>
  : Sum<N, By>;

/** `unknown` when there are widths for every axis, else the reason why not. */
export type FrameFits<S extends Shape, W extends Widths> = number extends S["length"] | W["length"]
  ? unknown
  : S["length"] extends W["length"]
    ? unknown
    : ShapeError<`pad: widths for ${W["length"]} axes, found ${Show<S>}`>;

// Gathering

/** The shape without so many axes at the front. */
type After<S extends Shape, Count extends number, Seen extends Shape = readonly []> = Seen["length"] extends Count
  ? S
  : S extends readonly [Dim, ...infer Rest extends Shape]
    ? After<Rest, Count, readonly [...Seen, 0]>
    : never;

/** So many axes at the front. */
type Front<S extends Shape, Count extends number, Done extends Shape = readonly []> = Done["length"] extends Count
  ? Done
  : S extends readonly [infer First extends Dim, ...infer Rest extends Shape]
    ? Front<Rest, Count, readonly [...Done, First]>
    : never;

/** The shared axes that options name. */
export type BatchOf<O> = O extends { readonly batch: infer B extends number }
  ? B
  : "batch" extends keyof O
    ? number
    : 0;

/** The shape of what is read at positions. */
export type Gathered<S extends Shape, P extends Shape, B extends number> = number extends S["length"] | P["length"] | B
  ? Shape
  : After<S, B> extends readonly [Dim, ...infer Rest extends Shape]
    ? readonly [...P, ...Rest]
    : Shape;

/** `Fine` when positions fit the shared axes of what they are read from, else the reason why not. */
export type GatherFits<Name extends string, S extends Shape, P extends Shape, B extends number, Fine> = number extends
  S["length"] | P["length"] | B
  ? Fine
  : [After<S, B>] extends [readonly [Dim, ...Shape]]
    ? Meets<Front<S, B>, Front<P, B>> extends true
      ? Fine
      : ShapeError<`${Name}: the first ${B} axes of ${Show<S>} and ${Show<P>} must be the same`>
    : ShapeError<`${Name}: no axis ${B} in ${Show<S>}`>;

/** `Fine` for positions of the same shape but along an axis, else the reason why not. */
export type PlacesFit<Name extends string, S extends Shape, P extends Shape, A extends number, Fine> =
  AgreeBut<S, P, A> extends true
    ? Fine
    : ShapeError<`${Name}: ${Show<S>} and ${Show<P>} must agree but along axis ${A}`>;

/** `Fine` for a tensor of the shape that another has, else the reason why not. */
export type Alike<Name extends string, S extends Shape, T extends Shape, Fine> =
  Meets<S, T> extends true ? Fine : ShapeError<`${Name}: ${Show<S>} and ${Show<T>} must be the same shape`>;

// Convolution

/** Batch and filters, and as many axes as the input has beside: how far a kernel reaches is not followed. */
export type Convolved<S extends Shape, W extends Shape> = S extends readonly [infer N extends Dim, Dim, ...infer Rest]
  ? W extends readonly [infer F extends Dim, ...Shape]
    ? readonly [N, F, ...{ readonly [I in keyof Rest]: Dim }]
    : Shape
  : Shape;

/** `Fine` when a kernel has the axes and, without groups, the channels of the input, else the reason why not. */
export type KernelFits<S extends Shape, W extends Shape, O, Fine> = number extends S["length"] | W["length"]
  ? Fine
  : S["length"] extends W["length"]
    ? "groups" extends keyof O
      ? Fine
      : [S, W] extends [readonly [Dim, infer C extends Dim, ...Shape], readonly [Dim, infer D extends Dim, ...Shape]]
        ? Meets<readonly [C], readonly [D]> extends true
          ? Fine
          : ShapeError<`convolve: the input has ${C} channels, the kernel ${D}`>
        : Fine
    : ShapeError<`convolve: as many axes in the kernel as in the input: ${Show<S>} and ${Show<W>}`>;
