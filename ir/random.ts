/// Random numbers: functions of a key, which differs from place to place and from step to step, and of a position.
import { isBuilding, randomSite } from "./build.ts";
import { type OptionCheck, checkArgument, checkOptions, isRecord, shaped, tensorOrNumber, whole } from "./options.ts";
import { add, mul, sub } from "./ops/arithmetic.ts";
import { cast, where } from "./ops/choose.ts";
import { greaterEqual, less } from "./ops/compare.ts";
import { log, sqrt } from "./ops/functions.ts";
import { normalizeDim } from "./ops/axis.ts";
import { reshapeTo } from "./ops/layout.ts";
import { constant, iota, sizeValue } from "./ops/leaf.ts";
import { threefry, unit } from "./ops/random.ts";
import { broadcastTo } from "./ops/sum.ts";
import { cos } from "./ops/trigonometric.ts";
import type { Scalar } from "./static.ts";
import type { LoopPlace } from "./steps.ts";
import { elementCount, sameType, type Shape } from "./type.ts";
import { isValue, type Tensor, type Value } from "./value.ts";

/** What random numbers are drawn with. The same key gives the same numbers; no two places of a model share one. */
export interface RandomKey {
  /** The words of the seed, moved on for each place. */
  readonly words: readonly [Value, Value];
  /** Which draw this is: the second word of every counter. */
  readonly draw: Value;
}

/** Where a key comes from. */
export interface RandomKeyOptions {
  /** A whole number, or a u32 scalar; otherwise the seed that the program was loaded with. */
  readonly seed?: number | Tensor<"u32", Scalar>;
  /**
   * The number of the draw, a u32 scalar; otherwise the state `random.draw`, which counts the calls of training entry
   * points. An entry point without `update` that draws gives the same numbers until it is given another one, for example
   * an input.
   */
  readonly draw?: Tensor<"u32", Scalar>;
}

/** What `randomKey` gives. */
const keyCheck: OptionCheck = {
  must: "what randomKey gives",
  holds: (value) => isRecord(value) && "words" in (value as object) && "draw" in (value as object),
  help: "randomUniform(randomKey(), [2, 3])",
};

function checkDrawn(of: string, key: unknown, shape: unknown): void {
  checkArgument(of, "the key", key, keyCheck);
  checkArgument(of, "the shape", shape, shaped);
}

/** As for programs that are loaded with a seed. */
const seedCheck: OptionCheck = {
  must: "an integer from 0, or a u32 scalar",
  holds: (value) => whole(0).holds(value) || (isValue(value) && sameType(value.type, { dtype: "u32", shape: [] })),
};

/**
 * A key of its own: two calls of `randomKey` draw different numbers, and so do two steps of training, and all places of a
 * `scan` whose step calls it. What it depends on is kept with the other states, so that a run which is resumed from a
 * checkpoint repeats one that was not interrupted.
 */
export function randomKey(options: RandomKeyOptions = {}): RandomKey {
  checkOptions("randomKey", options, { seed: seedCheck, draw: true });
  const { seed, draw } = options;
  const kept = seed === undefined || draw === undefined;
  const own = isBuilding() || kept ? randomSite(kept) : undefined;
  const [low, high] = seed === undefined ? own!.words : seedWords(seed);
  // Odd, so that places have different keys; the key of place 0 is not the one that draws initial values.
  const place = Math.imul((own?.site ?? 0) + 1, 0x9e3779b9) >>> 0;
  return { words: [inLoops(low, own?.loops ?? []), add(high, constant(place, "u32"))], draw: draw ?? own!.draw };
}

/** Another word at every place of the loops around: far apart, so that neighbouring seeds do not share keys. */
function inLoops(word: Value, loops: readonly LoopPlace[]): Value {
  if (loops.length === 0) return word;
  const count = loops.reduce<Value>(
    (sofar, { position, length }) => add(mul(sofar, sizeValue(length, "u32")), cast(position, "u32")),
    constant(0, "u32"),
  );
  return add(word, mul(count, constant(0x85ebca6b, "u32")));
}

/** As the runtime makes a key of a seed. */
function seedWords(seed: number | Value): readonly [Value, Value] {
  if (typeof seed !== "number") return [seed, constant(0, "u32")];
  return [constant(seed >>> 0, "u32"), constant(Math.floor(seed / 2 ** 32) >>> 0, "u32")];
}

/**
 * A key that follows from another and a u32 scalar: one for each step of a recurrence, or each layer of a stack that shares
 * its code. Different numbers give different keys.
 */
