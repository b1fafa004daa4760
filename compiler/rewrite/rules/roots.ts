/// Roots of sums of squares: without overflow, with the gradient 0 where they vanish, and with the digits of differences.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { equal, less } from "../../../ir/ops/compare.ts";
import { abs, expm1, log1p, sqrt, tanh } from "../../../ir/ops/functions.ts";
import { asinh } from "../../../ir/ops/hyperbolic.ts";
import { constant, constantValue } from "../../../ir/ops/leaf.ts";
import { normOp } from "../../../ir/ops/norm.ts";
import { hypot, root, rsqrt } from "../../../ir/ops/powers.ts";
import { axesOf, sumOp } from "../../../ir/ops/sum.ts";
import { apply, same, type Value } from "../../../ir/value.ts";
import { isBelow } from "../peaks.ts";
import { addLinear, linearAtom, linearConstant, linearOf, scaleLinear, writeLinear, type Linear } from "../linear.ts";
import { rangeOf, touchesZero } from "../range.ts";
import { identity, mapped, rule, type Condition, type Rule } from "../rule.ts";
import { isDeviation } from "./reduce.ts";
import { ontoLayout } from "./uniform.ts";
import { where } from "../untyped.ts";

/** √(x² + c) for a number c > 0. */
function rootOfSquareAndNumber({ operands: [total] }: Value): Value | undefined {
  if (total.op !== add.op) return undefined;
  const at = total.operands.findIndex((operand) => constantValue(operand) !== undefined);
  const [number, square] = [constantValue(total.operands[at] ?? total), total.operands[1 - at]];
  if (number === undefined || !(number > 0) || square.op !== mul.op) return undefined;
  const [x, again] = square.operands;
  return same(x, again) ? (hypot(x, constant(Math.sqrt(number), x.type.dtype, x.type.shape)) as Value) : undefined;
}

/** What a root is the root of. */
interface Square {
  readonly sum: Linear;
  /** The number whose square is the constant of the sum, where it is a rounded one, such as 0.001. */
  readonly number?: number;
}

/** The square of a number. One whose square is a float is what it is: 1 stands for no other number. */
function squareOfNumber(number: number): Square {
  const square = number * number;
  return { sum: linearConstant(square), ...(Math.fround(square) !== square && { number: Math.abs(number) }) };
}

/** A root: what it is the root of. A number counts as the root of its square. */
function squareOf(value: Value): Square | undefined {
  const number = constantValue(value);
  if (number !== undefined) return number > 0 ? squareOfNumber(number) : undefined;
  const [a, b] = value.operands;
  if (value.op === sqrt.op || value.op === root.op) return { sum: linearOf(a) };
  if (value.op !== hypot.op) return undefined;
  const [left, right] = [a, b].map((side): Square => {
    const known = constantValue(side);
    return known === undefined ? { sum: linearAtom(mul(side, side)) } : squareOfNumber(known);
  });
  return { ...left, ...right, sum: addLinear(left.sum, right.sum) };
}

const sizeOf = (sum: Linear): number => sum.terms.size + sum.softplus.length + (sum.constant === 0 ? 0 : 1);

/** True for what the square of a number may have been before both were rounded; a root of it was rounded once more. */
function isSquareOf(square: number, number: number, isOfRoot: boolean): boolean {
  const halfPlace = 2 ** (Math.floor(Math.log2(number)) - 24);
  const [low, high] = [-1, 1].map((sign) => Math.fround((number + sign * (isOfRoot ? 2 : 1) * halfPlace) ** 2));
  return low <= Math.fround(square) && Math.fround(square) <= high;
}

/** What is left of 1e-6 − 0.001² is 0: a number that is squared was rounded. Other constants mean what they are. */
function withoutRounding(apart: Linear, left: Square, right: Square): Linear {
  const areBoth = left.number !== undefined && right.number !== undefined;
  const isRounding = (a: Square, { number }: Square): boolean =>
    number !== undefined && isSquareOf(a.sum.constant, number, areBoth);
  return isRounding(left, right) || isRounding(right, left) ? { ...apart, constant: 0 } : apart;
}

