/// Weights of a mean, and what it is divided by: their sum, or a divisor that guards it. What such a divisor has more than the
/// weights is written so that nothing rounds: 0 to the last bit where the guard does nothing.
import { add, div, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { cast, selectOp } from "../../../ir/ops/choose.ts";
import { maximum } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { sum } from "../../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { mentionsExponential } from "../exponential.ts";
import { rangeOf } from "../range.ts";
import type { Surroundings } from "../rule.ts";
import { where } from "../untyped.ts";
import { addUpTo } from "./reduce.ts";
import { isSpreadOf, ontoLayouts } from "./uniform.ts";

/** What a mean weighs with, along which axes, and what it is divided by. */
export interface Weighing {
  /** Numbers, or a condition, which is 1 and 0. */
  readonly weight: Value;
  readonly axes: readonly number[];
  readonly divisor: Value | undefined;
}

/** w of w·x, or the condition of what counts. */
export function weightIn({ op, operands: [a, b, none] }: Value, x: Value): Value | undefined {
  if (op === selectOp) return same(b, x) && constantValue(none) === 0 ? a : undefined;
  return op !== mul.op ? undefined : same(a, x) ? b : same(b, x) ? a : undefined;
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

/** True where weights add up to a divisor, or to what it guards; of a condition so many elements may be meant to be counted. */
export function isWhole(weighing: Weighing, facts: Surroundings): boolean {
  if (addUpTo(numbersOf(weighing.weight), weighing.axes, weighing.divisor, facts)) return true;
  const open = opened(weighing);
  if (!open.divisor || open.divisor.constant) return false;
  if (open.weight.type.dtype === "bool") return true;
  // Quotients of exponentials have a guard of their own.
  return !mentionsExponential(open.weight) && shortfall(open.divisor, isTotalOf(open, facts)) !== undefined;
}

/** 1 − Σw/n for a divisor n of weights that are whole; undefined where it is 0. `image` is what has become of a value. */
export function missingOf(
  weighing: Weighing,
  facts: Surroundings,
  image: (value: Value) => Value = (value) => value,
): Value | undefined {
  if (addUpTo(numbersOf(weighing.weight), weighing.axes, weighing.divisor, facts)) return undefined;
  const open = opened(weighing);
  const { weight, axes, divisor } = open;
  const isTotal = isTotalOf(open, facts);
  if (!divisor || isTotal(divisor)) return undefined;
  const missing = shortfall(divisor, isTotal, image) ?? sub(image(divisor), sum(numbersOf(image(weight)), { axes }));
  return div(missing, image(divisor));
}

/** n − Σw for a guarded divisor n, max(Σw, c) or Σw + c; `isTotal` says whether a side is Σw. */
export function shortfall(
  divisor: Value,
  isTotal: (side: Value) => boolean,
  image: (side: Value) => Value = (side) => side,
): Value | undefined {
  const inner = underLayouts(divisor);
  if (inner.op !== maximum.op && inner.op !== add.op) return undefined;
  const at = inner.operands.findIndex((side) => isTotal(ontoLayouts(divisor, inner, side)));
  if (at < 0) return undefined;
  const [total, guard] = [inner.operands[at], inner.operands[1 - at]];
  if (!(rangeOf(guard).low >= 0)) return undefined;
  const missing: Value = inner.op === add.op ? image(guard) : maximum(0, sub(image(guard), image(total)));
  return ontoLayouts(divisor, inner, missing);
}
