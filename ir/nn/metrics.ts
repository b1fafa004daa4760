/// Metrics: what people read while a network trains. They have no gradient.
import { about } from "../diagnostic.ts";
import { rankMismatch } from "../errors.ts";
import { checkOptions, checkTensor, finite } from "../options.ts";
import { cast } from "../ops/choose.ts";
import { equal, greater } from "../ops/compare.ts";
import { argmax, mean } from "../ops/reduce.ts";
import type { Of, Scalar } from "../static.ts";
import type { ClassTarget, SameShape } from "../static-axes.ts";
import { sameShape, type DType, type Shape } from "../type.ts";
import type { Tensor, Value } from "../value.ts";
import { classTarget, targetMismatch } from "./errors.ts";

/**
 * Share of examples whose largest score is the right class: `scores` (logits or probabilities) [..., classes]; `target` is
 * i32 labels [...], or one-hot rows or probabilities [..., classes]. A scalar in [0, 1]. For a single score per example see
 * `binaryAccuracy`.
 */
export function accuracy<D extends DType, S extends Shape, E extends DType, T extends Shape>(
  scores: Of<"f32", "accuracy", D, S>,
  target: ClassTarget<"accuracy", S, E, T>,
): Tensor<"f32", Scalar>;
export function accuracy(scores: Value, target: Value): Value {
  checkTensor("accuracy", "scores", scores);
  checkTensor("accuracy", "target", target);
  const { shape } = scores.type;
  return about([scores, target], () => {
    if (shape.length === 0 || shape[shape.length - 1] === 1) {
      throw rankMismatch("accuracy", "an axis of at least two classes (else use binaryAccuracy)", [scores.type]);
    }
    return share(equal(argmax(scores), labelsOf(scores, target)));
  });
}

function labelsOf(scores: Value, target: Value): Value {
  const { shape } = scores.type;
  if (target.type.dtype === "i32" && sameShape(target.type.shape, shape.slice(0, -1))) return target;
  if (target.type.dtype === "f32" && sameShape(target.type.shape, shape)) return argmax(target);
  throw targetMismatch("accuracy", classTarget, scores.type, target.type);
}

/** What a binary metric may be told. */
export interface BinaryOptions {
  /** Scores above it count as positive: 0.5 for probabilities (default), 0 for logits. */
  readonly threshold?: number;
}

/**
 * Share of elements on the right side of the threshold: `scores` f32 and `target` (0 or 1, any type) have one shape, for
 * example [batch] or [batch, 1]. A scalar in [0, 1].
 */
export function binaryAccuracy<D extends DType, S extends Shape, E extends DType, T extends Shape>(
  scores: Of<"f32", "binaryAccuracy", D, S>,
  target: SameShape<"binaryAccuracy", S, T, Tensor<E, T>>,
  options?: BinaryOptions,
): Tensor<"f32", Scalar>;
export function binaryAccuracy(scores: Value, target: Value, options: BinaryOptions = {}): Value {
  checkTensor("binaryAccuracy", "scores", scores);
  checkTensor("binaryAccuracy", "target", target);
  checkOptions("binaryAccuracy", options, { threshold: finite });
  const { threshold = 0.5 } = options;
  return about([scores, target], () => {
    if (!sameShape(scores.type.shape, target.type.shape)) {
      throw targetMismatch("binaryAccuracy", "of the same shape", scores.type, target.type);
    }
    const positive = cast(greater(scores, threshold), "f32");
    const truth = cast(greater(cast(target, "f32"), 0.5), "f32");
    return share(equal(positive, truth));
  });
}

/** Part of the elements that are true; of a scalar, 0 or 1. */
function share(hits: Value): Value {
  const counts = cast(hits, "f32");
  return counts.type.shape.length === 0 ? counts : mean(counts);
}
