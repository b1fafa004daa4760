/// What a person does by hand that the compiler need not, and what nobody writes down.
import { mul } from "../../ir/ops/arithmetic.ts";
import { canonicalRules } from "../rewrite/rules/all.ts";
import { layoutRules, turnedProductRules } from "../rewrite/rules/layout.ts";
import { identity, rule, type Rule } from "../rewrite/rule.ts";

/**
 * Fractions on a common denominator: the derivative of −y ln p − (1−y) ln(1−p) then cancels against p·(1−p). The compiler
 * never meets them, since it differentiates a safe form of the loss.
 */
export const handRules: readonly Rule[] = [
  identity("common denominator", "assumes-finite", "a / b + c / d = (a * d + c * b) / (b * d)"),
  identity("common denominator", "assumes-finite", "a / b - c / d = (a * d - c * b) / (b * d)"),
  identity("factors that cancel", "assumes-finite", "x / (y * z) * (y * z) = x"),
];

/** Derivatives are put together from products; what is compiled has no parentheses around them. */
export const fromTheLeft: Rule = rule(
  "factors from the left",
  "reassociates",
  "x * (y * z) = x * y * z",
  [mul.op.name],
  ({ op, operands: [x, right] }) =>
    // A pattern would fit with the operands the other way round as well, and have no end.
    right.op === op ? mul(mul(x, right.operands[0]), right.operands[1]) : undefined,
);

/** Where axes stand is spelling: a reader is shown one of them from the start, as `aᵀ @ b` and `mean(x, axis=1)[:, _]`. */
export const notationRules: readonly Rule[] = layoutRules.map((each) => ({
  ...each,
  // What a model computes from numbers alone stays as it is written.
  apply: (value, surroundings) => (value.constant ? undefined : each.apply(value, surroundings)),
}));

const spellings = new Set([...layoutRules, ...turnedProductRules].map(({ name }) => name));

/** True for a rule that only says in another way where axes stand. */
export function isSpelling({ name }: Pick<Rule, "name">): boolean {
  return spellings.has(name);
}

/** Canonical forms that turn sums round: a reader would look for the reason. */
const turning = new Set(["negation minus", "negated difference", "zero minus"]);

/** Clears away factors 1, terms 0 and double signs, as anybody does who writes a derivative down. */
export const tidyRules: readonly Rule[] = [...canonicalRules, ...turnedProductRules].filter(
  ({ name }) => !turning.has(name),
);

const tidying = new Set(tidyRules.map(({ name }) => name));

/** True for a rule that local derivatives have gone through before they are shown. */
export function isTidying({ name }: Pick<Rule, "name">): boolean {
  return tidying.has(name);
}
