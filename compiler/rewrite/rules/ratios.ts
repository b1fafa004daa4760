/// f(x)/x for functions with f(0) = 0, and its inverse: 0/0 at 0, where the limit is f′(0), and near 0 a slope whose digits
/// cancel. There the Taylor series takes its place, and with it its derivatives.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { abs, expm1, log, log1p, minimum, tanh } from "../../../ir/ops/functions.ts";
import { asinh, atanh, sinh } from "../../../ir/ops/hyperbolic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { erf } from "../../../ir/ops/special.ts";
import { asin, atan, sin, tan } from "../../../ir/ops/trigonometric.ts";
import { same, underLayouts, type Op, type Value } from "../../../ir/value.ts";
import { addLinear, linearOf } from "../linear.ts";
import { identity, mapped, reads, rule, type Condition, type Rule } from "../rule.ts";
import { selectedFromBoth } from "../selected.ts";
import { isApart } from "./apart.ts";
import { greater, less, where } from "../untyped.ts";
import { ontoLayouts } from "./uniform.ts";

/** f(u)/u for |u| < radius to the last digit of a float32. */
export interface Series {
  /** Of 1, u, u², …; of even functions those of 1, u², u⁴, …. */
  readonly coefficients: readonly number[];
  readonly even: boolean;
  readonly radius: number;
}

/** A series of even powers. */
export const even = (radius: number, ...coefficients: readonly number[]): Series => ({
  coefficients,
  even: true,
  radius,
});
const factorials = [1, 2, 6, 24, 120, 720, 5040, 40320, 362880];
const slopeOfErf = 2 / Math.sqrt(Math.PI);

/** Within the radius the first term left out is below 10⁻⁸; beyond it the slope of the quotient keeps six digits. */
const series: ReadonlyMap<Op, Series> = new Map<Op, Series>([
  [expm1.op, { coefficients: factorials.map((each) => 1 / each), even: false, radius: 0.5 }],
  [log1p.op, { coefficients: factorials.map((_, k) => (-1) ** k / (k + 1)), even: false, radius: 0.1 }],
  [sin.op, even(0.5, 1, -1 / 6, 1 / 120, -1 / 5040, 1 / 362880)],
  [tan.op, even(0.25, 1, 1 / 3, 2 / 15, 17 / 315, 62 / 2835)],
  [asin.op, even(0.25, 1, 1 / 6, 3 / 40, 15 / 336, 105 / 3456, 945 / 42240)],
  [atan.op, even(0.2, 1, -1 / 3, 1 / 5, -1 / 7, 1 / 9)],
  [sinh.op, even(0.5, 1, 1 / 6, 1 / 120, 1 / 5040, 1 / 362880)],
  [tanh.op, even(0.25, 1, -1 / 3, 2 / 15, -17 / 315, 62 / 2835)],
  [asinh.op, even(0.25, 1, -1 / 6, 3 / 40, -15 / 336, 105 / 3456, -945 / 42240)],
  [atanh.op, even(0.2, 1, 1 / 3, 1 / 5, 1 / 7, 1 / 9)],
  [erf.op, even(0.3, ...[1, -1 / 3, 1 / 10, -1 / 42, 1 / 216].map((each) => slopeOfErf * each))],
]);

/** A series at u. */
export function polynomial({ coefficients, even: isEven }: Series, u: Value): Value {
  const z: Value = isEven ? mul(u, u) : u;
  const [first, second, ...others] = coefficients.toReversed();
  const highest: Value = add(second, mul(first, z));
  return others.reduce<Value>((total, coefficient) => add(coefficient, mul(z, total)), highest);
}

/** u/v where that needs no division: a number, or the other factor of u. */
function ratioOf(u: Value, v: Value): Value | number | undefined {
  if (same(u, v)) return 1;
  const [a, b] = u.operands;
  if (u.op === neg.op) {
    const inner = ratioOf(a, v);
    return typeof inner === "number" ? -inner : inner && neg(inner);
  }
  if (u.op === mul.op) return same(a, v) ? (constantValue(b) ?? b) : same(b, v) ? (constantValue(a) ?? a) : undefined;
  const divisor = u.op === div.op && same(a, v) ? constantValue(b) : undefined;
  if (divisor) return 1 / divisor;
  // Both are the same number of something: sin(½x)/(½x) is the first case, sin(x)/(½x) this one.
  const scale = v.op === mul.op ? constantValue(v.operands[0]) : undefined;
  return scale && same(v.operands[1], u) ? 1 / scale : undefined;
}

const times = (ratio: Value | number, x: Value): Value => (ratio === 1 ? x : (mul(ratio as Value, x) as Value));

