/// Dropout: a training-only layer that draws a mask anew at every step.
import { owner, part, setting } from "../build.ts";
import { dropoutRate, optionValue } from "../errors.ts";
import { checkOptions, checkTensor, text } from "../options.ts";
import { div, sub } from "../ops/arithmetic.ts";
import { where } from "../ops/choose.ts";
import { training } from "../ops/training.ts";
import { dropoutMask, randomKey, type RandomKey } from "../random.ts";
import type { Scalar } from "../static.ts";
import { isValue, type Tensor, type Value } from "../value.ts";

/** What dropout may be told. */
export interface DropoutOptions {
  /** Where its numbers come from; otherwise a key of its own. */
  readonly key?: RandomKey;
  /** Name of the layer; otherwise the variable that holds its result. */
  readonly name?: string;
}

/**
 * Dropout (Srivastava et al. 2014): in entry points that train, each element is 0 with probability `rate`, and else divided
 * by 1 − `rate`, so that its mean stays; in the others it is `x` itself. A number becomes the run-time setting
 * `dropoutRate`, of several `hidden.dropoutRate`. The mask is a function of the key and the position: backward computes it
 * again, nothing keeps it.
 * Error: `dropout-rate` for a number outside [0, 1).
 */
export function dropout<T extends Value>(x: T, rate?: number | Tensor<"f32", Scalar>, options?: DropoutOptions): T;
export function dropout(x: Value, rate: number | Value = 0.5, options: DropoutOptions = {}): Value {
  checkTensor("dropout", "x", x);
  if (typeof rate !== "number" && !isValue(rate))
    throw optionValue("dropout", "rate", "a number or a scalar of f32", rate, "dropout(x, 0.5)");
  if (typeof rate === "number" && !(rate >= 0 && Math.fround(rate) < 1)) throw dropoutRate(rate);
  checkOptions("dropout", options, { key: true, name: text });
  const own = owner("dropout", options.name, "variable");
  const chance = typeof rate === "number" ? setting("dropoutRate", rate, own, [0, 1]) : rate;
  const kept = part(
    dropoutMask(options.key ?? randomKey(), chance as Tensor<"f32", Scalar>, x.type.shape),
    own,
    "mask",
  );
  return where(training(), where(kept, div(x, sub(1, chance)), 0), x);
}
