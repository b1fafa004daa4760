/// Functions of their inverses, a quotient of hyperbolic functions, and logarithms beside what vanishes.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { and, equal, greaterEqual, less } from "../../../ir/ops/compare.ts";
import { log, log1p } from "../../../ir/ops/functions.ts";
import { apply, same, type Op, type Value } from "../../../ir/value.ts";
import { rangeOf } from "../range.ts";
import { identity, reads, rule, type Condition, type Rule } from "../rule.ts";
import { isApart } from "./apart.ts";
import { where } from "../untyped.ts";

/** It may be 0, as far as its formula tells. */
const mayVanish = (x: Value): boolean => rangeOf(x).low <= 0 && rangeOf(x).high >= 0;

const maybeZero: Condition = ({ values: { x } }) => mayVanish(x);

/** The far side is there, as far as the formula tells, and not taken out already. */
const isWhole: Condition = ({ values: { x } }) => rangeOf(x).low < -40 && !isApart(x, (each) => less(each, -40));

const xIsZero = "equal(x, 0)";
const far = "less(x, -40)";

const arithmetic: readonly Op[] = [add.op, sub.op, mul.op, div.op, neg.op];

/** Where the logarithms in a formula are of numbers that have one: their NaN elsewhere is to be seen. */
function logarithmsHold({ op, operands, attrs }: Value, depth = 6): readonly Value[] {
  const [a] = operands;
  if (op === log.op || op === log1p.op) {
    const least = op === log.op ? 0 : -1;
    return rangeOf(a).low < least ? [greaterEqual(a, least) as Value] : [];
  }
  if (depth === 0) return [];
  if (op.kind === "layout") return logarithmsHold(a, depth - 1).map((each) => apply(op, [each], attrs));
  return arithmetic.includes(op) ? operands.flatMap((each) => logarithmsHold(each, depth - 1)) : [];
}

/** x·(ln x − y) is 0 at 0, also for the ∞ of a y that is ln 0; the logarithm of a negative number stays NaN. */
function nothingTimesDifference({ operands: [a, b] }: Value): Value | undefined {
  for (const [x, difference] of [
    [a, b],
    [b, a],
  ]) {
    const [logarithm, y] = difference.operands;
    if (difference.op !== sub.op || logarithm.op !== log.op || !same(logarithm.operands[0], x)) continue;
    if (!mayVanish(x)) continue;
    const isNothing = logarithmsHold(y).reduce<Value>((all, each) => and(all, each), equal(x, 0));
    return where(isNothing, 0, mul(x, sub(log(where(isNothing, 1, x)), y)));
  }
  return undefined;
}

/** By name. */
export const inverseRules: readonly Rule[] = [
  identity("area sine of a sine", "stabilizes", "asinh(sinh(x)) = x"),
  identity("hyperbolic sine of an area", "stabilizes", "sinh(asinh(x)) = x"),
  identity("area tangent of a tangent", "stabilizes", "atanh(tanh(x)) = x"),
  identity("hyperbolic cotangent as quotient", "stabilizes", "cosh(x) / sinh(x) = 1 / tanh(x)"),
  identity(
    "log of a softplus",
    "stabilizes",
    `log(softplus(x)) = select(${far}, x, log(softplus(select(${far}, 0, x))))`,
    isWhole,
  ),
  identity(
    "nothing times its logarithm",
    "stabilizes",
    `x * log(x) = select(${xIsZero}, 0, x * log(select(${xIsZero}, 1, x)))`,
    maybeZero,
  ),
  identity(
    "nothing times the logarithm of its share",
    "stabilizes",
    `x * log(x / y) = select(${xIsZero}, 0, x * log(select(${xIsZero}, 1, x / y)))`,
    maybeZero,
  ),
  rule(
    "nothing times a difference of logarithms",
    "stabilizes",
    `x * (log(x) - y) = select(${xIsZero}, 0, x * (log(select(${xIsZero}, 1, x)) - y))`,
    ["mul"],
    nothingTimesDifference,
    reads(sub.op),
  ),
];
