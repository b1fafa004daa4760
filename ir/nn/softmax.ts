/// Probabilities from scores, as compositions: the compiler fuses and differentiates them like anything else.
import { checkTensor } from "../options.ts";
import type { Dim } from "../dim.ts";
import { dtypeMismatch } from "../errors.ts";
import { sub } from "../ops/arithmetic.ts";
import { cast } from "../ops/choose.ts";
import { equal } from "../ops/compare.ts";
import { exp } from "../ops/functions.ts";
import { countedAxis, normalizeDim } from "../ops/axis.ts";
import { iota } from "../ops/leaf.ts";
import { logsumexp } from "../ops/reduce.ts";
import { broadcastAlong, spread } from "../ops/sum.ts";
import type { DType, Shape } from "../type.ts";
import type { Tensor, Value } from "../value.ts";

/** Turns scores into probabilities along an axis: eˣ / Σ eˣ, written as exp(x − ln Σ eˣ), which never overflows. */
export function softmax<T extends Value>(x: T, axis?: number): T;
export function softmax(x: Value, axis = -1): Value {
  return exp(logSoftmax(x, axis));
}

/** Logarithm of the softmax along an axis: x − ln Σ eˣ. Same shape as `x`. */
export function logSoftmax<T extends Value>(x: T, axis?: number): T;
export function logSoftmax(x: Value, axis = -1): Value {
  checkTensor("softmax", "x", x);
  const axes = [countedAxis("softmax", axis, x.type.shape.length)];
  return sub(x, spread(logsumexp(x, { axes }), x.type, axes));
}

/**
 * Labels as indicator rows: integer `labels` [...] → f32 [..., classes], 1 where the position along the new last axis is
 * the label. A label outside [0, classes) gives a row of zeros;
 * but labels that are an input are an error there: the runtime checks them, unless they lie in a GPU buffer.
 * Errors: `dtype-mismatch` for labels that are not integers.
 */
export function oneHot<S extends Shape, C extends Dim>(
  labels: Tensor<DType, S>,
  classes: C,
): Tensor<"f32", readonly [...S, C]>;
export function oneHot(labels: Value, classes: Dim): Value {
  checkTensor("oneHot", "labels", labels);
  const { dtype } = labels.type;
  if (dtype !== "i32" && dtype !== "u32") {
    throw dtypeMismatch("oneHot", "integers", [labels.type], 'them with cast(labels, "i32")');
  }
  const shape = [...labels.type.shape, normalizeDim(classes)];
  const axes = labels.type.shape.map((_, axis) => axis);
  const positions = iota(shape, axes.length, dtype);
  return cast(equal(positions, broadcastAlong(labels, shape, axes)), "f32");
}
