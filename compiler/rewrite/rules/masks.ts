/// Rows that do not count, such as padding: they may hold anything, and neither value nor gradient reads it.
import { classComparison } from "../../../ir/classes.ts";
import { div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { castOp, selectOp } from "../../../ir/ops/choose.ts";
import { stopGradient } from "../../../ir/ops/derivative.ts";
import { exp } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { broadcastOp } from "../../../ir/ops/sum.ts";
import { apply, same, type Value } from "../../../ir/value.ts";
import { rangeOf } from "../range.ts";
import { reads, rule, type Rule } from "../rule.ts";
import { isNormalized } from "./rows.ts";
import { equal, where } from "../untyped.ts";

/** A condition as a number, which is no match of classes. */
function maskIn({ op, operands: [condition] }: Value): Value | undefined {
  return op === castOp && condition.type.dtype === "bool" && !classComparison(condition) ? condition : undefined;
}

/** c·x for a condition c leaves x out where c is 0, be it NaN. */
function maskedRow({ operands: [a, b] }: Value): Value | undefined {
  for (const [weight, x] of [
    [a, b],
    [b, a],
  ]) {
    if (!isNormalized(x)) continue;
    const condition = maskIn(weight);
    if (condition) return where(condition, x, 0);
    const shared = weight.op === div.op ? maskIn(weight.operands[0]) : undefined;
    if (shared) return where(shared, div(x, weight.operands[1]), 0);
  }
  return undefined;
}

/** x where it counts, and −∞, or −∞ times or over a scale, where it does not. */
interface Masked {
  readonly condition: Value;
  readonly x: Value;
  readonly none: Value;
}

function maskedOf({ op, operands: [condition, x, none] }: Value): Masked | undefined {
  return op === selectOp && isNothing(none) ? { condition, x, none } : undefined;
}

function isNothing(value: Value): boolean {
  if (constantValue(value) === -Infinity) return true;
  const [scaled] = value.operands;
  return (
    value.op === stopGradient.op && (scaled.op === mul.op || scaled.op === div.op) && isNothing(scaled.operands[0])
  );
}

/** Formulas are looked at as deep as people would. */
const deepest = 6;

/** The mask under which a product is 0: that of an exponential among its factors, as a softmax has it. */
function maskOfProduct({ op, operands }: Value, depth = deepest): Masked | undefined {
  const [a, b] = operands;
  if (op === exp.op) return maskedOf(a.op === sub.op ? a.operands[0] : a);
  if (depth === 0 || (op !== mul.op && op !== div.op && op !== neg.op)) return undefined;
  return maskOfProduct(a, depth - 1) ?? (op === mul.op ? maskOfProduct(b, depth - 1) : undefined);
}

/** The formula where the condition holds. */
function whereCounted(value: Value, condition: Value, depth = deepest): Value {
  const masked = maskedOf(value);
  if (masked && same(masked.condition, condition)) return masked.x;
  if (value.op.kind !== "elementwise" || depth === 0) return value;
  const operands = value.operands.map((operand) => whereCounted(operand, condition, depth - 1));
  return operands.every((each, i) => each === value.operands[i]) ? value : apply(value.op, operands, value.attrs);
}

/** y·(ln of a probability that a mask makes 0): 0 where y is 0, by the convention 0·ln 0 = 0. */
function nothingOfImpossible({ operands: [a, b] }: Value): Value | undefined {
  for (const [weight, logarithm] of [
    [a, b],
    [b, a],
  ]) {
    if (!isNormalized(logarithm) || weight.op === castOp) continue;
    const written = underOneMask(weight, logarithm) ?? underMask(weight, logarithm);
    if (written) return written;
  }
  return undefined;
}

/** p·ln p and p·(ln p − ln q): what makes p nothing makes nothing of the product. */
function underOneMask(p: Value, logarithm: Value): Value | undefined {
  const mask = maskOfProduct(p);
  const counted = mask && whereCounted(logarithm, mask.condition);
  if (!counted || counted === logarithm) return undefined;
  return where(mask.condition, mul(p, counted), mul(p, 0));
}

function underMask(weight: Value, logarithm: Value): Value | undefined {
  const mask = logarithm.op === sub.op ? maskedOf(logarithm.operands[0]) : undefined;
  if (!mask) return undefined;
  const { condition, x, none } = mask;
  const impossible: Value = where(equal(weight, 0), 0, mul(weight, none));
  return where(condition, mul(weight, sub(x, logarithm.operands[1])), impossible);
}

/** Where nothing counts, there is nothing to divide, and no derivative by the divisor. */
function scaleOfMasked(value: Value): Value | undefined {
  const [a, b] = value.operands;
  const [selection, scale] = value.op === mul.op && !maskedOf(a) ? [b, a] : [a, b];
  const mask = maskedOf(selection);
  if (!mask || value.type.dtype !== "f32") return undefined;
  const scaled = (x: Value): Value => (value.op === mul.op ? mul(x, scale) : div(x, scale));
  // 0 · −∞ is no number, −∞ / 0 is −∞.
  const { low } = rangeOf(scale);
  const staysInfinite = value.op === mul.op ? low > 0 : low >= 0;
  const none = staysInfinite ? mask.none : stopGradient(scaled(mask.none));
  return where(mask.condition, scaled(mask.x), none);
}

interface Repeated {
  readonly condition: Value;
  readonly x: Value;
  readonly negative: boolean;
}

/** where(c, x, 0) or its negative, repeated along axes: both parts repeated. */
function repeatedSelection(value: Value): Repeated | undefined {
  if (value.op !== broadcastOp) return undefined;
  const [inner] = value.operands;
  const negative = inner.op === neg.op;
  const selection = negative ? inner.operands[0] : inner;
  const [condition, x, none] = selection.operands;
  if (selection.op !== selectOp || constantValue(none) !== 0) return undefined;
  const repeat = (part: Value): Value => apply(broadcastOp, [part], value.attrs);
  return { condition: repeat(condition), x: repeat(x), negative };
}

const signed = (value: Value, negative: boolean): Value => (negative ? neg(value) : value);

/** where(c, x, 0), repeated along a row, times the row: rows that do not count are not read. */
function rowOfSelection({ operands: [a, b] }: Value): Value | undefined {
  for (const [weight, x] of [
    [a, b],
    [b, a],
  ]) {
    const found = isNormalized(x) || isMatch(x) ? repeatedSelection(weight) : undefined;
    if (!found) continue;
    return signed(where(found.condition, mul(found.x, x), 0), found.negative);
  }
  return undefined;
}

const isMatch = ({ op, operands }: Value): boolean => op === castOp && classComparison(operands[0]) !== undefined;

/** A match of classes in rows that count: the condition of the row outside, so that terms of a row meet under it. */
function matchInSelection({ operands: [match, weight, none] }: Value): Value | undefined {
  if (constantValue(none) !== 0 || !classComparison(match)) return undefined;
  const found = repeatedSelection(weight);
  if (!found) return undefined;
  const picked = where(match, found.x, 0);
  return signed(where(found.condition, picked, 0), found.negative);
}

/** Before differentiating: rows that a mask leaves out. */
export const maskRules: readonly Rule[] = [
  rule("row under a mask", "stabilizes", "cast(c) * x = select(c, x, 0)", ["mul"], maskedRow),
  rule(
    "nothing of what is impossible",
    "stabilizes",
    "y * (select(c, x, -inf) - logsumexp(z)) = select(c, y * (x - logsumexp(z)), select(equal(y, 0), 0, y * -inf))",
    ["mul"],
    nothingOfImpossible,
  ),
  rule(
    "scale under a mask",
    "stabilizes",
    "select(c, x, -inf) / y = select(c, x / y, -inf / y)",
    ["mul", "div"],
    scaleOfMasked,
  ),
];

/** Conditions of rows, outside of what is done in the row. */
export const rowSelectionRules: readonly Rule[] = [
  rule(
    "selection of a row",
    "stabilizes",
    "broadcast(select(c, x, 0)) * y = select(broadcast(c), broadcast(x) * y, 0)",
    ["mul"],
    rowOfSelection,
    reads(broadcastOp),
  ),
  rule(
    "match in a row that counts",
    "stabilizes",
    "select(m, broadcast(select(c, x, 0)), 0) = select(broadcast(c), select(m, broadcast(x), 0), 0)",
    ["select"],
    matchInSelection,
  ),
];
