/// What all optimizers share: which parameters they train, and hyperparameters that a caller may change.
import { owner, parametersOf, part, setting } from "../build.ts";
import { noParameters } from "../errors.ts";
import type { Value } from "../value.ts";

/** A number becomes a run-time setting (its default); a scalar f32 value is used as it is. */
export type Hyperparameter = number | Value;

/** A loss scale that finds its size: halved where a gradient overflows, and that step is left out; doubled after others. */
export interface DynamicLossScale {
  /** The scale of the first step. Default 65536. */
  readonly initial?: number;
  /** After so many steps without overflow the scale is doubled. Default 2000. */
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

/** A run-time setting for a number, or the value that the user gave. */
export function hyperparameter(name: string, value: Hyperparameter): Value {
  return typeof value === "number" ? setting(name, value) : value;
}

/** What to train, each once. Error: `no-parameters` when that is nothing. */
export function trained(optimizer: string, loss: Value, { parameters }: OptimizerOptions): readonly Value[] {
  const chosen = parameters === undefined ? parametersOf(loss) : [...new Set([parameters].flat())];
  if (chosen.length === 0) throw noParameters(optimizer);
  // A sum of losses that nobody named still needs a name in its gradients.
  part(loss, owner("objective", undefined, "kind"));
  return chosen;
}
