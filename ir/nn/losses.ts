/// Losses: how far predictions are from targets, written as in a textbook; the compiler makes them safe from overflow.
import { about, type CompileError } from "../diagnostic.ts";
import { dtypeMismatch, rankMismatch } from "../errors.ts";
import { checkOptions, checkTensor, oneOf } from "../options.ts";
import { add, mul, neg, square, sub } from "../ops/arithmetic.ts";
import { cast } from "../ops/choose.ts";
import { log, softplus } from "../ops/functions.ts";
import { mean } from "../ops/reduce.ts";
import { sum } from "../ops/sum.ts";
import type { Of, Scalar } from "../static.ts";
import type { ClassTarget, Leading, LossShape, None, SameShape } from "../static-axes.ts";
import { isFloat, sameShape, type DType, type Shape, type TensorType } from "../type.ts";
import type { Tensor, Value } from "../value.ts";
import { classTarget, targetMismatch } from "./errors.ts";
import { logSoftmax, oneHot } from "./softmax.ts";

/** How the losses of the examples become one number: their mean (default), their sum, or not at all. */
export type Reduction = "mean" | "sum" | "none";

/** What a loss may be told. */
export interface LossOptions {
  readonly reduction?: Reduction;
}

/**
 * Binary cross-entropy −y ln p − (1−y) ln(1−p) of probabilities `p` in [0, 1] and targets `y` of the same shape (0 or 1,
 * or a probability). Mean over all elements.
 */
export function binaryCrossEntropy<
  D extends DType,
  S extends Shape,
  E extends DType,
  T extends Shape,
  const O extends LossOptions = None,
>(
  probability: Of<"f32", "binaryCrossEntropy", D, S>,
  target: SameShape<"binaryCrossEntropy", S, T, Tensor<E, T>>,
  options?: O,
): Tensor<D, LossShape<S, O>>;
export function binaryCrossEntropy(probability: Value, target: Value, options: LossOptions = {}): Value {
  const y = targetLike("binaryCrossEntropy", probability, target);
  const positive = mul(y, log(probability));
  const negative = mul(sub(1, y), log(sub(1, probability)));
  return reduced("binaryCrossEntropy", sub(neg(positive), negative), options);
}

/**
 * Binary cross-entropy of logits `z`, where p = σ(z): y ln(1 + e⁻ᶻ) + (1−y) ln(1 + eᶻ), which never overflows. Targets
 * have the shape of the logits. Mean over all elements.
 */
export function sigmoidCrossEntropy<
  D extends DType,
  S extends Shape,
  E extends DType,
  T extends Shape,
  const O extends LossOptions = None,
>(
  logits: Of<"f32", "sigmoidCrossEntropy", D, S>,
  target: SameShape<"sigmoidCrossEntropy", S, T, Tensor<E, T>>,
  options?: O,
): Tensor<D, LossShape<S, O>>;
export function sigmoidCrossEntropy(logits: Value, target: Value, options: LossOptions = {}): Value {
  const y = targetLike("sigmoidCrossEntropy", logits, target);
  return reduced("sigmoidCrossEntropy", add(mul(y, softplus(neg(logits))), mul(sub(1, y), softplus(logits))), options);
}

/**
 * Cross-entropy −Σ y ln p over the last axis: `probabilities` [..., classes]; `target` is i32 labels [...] or
 * probabilities [..., classes]. Mean over the examples.
 */
export function crossEntropy<
  D extends DType,
  S extends Shape,
  E extends DType,
  T extends Shape,
  const O extends LossOptions = None,
>(
  probabilities: Of<"f32", "crossEntropy", D, S>,
  target: ClassTarget<"crossEntropy", S, E, T>,
  options?: O,
): Tensor<D, LossShape<Leading<S>, O>>;
export function crossEntropy(probabilities: Value, target: Value, options: LossOptions = {}): Value {
  const y = distribution("crossEntropy", probabilities, target);
  return reduced("crossEntropy", neg(sum(mul(y, log(probabilities)), { axis: -1 })), options);
}

/**
 * Cross-entropy after a softmax: −Σ y (z − ln Σ eᶻ) over the last axis: `logits` z [..., classes]; `target` is i32 labels
 * [...] or probabilities [..., classes]. Mean over the examples. Its gradient is (softmax(z) − y) / examples.
 * Labels that are an input must lie in [0, classes): the runtime checks those that come from the host, and cannot check
 * those in a GPU buffer. To leave examples out, compute labels outside the range, `where(ignored, -1, label)`: their loss
 * and their gradient are 0.
 */