export function foldIn(key: RandomKey, number: number | Tensor<"u32", Scalar>): RandomKey {
  checkArgument("foldIn", "the key", key, keyCheck);
  checkArgument("foldIn", "the number", number, seedCheck);
  const {
    words: [low, high],
    draw,
  } = key;
  // Away from the key itself, whose counters belong to elements.
  const away: readonly [Value, Value] = [add(low, constant(0x7f4a7c15, "u32")), high];
  const counter = [typeof number === "number" ? constant(number, "u32") : number, draw] as const;
  return { words: [threefry(0, away, counter), threefry(1, away, counter)], draw: constant(0, "u32") };
}

/** Random bits: 32 in every element. */
export function randomBits<const S extends Shape>(key: RandomKey, shape: S): Tensor<"u32", S>;
export function randomBits(key: RandomKey, shape: readonly (number | string)[]): Value {
  checkDrawn("randomBits", key, shape);
  return bits(key, shape.map(normalizeDim), 0);
}

/** One of the two words that belong to each element: the counter is its position. */
function bits({ words, draw }: RandomKey, shape: Shape, word: 0 | 1, position = positionsIn(shape)): Value {
  return broadcastTo(threefry(word, words, [position, draw]), shape);
}

/** The number of each element, row by row. */
function positionsIn(shape: Shape): Value {
  return reshapeTo(iota([elementCount(shape)], 0, "u32"), shape);
}

/** From where to where numbers are drawn. */
export interface UniformOptions {
  /** Default 0. */
  readonly low?: number | Tensor<"f32", Scalar>;
  /** Default 1; not drawn itself. */
  readonly high?: number | Tensor<"f32", Scalar>;
}

/** Uniform numbers in [low, high). */
export function randomUniform<const S extends Shape>(
  key: RandomKey,
  shape: S,
  options?: UniformOptions,
): Tensor<"f32", S>;
export function randomUniform(
  key: RandomKey,
  shape: readonly (number | string)[],
  options: UniformOptions = {},
): Value {
  checkDrawn("randomUniform", key, shape);
  checkOptions("randomUniform", options, { low: tensorOrNumber, high: tensorOrNumber });
  const { low = 0, high = 1 } = options;
  const drawn = unit(bits(key, shape.map(normalizeDim), 0));
  if (low === 0 && high === 1) return drawn;
  const width = typeof low === "number" && typeof high === "number" ? high - low : sub(high, low);
  const value = add(low, mul(width, drawn));
  // The sum may round up to the end that is not drawn.
  return where(less(value, high), value, broadcastTo(typeof low === "number" ? constant(low) : low, drawn.type.shape));
}

/** How random numbers are distributed. */
export interface NormalOptions {
  /** Default 0. */
  readonly mean?: number | Tensor<"f32", Scalar>;
  /** Standard deviation. Default 1. */
  readonly deviation?: number | Tensor<"f32", Scalar>;
}

/** Normal numbers, from pairs of uniform ones (Box and Muller 1958). None lies farther out than 5.8 deviations. */
export function randomNormal<const S extends Shape>(
  key: RandomKey,
  shape: S,
  options?: NormalOptions,
): Tensor<"f32", S>;
export function randomNormal(key: RandomKey, shape: readonly (number | string)[], options: NormalOptions = {}): Value {
  checkDrawn("randomNormal", key, shape);
  checkOptions("randomNormal", options, { mean: tensorOrNumber, deviation: tensorOrNumber });
  const { mean = 0, deviation = 1 } = options;
  const dims = shape.map(normalizeDim);
  // In (0, 1], so that the logarithm is finite.
  const positions = positionsIn(dims);
  const first = add(unit(bits(key, dims, 0, positions)), 2 ** -24);
  const drawn = mul(sqrt(mul(-2, log(first))), cos(mul(2 * Math.PI, unit(bits(key, dims, 1, positions)))));
  const spread = deviation === 1 ? drawn : mul(deviation, drawn);
  return mean === 0 ? spread : add(mean, spread);
}

/** True with a probability, in every element. */
export function bernoulli<const S extends Shape>(
  key: RandomKey,
  probability: number | Tensor<"f32">,
  shape: S,
): Tensor<"bool", S>;
export function bernoulli(key: RandomKey, probability: number | Value, shape: readonly (number | string)[]): Value {
  checkDrawn("bernoulli", key, shape);
  return less(unit(bits(key, shape.map(normalizeDim), 0)), probability);
}

/** True in the elements that dropout keeps: each with probability 1 − `rate`. */
export function dropoutMask<const S extends Shape>(
  key: RandomKey,
  rate: number | Tensor<"f32", Scalar>,
  shape: S,
): Tensor<"bool", S>;
export function dropoutMask(key: RandomKey, rate: number | Value, shape: readonly (number | string)[]): Value {
  checkDrawn("dropoutMask", key, shape);
  return greaterEqual(unit(bits(key, shape.map(normalizeDim), 0)), rate);
}
