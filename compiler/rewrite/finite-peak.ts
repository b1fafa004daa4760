/// The largest of rows, finite: what is taken away from all that a row has, before it rounds or overflows.
import { mul } from "../../ir/ops/arithmetic.ts";
import { isFinite } from "../../ir/ops/bits.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { constant } from "../../ir/ops/leaf.ts";
import { max, min } from "../../ir/ops/reduce.ts";
import { spread } from "../../ir/ops/sum.ts";
import { apply, underLayouts, type Value } from "../../ir/value.ts";
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
 * The largest number of rows, or the smallest where a negative factor follows, be it one that is known when it runs; 0 for a
 * row of −∞, or with ∞ in it.
 */
export function finitePeak(x: Value, factor: number, axes: Axes, row?: Value): Value {
  const upright = factor > 0 ? max : min;
  if (!row) return finiteOf(upright(x, { axes }));
  const sign = where(less(row, 0), -1, constant(1));
  const turned = mul(isOne(row) ? sign : spread(sign, x.type, axes), x);
  return finiteOf(mul(sign, upright(turned as Value, { axes })) as Value);
}

/** The reduction that a peak is made of, and what it is of. */
export function reducedIn(peak: Value): { readonly reduction: Value; readonly of: Value } | undefined {
  const [, whole] = peak.operands;
  const isTurned = whole.op === mul.op;
  const reduction = isTurned ? whole.operands[1] : whole;
  if (reduction.op.kind !== "reduction") return undefined;
  const [element] = reduction.operands;
  return { reduction, of: isTurned ? element.operands[1] : element };
}

/** What is known of a factor that is the same for all of a row. */
export function scaleOf(row: Value, axes: Axes): Scale {
  const { low, high } = rangeOf(row);
  if (low >= 0) return { factor: 1 };
  if (high <= 0) return { factor: -1 };
  const one = underLayouts(row);
  return { factor: 1, row: isOne(one) ? one : withoutAxes(row, axes) };
}

/** True for one number for all rows. */
const isOne = ({ type }: Value): boolean => type.shape.length === 0;

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
