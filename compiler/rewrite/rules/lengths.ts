/// Lengths as divisors and under roots: at 0, where quotients are 0/0 and slopes infinite, they are 0 by convention.
import { div, mul, neg } from "../../../ir/ops/arithmetic.ts";
import { contractAttrs, contractOp } from "../../../ir/ops/contract.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { root } from "../../../ir/ops/powers.ts";
import { axesOf, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { rangeOf, touchesZero } from "../range.ts";
import { identity, reads, rule, type Condition, type Rule } from "../rule.ts";
import { isSpreadOf } from "./uniform.ts";
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
const endless = (length: Value): Value => where(equal(length, 0), Infinity, length);

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

/** x/‖x‖ is 0 at 0: no element is larger than the length. */
function unitVector({ operands: [above, length] }: Value): Value | undefined {
  const x = measured(length);
  if (!x || !same(above, x) || rangeOf(length).low > 0) return undefined;
  return div(above, endless(length));
}

/** Σ x·y along axes, also as a contraction of rows. */
function dotOf(value: Value): { readonly x: Value; readonly y: Value; readonly axes: readonly number[] } | undefined {
  const [inner] = value.operands;
  if (value.op === sumOp && inner.op === mul.op) {
    const [x, y] = inner.operands;
    return { x, y, axes: axesOf(value) };
  }
  if (value.op !== contractOp) return undefined;
  const [x, y] = value.operands;
  const { batch, contracted } = contractAttrs(value);
  const rank = batch.length + contracted.length;
  const aligned = [...batch, ...contracted].every(([left, right]) => left === right);
  if (!aligned || x.type.shape.length !== rank || y.type.shape.length !== rank) return undefined;
  return { x, y, axes: contracted.map(([axis]) => axis) };
}

/** Factors of a divisor, and the divisors above it. */
function quotientOf(value: Value): { readonly top: Value; readonly lengths: readonly Value[] } {
  const lengths: Value[] = [];
  let top = value;
  for (; top.op === div.op && lengths.length < 3; [top] = top.operands) {
    const [, below] = top.operands;
    lengths.push(...(below.op === mul.op ? below.operands : [below]));
  }
  return { top, lengths };
}

/** Σ x·y / (‖x‖·‖y‖) as a product of unit vectors: each is over one length, and so is its slope. */
function cosine(value: Value): Value | undefined {
  const { top, lengths } = quotientOf(value);
  const dot = lengths.length === 2 ? dotOf(top) : undefined;
  if (!dot || value.type.dtype !== "f32") return undefined;
  const { x, y, axes } = dot;
  const lengthOf = (side: Value): Value => root(sum(mul(side, side), { axes }));
  const [first, second] = [x, y].map(lengthOf);
  const isPair = (a: Value, b: Value): boolean => same(lengths[0], a) && same(lengths[1], b);
  if (!isPair(first, second) && !isPair(second, first)) return undefined;
  const unit = (side: Value, length: Value): Value => div(side, spread(endless(length), side.type, axes));
  return sum(mul(unit(x, first), unit(y, second)), { axes });
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
  rule(
    "cosine similarity",
    "stabilizes",
    "sum(x * y) / (root(sum(x * x)) * root(sum(y * y))) = sum(x / root(sum(x * x)) * (y / root(sum(y * y))))",
    ["div"],
    cosine,
  ),
  identity(
    "root of a sum, of another order",
    "stabilizes",
    `pow(x, y) = select(${zero}, 0, pow(select(${zero}, 1, x), y))`,
    isNormOfOtherOrder,
  ),
];
