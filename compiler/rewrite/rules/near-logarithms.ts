/// Logarithms of a sum and of a part of it: where the rest is small their difference has few digits, and that of a quotient of
/// both has lost them before.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { abs, log, log1p } from "../../../ir/ops/functions.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { same, underLayouts, withOperands, type Value } from "../../../ir/value.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { mentionsExponential } from "../exponential.ts";
import { addLinear, linearOf, writeLinear, type Linear } from "../linear.ts";
import { rangeOf } from "../range.ts";
import { mapped, reads, rule, type Rule } from "../rule.ts";
import { and, greater, where } from "../untyped.ts";
import { ontoLayouts } from "./uniform.ts";

/** So many terms a person writes. */
const mostTerms = 4;

const sizeOf = ({ terms, constant }: Linear): number => terms.size + (constant === 0 ? 0 : 1);

/** What a sum has beside a part of it. */
function partBeside(whole: Value, part: Value): Value | undefined {
  if (whole.type.dtype !== "f32" || ![add.op, sub.op].includes(whole.op as never)) return undefined;
  if (mentionsExponential(whole)) return undefined;
  const [all, some] = [linearOf(whole), linearOf(part)];
  const rest = addLinear(all, some, -1);
  const isPart = sizeOf(rest) === sizeOf(all) - sizeOf(some) && sizeOf(some) > 0 && sizeOf(rest) > 0;
  if (!isPart || sizeOf(all) > mostTerms || [all, some].some(({ softplus }) => softplus.length > 0)) return undefined;
  return writeLinear(rest, whole.type);
}

const restOf = (whole: Value, part: Value): Value | undefined => (part.constant ? undefined : partBeside(whole, part));

/** Where a rest is larger than a part by this factor, neither is of any digit of the other. */
const largest = 1e30;

/** y of y·y. */
const squared = ({ op, operands: [a, b] }: Value): Value | undefined => (op === mul.op && same(a, b) ? a : undefined);

/** True where a rest is neither so large that the quotient overflows nor nearly the part itself, with the other sign. */
function isNear(part: Value, rest: Value): Value | undefined {
  const conditions: Value[] = [];
  if (!(rangeOf(part).low > 0)) conditions.push(greater(part, 0));
  if (!(rangeOf(rest).low >= 0)) conditions.push(greater(rest, mul(-0.5, part) as Value));
  // Of a square beside a value the far side has a rule of its own.
  if (!squared(rest)) conditions.push(greater(mul(largest, part) as Value, rest));
  return conditions.length === 0 ? undefined : conditions.reduce((all, each) => and(all, each));
}

/** ln(whole/part) = ln(1 + rest/part), and another formula elsewhere. */
function logOfShare(part: Value, rest: Value, otherwise: (near: Value) => Value): Value {
  const near = isNear(part, rest);
  if (!near) return log1p(div(rest, part)) as Value;
  return where(near, log1p(div(rest, where(near, part, 1)) as Value) as Value, otherwise(near));
}

/** What a logarithm is of; of one with a square beside a value, also where the far side is written otherwise already. */
function argumentOf(value: Value): Value | undefined {
  const inner = underLayouts(value);
  const found =
    inner.op === log.op ? inner.operands[0] : inner.op === selectOp ? argumentOfSelection(inner) : undefined;
  return found && ontoLayouts(value, inner, found);
}

/** v + x² of a selection that is its logarithm on both sides; what else a side may be is no logarithm of this. */
function argumentOfSelection({ operands: [condition, far, close] }: Value): Value | undefined {
  const total = close.op === log.op ? withoutSelections(close.operands[0], condition) : undefined;
  if (total?.op !== add.op) return undefined;
  const [a, b] = total.operands;
  const isTotal = [
    [a, b],
    [b, a],
  ].some(([v, square]) => mapped(squared(square), (x) => (isFarSide(far, condition, v, x) ? x : undefined)));
  return isTotal ? total : undefined;
}

