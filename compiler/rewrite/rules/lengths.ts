/// Lengths as divisors and under roots: at 0, where quotients are 0/0 and slopes infinite, they are 0 by convention.
import { div, mul, neg } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { root } from "../../../ir/ops/powers.ts";
import { axesOf, sumOp } from "../../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { rangeOf, touchesZero } from "../range.ts";
import { identity, reads, rule, type Condition, type Rule } from "../rule.ts";
import { isSpreadOf, ontoLayouts } from "./uniform.ts";
import { equal, where } from "../untyped.ts";

/** What a divisor is the length of, repeated along the axes of the length. */
function measured(divisor: Value): Value | undefined {
  const length = underLayouts(divisor);
  const [total] = length.operands;
  if (length.op !== root.op || total.op !== sumOp || total.operands[0].op !== mul.op) return undefined;
  const [a, b] = total.operands[0].operands;
  return same(a, b) && isSpreadOf(divisor, length, axesOf(total)) ? a : undefined;
}

/** A length as a divisor: what vanishes with it is 0 over ∞ there, and so is the slope. */
export const endless = (length: Value): Value => where(equal(length, 0), Infinity, length);

/** True for a length as a divisor. */
export function isEndless({ op, operands: [condition, number, length] }: Value): boolean {
  return op === selectOp && constantValue(number) === Infinity && same(condition, equal(length, 0));
}

/** True where a product has a divisor, also in what it adds up. */
export function hasDivisor({ op, operands: [a, b] }: Value, divisor: Value, depth = 8): boolean {
  if (depth === 0) return false;
  if (op === div.op && same(underLayouts(b), divisor)) return true;
  if (op === div.op || op === neg.op || op === sumOp) return hasDivisor(a, divisor, depth - 1);
  return op === mul.op && (hasDivisor(a, divisor, depth - 1) || hasDivisor(b, divisor, depth - 1));
}

/** The slope of a unit vector is over the same length as the vector: one divisor, which may be taken out. */
function slopeOfUnitVector({ operands: [condition, none, quotient] }: Value): Value | undefined {
  const [above, length] = quotient.operands;
  if (constantValue(none) !== 0 || quotient.op !== div.op || length.op !== root.op) return undefined;
  const divisor = endless(length);
  return same(condition, divisor.operands[0]) && hasDivisor(above, divisor) ? div(above, divisor) : undefined;
}

/** x·(q/n/n) = (x/n)·(q/n) for a length n of x, or of more than that: no element is larger than the length, q/n/n may be. */
function slopeOverSquare({ operands }: Value): Value | undefined {
  for (const [x, repeated] of [operands, operands.toReversed()]) {
    const slope = underLayouts(repeated);
    const [condition, none, quotient] = slope.op === selectOp ? slope.operands : [];
    const [above, length] = quotient?.op === div.op ? quotient.operands : [];
    if (!above || constantValue(none) !== 0 || !same(condition, equal(length, 0)) || !hasDivisor(above, length))
      continue;
    const onto = (part: Value): Value => ontoLayouts(repeated, slope, part);
    return mul(div(x, onto(endless(length))), onto(where(condition, 0, above)));
  }
  return undefined;
}

/** x/‖x‖ is 0 at 0: no element is larger than the length. */
function unitVector({ operands: [above, length] }: Value): Value | undefined {
  const x = measured(length);
  if (!x || !same(above, x) || rangeOf(length).low > 0) return undefined;
  return div(above, endless(length));
}

/** A root of a sum, as in (Σ|x|³)^⅓: its slope at 0 is infinite, and that of the norm is 0 by convention. */
const isNormOfOtherOrder: Condition = ({ values: { x, y } }) => {
  const power = constantValue(y);
  return power !== undefined && power > 0 && power < 0.5 && underLayouts(x).op === sumOp && touchesZero(x);
};

const zero = "equal(x, 0)";

/** In gradients: the one length of a unit vector. */
export const slopeOfLengthRules: readonly Rule[] = [
  rule(
    "slope of a unit vector",
    "stabilizes",
    "select(equal(root(x), 0), 0, y / select(equal(root(x), 0), inf, root(x)) / root(x)) = y / select(equal(root(x), 0), inf, root(x)) / select(equal(root(x), 0), inf, root(x))",
    ["select"],
    slopeOfUnitVector,
    reads(div.op),
  ),
];

/** For kernels alone: the textbook divides once. */
export const lengthNumberRules: readonly Rule[] = [
  rule(
    "slope over the square of a length",
    "stabilizes",
    "x * select(equal(n, 0), 0, y / n / n) = x / select(equal(n, 0), inf, n) * select(equal(n, 0), 0, y / n)",
    ["mul"],
    slopeOverSquare,
    ({ operands }) => operands.some(({ op }) => op === selectOp || op.kind === "layout"),
  ),
];

/** Lengths, and roots of other orders. */
export const lengthRules: readonly Rule[] = [
  identity("inverse root of what is never negative", "stabilizes", "rsqrt(x) = 1 / root(x)", ({ values: { x } }) =>
    touchesZero(x),
  ),
  identity(
    "root of a product of squares",
    "stabilizes",
    "root(sum[a](x * x) * sum[b](y * y)) = root(sum[a](x * x)) * root(sum[b](y * y))",
  ),
  rule(
    "unit vector",
    "stabilizes",
    "x / root(sum(x * x)) = x / select(equal(root(sum(x * x)), 0), inf, root(sum(x * x)))",
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
