/// Neutral and absorbing elements, signs, and powers with small exponents.
import { mul, neg } from "../../../ir/ops/arithmetic.ts";
import { identity, reads, rule, type Condition, type Rule } from "../rule.ts";

/** u32 has no negation. */
const isSigned: Condition = (_, value) => value.type.dtype !== "u32";

/** One spelling for signs and neutral elements: negations move outwards and merge into sums. */
export const signRules: readonly Rule[] = [
  identity("double negation", "exact", "-(-x) = x"),
  identity("plus a negation", "exact", "x + -y = x - y"),
  identity("minus a negation", "exact", "x - -y = x + y"),
  identity("plus a repeated negation", "exact", "x + broadcast[b](-y) = x - broadcast[b](y)"),
  identity("negation minus", "reassociates", "-x - y = -(x + y)"),
  // A difference that others read is there anyway: the sign stays outside of it.
  identity("negated difference", "reassociates", "-(x - y) = y - x", (_, { operands: [difference] }, { uses }) => {
    return uses(difference) <= 1;
  }),
  identity("zero minus", "reassociates", "0 - x = -x", isSigned),
  // Not an identity: those match factors in either order and would swap the user's.
  rule(
    "negated factor",
    "exact",
    "-x * y = -(x * y)",
    ["mul"],
    ({ operands: [a, b] }) =>
      a.op === neg.op ? neg(mul(a.operands[0], b)) : b.op === neg.op ? neg(mul(a, b.operands[0])) : undefined,
    reads(neg.op),
  ),
  identity("repeated negated factor", "exact", "x * broadcast[b](-y) = -(x * broadcast[b](y))"),
  identity("negated numerator", "exact", "-x / y = -(x / y)"),
  identity("minus one over", "exact", "-1 / x = -(1 / x)"),
  identity("minus one times", "exact", "x * -1 = -x", isSigned),
  identity("over minus one", "exact", "x / -1 = -x"),
  identity("sum of a negation", "reassociates", "sum[a](-x) = -sum[a](x)"),
  identity("reshape of a negation", "exact", "reshape[s](-x) = -reshape[s](x)"),
  identity("transpose of a negation", "exact", "transpose[p](-x) = -transpose[p](x)"),
];

/** 0 and 1 in sums, products and quotients. */
export const neutralRules: readonly Rule[] = [
  identity("plus zero", "reassociates", "x + 0 = x"),
  identity("minus zero", "exact", "x - 0 = x"),
  identity("times one", "exact", "x * 1 = x"),
  identity("over one", "exact", "x / 1 = x"),
  identity("and itself", "exact", "and(x, x) = x"),
  identity("times zero", "assumes-finite", "x * 0 = 0"),
  identity("zero over", "assumes-finite", "0 / x = 0"),
  identity("minus itself", "assumes-finite", "x - x = 0"),
  identity("over itself", "assumes-finite", "x / x = 1"),
  identity("times a reciprocal", "reassociates", "x * (1 / y) = x / y"),
  identity("times a repeated reciprocal", "reassociates", "x * broadcast[b](1 / y) = x / broadcast[b](y)"),
  identity("reciprocal of a reciprocal", "reassociates", "1 / (1 / x) = x"),
];

/** Powers that are products, quotients and roots. */
export const powerRules: readonly Rule[] = [
  identity("power zero", "exact", "pow(x, 0) = 1"),
  identity("power one", "exact", "pow(x, 1) = x"),
  identity("power two", "reassociates", "pow(x, 2) = x * x"),
  identity("power three", "reassociates", "pow(x, 3) = x * x * x"),
  identity("power one half", "assumes-finite", "pow(x, 0.5) = sqrt(x)"),
  identity("power minus one half", "assumes-finite", "pow(x, -0.5) = 1 / sqrt(x)"),
  identity("power minus one", "reassociates", "pow(x, -1) = 1 / x"),
];
