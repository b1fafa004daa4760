/// Lengths as divisors and under roots: at 0, where quotients are 0/0 and slopes infinite, they are 0 by convention.
import { div, mul, neg } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { root } from "../../../ir/ops/powers.ts";
import { axesOf, sumOp } from "../../../ir/ops/sum.ts";
import { apply, same, underLayouts, type Value } from "../../../ir/value.ts";
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

/** q/n/n for a length n: the length, and q/n. */
interface OverSquare {
  readonly length: Value;
  readonly rest: Value;
  /** 0 where the length is. */
  readonly isGuarded: boolean;
}

/** Below selections of 0, numbers beside it aside. */
function overSquareOf({ op, operands: [a, b, c] }: Value): OverSquare | undefined {
  if (op === selectOp && constantValue(b) === 0) {
    const inner = overSquareOf(c);
    return inner && { ...inner, rest: where(a, 0, inner.rest), isGuarded: same(a, equal(inner.length, 0)) };
  }
  if (op === mul.op && constantValue(b) !== undefined) return besideNumber(overSquareOf(a), (rest) => mul(rest, b));
  if (op === mul.op && constantValue(a) !== undefined) return besideNumber(overSquareOf(b), (rest) => mul(a, rest));
  if (op !== div.op) return undefined;
  if (constantValue(b) !== undefined) return besideNumber(overSquareOf(a), (rest) => div(rest, b));
  return hasDivisor(a, b) ? { length: b, rest: a, isGuarded: false } : undefined;
}

const besideNumber = (found: OverSquare | undefined, then: (rest: Value) => Value): OverSquare | undefined =>
  found && { ...found, rest: then(found.rest) };

/** x·(q/n/n) = (x/n)·(q/n) for a length n of x, or of more than that: no element is larger than the length, q/n/n may be. */
function slopeOverSquare({ operands }: Value): Value | undefined {
  for (const [x, repeated] of [operands, operands.toReversed()]) {
    const slope = underLayouts(repeated);
    const found = slope.op === selectOp && isLength(slope.operands[0]) ? overSquareOf(slope) : undefined;
    if (!found || found.length.type.dtype !== "f32") continue;
    const onto = (part: Value): Value => ontoLayouts(repeated, slope, part);
    return mul(div(x, onto(found.isGuarded ? endless(found.length) : found.length)), onto(found.rest));
  }
  return undefined;
}

/** A slope that is divided twice already, as that of a cosine beside a number, may be over a tiny length as well. */
const manyDivisors = 2;

/** How often a product is divided by what is no number. */
function divisorsIn({ op, operands: [a, b, c] }: Value, depth = 8): number {
  if (depth === 0) return 0;
  if (op === div.op) return divisorsIn(a, depth - 1) + (constantValue(b) === undefined ? 1 : 0);
  if (op === selectOp) return constantValue(b) === 0 ? divisorsIn(c, depth - 1) : 0;
  return op === mul.op ? divisorsIn(a, depth - 1) + divisorsIn(b, depth - 1) : 0;
}

/** x·(q/n) = (x/n)·q for the length n of x, where q may be large. */
function slopeOverLength({ operands }: Value): Value | undefined {
  for (const [x, repeated] of [operands, operands.toReversed()]) {
    const slope = underLayouts(repeated);
    const [condition, none, quotient] = slope.op === selectOp ? slope.operands : [];
    const [above, below] = quotient?.op === div.op ? quotient.operands : [];
    const [again, one, length] = below?.op === selectOp ? below.operands : [];
    if (!above || !length || constantValue(none) !== 0 || constantValue(one) !== 1) continue;
    if (!same(condition, again) || !same(condition, equal(length, 0)) || divisorsIn(above) < manyDivisors) continue;
    const onto = (part: Value): Value => ontoLayouts(repeated, slope, part);
    return mul(div(x, onto(endless(length))), onto(where(condition, 0, above)));
  }
  return undefined;
}

/** True for a question whether something is 0. */
const isLength = ({ op, operands: [, b] }: Value): boolean => op === equal.op && constantValue(b) === 0;

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

/** Squares vanish before what is squared. */
function lengthBesideZero({ op, operands: [total, number] }: Value): Value | undefined {
  const [product] = total.op === sumOp && constantValue(number) === 0 ? total.operands : [];
  const isSquare =
    product?.op === mul.op && total.type.dtype === "f32" && same(product.operands[0], product.operands[1]);
  return isSquare ? apply(op, [root(total), number]) : undefined;
}

const hasSelection = ({ operands }: Value): boolean =>
  operands.some(({ op }) => op === selectOp || op.kind === "layout");

/** For kernels alone: the textbook divides once. */
export const lengthNumberRules: readonly Rule[] = [
  rule(
    "slope over the square of a length",
    "stabilizes",
    "x * select(equal(n, 0), 0, y / n / n) = x / select(equal(n, 0), inf, n) * select(equal(n, 0), 0, y / n)",
    ["mul"],
    slopeOverSquare,
    hasSelection,
  ),
  rule(
    "length beside zero",
    "stabilizes",
    "greater(sum(x * x), 0) = greater(root(sum(x * x)), 0)",
    ["greater", "equal", "notEqual"],
    lengthBesideZero,
    reads(sumOp),
  ),
  rule(
    "slope over a length, divided already",
    "stabilizes",
    "x * select(equal(n, 0), 0, y / p / q / select(equal(n, 0), 1, n)) = x / select(equal(n, 0), inf, n) * select(equal(n, 0), 0, y / p / q)",
    ["mul"],
    slopeOverLength,
    hasSelection,
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
    "root of a guarded sum of squares",
    "stabilizes",
    "root(select(c, x, y)) = select(c, root(x), sqrt(y))",
    ({ values: { x, y } }) => y.constant === true && (constantValue(y) ?? -1) >= 0 && touchesZero(x),
  ),
  identity(
    "root of a sum, of another order",
    "stabilizes",
    `pow(x, y) = select(${zero}, 0, pow(select(${zero}, 1, x), y))`,
    isNormOfOtherOrder,
  ),
];
