/// Lengths as divisors and under roots: at 0, where quotients are 0/0 and slopes infinite, they are 0 by convention.
import { div, mul } from "../../../ir/ops/arithmetic.ts";
import { where } from "../../../ir/ops/choose.ts";
import { equal } from "../../../ir/ops/compare.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { root } from "../../../ir/ops/powers.ts";
import { sumOp } from "../../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { rangeOf } from "../range.ts";
import { identity, rule, type Condition, type Rule } from "../rule.ts";
import { isSpreadOf } from "./uniform.ts";

/** What a divisor is the length of, repeated along the axes of the length. */
function measured(divisor: Value): Value | undefined {
  const length = underLayouts(divisor);
  const [total] = length.operands;
  if (length.op !== root.op || total.op !== sumOp || total.operands[0].op !== mul.op) return undefined;
  const [a, b] = total.operands[0].operands;
  return same(a, b) && isSpreadOf(divisor, length, total.attrs.axes as readonly number[]) ? a : undefined;
}

/** x/‖x‖ is 0 at 0: no element is larger than the length. */
function unitVector({ operands: [above, length] }: Value): Value | undefined {
  const x = measured(length);
  if (!x || !same(above, x) || rangeOf(length).low > 0) return undefined;
  const vanishes = equal(length, 0) as never;
  return where(vanishes, 0, div(above, where(vanishes, 1, length as never) as Value) as never);
}

/** Never negative, and 0 somewhere, as far as its formula tells. */
const touchesZero: Condition = ({ values: { x } }) => rangeOf(x).low === 0;

/** A root of a sum, as in (Σ|x|³)^⅓: its slope at 0 is infinite, and that of the norm is 0 by convention. */
const isNormOfOtherOrder: Condition = ({ values: { x, y } }) => {
  const power = constantValue(y);
  return power !== undefined && power > 0 && power < 0.5 && underLayouts(x).op === sumOp && rangeOf(x).low === 0;
};

const zero = "equal(x, 0)";

/** Lengths, and roots of other orders. */
export const lengthRules: readonly Rule[] = [
  identity("inverse root of what is never negative", "stabilizes", "rsqrt(x) = 1 / root(x)", touchesZero),
  identity(
    "root of a product of squares",
    "stabilizes",
    "root(sum[a](x * x) * sum[b](y * y)) = root(sum[a](x * x)) * root(sum[b](y * y))",
  ),
  rule(
    "unit vector",
    "stabilizes",
    "x / root(sum(x * x)) = select(equal(root(sum(x * x)), 0), 0, x / select(equal(root(sum(x * x)), 0), 1, root(sum(x * x))))",
    ["div"],
    unitVector,
  ),
  identity(
    "root of a sum, of another order",
    "stabilizes",
    `pow(x, y) = select(${zero}, 0, pow(select(${zero}, 1, x), y))`,
    isNormOfOtherOrder,
  ),
];
