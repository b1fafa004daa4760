/// Squares that overflow beyond 1.8·10¹⁹ where what is made of them does not, and squares whose digits cancel.
import { add, div, mul } from "../../../ir/ops/arithmetic.ts";
import { greater } from "../../../ir/ops/compare.ts";
import { abs, log, log1p, pow } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { sameType } from "../../../ir/type.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { identity, rule, type Condition, type Rule } from "../rule.ts";
import { isApart } from "./apart.ts";
import { where } from "../untyped.ts";

/** number + factor · side², both numbers positive. */
interface Shifted {
  readonly number: number;
  readonly factor: number;
  readonly side: Value;
}

/** factor · side². */
export function squareIn(value: Value): Omit<Shifted, "number"> | undefined {
  const [a, b] = value.operands;
  if (value.op === mul.op && same(a, b)) return { factor: 1, side: a };
  const [first, second] = value.operands.map(constantValue);
  const [inner, by] =
    value.op === mul.op
      ? first !== undefined
        ? [b, first]
        : [a, second]
      : value.op === div.op && second
        ? [a, 1 / second]
        : [];
  const found = inner && by !== undefined && by > 0 ? squareIn(inner) : undefined;
  return found && { factor: found.factor * by!, side: found.side };
}

function shiftedSquare({ op, operands: [a, b] }: Value): Shifted | undefined {
  if (op !== add.op) return undefined;
  const [left, right] = [constantValue(a), constantValue(b)];
  const number = left ?? right;
  const square = left !== undefined ? squareIn(b) : right !== undefined ? squareIn(a) : undefined;
  return number !== undefined && number > 0 && square ? { number, ...square } : undefined;
}

/**
 * So far out that a number beside a square does not show in a float32; undefined where the square overflows before, and
 * where the far side is taken out already.
 */
function isFar({ number, factor, side }: Shifted): Value | undefined {
  const border = 1e9 * Math.max(1, Math.sqrt(number / factor));
  const crosses = (x: Value): Value => greater(abs(x), border);
  return border < 1e16 && !isApart(side, crosses) ? crosses(side) : undefined;
}

/** What is left of a formula out there is written otherwise: its square is taken of 0. */
const nearby = (far: Value, side: Value): Value => where(far, 0, side);

/** f(c + k·y²) with the square of a y that is 0 far out. */
function near({ number, factor, side }: Shifted, far: Value): { readonly square: Value; readonly total: Value } {
  const y = nearby(far, side);
  const square: Value = factor === 1 ? mul(y, y) : (mul(factor, mul(y, y)) as Value);
  return { square, total: add(number, square) };
}

/** ln(c + k·y²) = 2 ln|y| + ln k far out. */
function logOfSquare(value: Value): Value | undefined {
  const [x] = value.operands;
  const inner = value.op === log1p.op ? squareIn(x) : undefined;
  const found = value.op === log1p.op ? inner && { number: 1, ...inner } : shiftedSquare(x);
  const far = found && x.type.dtype === "f32" ? isFar(found) : undefined;
  if (!found || !far) return undefined;
  const twice: Value = mul(2, log(abs(found.side)));
  const beyond: Value = found.factor === 1 ? twice : add(twice, Math.log(found.factor));
  const { square, total } = near(found, far);
  return where(far, beyond, found.number === 1 ? log1p(square) : log(total));
}

/** (c + k·y²)ᵖ = kᵖ·|y|²ᵖ far out. */
function powerOfSquare({ type, operands: [x, exponent] }: Value): Value | undefined {
  const found = type.dtype === "f32" ? shiftedSquare(x) : undefined;
  const power = constantValue(exponent);
  const far = found && isFar(found);
  if (!found || !far || power === undefined || Number.isInteger(power) || !(power > 0 && power < 1)) return undefined;
  const grown: Value = power === 0.5 ? abs(found.side) : (pow(abs(found.side), 2 * power) as Value);
  const beyond: Value = found.factor === 1 ? grown : mul(found.factor ** power, grown);
  return where(far, beyond, pow(near(found, far).total, exponent));
}

/** y²/(c + k·y²) = 1/k far out. */
function squareOverSquare({ type, operands: [above, below] }: Value): Value | undefined {
  const found = type.dtype === "f32" ? shiftedSquare(below) : undefined;
  const top = found && squareIn(above);
  const far = found && isFar(found);
  if (!found || !far || !top || !same(top.side, found.side)) return undefined;
  const { square, total } = near(found, far);
  const ratio = top.factor / found.factor;
  return where(far, ratio, div(ratio === 1 ? square : mul(ratio, square), total));
}

/** Before differentiating: what squares that overflow are in. */
export const squareRules: readonly Rule[] = [
  rule(
    "log of a large square",
    "stabilizes",
    "log1p(x * x) = select(greater(abs(x), 1e9), 2 * log(abs(x)), log1p(x * x))",
    ["log", "log1p"],
    logOfSquare,
  ),
  rule(
    "power of a large square",
    "stabilizes",
    "pow(1 + x * x, 0.25) = select(greater(abs(x), 1e9), sqrt(abs(x)), pow(1 + x * x, 0.25))",
    ["pow"],
    powerOfSquare,
  ),
  rule(
    "large square over itself",
    "stabilizes",
    "x * x / (1 + x * x) = select(greater(abs(x), 1e9), 1, x * x / (1 + x * x))",
    ["div"],
    squareOverSquare,
  ),
];

/** Not computed just before, so that its own last digit is what cancels: of 1 − tanh² no form has more digits. */
const isExact: Condition = ({ values }) =>
  Object.values(values).every((each) => underLayouts(each).op.kind !== "elementwise");

/** The same of elements of one type: sums that are taken along the same axes. */
const areAlike: Condition = (bindings, value, surroundings) =>
  sameType(bindings.values.x.type, bindings.values.y.type) && isExact(bindings, value, surroundings);

/** For kernels alone: the textbook writes squares. */
export const squareNumberRules: readonly Rule[] = [
  identity("difference of squares", "stabilizes", "x * x - y * y = (x - y) * (x + y)", isExact),
  identity(
    "difference of sums of squares",
    "stabilizes",
    "sum[a](x * x) - sum[a](y * y) = sum[a]((x - y) * (x + y))",
    areAlike,
  ),
  identity("one minus a square", "stabilizes", "1 - x * x = (1 - x) * (1 + x)", isExact),
  identity("square minus one", "stabilizes", "x * x - 1 = (x - 1) * (x + 1)", isExact),
];