/** a − b of two roots' squares, where they have something in common that goes. */
function differenceOfSquares(left: Square | undefined, right: Square | undefined): Linear | undefined {
  if (!left || !right) return undefined;
  const apart = withoutRounding(addLinear(left.sum, right.sum, -1), left, right);
  return sizeOf(apart) < sizeOf(left.sum) + sizeOf(right.sum) ? apart : undefined;
}

/** A smaller number under roots only guards them from 0: nothing of a loss cancels in it, and squares may overflow beside it. */
const smallestNumber = 1e-3;

/** √a − √b = (a − b)/(√a + √b), and 0 where both are. */
function differenceOfRoots({ type, operands: [a, b] }: Value): Value | undefined {
  if (type.dtype !== "f32" || [a, b].some((side) => constantValue(side) !== undefined)) return undefined;
  const [left, right] = [squareOf(a), squareOf(b)];
  const apart = differenceOfSquares(left, right);
  if (!left || !right || !apart) return undefined;
  const isGuard = [left, right].every(({ sum }) => sum.constant > 0 && sum.constant < smallestNumber);
  if (isGuard && sizeOf(apart) === sizeOf(left.sum) + sizeOf(right.sum) - 2) return undefined;
  const [above, total]: readonly [Value, Value] = [writeLinear(apart, type), add(a, b)];
  if (rangeOf(total).low > 0) return div(above, total);
  const vanishes = equal(total, 0) as Value;
  return where(vanishes, 0, div(above, where(vanishes, 1, total)));
}

/**
 * √(c² + u) − c = c·(e^(½ ln(1 + u/c²)) − 1). Of a hypotenuse, which may be longer than what can be squared,
 * √(c² + x²) − c = x·tanh(½ asinh(x/c)).
 */
function rootMinusNumber({ type, operands: [a, b] }: Value): Value | undefined {
  const number = constantValue(b);
  if (type.dtype !== "f32" || number === undefined || constantValue(a) !== undefined) return undefined;
  const apart = differenceOfSquares(squareOf(a), squareOf(b));
  if (!apart) return undefined;
  if (a.op === hypot.op) {
    // √(x² + 2²) − 1 is none.
    if (apart.constant !== 0) return undefined;
    const side = a.operands.find((operand) => constantValue(operand) === undefined);
    if (!side) return undefined;
    return mul(side, tanh(mul(0.5, asinh(number === 1 ? side : div(side, number)))) as Value);
  }
  const excess = writeLinear(scaleLinear(apart, 1 / (number * number)), type);
  const relative = expm1(mul(0.5, log1p(excess)) as Value);
  return number === 1 ? relative : (mul(number, relative) as Value);
}

/** √(b² + c), and how c is divided by something. */
interface BesideSquare {
  readonly isNumber: boolean;
  over(divisor: Value): Value;
}

/** What a root has beside the square of its side. */
function besideSquare(value: Value, side: Value): BesideSquare | undefined {
  const [inner] = value.operands;
  // The square of |x| is that of x.
  const sized = side.op === abs.op ? side.operands[0] : side;
  const isSide = (x: Value): boolean => same(x, side) || same(x, sized);
  if (value.op === hypot.op) {
    const other = value.operands.find((operand) => !isSide(operand));
    if (!other || !value.operands.some(isSide) || constantValue(other) === 1) return undefined;
    return { isNumber: constantValue(other) !== undefined, over: (divisor) => mul(other, div(other, divisor)) };
  }
  if ((value.op !== sqrt.op && value.op !== root.op) || (inner.op !== add.op && inner.op !== sub.op)) return undefined;
  const isSquare = ({ op, operands: [a, b] }: Value): boolean => op === mul.op && isSide(a) && isSide(b);
  const [first, second] = inner.operands;
  const isFirst = isSquare(first);
  if (!isFirst && (inner.op === sub.op || !isSquare(second))) return undefined;
  const rest = isFirst ? second : first;
  const signed = (x: Value): Value => (inner.op === sub.op ? neg(x) : x);
  return { isNumber: constantValue(rest) !== undefined, over: (divisor) => signed(div(rest, divisor)) };
}

