/// How near a probability is to another number: 1 − |a − b| cancels where they are far apart.
import { add, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { abs, log, log1p } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import type { Value } from "../../../ir/value.ts";
import { mentionsExponential } from "../exponential.ts";
import { rangeOf } from "../range.ts";
import { rule, type Rule } from "../rule.ts";
import { greater, less, where } from "../untyped.ts";

/** Up to here 1 − |a − b| has its digits. */
const largestDistance = 0.5;

/** ln(1 − |a − b|) for b from 0 to 1: far apart it is that of a sum in which nothing cancels where a is from 0 to 1. */
function logOfCloseness(value: Value): Value | undefined {
  const distance = value.op === log1p.op ? negated(value.operands[0]) : oneLess(value.operands[0]);
  if (distance?.op !== abs.op || !mentionsExponential(distance.operands[0])) return undefined;
  const [difference] = distance.operands;
  if (difference.op !== sub.op) return undefined;
  const [a, b] = difference.operands;
  if (![b, a].some((each) => rangeOf(each).low >= 0 && rangeOf(each).high <= 1)) return undefined;
  const isNear = less(distance, largestDistance);
  const near: Value = log1p(neg(abs(where(isNear, difference, 0))));
  const far: Value = where(greater(a, b), log(add(sub(1, a), b)), log(add(a, sub(1, b))));
  return where(isNear, near, far);
}

const negated = ({ op, operands: [x] }: Value): Value | undefined => (op === neg.op ? x : undefined);
const oneLess = ({ op, operands: [a, b] }: Value): Value | undefined =>
  op === sub.op && constantValue(a) === 1 ? b : undefined;

/** Logarithms of closeness. */
export const closenessRules: readonly Rule[] = [
  rule(
    "log of closeness",
    "stabilizes",
    "log(1 - abs(a - b)) = select(greater(a, b), log(1 - a + b), log(a + (1 - b)))",
    ["log", "log1p"],
    logOfCloseness,
  ),
];
