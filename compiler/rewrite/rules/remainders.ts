/// f(x) − x for functions that begin with x, as eˣ − 1 and sin x do: near 0 the digits of both cancel, and what is left is the
/// rest of the Taylor series.
import { add, div, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { abs, exp, expm1, pow } from "../../../ir/ops/functions.ts";
import { sinh } from "../../../ir/ops/hyperbolic.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { sin } from "../../../ir/ops/trigonometric.ts";
import { same, type Op, type Value } from "../../../ir/value.ts";
import { addLinear, isNumber, linearAtom, linearOf, scaleLinear } from "../linear.ts";
import { rule, type Rule } from "../rule.ts";
import { less, where } from "../untyped.ts";
import { isApart } from "./apart.ts";
import { even, polynomial, type Series } from "./ratios.ts";

const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));

/** (f(u) − u)/u² or, of odd functions, (f(u) − u)/u³: out to where the quotient and its slope have their digits. */
const rests: ReadonlyMap<Op, Series> = new Map<Op, Series>([
  [expm1.op, { coefficients: Array.from({ length: 10 }, (_, k) => 1 / factorial(k + 2)), even: false, radius: 1 }],
  [sin.op, even(1.5, ...[3, 5, 7, 9, 11].map((n, k) => (k % 2 === 0 ? -1 : 1) / factorial(n)))],
  [sinh.op, even(1.5, ...[3, 5, 7, 9, 11].map((n) => 1 / factorial(n)))],
]);

/** eᵘ − 1 − u where |u| is less than ½: there fewer terms have all digits. */
export function remainderOfExponential(u: Value): Value {
  const rest = rests.get(expm1.op)!;
  return mul(mul(u, u), polynomial({ ...rest, coefficients: rest.coefficients.slice(0, 7) }, u));
}

const lowestPower = ({ even: isOdd }: Series): number => (isOdd ? 3 : 2);

/** coefficient · (f(u) − u). */
interface Remainder {
  readonly f: Op;
  readonly u: Value;
  readonly coefficient: number;
}

/** A look that costs little: such a function among a few terms. */
function mentionsFunction({ op, operands }: Value, depth = 2): boolean {
  if (op === exp.op || rests.has(op)) return true;
  return depth > 0 && (op === add.op || op === sub.op) && operands.some((each) => mentionsFunction(each, depth - 1));
}

function remainderOf(value: Value): Remainder | undefined {
  if (value.type.dtype !== "f32" || (value.op !== add.op && value.op !== sub.op)) return undefined;
  if (!value.operands.some((each) => mentionsFunction(each))) return undefined;
  const whole = linearOf(value);
  if (whole.softplus.length > 0 || whole.terms.size > 4) return undefined;
  for (const [atom, coefficient] of whole.terms) {
    const f = atom.op === exp.op ? expm1.op : atom.op;
    const [u] = atom.operands;
    if (!rests.has(f) || constantValue(u) !== undefined) continue;
    const left = addLinear(addLinear(whole, linearAtom(atom), -coefficient), scaleLinear(linearOf(u), coefficient));
    if (isNumber(left) && left.constant === (atom.op === exp.op ? -coefficient : 0)) return { f, u, coefficient };
  }
  return undefined;
}

const times = (number: number, x: Value): Value => (number === 1 ? x : (mul(number, x) as Value));
const powerOf = (u: Value, exponent: number): Value =>
  exponent === 1 ? u : exponent === 2 ? mul(u, u) : mul(mul(u, u), u);
const applied = ({ f, coefficient }: Remainder, u: Value): Value => {
  const known = [expm1, sin, sinh].find(({ op }) => op === f)!;
  return times(coefficient, sub(known(u as never) as Value, u));
};

/** How often u is a factor of a product of nothing else. */
function exponentIn(value: Value, u: Value): number | undefined {
  if (same(value, u)) return 1;
  const [a, b] = value.operands;
  if (value.op === pow.op) return same(a, u) ? constantValue(b) : undefined;
  if (value.op !== mul.op) return undefined;
  const [left, right] = [exponentIn(a, u), exponentIn(b, u)];
  return left !== undefined && right !== undefined ? left + right : undefined;
}

/** (f(u) − u)/uᵏ. */
function remainderOverPower({ operands: [above, below] }: Value): Value | undefined {
  const found = constantValue(below) === undefined ? remainderOf(above) : undefined;
  const rest = found && rests.get(found.f);
  if (!found || !rest) return undefined;
  const { u, coefficient } = found;
  const exponent = exponentIn(below, u);
  const left = exponent === undefined ? -1 : lowestPower(rest) - exponent;
  if (exponent === undefined || !Number.isInteger(exponent) || exponent < 1 || left < 0) return undefined;
  const near = (x: Value): Value => less(abs(x), rest.radius);
  if (isApart(u, near, 1)) return undefined;
  const isNear = near(u);
  const close = polynomial(rest, u);
  const limit = times(coefficient, left === 0 ? close : mul(powerOf(u, left), close));
  const far = where(isNear, 1, u);
  return where(isNear, limit, div(applied(found, far), powerOf(far, exponent)));
}

/** Before differentiating: 0/0 at 0. */
export const remainderRules: readonly Rule[] = [
  rule(
    "remainder over a power",
    "stabilizes",
    "(expm1(x) - x) / (x * x) = select(less(abs(x), 1), 1 / 2 + x / 6 + x * x / 24 + ..., (expm1(x) - x) / (x * x))",
    ["div"],
    remainderOverPower,
  ),
];
