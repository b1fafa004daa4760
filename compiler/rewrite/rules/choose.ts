/// Selections: what multiplies a selection moves into the branch, so that the other branch cannot leak ∞ or NaN.
import { constantValue } from "../../../ir/ops/leaf.ts";
import type { Value } from "../../../ir/value.ts";
import { identity, rule, type Rule } from "../rule.ts";

/** Selections with a 0 in one branch, in products, quotients and sums. */
export const selectRules: readonly Rule[] = [
  rule("selection with a known condition", "exact", "select(true, x, y) = x", ["select"], decided),
  identity("selection of one value", "exact", "select(c, x, x) = x"),
  identity("selection by a negation", "exact", "select(not(c), x, y) = select(c, y, x)"),
  // One selection in the place of two: a factor that goes in has one way to go, however many relu lie on top of each other.
  identity("selection in a selection", "exact", "select(c, select(d, x, 0), 0) = select(and(c, d), x, 0)"),
  identity("factor into a selection", "stabilizes", "select(c, x, 0) * y = select(c, x * y, 0)"),
  identity("factor into an alternative", "stabilizes", "select(c, 0, x) * y = select(c, 0, x * y)"),
  identity("divisor into a selection", "stabilizes", "select(c, x, 0) / y = select(c, x / y, 0)"),
  identity("divisor into an alternative", "stabilizes", "select(c, 0, x) / y = select(c, 0, x / y)"),
  identity("selection of a negation", "reassociates", "select(c, -x, 0) = -select(c, x, 0)"),
  identity("alternative of a negation", "reassociates", "select(c, 0, -x) = -select(c, 0, x)"),
  identity("sum of selections", "exact", "select(c, x, 0) + select(c, y, 0) = select(c, x + y, 0)"),
  identity("difference of selections", "exact", "select(c, x, 0) - select(c, y, 0) = select(c, x - y, 0)"),
  identity("sum of alternatives", "exact", "select(c, 0, x) + select(c, 0, y) = select(c, 0, x + y)"),
  identity("both branches", "reassociates", "select(c, x, 0) + select(c, 0, y) = select(c, x, y)"),
];

function decided({ operands: [condition, a, b] }: Value): Value | undefined {
  const known = constantValue(condition);
  return known === undefined ? undefined : known ? a : b;
}
