/// Weights of a mean, and what it is divided by: their sum, or a divisor that guards it. What such a divisor has more than the
/// weights is written so that nothing rounds: 0 to the last bit where the guard does nothing.
import { add, div, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { cast, selectOp } from "../../../ir/ops/choose.ts";
import { maximum } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { sum } from "../../../ir/ops/sum.ts";
import { same, underLayouts, type ElementwiseOp, type Value } from "../../../ir/value.ts";
import { mentionsExponential } from "../exponential.ts";
import { rangeOf } from "../range.ts";
import type { Surroundings } from "../rule.ts";
import { equal, greater, notEqual, where } from "../untyped.ts";
import { addUpTo, distributionAxes } from "./reduce.ts";
import { isSpreadOf, ontoLayouts } from "./uniform.ts";

/** What a mean weighs with, along which axes, and what it is divided by. */
export interface Weighing {
  /** Numbers, or a condition, which is 1 and 0. */
  readonly weight: Value;
  readonly axes: readonly number[];
  readonly divisor: Value | undefined;
}

/** What is missing of weights over a divisor, 1 − Σw/n: nothing where that is 0. */
export interface Whole {
  readonly missing: Value | undefined;
  /** The same as a factor of the mean, which is 0 where nothing counts: nothing where only such rows have something missing. */
  readonly ofMean: Value | undefined;
}

/** w of w·x, or the condition of what counts. */
export function weightIn({ op, operands: [a, b, none] }: Value, x: Value): Value | undefined {
  if (op === selectOp) return same(b, x) && constantValue(none) === 0 ? a : undefined;
  return op !== mul.op ? undefined : same(a, x) ? b : same(b, x) ? a : undefined;
}

/** True for shares that add up to 1 along just these axes. */
export function isShares(p: Value, axes: readonly number[], facts: Surroundings): boolean {
  return distributionAxes(p, facts, axes)?.join() === axes.join();
}

/** w·x, or x where a condition holds. */
export const weighted = (weight: Value, x: Value): Value =>
  weight.type.dtype === "bool" ? where(weight, x, 0) : mul(weight, x);

const numbersOf = (weight: Value): Value => (weight.type.dtype === "bool" ? cast(weight, "f32") : weight);

const isTotalOf =
  ({ weight, axes }: Weighing, facts: Surroundings) =>
  (divisor: Value): boolean =>
    addUpTo(numbersOf(weight), axes, divisor, facts);

/** Σ (w/n)·x = Σ w·x / n for an n of the row. */
function opened(weighing: Weighing): Weighing {
  const { weight, axes, divisor } = weighing;
  if (divisor || weight.op !== div.op) return weighing;
  const [numbers, spreadDivisor] = weight.operands;
  const n = underLayouts(spreadDivisor);
  return isSpreadOf(spreadDivisor, n, axes) ? { weight: numbers, axes, divisor: n } : weighing;
}

/**
 * What is missing where weights are over a divisor of their mean, 1 − Σw/n, or nothing where that is 0; undefined where they
 * are over anything else than their sum, or what guards it. Of a condition so many elements may be meant to be counted.
 * `image` is what has become of a value.
 */
export function wholeOf(
  weighing: Weighing,
  facts: Surroundings,
  image: (value: Value) => Value = (value) => value,
): Whole | undefined {
  const nothing = { missing: undefined, ofMean: undefined };
  if (addUpTo(numbersOf(weighing.weight), weighing.axes, weighing.divisor, facts)) return nothing;
  const open = opened(weighing);
  const { weight, axes, divisor } = open;
  const isCondition = weight.type.dtype === "bool";
  // Quotients of exponentials have a guard of their own.
  if (!divisor || divisor.constant || (!isCondition && mentionsExponential(weight))) return undefined;
  const isTotal = isTotalOf(open, facts);
  if (isTotal(divisor)) return nothing;
  const counted = (): Value => sub(image(divisor), sum(numbersOf(image(weight)), { axes }));
  const missing = shortfall(divisor, isTotal, image) ?? (isCondition ? counted() : undefined);
  if (!missing) return undefined;
  const part = div(missing, image(divisor));
  return { missing: part, ofMean: fillsEmpty(weight, divisor, isTotal) ? undefined : part };
}

/** True for where(Σw = 0, c, Σw) and its like, of weights that are not negative: where c stands, nothing counts. */
function fillsEmpty(weight: Value, divisor: Value, isTotal: (side: Value) => boolean): boolean {
  const inner = underLayouts(divisor);
  const [condition, a, b] = inner.operands;
  if (inner.op !== selectOp || ![equal.op, notEqual.op, greater.op].includes(condition.op as ElementwiseOp))
    return false;
  const [side, zero] = condition.operands;
  const n = condition.op === equal.op ? b : a;
  const isGuard = same(side, n) && constantValue(zero) === 0 && rangeOf(weight).low >= 0;
  return isGuard && isTotal(ontoLayouts(divisor, inner, n));
}

/**
 * n − Σw for a guarded divisor n: max(Σw, c), Σw + c, or one of Σw and c on a condition; `isTotal` says whether a side is Σw.
 */
export function shortfall(
  divisor: Value,
  isTotal: (side: Value) => boolean,
  image: (side: Value) => Value = (side) => side,
): Value | undefined {
  const inner = underLayouts(divisor);
  const isChoice = inner.op === selectOp;
  if (!isChoice && inner.op !== maximum.op && inner.op !== add.op) return undefined;
  const sides = isChoice ? inner.operands.slice(1) : inner.operands;
  const at = sides.findIndex((side) => isTotal(ontoLayouts(divisor, inner, side)));
  if (at < 0) return undefined;
  const [total, guard] = [sides[at], sides[1 - at]];
  if (!(rangeOf(guard).low >= 0)) return undefined;
  const more = (): Value => sub(image(guard), image(total));
  const chosen = (): Value => {
    const [first, second] = at === 0 ? [0, more()] : [more(), 0];
    return where(image(inner.operands[0]), first, second);
  };
  const missing: Value = isChoice ? chosen() : inner.op === add.op ? image(guard) : maximum(0, more());
  return ontoLayouts(divisor, inner, missing);
}
