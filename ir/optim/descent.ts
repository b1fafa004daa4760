/// Gradient descent, plain and with momentum.
import { noteUpdates, owner, state, type Owner } from "../build.ts";
import type { Update } from "../graph.ts";
import { checkOptions, flag, text } from "../options.ts";
import { add, mul, sub } from "../ops/arithmetic.ts";
import type { ScalarFloat } from "../static.ts";
import type { DType, Shape } from "../type.ts";
import type { Value } from "../value.ts";
import { slopesOf } from "./loss-scale.ts";
import { hyperparameter, optimizerOptions, trained, type Hyperparameter, type OptimizerOptions } from "./options.ts";

/**
 * Gradient descent: w ← w − α ∂loss/∂w with the learning rate α (default 0.01), a run-time setting.
 * Errors: `no-parameters`; `loss-not-scalar`; `loss-scale`; `optimizer-option`.
 */
export function gradientDescent<D extends DType, S extends Shape>(
  loss: ScalarFloat<"gradientDescent", D, S>,
  options?: OptimizerOptions,
): readonly Update[];
export function gradientDescent(loss: Value, options: OptimizerOptions = {}): readonly Update[] {
  checkOptions("gradientDescent", options, optimizerOptions);
  const parameters = trained("gradientDescent", loss, options);
  const rate = hyperparameter("learningRate", options.learningRate ?? 0.01);
  const own = (): Owner => owner("gradientDescent", undefined, "kind");
  const { gradients, next, updates } = slopesOf(loss, parameters, options, own);
  const steps = parameters.map((w, i) => ({ state: w, value: next(w, sub(w, mul(rate, gradients[i]))) }));
  return noteUpdates("gradientDescent", [...updates, ...steps]);
}

/** What stochastic gradient descent may be told. */
export interface SgdOptions extends OptimizerOptions {
  /** Part of the last step that goes on: 0 is plain gradient descent. Default 0.9, a run-time setting. */
  readonly momentum?: Hyperparameter;
  /** Looks ahead along the velocity (Nesterov 1983). Default false. */
  readonly nesterov?: boolean;
  /** Prefix of its states, `sgd` by default: `sgd.velocity.hidden.weight`. */
  readonly name?: string;
}

/**
 * Stochastic gradient descent with momentum μ, in PyTorch's form: v ← μ v + g, w ← w − α v; Nesterov: w ← w − α (g + μ v).
 * Learning rate α (default 0.01) and momentum are run-time settings.
 * Errors: `no-parameters`; `loss-not-scalar`; `loss-scale`; `optimizer-option`.
 */
export function sgd<D extends DType, S extends Shape>(
  loss: ScalarFloat<"sgd", D, S>,
  options?: SgdOptions,
): readonly Update[];
export function sgd(loss: Value, options: SgdOptions = {}): readonly Update[] {
  checkOptions("sgd", options, { ...optimizerOptions, momentum: true, nesterov: flag, name: text });
  const parameters = trained("sgd", loss, options);
  const own = owner("sgd", options.name, "kind");
  const rate = hyperparameter("learningRate", options.learningRate ?? 0.01, own);
  const momentum = hyperparameter("momentum", options.momentum ?? 0.9, own, 1);
  const slopes = slopesOf(loss, parameters, options, () => own);
  const steps = parameters.flatMap((w, i) => {
    const velocity = state(w.type.shape, {}, { owner: own, local: "velocity", of: w });
    const gradient = slopes.gradients[i];
    const next = slopes.next(velocity, add(mul(momentum, velocity), gradient));
    const direction = options.nesterov ? add(gradient, mul(momentum, next)) : next;
    return [
      { state: velocity, value: next },
      { state: w, value: slopes.next(w, sub(w, mul(rate, direction))) },
    ];
  });
  return noteUpdates("sgd", [...slopes.updates, ...steps]);
}
