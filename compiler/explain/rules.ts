/// What a person does by hand that the compiler need not, and what nobody writes down.
import { canonicalRules } from "../rewrite/rules/all.ts";
import { identity, type Rule } from "../rewrite/rule.ts";

/**
 * Fractions on a common denominator: the derivative of −y ln p − (1−y) ln(1−p) then cancels against p·(1−p). The compiler
 * never meets them, since it differentiates a safe form of the loss.
 */
export const handRules: readonly Rule[] = [
  identity("common denominator", "assumes-finite", "a / b + c / d = (a * d + c * b) / (b * d)"),
  identity("common denominator", "assumes-finite", "a / b - c / d = (a * d - c * b) / (b * d)"),
];

/** Canonical forms that turn sums round: a reader would look for the reason. */
const turning = new Set(["negation minus", "negated difference", "zero minus"]);

/** Clears away factors 1, terms 0 and double signs, as anybody does who writes a derivative down. */
export const tidyRules: readonly Rule[] = canonicalRules.filter(({ name }) => !turning.has(name));
