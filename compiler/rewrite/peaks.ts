/// What is never above another value: differences from the largest of a row, and sums of which one term is 1.
import { mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { stopGradient } from "../../ir/ops/derivative.ts";
import { exp, maximum, minimum, softplus } from "../../ir/ops/functions.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { logsumexpOp, maxOp, minOp } from "../../ir/ops/reduce.ts";
import { axesOf, sumOp } from "../../ir/ops/sum.ts";
import { apply, same, underLayouts, type Op, type Value } from "../../ir/value.ts";
import { isSpreadOf, ontoLayouts, withoutAxes } from "./rules/uniform.ts";

/** Reductions that no element is above. */
export const peaks: readonly Op[] = [logsumexpOp, maxOp];

/** Numbers of float32 end here, but for ∞. */
export const largestFloat = 3.4028234e38;

/** a − b is x − ln Σ eˣ, x − max x, min x − x or x − ln(1 + eˣ), also in units of a number, or x less the larger of two. */
export function isBelow(a: Value, b: Value): boolean {
  if (reductionIn(b, peaks, (x) => same(x, a)) ?? reductionIn(a, [minOp], (x) => same(x, b))) return true;
  if (b.op === softplus.op) return same(b.operands[0], a);
  const plain = withoutStop(b);
  const larger = underLayouts(plain);
  if (larger.op === maximum.op || isBeyond(larger)) {
    const [x, y] = larger.operands.map((each) => ontoLayouts(plain, larger, each));
    return isBelow(a, x) || (larger.op === maximum.op && isBelow(a, y));
  }
  const multiple = underLayouts(b);
  const [unit, whole] = [factorOf(multiple), factorOf(a)];
  return unit !== undefined && whole?.factor === unit.factor && isBelow(whole.of, ontoLayouts(b, multiple, unit.of));
}

/** A number above 0 times a value. */
function factorOf({ op, operands: [a, b] }: Value): { readonly factor: number; readonly of: Value } | undefined {
  const factor = op === mul.op ? constantValue(a) : undefined;
  return factor !== undefined && factor > 0 ? { factor, of: b } : undefined;
}

/** The smaller of a value and what no number is larger than. */
const isBeyond = ({ op, operands: [, limit] }: Value): boolean =>
  op === minimum.op && (constantValue(limit) ?? 0) >= largestFloat;

/** Σ e^(x − L) + c·e^(−L) for L = max(max x, k): either L is one of x, or k. */
export function shareTotal(total: Value, beside: Value): number | undefined {
  const [element] = total.operands;
  const number = beside.op === mul.op ? constantValue(beside.operands[0]) : undefined;
  const power = beside.operands[1];
  if (total.op !== sumOp || number === undefined || element.op !== exp.op || power.op !== exp.op) return undefined;
  const [x, place] = element.operands[0].operands;
  const largest = underLayouts(withoutStop(place ?? x));
  const least = largest.op === maximum.op ? constantValue(largest.operands[1]) : undefined;
  const isTaken =
    power.operands[0].op === neg.op && same(underLayouts(withoutStop(power.operands[0].operands[0])), largest);
  if (least === undefined || !isTaken || element.operands[0].op !== sub.op) return undefined;
  return isBelow(x, place) && withoutAxes(place, axesOf(total)) && isPeakAlong(largest, x, axesOf(total))
    ? 0.99 * Math.min(1, number * Math.exp(-least))
    : undefined;
}

/** True for the largest along just these axes, or the larger of that and something else: each row has an element there. */
function isPeakAlong(value: Value, x: Value, axes: readonly number[]): boolean {
  const peak = underLayouts(withoutStop(value));
  if (peak.op === maximum.op || isBeyond(peak)) return isPeakAlong(peak.operands[0], x, axes);
  return peak.op === maxOp && same(peak.operands[0], x) && axesOf(peak).join() === axes.join();
}

/** The same number through layouts, where no gradient passes or one does. */
function withoutStop(value: Value): Value {
  const under = underLayouts(value);
  if (under.op !== stopGradient.op) return value;
  const again = (layout: Value): Value =>
    layout === under ? withoutStop(under.operands[0]) : apply(layout.op, [again(layout.operands[0])], layout.attrs);
  return again(value);
}

/** A reduction by one of some ops, spread over its own axes again: every row meets what it was reduced to. */
export function reductionIn(value: Value, ops: readonly Op[], isOperand: (x: Value) => boolean): Value | undefined {
  const plain = withoutStop(value);
  const reduced = underLayouts(plain);
  if (!ops.includes(reduced.op) || !isOperand(reduced.operands[0])) return undefined;
  return isSpreadOf(plain, reduced, axesOf(reduced)) ? reduced : undefined;
}
