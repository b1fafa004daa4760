/// Loss scaling: slopes are computed of the loss times a number, and divided by it in float32. What is kept in half
/// precision on the way (`--storage f16`) then neither vanishes below 6e-8 nor passes 65504.
import { isValue, owner, part, state, type Owner } from "../build.ts";
import type { Update } from "../graph.ts";
import { checkOptions } from "../options.ts";
import { add, div, mul } from "../ops/arithmetic.ts";
import { isFinite } from "../ops/bits.ts";
import { where } from "../ops/choose.ts";
import { and, greaterEqual } from "../ops/compare.ts";
import { grad } from "../ops/derivative.ts";
import { maximum, minimum } from "../ops/functions.ts";
import { all } from "../ops/statistics.ts";
import type { Value } from "../value.ts";
import { lossScaleRange } from "./errors.ts";
import type { DynamicLossScale, OptimizerOptions } from "./options.ts";

/** Gradients as an optimizer gets them. */
export interface Slopes {
  /** ∂loss/∂w, for each parameter in their order. */
  readonly gradients: readonly Value[];
  /** What a state becomes: the new value, or the old one in a step that is left out. */
  next(state: Value, value: Value): Value;
  /** The updates of the scale itself. */
  readonly updates: readonly Update[];
}

/** Beyond these a scale neither shrinks nor grows; steps are counted in float32, which has no 2²⁴ + 1. */
const [smallest, largest] = [1, 2 ** 24];
const limits = `${smallest} to ${largest}`;
const isInside = (number: number): boolean => number >= smallest && number <= largest;

/** The gradients of a loss, scaled on the way where an optimizer was told so; its states are named after `own`. */
export function slopesOf(
  loss: Value,
  parameters: readonly Value[],
  { lossScale }: OptimizerOptions,
  own: () => Owner,
): Slopes {
  if (lossScale === undefined) {
    return { gradients: parameters.map((w) => grad(loss as never, w)), next: always, updates: [] };
  }
  if (typeof lossScale === "number" || isValue(lossScale)) {
    if (typeof lossScale === "number") checkPositive(lossScale);
    const { gradients } = scaledSlopes(loss, parameters, lossScale);
    return { gradients, next: always, updates: [] };
  }
  if (typeof lossScale !== "object" || lossScale === null)
    throw lossScaleRange("lossScale", "a positive number of float32, a scalar, or a record such as {}", lossScale);
  return dynamicSlopes(loss, parameters, lossScale, own());
}

const always = (_: Value, value: Value): Value => value;

/** In float32 1e39 is infinite, and 1e-50 is 0. */
function checkPositive(number: number): void {
  const single = Math.fround(number);
  if (!(single > 0 && single < Infinity)) throw lossScaleRange("lossScale", "a positive number of float32", number);
}

function scaledSlopes(loss: Value, parameters: readonly Value[], scale: number | Value) {
  const scaled = part(mul(scale as never, loss as never) as Value, owner("scaledLoss", undefined, "kind"));
  const slopes = parameters.map((w) => grad(scaled as never, w));
  return { slopes, gradients: slopes.map((slope) => div(slope as never, scale as never) as Value) };
}

function dynamicSlopes(loss: Value, parameters: readonly Value[], options: DynamicLossScale, own: Owner): Slopes {
  checkOptions<DynamicLossScale>("lossScale", options, { initial: true, doubledAfter: true });
  const { initial = 65536, doubledAfter = 2000 } = options;
  if (!isInside(initial)) throw lossScaleRange("lossScale.initial", `a number from ${limits}`, initial);
  if (!isInside(doubledAfter) || !Number.isInteger(doubledAfter))
    throw lossScaleRange("lossScale.doubledAfter", `an integer from ${limits}`, doubledAfter);
  const scale = state([], { init: { tag: "constant", value: initial } }, { owner: own, local: "lossScale" });
  const steps = state([], {}, { owner: own, local: "finiteSteps" });
  const { slopes, gradients } = scaledSlopes(loss, parameters, scale);
  const each = slopes.map((slope) => all(isFinite(slope)) as Value);
  const finite = part(
    each.reduce((a, b) => and(a as never, b as never)),
    own,
    "finite",
  );
  const counted = add(steps, 1);
  const isDue = greaterEqual(counted, doubledAfter);
  const kept = where(isDue, minimum(mul(2, scale), largest), scale);
  const updates: readonly Update[] = [
    { state: scale, value: where(finite as never, kept, maximum(div(scale, 2), smallest)) },
    { state: steps, value: where(finite as never, where(isDue, 0, counted), 0) },
  ];
  const next = (old: Value, value: Value): Value => where(finite as never, value as never, old as never);
  return { gradients, next, updates };
}