/** True for ln(v + x²) = 2 ln|x| + ln(1 + v/x/x) as the rule for a square beside a value writes it under its condition. */
function isFarSide(value: Value, condition: Value, v: Value, x: Value): boolean {
  const [twice, rest] = value.operands;
  if (value.op !== add.op || rest.op !== log1p.op) return false;
  const outside = where(condition, x, 1);
  const over = (above: Value): Value => div(div(above, outside) as Value, outside);
  const shares = [over(where(condition, v, 0)), where(condition, over(v), 0)];
  return same(twice, mul(2, log(abs(outside))) as Value) && shares.some((share) => same(rest.operands[0], share));
}

/** A formula as it was before its parts were numbers where a condition holds. */
function withoutSelections(value: Value, condition: Value, depth = 2): Value {
  const { op, operands } = value;
  if (op === selectOp) return operands[1].constant && same(operands[0], condition) ? operands[2] : value;
  if (depth === 0 || (op !== add.op && op !== mul.op)) return value;
  return withOperands(
    value,
    operands.map((each) => withoutSelections(each, condition, depth - 1)),
  );
}

const away = (near: Value, x: Value): Value => where(near, 1, x);

/** ln(a + b) − ln a = ln(1 + b/a). */
function differenceOfLogarithms({ operands: [left, right] }: Value): Value | undefined {
  const [u, v] = [argumentOf(left), argumentOf(right)];
  if (!u || !v) return undefined;
  const [more, less] = [restOf(u, v), restOf(v, u)];
  const otherwise = (near: Value): Value => sub(log(away(near, u)) as Value, log(away(near, v)) as Value);
  if (more) return logOfShare(v, more, otherwise);
  return less && neg(logOfShare(u, less, (near) => neg(otherwise(near))));
}

/** ln((a + b)/a) = ln(1 + b/a), and of the inverse. */
function logOfQuotient({ operands: [quotient] }: Value): Value | undefined {
  if (quotient.op !== div.op) return undefined;
  const [u, v] = quotient.operands;
  const [more, less] = [restOf(u, v), restOf(v, u)];
  if (more) return logOfShare(v, more, (near) => log(div(away(near, u), away(near, v))));
  return less && neg(logOfShare(u, less, (near) => log(div(away(near, v), away(near, u)))));
}

/** A look that costs little: a square beside a value is in a selection. */
const mayBeLogarithms = ({ operands }: Value): boolean =>
  operands.every(({ op }) => op === log.op || op === selectOp || op.kind === "layout");

/** 1 − c/(c + b) = b/(c + b) for a number c. */
function restOverWhole({ type, operands: [left, right] }: Value): Value | undefined {
  const isFirst = constantValue(left) === 1;
  const share = isFirst ? right : left;
  if (type.dtype !== "f32" || share.op !== div.op || !(isFirst || constantValue(right) === 1)) return undefined;
  const [u, v] = share.operands;
  const rest = u.constant ? partBeside(v, u) : undefined;
  return rest && (isFirst ? div(rest, v) : neg(div(rest, v)));
}

/** Before differentiating: the slopes of both cancel as well. */
export const nearLogarithmRules: readonly Rule[] = [
  rule(
    "logarithms of a sum and a part",
    "assumes-finite",
    "log(x + y) - log(x) = select(greater(1e30 * x, y), log1p(y / x), log(x + y) - log(x))",
    ["sub"],
    differenceOfLogarithms,
    mayBeLogarithms,
  ),
  rule(
    "log of a sum over a part",
    "assumes-finite",
    "log((x + y) / x) = select(greater(1e30 * x, y), log1p(y / x), log((x + y) / x))",
    ["log"],
    logOfQuotient,
    reads(div.op),
  ),
  rule(
    "one less a number over a sum",
    "assumes-finite",
    "1 - 1 / (1 + y) = y / (1 + y)",
    ["sub"],
    restOverWhole,
    reads(div.op),
  ),
];
