/// Quotients by sums of squares: projections, shares of energy, relative errors. Squares overflow and vanish long before the
/// quotient does, so both sides are measured by the length whose square the divisor is.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { spread } from "../../../ir/ops/sum.ts";
import { remembering } from "../../../ir/intern.ts";
import { same, type Value } from "../../../ir/value.ts";
import { rangeOf } from "../range.ts";
import { rule, type Rule } from "../rule.ts";
import { dotOf } from "./cosines.ts";
import { lengthOfSquares } from "./hypotenuses.ts";

/** Sums of squares up to here have digits and do not overflow. */
const largest = 1e30;

/** So many products a person adds up one by one; a longer sum, or one whose terms are shared, is divided once. */
const mostTerms = 8;

/** False for a sum of more terms, each counted as often as it is written. */
const isShort = remembering((above: Value): boolean => {
  const pending = [above];
  let terms = 1;
  for (let each = pending.pop(); each && terms <= mostTerms; each = pending.pop()) {
    const { op, operands } = each;
    const [a, b] = operands;
    if (op === add.op || op === sub.op) {
      terms++;
      pending.push(a, b);
    } else if (op === neg.op || op === div.op) pending.push(a);
    else if (op === mul.op && constantValue(a) !== undefined) pending.push(b);
  }
  return terms <= mostTerms;
});

/** The length whose square a divisor is: of a sum of squares, or of a product of two. */
function lengthOfDivisor(divisor: Value): Value | undefined {
  const [a, b] = divisor.operands;
  if (rangeOf(divisor).high <= largest) return undefined;
  if (divisor.op === mul.op && !same(a, b)) {
    const [left, right] = [a, b].map((side) => (constantValue(side) === undefined ? lengthOfSquares(side) : undefined));
    if (left && right) return mul(left, right);
  }
  return lengthOfSquares(divisor);
}

/** What stands above, over the square of a length; undefined where it is neither a product nor made of products. */
function overSquare(above: Value, length: Value): Value | undefined {
  const { op, operands } = above;
  const [a, b] = operands;
  const number = constantValue(above);
  if (number !== undefined) return div(div(above, length), length);
  if (op === neg.op) return inside(a, length, neg);
  if (op === div.op) return constantValue(b) === undefined ? undefined : inside(a, length, (each) => div(each, b));
  if (op === add.op || op === sub.op) {
    const [left, right] = operands.map((term) => overSquare(term, length));
    return left && right && (op === add.op ? add(left, right) : sub(left, right));
  }
  const measured = lengthOfSquares(above);
  if (measured) return squareOf(div(measured, length));
  if (op === mul.op) {
    if (constantValue(a) !== undefined) return inside(b, length, (each) => mul(a, each));
    return same(a, b) ? squareOf(div(a, length)) : mul(div(a, length), div(b, length));
  }
  const dot = dotOf(above);
  // The length is that of a row of both.
  if (!dot?.sides.every(({ others }) => others.length === 0)) return undefined;
  const [x, y] = dot.sides.map(({ vector, axes }) => div(vector, spread(length, vector.type, axes)));
  return dot.of(x, y);
}

const squareOf = (x: Value): Value => mul(x, x);

function inside(above: Value, length: Value, then: (quotient: Value) => Value): Value | undefined {
  const quotient = overSquare(above, length);
  return quotient && then(quotient);
}

/** a·b/‖x‖² = (a/‖x‖)·(b/‖x‖), also of sums of products. */
function quotientBySquares({ type, operands: [above, below] }: Value): Value | undefined {
  if (type.dtype !== "f32" || above.constant || below.constant || !isShort(above)) return undefined;
  const length = lengthOfDivisor(below);
  return length && overSquare(above, length);
}

/** Before differentiating, so that slopes are quotients by lengths as well. */
export const overSquareRules: readonly Rule[] = [
  rule(
    "quotient by squares",
    "assumes-finite",
    "sum(x * y) / sum(z * z) = sum(x / root(sum(z * z)) * (y / root(sum(z * z))))",
    ["div"],
    quotientBySquares,
  ),
];
