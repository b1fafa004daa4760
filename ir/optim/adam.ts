/// Adam (Kingma and Ba 2015).
import { noteUpdates, owner, part, state } from "../build.ts";
import type { Update } from "../graph.ts";
import { checkOptions, text } from "../options.ts";
import { add, div, mul, neg, square, sub } from "../ops/arithmetic.ts";
import { expm1, sqrt } from "../ops/functions.ts";
import { constant } from "../ops/leaf.ts";
import type { ScalarFloat } from "../static.ts";
import type { DType, Shape } from "../type.ts";
import type { Value } from "../value.ts";
import { slopesOf } from "./loss-scale.ts";
import { checkedOption, hyperparameter, optimizerOptions, trained, type OptimizerOptions } from "./options.ts";

/** What Adam may be told. */
export interface AdamOptions extends OptimizerOptions {
  /** Decay of the mean of the gradients. Default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of their squares. Default 0.999. */
  readonly beta2?: number;
  /** Keeps the quotient finite. Default 1e-8. */
  readonly epsilon?: number;
  /** Prefix of its states, `adam` by default: `adam.m.hidden.weight`, `adam.step`. */
  readonly name?: string;
}

/**
 * Adam: m ← β₁ m + (1−β₁) g, v ← β₂ v + (1−β₂) g², w ← w − α m̂ / (√v̂ + ε) with m̂ = m/(1−β₁ᵗ), v̂ = v/(1−β₂ᵗ) at step t = 1, 2, …
 * The learning rate α (default 0.001) is a run-time setting. Errors: `no-parameters`;
 * `loss-not-scalar`; `loss-scale`; `optimizer-option`.
 */
export function adam<D extends DType, S extends Shape>(
  loss: ScalarFloat<"adam", D, S>,
  options?: AdamOptions,
): readonly Update[];
export function adam(loss: Value, options: AdamOptions = {}): readonly Update[] {
  checkOptions("adam", options, { ...optimizerOptions, beta1: true, beta2: true, epsilon: true, name: text });
  const beta1 = checkedOption("beta1", options.beta1 ?? 0.9, 0, 1);
  const beta2 = checkedOption("beta2", options.beta2 ?? 0.999, 0, 1);
  const epsilon = checkedOption("epsilon", options.epsilon ?? 1e-8, 0);
  const parameters = trained("adam", loss, options);
  const own = owner("adam", options.name, "kind");
  const rate = hyperparameter("learningRate", options.learningRate ?? 1e-3, own);
  const step = state([], {}, { owner: own, local: "step" });
  const t = add(step, 1);
  const correction1 = part(biasCorrection(beta1, t), own, "m.norm");
  const correction2 = part(biasCorrection(beta2, t), own, "v.norm");
  const { gradients, next, updates } = slopesOf(loss, parameters, options, () => own);
  const moments = parameters.flatMap((w, i) => {
    const m = state(w.type.shape, {}, { owner: own, local: "m", of: w });
    const v = state(w.type.shape, {}, { owner: own, local: "v", of: w });
    const gradient = gradients[i];
    const nextM = next(m, add(mul(beta1, m), mul(1 - beta1, gradient)));
    const nextV = next(v, add(mul(beta2, v), mul(1 - beta2, square(gradient))));
    const direction = div(div(nextM, correction1), add(sqrt(div(nextV, correction2)), epsilon));
    return [
      { state: m, value: nextM },
      { state: v, value: nextV },
      { state: w, value: next(w, sub(w, mul(rate, direction))) },
    ];
  });
  return noteUpdates("adam", [...updates, { state: step, value: next(step, t) }, ...moments]);
}

/** 1 − βᵗ, as −(e^{t ln β} − 1): with β = 0.999 the difference itself would lose four digits of float32 at t = 1. */
function biasCorrection(beta: number, t: Value): Value {
  return beta === 0 ? constant(1) : neg(expm1(mul(Math.log(beta), t)));
}