export function softmaxCrossEntropy<
  D extends DType,
  S extends Shape,
  E extends DType,
  T extends Shape,
  const O extends LossOptions = None,
>(
  logits: Of<"f32", "softmaxCrossEntropy", D, S>,
  target: ClassTarget<"softmaxCrossEntropy", S, E, T>,
  options?: O,
): Tensor<D, LossShape<Leading<S>, O>>;
export function softmaxCrossEntropy(logits: Value, target: Value, options: LossOptions = {}): Value {
  const y = distribution("softmaxCrossEntropy", logits, target);
  return reduced("softmaxCrossEntropy", neg(sum(mul(y, logSoftmax(logits)), { axis: -1 })), options);
}

/** Mean of the squared differences (1/n) Σ (ŷ − y)² over all elements; both sides have one shape. */
export function meanSquaredError<
  D extends DType,
  S extends Shape,
  E extends DType,
  T extends Shape,
  const O extends LossOptions = None,
>(
  prediction: Of<"f32", "meanSquaredError", D, S>,
  target: SameShape<"meanSquaredError", S, T, Tensor<E, T>>,
  options?: O,
): Tensor<D, LossShape<S, O>>;
export function meanSquaredError(prediction: Value, target: Value, options: LossOptions = {}): Value {
  return reduced(
    "meanSquaredError",
    square(sub(prediction, targetLike("meanSquaredError", prediction, target))),
    options,
  );
}

/** Sum of the squared residuals Σ (y − ŷ)² over all elements; both sides have one shape. */
export function sumOfSquaredResiduals<D extends DType, S extends Shape, E extends DType, T extends Shape>(
  prediction: Of<"f32", "sumOfSquaredResiduals", D, S>,
  target: SameShape<"sumOfSquaredResiduals", S, T, Tensor<E, T>>,
): Tensor<D, Scalar>;
export function sumOfSquaredResiduals(prediction: Value, target: Value): Value {
  return sum(square(sub(targetLike("sumOfSquaredResiduals", prediction, target), prediction)));
}

function reduced(loss: string, losses: Value, options: LossOptions): Value {
  checkOptions(loss, options, { reduction: oneOf("mean", "sum", "none") });
  const { reduction = "mean" } = options;
  if (reduction === "none" || losses.type.shape.length === 0) return losses;
  return reduction === "sum" ? sum(losses) : mean(losses);
}

/** A prediction of no floats; where the target has them, the two were probably given the other way round. */
function predictionMismatch(loss: string, prediction: TensorType, target: TensorType): CompileError {
  const isSwapped = isFloat(target.dtype);
  const help = isSwapped ? `the prediction comes first, then the target: ${loss}(prediction, target)` : undefined;
  return dtypeMismatch(loss, "floats", [prediction], 'it with cast(x, "f32")', help);
}

/** The target as floats, once it has the shape of the prediction. Broadcasting here would hide a mistake. */
function targetLike(loss: string, prediction: Value, target: Value): Value {
  checkTensor(loss, "the prediction", prediction);
  checkTensor(loss, "the target", target);
  return about([prediction, target], () => {
    if (!isFloat(prediction.type.dtype)) throw predictionMismatch(loss, prediction.type, target.type);
    if (!sameShape(prediction.type.shape, target.type.shape)) {
      throw targetMismatch(loss, "of the same shape", prediction.type, target.type);
    }
    return cast(target, prediction.type.dtype);
  });
}

/** The target as a distribution over the last axis of the prediction: labels become one-hot rows. */
function distribution(loss: string, prediction: Value, target: Value): Value {
  checkTensor(loss, "the prediction", prediction);
  checkTensor(loss, "the target", target);
  const { shape, dtype } = prediction.type;
  return about([prediction, target], () => {
    if (!isFloat(dtype)) throw predictionMismatch(loss, prediction.type, target.type);
    if (shape.length === 0) throw rankMismatch(loss, "an axis of classes", [prediction.type]);
    if (target.type.dtype === "i32" && sameShape(target.type.shape, shape.slice(0, -1))) {
      return oneHot(target, shape[shape.length - 1]);
    }
    if (target.type.dtype === dtype && sameShape(target.type.shape, shape)) return target;
    throw targetMismatch(loss, classTarget, prediction.type, target.type);
  });
}
