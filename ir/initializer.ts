/// First values of parameters and states, as data; the compiler turns them into plain distributions once sizes are known.

import { atLeastZero, checkArgument, finite, oneOf, type OptionCheck } from "./options.ts";

/** How a state gets its first value. Fans are the numbers of inputs and outputs of a unit, from the shape. */
export type Initializer =
  | { readonly tag: "constant"; readonly value: number }
  | { readonly tag: "uniform"; readonly low: number; readonly high: number }
  | { readonly tag: "normal"; readonly mean: number; readonly deviation: number }
  /** Variance scaling: variance = scale / fan (Glorot and Bengio 2010: mean of both fans; He et al. 2015: fan in). */
  | {
      readonly tag: "scaled";
      readonly distribution: "uniform" | "normal";
      readonly scale: number;
      readonly fan: "in" | "average";
      /** The axes that count the inputs of a unit, and those that count its outputs; else the last counts outputs. */
      readonly axes?: FanAxes;
    }
  | { readonly tag: "values"; readonly values: readonly number[] }
  | { readonly tag: "key" };

/** Axes whose extents multiply to the fans. Places of a convolution's kernel count on both sides. */
export interface FanAxes {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

const distributions = oneOf("uniform", "normal");

const nested: OptionCheck = {
  must: "a number, or arrays of numbers to any depth",
  holds: (data) => typeof data === "number" || (isListed(data) && Array.from(data).every(nested.holds)),
  help: "values([[1, -2], [-1, 1]])",
};

const isListed = (data: unknown): data is ArrayLike<unknown> =>
  Array.isArray(data) || (ArrayBuffer.isView(data) && !(data instanceof DataView));

/** Zero everywhere. */
export function zeros(): Initializer {
  return { tag: "constant", value: 0 };
}

/** One everywhere. */
export function ones(): Initializer {
  return { tag: "constant", value: 1 };
}

/** Uniform in [low, high). */
export function uniform(low = -0.05, high = 0.05): Initializer {
  checkArgument("uniform", "the low end", low, finite);
  checkArgument("uniform", "the high end", high, finite);
  return { tag: "uniform", low, high };
}

/** Normal with the given mean and standard deviation. */
export function normal(mean = 0, deviation = 0.05): Initializer {
  checkArgument("normal", "the mean", mean, finite);
  checkArgument("normal", "the deviation", deviation, atLeastZero);
  return { tag: "normal", mean, deviation };
}

/** Glorot: keeps the variance of activations and gradients for linear, tanh and sigmoid units. Variance 2/(fanIn + fanOut). */
export function glorot(distribution: "uniform" | "normal" = "uniform"): Initializer {
  checkArgument("glorot", "the distribution", distribution, distributions);
  return { tag: "scaled", distribution, scale: 1, fan: "average" };
}

/** He: keeps the variance of activations for ReLU units. Variance 2/fanIn. */
export function he(distribution: "uniform" | "normal" = "normal"): Initializer {
  checkArgument("he", "the distribution", distribution, distributions);
  return { tag: "scaled", distribution, scale: 2, fan: "in" };
}

/** The same for weights whose fans are counted by other axes than usual. */
export function withFans(initializer: Initializer, axes: FanAxes): Initializer {
  return initializer.tag === "scaled" ? { ...initializer, axes } : initializer;
}

/** Given numbers, row-major; nested arrays as in `[[1, -2], [-1, 1]]` are flattened. */
export function values(data: NestedNumbers): Initializer {
  checkArgument("values", "what is given", data, nested);
  const flat: number[] = [];
  const walk = (part: NestedNumbers): void => {
    if (typeof part === "number") flat.push(part);
    else for (const inner of part) walk(inner);
  };
  walk(data);
  return { tag: "values", values: flat };
}

/** A number, or arrays of them to any depth. */
export type NestedNumbers = number | readonly NestedNumbers[];
