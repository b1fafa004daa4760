/// What all optimizers share: which parameters they train, and hyperparameters that a caller may change.
import { checkTensor } from "../options.ts";
import { isValue, owner, parametersOf, part, setting, type Owner } from "../build.ts";
import { noParameters, optionValue } from "../errors.ts";
import type { Value } from "../value.ts";
import { optimizerOption } from "./errors.ts";

/** A number becomes a run-time setting (its default); a scalar f32 value is used as it is. */
export type Hyperparameter = number | Value;

/** A loss scale that finds its size: halved where a gradient overflows, and that step is left out; doubled after others. */
export interface DynamicLossScale {
  /** The scale of the first step, from 1 to 2²⁴: beyond these no scale goes. Default 65536. */
  readonly initial?: number;
  /** After so many steps without overflow the scale is doubled, from 1 to 2²⁴. Default 2000. */
  readonly doubledAfter?: number;
}

/** What every optimizer may be told. */
export interface OptimizerOptions {
  /** Size of a step. */
  readonly learningRate?: Hyperparameter;
  /** What to train; by default every trainable parameter that the loss depends on. */
  readonly parameters?: Value | readonly Value[];
  /**
   * Gradients are taken of the loss times this number, and divided by it: with `--storage f16` they then neither vanish nor
   * overflow on the way. A number (a power of two costs no digits), a scalar, or options of a scale that finds its size.
   */
  readonly lossScale?: number | Value | DynamicLossScale;
}

/** The names of what every optimizer may be told. */
export const optimizerOptions: Readonly<Record<keyof OptimizerOptions, true>> = {
  learningRate: true,
  parameters: true,
  lossScale: true,
};

/**
 * A run-time setting for a number, or the value that the user gave; where several have one name, that of the optimizer that
 * it is `of` comes first: `slow.learningRate`. A number is not below 0 and is below the limit. Error: `optimizer-option`.
 */
export function hyperparameter(name: string, value: Hyperparameter, of?: Owner, limit?: number): Value {
  if (!isValue(value)) return setting(name, checkedOption(name, value, 0, limit), of);
  if (value.type.dtype === "f32" && value.type.shape.length === 0) return value;
  throw optimizerOption(name, "a number or a scalar of f32", value);
}

/** A numeric option that is finite in float32, from `least` and below `limit`. Error: `optimizer-option`. */
export function checkedOption(name: string, value: unknown, least = -Infinity, limit = Infinity): number {
  // On the GPU it is a float32: 1e39 would be infinite there, and 0.99999999 would be 1.
  const single = typeof value === "number" ? Math.fround(value) : NaN;
  if (Number.isFinite(single) && single >= least && single < limit) return value as number;
  const range = limit < Infinity ? ` from ${least} to below ${limit}` : least > -Infinity ? ` from ${least}` : "";
  throw optimizerOption(name, `a finite number of float32${range}`, value);
}

/** What to train, each once. Error: `no-parameters` when that is nothing. */
export function trained(optimizer: string, loss: Value, { parameters }: OptimizerOptions): readonly Value[] {
  checkTensor(optimizer, "the loss", loss);
  const chosen = parameters === undefined ? parametersOf(loss) : [...new Set([parameters].flat())];
  const other: unknown = chosen.find((each: unknown) => !isValue(each));
  if (other !== undefined)
    throw optionValue(
      optimizer,
      "parameters",
      "one or several parameters",
      other,
      "{ parameters: parametersOf(loss) }",
    );
  if (chosen.length === 0) throw noParameters(optimizer);
  // A sum of losses that nobody named still needs a name in its gradients.
  part(loss, owner("objective", undefined, "kind"));
  return chosen;
}
