/// Functions of their inverses, a quotient of hyperbolic functions, and logarithms beside what vanishes.
import { selectOp } from "../../../ir/ops/choose.ts";
import { rangeOf } from "../range.ts";
import { identity, type Condition, type Rule } from "../rule.ts";

/** It may be 0, as far as its formula tells. */
const maybeZero =
  (letter: string): Condition =>
  ({ values }) =>
    rangeOf(values[letter]).low <= 0 && rangeOf(values[letter]).high >= 0;

/** The far side is taken out already. */
const isWhole: Condition = ({ values: { x } }) => x.op !== selectOp;

const xIsZero = "equal(x, 0)";
const far = "less(x, -40)";

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
    maybeZero("x"),
  ),
  identity(
    "nothing times the logarithm of its share",
    "stabilizes",
    `x * log(x / y) = select(${xIsZero}, 0, x * log(select(${xIsZero}, 1, x / y)))`,
    maybeZero("x"),
  ),
  identity(
    "nothing times a difference of logarithms",
    "stabilizes",
    `x * (log(x) - y) = select(${xIsZero}, 0, x * (log(select(${xIsZero}, 1, x)) - y))`,
    maybeZero("x"),
  ),
];