/** √(b² + c) − b = c/(√(b² + c) + b) where the root is below 2b, and √(b² + c) + b alike where it is below −2b. */
function rootBesideItsSide({ op, type, operands: [a, b] }: Value): Value | undefined {
  if (type.dtype !== "f32") return undefined;
  for (const [length, side, isMirrored] of [
    [a, b, false],
    [b, a, true],
  ] as const) {
    const found = constantValue(side) === undefined ? besideSquare(length, side) : undefined;
    // Sums with numbers are inverse functions, which logarithms know.
    if (!found || (op === add.op && (found.isNumber || side.op === abs.op))) continue;
    const cancels = less(length, mul(op === add.op ? -2 : 2, side));
    const choose = (x: Value | number, y: Value | number): Value => where(cancels, x, y);
    const other = choose(0, side);
    const close = op === add.op ? add(length, other) : sub(length, other);
    const chosen = choose(found.over(choose(add(length, abs(side)), 1)), close);
    return op === sub.op && isMirrored ? neg(chosen) : chosen;
  }
  return undefined;
}

/** What x/max x or min x/x leaves of 1: it is 0 where both are the same element, and nowhere else, whatever their sign is. */
function isLackOfExtreme({ op, operands: [one, share] }: Value): boolean {
  if (op !== sub.op || constantValue(one) !== 1 || share.op !== div.op) return false;
  const [over, under] = share.operands;
  return isBelow(over, under) || isBelow(under, over);
}

/** What has the slope 0 under a root where it is 0: it does not pass through 0. */
const endsAtZero: Condition = ({ values: { x } }) => touchesZero(x) || isLackOfExtreme(x);

/** A power between a root and the first, whose slope is 0 where its base ends at 0. */
const isSmoothPower: Condition = (bindings, value, facts) => {
  const power = constantValue(bindings.values.y);
  return power !== undefined && power > 0.5 && power < 1 && endsAtZero(bindings, value, facts);
};

/** A fraction so small that a power is near 1. */
const isSmallFraction: Condition = ({ values: { y } }) => {
  const power = constantValue(y);
  return power !== undefined && power !== 0 && Math.abs(power) < 0.5;
};

/** A number that a value never is. */
function neverEqual({ type, operands: [a, b] }: Value): Value | undefined {
  const number = constantValue(b);
  if (number === undefined || a.type.dtype !== "f32") return undefined;
  const { low, high } = rangeOf(a);
  return low > number || high < number ? constant(false, "bool", type.shape) : undefined;
}

/** √(k·Σx²) or √(k·Σx² + c), under layouts. */
function lengthBesideNumber({ op, type, operands: [total] }: Value): Value | undefined {
  if (type.dtype !== "f32") return undefined;
  const [left, right] = total.operands.map(constantValue);
  const [inner, number] =
    total.op !== add.op ? [total, 0] : [total.operands[left === undefined ? 0 : 1], left ?? right ?? NaN];
  const length = number >= 0 ? measuredLength(inner, number) : undefined;
  if (!length) return undefined;
  const whole = number === 0 ? length : (hypot(length, constant(Math.sqrt(number), "f32", type.shape)) as Value);
  return op === rsqrt.op ? div(1, whole) : whole;
}

/** √k·‖x‖ of k·Σx². */
function measuredLength(total: Value, number: number): Value | undefined {
  const [a, b] = total.operands;
  if (total.op.kind === "layout") return mapped(measuredLength(a, number), (length) => ontoLayout(length, total));
  if (total.op === sumOp) {
    if (a.op !== mul.op || !same(a.operands[0], a.operands[1])) return undefined;
    // What is standardised is near 1 already.
    const [x] = a.operands;
    const axes = axesOf(total);
    return number > 0 && x.op === sub.op && isDeviation(x, axes) ? undefined : apply(normOp, [x], { axes });
  }
  const [left, right] = total.operands.map(constantValue);
  if (total.op === div.op && right !== undefined && right > 0) {
    return mapped(measuredLength(a, number), (length) => div(length, Math.sqrt(right)));
  }
  const by = left ?? right;
  if (total.op !== mul.op || by === undefined || !(by > 0)) return undefined;
  return mapped(measuredLength(left === undefined ? a : b, number), (length) => mul(Math.sqrt(by), length) as Value);
}

