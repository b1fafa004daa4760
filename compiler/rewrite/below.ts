/// Scores less what a row of them has in common, taken away before anything is added to them.
import { add, neg, sub } from "../../ir/ops/arithmetic.ts";
import { isFinite } from "../../ir/ops/bits.ts";
import { abs, log } from "../../ir/ops/functions.ts";
import { max } from "../../ir/ops/reduce.ts";
import { spread } from "../../ir/ops/sum.ts";
import { apply, underLayouts, type Value } from "../../ir/value.ts";
import { finitePeak, type Scale } from "./finite-peak.ts";
import { less, where } from "./untyped.ts";

type Axes = readonly number[];

/** Scores less their largest, and that. */
export interface Below {
  readonly below: Value;
  readonly largest: Value;
}

/** What is taken away. */
export interface BelowOptions extends Partial<Scale> {
  /** A part of it. */
  part?(peak: Value): Value;
}

/** z less its largest along axes; of a sum of given numbers each may be less its own. */
export function lessLargest(z: Value, axes: Axes, options: BelowOptions = {}): Below {
  return sumLessLargest(z, axes, options) ?? wholeLessLargest(z, axes, options);
}

function wholeLessLargest(z: Value, axes: Axes, { factor = 1, row, part = (peak) => peak }: BelowOptions): Below {
  const largest = part(finitePeak(z, factor, axes, row));
  return { below: sub(z, spread(largest, z.type, axes)), largest };
}

/** z + c with what all z of a row have in common taken away before c is added, where z is given, and c given or a logarithm. */
export function sumLessLargest(sum: Value, axes: Axes, options: BelowOptions = {}): Below | undefined {
  const { op, operands } = sum;
  if (op !== add.op && op !== sub.op) return undefined;
  const { factor = 1 } = options;
  const [left, right] = operands.map((z, at) => {
    const sign = at === 1 && op === sub.op ? -1 : 1;
    return isGiven(z) ? wholeLessLargest(z, axes, { ...options, factor: sign * factor }) : undefined;
  });
  if (left && right) return asOneOrApart(sum, [left, right], axes, options);
  const [a, b] = operands;
  // Of other numbers only a logarithm is small for certain: any else may cancel what is less its largest no longer.
  if (left && isLogarithmOfGiven(b)) return { ...left, below: apply(op, [left.below, b]) };
  if (!right || !isLogarithmOfGiven(a)) return undefined;
  return { below: apply(op, [a, right.below]), largest: op === add.op ? right.largest : neg(right.largest) };
}

/**
 * Each part less its own largest, where those are what rounds. Where parts have more to tell apart than the sum is large,
 * they cancel: their sum is nearly exact, and parts less anything else than one another would lose what is left of them.
 */
function asOneOrApart(sum: Value, parts: readonly [Below, Below], axes: Axes, options: BelowOptions): Below {
  const whole = wholeLessLargest(sum, axes, options);
  const [left, right] = parts.map(({ below }) => abs(below));
  const far = add(left, right);
  const farthest = max(where(isFinite(far), far, 0), { axes });
  const isApart = less(farthest, abs(whole.largest));
  const below = apply(
    sum.op,
    parts.map((part) => part.below),
  );
  const largest = apply(
    sum.op,
    parts.map((part) => part.largest),
  );
  const isRowApart = spread(isApart, sum.type, axes);
  return { below: where(isRowApart, below, whole.below), largest: where(isApart, largest, whole.largest) };
}

/** True for what nothing has rounded. */
export const isGiven = ({ op, constant }: Value): boolean => op.kind === "leaf" && !constant;

/** The same where it is repeated, or lies differently. */
export const isGivenUnderLayouts = (value: Value): boolean => isGiven(underLayouts(value));

/** Of prior probabilities, say. */
function isLogarithmOfGiven(value: Value): boolean {
  const { op, operands } = underLayouts(value);
  return op === log.op && isGivenUnderLayouts(operands[0]);
}