/** f(u)/v for u = r·v. */
function functionOverOperand({ type, operands: [above, v] }: Value): Value | undefined {
  // A number never vanishes.
  if (type.dtype !== "f32" || constantValue(v) !== undefined) return undefined;
  const [a, b, c] = above.operands;
  // A selection that has f(u) on one side.
  if (above.op === selectOp) return mapped(quotient(b, v), (found) => where(a, found, div(c, v)));
  // x·f(u)/v
  if (above.op === mul.op) {
    const [left, right] = [quotient(a, v), quotient(b, v)];
    return left ? mul(b, left) : right && mul(a, right);
  }
  // f(u)/c/v
  const number = above.op === div.op ? constantValue(b) : undefined;
  return number ? mapped(quotientOfProduct(a, v), (found) => div(found, number)) : quotient(above, v);
}

/** f(u)/v, or k·f(u)/v for a number k. */
function quotientOfProduct(above: Value, v: Value): Value | undefined {
  const [k, f] = above.operands;
  const number = above.op === mul.op ? constantValue(k) : undefined;
  return number === undefined ? quotient(above, v) : mapped(quotient(f, v), (found) => mul(number, found) as Value);
}

function quotient(f: Value, v: Value): Value | undefined {
  const near = series.get(f.op);
  const [u] = f.operands;
  const ratio = near && ratioOf(u, v);
  if (!near || ratio === undefined) return undefined;
  const isNear = less(abs(u), near.radius);
  return where(isNear, times(ratio, polynomial(near, u)), div(f, where(isNear, 1, v)));
}

/** The largest number whose exponential is finite. */
const largestExponent = 88.72283;

/** v/f(u) for u = r·v. */
function operandOverFunction({ type, operands: [v, f] }: Value): Value | undefined {
  if (f.op === neg.op) return mapped(operandOverFunction(div(v, f.operands[0])), (found) => neg(found));
  const number = f.op === mul.op ? constantValue(f.operands[0]) : undefined;
  if (number) return mapped(operandOverFunction(div(v, f.operands[1])), (found) => div(found, number));
  const near = type.dtype === "f32" ? series.get(f.op) : undefined;
  const [u] = f.operands;
  const ratio = near && ratioOf(u, v);
  if (!near || ratio === undefined || constantValue(v) !== undefined) return undefined;
  const isNear = less(abs(u), near.radius);
  const close: Value = div(1, times(ratio, polynomial(near, u)));
  if (f.op !== expm1.op) return where(isNear, close, div(v, where(isNear, 1, f)));
  // Where the exponential overflows the quotient is 0, and so is its slope.
  const beyond = greater(u, largestExponent);
  const exponential = expm1(minimum(u, largestExponent)) as Value;
  const apart: Value = where(beyond, 0, div(v, where(isNear, 1, exponential)));
  return where(isNear, close, apart);
}

/** ln x and x − 1, in a quotient: x − 1 is exact near 1. */
function logarithmBesideOne(logarithm: Value, distance: Value): Value | undefined {
  const [x] = logarithm.operands;
  if (logarithm.op !== log.op) return undefined;
  const { terms, constant, softplus } = addLinear(linearOf(distance), linearOf(x), -1);
  return terms.size === 0 && softplus.length === 0 && constant === -1 ? x : undefined;
}

/** ln x/(x − 1) = ln(1 + u)/u for u = x − 1 near 0, and (x − 1)/ln x. */
function logarithmOverDistance({ type, operands: [above, below] }: Value): Value | undefined {
  if (type.dtype !== "f32" || (above.op !== log.op && below.op !== log.op)) return undefined;
  const isInverse = below.op === log.op;
  const [logarithm, u] = isInverse ? [below, above] : [above, below];
  const x = logarithmBesideOne(logarithm, u);
  if (!x) return undefined;
  const near = series.get(log1p.op)!;
  const isNear = less(abs(u), near.radius);
  const close = polynomial(near, u);
  const apart = log(where(isNear, 2, x)) as Value;
  const far: Value = isInverse ? div(u, apart) : div(apart, where(isNear, 1, u));
  return where(isNear, isInverse ? div(1, close) : close, far);
}

/** coth x − 1/x within the radius, where both are large: x/3 − x³/45 + …, the last digit of a float32 and of its slope. */
const langevin = even(0.5, 1 / 3, -1 / 45, 2 / 945, -1 / 4725, 2 / 93555);

/** 1/tanh u − 1/u. */
function differenceOfReciprocals({ type, operands }: Value): Value | undefined {
  const [a, b] = operands.map(reciprocalOf);
  if (type.dtype !== "f32" || a?.op !== tanh.op || !b || !same(a.operands[0], b)) return undefined;
  const near = (x: Value): Value => less(abs(x), langevin.radius);
  // What is apart from 0 already.
  if (isApart(b, near, 1)) return undefined;
  const isNear = near(b);
  const apart: Value = where(isNear, 1, b);
  return where(isNear, mul(b, polynomial(langevin, b)), sub(div(1, tanh(apart)), div(1, apart)));
}

