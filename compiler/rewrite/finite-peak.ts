/// The largest of rows, finite: what is taken away from all that a row has, before it rounds or overflows.
import { mul } from "../../ir/ops/arithmetic.ts";
import { isFinite } from "../../ir/ops/bits.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { max, min } from "../../ir/ops/reduce.ts";
import { apply, underLayouts, type Value } from "../../ir/value.ts";
import { isScalar } from "./common-term.ts";
import { rangeOf } from "./range.ts";
import { withoutAxes } from "./rules/uniform.ts";
import { and, less, where } from "./untyped.ts";

type Axes = readonly number[];

/** What numbers are multiplied by: a negative number where the smallest comes out on top. */
export interface Scale {
  readonly factor: number;
  /** A number of each row, as well, of which the sign is known when it runs. */
  readonly row?: Value;
}

/**
 * The largest number of rows, or the smallest where a negative factor follows; 0 for a row of −∞, or with ∞ in it, and
 * below a factor that turns out not to be positive: what comes out on top is another number then, and nothing is gained.
 */
export function finitePeak(x: Value, factor: number, axes: Axes, row?: Value): Value {
  const peak = finiteOf((factor > 0 ? max : min)(x, { axes }));
  return row ? peakWhere(less(0, row) as Value, peak) : peak;
}

/** What is known of a factor that is the same for all of a row. */
export function scaleOf(row: Value, axes: Axes): Scale {
  const { low, high } = rangeOf(row);
  if (low >= 0) return { factor: 1 };
  if (high <= 0) return { factor: -1 };
  const one = underLayouts(row);
  return { factor: 1, row: isScalar(one) ? one : withoutAxes(row, axes) };
}

/** One factor after the other. */
export function scaleBoth(first: Scale, second: Scale): Scale {
  const rows = [first, second].flatMap(({ row }) => row ?? []);
  const factor = first.factor * second.factor;
  return rows.length === 0 ? { factor } : { factor, row: rows.reduce((a, b): Value => mul(a, b)) };
}

/** A number, or 0 where it is none: what may be taken away. */
export function finiteOf(value: Value): Value {
  return where(isFinite(value), value, 0);
}

/** A peak where a condition holds, and 0 elsewhere. */
export function peakWhere(condition: Value, peak: Value): Value {
  return apply(selectOp, peak.operands.with(0, and(peak.operands[0], condition) as Value), peak.attrs);
}

/** True for such a peak, repeated along its row. */
export function isPeak(value: Value): boolean {
  const { op, operands } = underLayouts(value);
  const [condition] = operands;
  return op === selectOp && (condition.op === and.op ? condition.operands[0] : condition).op === isFinite.op;
}
