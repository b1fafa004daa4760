/// Products and squares that overflow where what is made of them does not: roots of products, quotients by sums, and squares
/// less the squares of what is beyond a border.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { abs, maximum, minimum, pow, relu, sqrt } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { root } from "../../../ir/ops/powers.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { mentionsExponential } from "../exponential.ts";
import { rangeOf } from "../range.ts";
import { mapped, reads, rule, type Rule } from "../rule.ts";
import { less, where } from "../untyped.ts";
import { squareIn } from "./squares.ts";

/** √(a·b) = √|a|·√|b| where both have one sign, and other powers between 0 and 1; elsewhere it has no root, as before. */
function rootOfProduct({ op, type, operands: [product, exponent] }: Value): Value | undefined {
  const power = op === pow.op ? (constantValue(exponent) ?? 0) : 0.5;
  const isSize = product.op === abs.op;
  const inner = isSize ? product.operands[0] : product;
  if (type.dtype !== "f32" || !(power > 0 && power < 1) || inner.op !== mul.op) return undefined;
  const [a, b] = inner.operands;
  // A number is none that overflows, and the root of a square is its size.
  if ([a, b].some((side) => constantValue(underLayouts(side)) !== undefined || mentionsExponential(side)))
    return undefined;
  if (same(a, b)) return undefined;
  const rooted = (x: Value): Value =>
    op === pow.op ? (pow(x, exponent) as Value) : ((op === root.op ? root(x) : sqrt(x)) as Value);
  if (isSize) return mul(rooted(abs(a) as Value), rooted(abs(b) as Value));
  if ([a, b].every((side) => rangeOf(side).low >= 0)) return mul(rooted(a), rooted(b));
  const isNegative = less(a, 0);
  const mirrored = (x: Value): Value => where(isNegative, neg(x), x);
  const isNone = less(mirrored(b), 0);
  // A product is a size, so that its own factors come apart as well.
  const size: Value = a.op === mul.op ? (abs(a) as Value) : mirrored(a);
  const apart = mul(rooted(size), rooted(where(isNone, 1, mirrored(b))));
  // Slopes read the factors of a product that counts only there: elsewhere it may be ∞.
  const [first, second] = [a, b].map((side) => where(isNone, side, 1));
  const none: Value = mul(first, second);
  return where(isNone, rooted(where(isNone, none, 1)), apart);
}

/** Products of two such numbers do not overflow. */
const mostSquarable = 1e19;

const isSmall = (x: Value): boolean => rangeOf(x).low >= -mostSquarable && rangeOf(x).high <= mostSquarable;

/** a·b/(a + b) = b·(a/(a + b)), but where both are shares or other numbers of a bounded size. */
function productOverSum({ type, operands: [product, total] }: Value): Value | undefined {
  if (type.dtype !== "f32" || product.op !== mul.op || (total.op !== add.op && total.op !== sub.op)) return undefined;
  const [number, rest] = product.operands;
  if (constantValue(number) !== undefined && rest.op === mul.op) {
    return mapped(productOverSum(div(rest, total)), (share) => mul(number, share));
  }
  const [a, b] = product.operands;
  if (isSmall(a) && isSmall(b)) return undefined;
  const isTerm = (side: Value): boolean =>
    constantValue(underLayouts(side)) === undefined && total.operands.some((term) => same(term, side));
  if (isTerm(a)) return mul(b, div(a, total));
  return isTerm(b) ? mul(a, div(b, total)) : undefined;
}

/** max(|x| − d, 0). */
function excessOf(value: Value): { readonly x: Value; readonly border: Value } | undefined {
  const at = value.op === maximum.op ? value.operands.findIndex((each) => constantValue(each) === 0) : -1;
  const inner = value.op === relu.op ? value.operands[0] : at >= 0 ? value.operands[1 - at] : undefined;
  const [size, border] = inner?.op === sub.op ? inner.operands : [];
  return size?.op === abs.op ? { x: size.operands[0], border } : undefined;
}

/** k·x² − k·max(|x| − d, 0)² = k·m·(2|x| − m) for m = min(|x|, d), as the loss of Huber is. */
function squareLessExcess({ type, operands: [left, right] }: Value): Value | undefined {
  const [whole, beyond] = type.dtype === "f32" ? [squareIn(left), squareIn(right)] : [];
  const excess = beyond && excessOf(beyond.side);
  if (!whole || !excess || whole.factor !== beyond.factor) return undefined;
  const inside = whole.side.op === abs.op ? whole.side.operands[0] : whole.side;
  if (!same(inside, excess.x)) return undefined;
  const size = abs(inside) as Value;
  const within = minimum(size, excess.border) as Value;
  const found: Value = mul(within, sub(mul(2, size) as Value, within));
  return whole.factor === 1 ? found : (mul(whole.factor, found) as Value);
}

/** Before differentiating, so that slopes do not overflow either. */
export const largeProductRules: readonly Rule[] = [
  rule(
    "root of a product",
    "stabilizes",
    "sqrt(abs(x * y)) = sqrt(abs(x)) * sqrt(abs(y))",
    ["sqrt", "root", "pow"],
    rootOfProduct,
    reads(mul.op, abs.op),
  ),
  rule(
    "product over a sum",
    "assumes-finite",
    "x * y / (x + y) = y * (x / (x + y))",
    ["div"],
    productOverSum,
    reads(mul.op),
  ),
  rule(
    "square less that of what is beyond",
    "stabilizes",
    "x * x - relu(abs(x) - d) * relu(abs(x) - d) = minimum(abs(x), d) * (2 * abs(x) - minimum(abs(x), d))",
    ["sub"],
    squareLessExcess,
  ),
];
