/// Sums that are no formula of a person but the stream of a deep network, which grows with every layer.
import { add, neg, sub } from "../../ir/ops/arithmetic.ts";
import { remembering } from "../../ir/intern.ts";
import type { Value } from "../../ir/value.ts";

/** To look through sums of more parts at every layer takes long, and finds nothing. */
const mostParts = 16;

/** True for a sum of many parts; whoever takes formulas apart takes it as it is. */
export const isLongSum = remembering((value: Value): boolean => {
  const pending = [value];
  let parts = 1;
  for (let each = pending.pop(); each && parts <= mostParts; each = pending.pop()) {
    if (each.op === add.op || each.op === sub.op) parts++;
    if (each.op === add.op || each.op === sub.op || each.op === neg.op) pending.push(...each.operands);
  }
  return parts > mostParts;
});