const reciprocalOf = ({ op, operands: [a, b] }: Value): Value | undefined =>
  op === div.op && constantValue(a) === 1 ? b : undefined;

const halfSine = "sin(0.5 * x)";

/** Quotients that are 0/0 at 0 and have a limit there. */
export const ratioRules: readonly Rule[] = [
  rule(
    "function over its operand",
    "stabilizes",
    "sin(x) / x = select(less(abs(x), 0.5), 1 - x * x / 6 + x * x * x * x / 120 - ..., sin(x) / x)",
    ["div"],
    functionOverOperand,
  ),
  rule(
    "operand over its function",
    "stabilizes",
    "x / expm1(x) = select(less(abs(x), 0.5), 1 / (1 + x / 2 + x * x / 6 + ...), x / expm1(x))",
    ["div"],
    operandOverFunction,
  ),
  rule(
    "logarithm over the distance from one",
    "stabilizes",
    "log(x) / (x - 1) = select(less(abs(x - 1), 0.1), 1 - (x - 1) / 2 + (x - 1) * (x - 1) / 3 - ..., log(x) / (x - 1))",
    ["div"],
    logarithmOverDistance,
    reads(log.op),
  ),
  rule(
    "difference of large reciprocals",
    "stabilizes",
    "1 / tanh(x) - 1 / x = select(less(abs(x), 0.5), x / 3 - x * x * x / 45 + ..., 1 / tanh(x) - 1 / x)",
    ["sub"],
    differenceOfReciprocals,
  ),
  identity(
    "one minus a cosine over a square",
    "stabilizes",
    `2 * (${halfSine} * ${halfSine}) / (x * x) = 0.5 * ((${halfSine} / (0.5 * x)) * (${halfSine} / (0.5 * x)))`,
  ),
];

/** z/y/y. */
function overSquareOf(value: Value): { readonly top: Value; readonly y: Value } | undefined {
  const inner = underLayouts(value);
  const [quotient, y] = inner.op === div.op ? inner.operands : [];
  if (quotient?.op !== div.op || y.constant || !same(quotient.operands[1], y)) return undefined;
  return { top: ontoLayouts(value, inner, quotient.operands[0]), y: ontoLayouts(value, inner, y) };
}

/**
 * (c/x/x)·(z/y/y) = z·q·q for q = √c/x/y and a number c: either may overflow where the other vanishes. What is between z and
 * the result lies between them in size as well; q² does not, and overflows where z takes that back.
 */
function productOfInverseSquares({ type, operands }: Value): Value | undefined {
  const [a, b] = type.dtype === "f32" ? operands.map(overSquareOf) : [];
  if (!a || !b) return undefined;
  const [one, other] = constantValue(underLayouts(a.top)) !== undefined ? [a, b] : [b, a];
  const number = constantValue(underLayouts(one.top));
  if (number === undefined) return undefined;
  const share: Value = div(div(Math.sqrt(Math.abs(number)), one.y) as Value, other.y);
  const product: Value = mul(mul(other.top, share), share);
  return number < 0 ? neg(product) : product;
}

/** Of elements of the same values, as in x²/max x², the quotient is 1 where they are the same: it is not taken apart. */
const isNoPartOfOwn: Condition = ({ values: { y } }, { operands: [over, under] }) =>
  !y.constant && selectedFromBoth(over, under).length === 0;

/**
 * For kernels alone. Two divisions by what is small overflow where the slope over it, which is at most 1, takes one away. A
 * difference of the largest numbers there are overflows before it is divided: so it assumes that it is finite.
 */
export const ratioNumberRules: readonly Rule[] = [
  identity("difference over one divisor", "assumes-finite", "x / t - y / t = (x - y) / t"),
  rule(
    "product of inverse squares",
    "assumes-finite",
    "1 / x / x * (z / y / y) = z * (1 / x / y) * (1 / x / y)",
    ["mul"],
    productOfInverseSquares,
    ({ operands }) => operands.every(({ op }) => op === div.op || op.kind === "layout"),
  ),
  // The square overflows and vanishes before the quotient does; numbers do neither.
  identity("quotient by a square", "stabilizes", "x / (y * y) = x / y / y", isNoPartOfOwn),
  identity("square over a divisor", "assumes-finite", "x * x / y = x * (x / y)", isNoPartOfOwn),
  identity("slope over a softplus", "stabilizes", "x / softplus(z) * sigmoid(z) = x * (sigmoid(z) / softplus(z))"),
];