const versine = "2 * (sin(0.5 * x) * sin(0.5 * x))";

/** Roots and powers. */
export const rootRules: readonly Rule[] = [
  identity("hypotenuse", "stabilizes", "sqrt(x * x + y * y) = hypot(x, y)"),
  rule(
    "root of a square and a number",
    "stabilizes",
    "sqrt(x * x + c) = hypot(x, sqrt(c))",
    ["sqrt"],
    rootOfSquareAndNumber,
  ),
  identity("inverse hyperbolic sine", "stabilizes", "log(x + hypot(x, 1)) = asinh(x)"),
  identity("inverse hyperbolic cosine", "stabilizes", "log(x + sqrt(x * x - 1)) = acosh(x)"),
  identity("inverse hyperbolic tangent", "stabilizes", "log((1 + x) / (1 - x)) = 2 * atanh(x)"),
  identity("root of what is never negative", "stabilizes", "sqrt(x) = root(x)", endsAtZero),
  identity("power of what is never negative", "stabilizes", "pow(x, y) = pow(root(x), 2 * y)", isSmoothPower),
  rule(
    "difference of roots",
    "stabilizes",
    "sqrt(x) - sqrt(y) = (x - y) / (sqrt(x) + sqrt(y))",
    ["sub"],
    differenceOfRoots,
  ),
  rule("never equal", "exact", "equal(x, c) = false", ["equal"], neverEqual),
  rule(
    "root beside its side",
    "stabilizes",
    "sqrt(x * x + c) - x = select(less(sqrt(x * x + c), 2 * x), c / (sqrt(x * x + c) + x), sqrt(x * x + c) - x)",
    ["sub", "add"],
    rootBesideItsSide,
  ),
  identity("one minus a cosine", "stabilizes", `1 - cos(x) = ${versine}`),
  identity("cosine minus one", "stabilizes", `cos(x) - 1 = -(${versine})`),
  identity("value minus its multiple by a cosine", "stabilizes", `y - y * cos(x) = y * (${versine})`),
  identity("multiple by a cosine minus the value", "stabilizes", `y * cos(x) - y = -(y * (${versine}))`),
  identity("power less one", "stabilizes", "pow(x, y) - 1 = expm1(y * log(x))", isSmallFraction),
];

/** For kernels alone: the textbook writes √(1 + x²) − 1, and its slope is not concerned. */
export const rootNumberRules: readonly Rule[] = [
  rule("root minus a number", "stabilizes", "sqrt(1 + x) - 1 = expm1(0.5 * log1p(x))", ["sub"], rootMinusNumber),
  // The textbook writes the sum; its squares overflow beyond 10¹⁹ and vanish below 10⁻²³.
  identity("length", "stabilizes", "root(sum[a](x * x)) = norm[a](x)"),
  rule(
    "length in a mean or beside a number",
    "stabilizes",
    "sqrt(sum(x * x) / n + c) = hypot(norm(x) / sqrt(n), sqrt(c))",
    ["sqrt", "root", "rsqrt"],
    lengthBesideNumber,
  ),
  identity("hypotenuse less a side", "stabilizes", "hypot(x, 1) - x = exp(-asinh(x))"),
  identity("hypotenuse less the size of a side", "stabilizes", "hypot(x, 1) - abs(x) = exp(-asinh(abs(x)))"),
  identity("side less the hypotenuse", "stabilizes", "x - hypot(x, 1) = -exp(-asinh(x))"),
  identity("size of a side less the hypotenuse", "stabilizes", "abs(x) - hypot(x, 1) = -exp(-asinh(abs(x)))"),
];
