/// Scores less what a row of them has in common, taken away before anything is added to them.
import { add, neg, sub } from "../../ir/ops/arithmetic.ts";
import { log } from "../../ir/ops/functions.ts";
import { spread } from "../../ir/ops/sum.ts";
import { apply, underLayouts, type Value } from "../../ir/value.ts";
import { finitePeak } from "./common-part.ts";

type Axes = readonly number[];

/** Scores less their largest, and that. */
export interface Below {
  readonly below: Value;
  readonly largest: Value;
}

/** What is taken away. */
export interface BelowOptions {
  /** The smallest where a negative factor follows. */
  readonly factor?: number;
  /** A part of it. */
  part?(peak: Value): Value;
}

/** z less its largest along axes; of a sum of given numbers each is less its own. */
export function lessLargest(z: Value, axes: Axes, options: BelowOptions = {}): Below {
  const sum = sumLessLargest(z, axes, options);
  if (sum) return sum;
  const { factor = 1, part = (peak) => peak } = options;
  const largest = part(finitePeak(z, factor, axes));
  return { below: sub(z, spread(largest, z.type, axes)), largest };
}

/** z + c with what all z of a row have in common taken away before c is added, where both are given and not computed. */
export function sumLessLargest(
  { op, operands }: Value,
  axes: Axes,
  { factor = 1, part = (peak) => peak }: BelowOptions = {},
): Below | undefined {
  const isSum = (op === add.op || op === sub.op) && operands.some(isGiven);
  if (!isSum || !operands.every((each) => isGiven(each) || isGiven(underLayouts(nearest(each))))) return undefined;
  const sign = (at: number): number => (at === 1 && op === sub.op ? -factor : factor);
  const peaks = operands.map((z, at) => (isGiven(z) ? part(finitePeak(z, sign(at), axes)) : undefined));
  const below = apply(
    op,
    operands.map((z, i) => (peaks[i] ? sub(z, spread(peaks[i], z.type, axes)) : z)),
  );
  const [left, right] = peaks;
  const largest = left && right ? apply(op, [left, right]) : (left ?? (op === add.op ? right! : neg(right!)));
  return { below, largest };
}

/** True for what nothing has rounded. */
export const isGiven = ({ op, constant }: Value): boolean => op.kind === "leaf" && !constant;

/** What a logarithm is taken of: of prior probabilities, say. */
function nearest(value: Value): Value {
  const under = underLayouts(value);
  return under.op === log.op ? under.operands[0] : under;
}
