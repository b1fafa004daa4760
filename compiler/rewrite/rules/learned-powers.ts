/// Powers whose exponent is learned, near 1: what is left of them beside 1 has few digits, and an exponent of a million shows
/// what their base has rounded.
import { add, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { abs, exp, expm1, log, log1p, pow } from "../../../ir/ops/functions.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { constant, constantValue } from "../../../ir/ops/leaf.ts";
import { log1mexp } from "../../../ir/ops/logspace.ts";
import { exp2 } from "../../../ir/ops/powers.ts";
import { apply, type Value } from "../../../ir/value.ts";
import { baseOf } from "../mentions.ts";
import { reads, rule, type Rule } from "../rule.ts";
import { less, where } from "../untyped.ts";
import { isApart } from "./apart.ts";

/** eᵘ − 1 has its digits beyond. */
const radius = 0.5;

/** The number that a base is replaced with where the power is near 1. */
const elsewhere = 2;

/** What a base has beside 1: x of 1 + x, and of 1 − x. */
interface BesideOne {
  readonly x: Value;
  readonly isTakenAway: boolean;
}

function besideOne({ op, operands }: Value): BesideOne | undefined {
  const at = op === add.op || op === sub.op ? operands.findIndex((side) => constantValue(side) === 1) : -1;
  const isTakenAway = op === sub.op;
  return at < 0 || (isTakenAway && at > 0) ? undefined : { x: operands[1 - at], isTakenAway };
}

/** eᵘ of −(eᵘ − 1). */
function exponentialBesideOne({ op, operands: [inner] }: Value): BesideOne | undefined {
  return op === neg.op && inner.op === expm1.op ? { x: exp(inner.operands[0]), isTakenAway: true } : undefined;
}

/** Reads a logarithm within a few steps. */
function readsLogarithm({ op, operands }: Value, steps = 4): boolean {
  if (op === log.op || op === log1p.op || op === log1mexp.op) return true;
  return steps > 0 && operands.some((operand) => readsLogarithm(operand, steps - 1));
}

/**
 * True for a base that the rule has left with a number where the power is near 1. Other rules write y·ln x in their own way
 * (−n·ln x as −(n·ln x), ln x/n, ln(1 + u) as log1p(u)), so that a comparison by a logarithm is enough.
 */
function isWritten({ op, operands: [condition, ...sides] }: Value): boolean {
  return op === selectOp && sides.some((side) => constantValue(side) === elsewhere) && readsLogarithm(condition);
}

/** xʸ − 1 = e^(y ln x) − 1 where that is near 0. */
function powerLessOne(power: Value): Value | undefined {
  const [x, y] = power.operands;
  if (power.op !== pow.op || power.type.dtype !== "f32") return undefined;
  const u = besideOne(x) ?? (y.constant ? undefined : exponentialBesideOne(x));
  if (x.constant || (y.constant && !u)) return undefined;
  // Of a base that is not above 0 it is NaN or ∞, and not near.
  const isNear = (base: Value): Value => less(abs(mul(y, log(base) as Value) as Value), radius);
  if (isWritten(x)) return undefined;
  const near = isNear(x);
  const excess = u && where(near, signed(u), 1);
  const logarithm = excess ? log1p(excess) : log(where(near, x, elsewhere));
  const close = expm1(mul(y, logarithm as Value) as Value) as Value;
  return where(near, close, sub(pow(where(near, elsewhere, x), y) as Value, 1) as Value);
}

/** cʸ − 1 = e^(y ln c) − 1 of a number c, where that is near 0. */
function powerOfNumberLessOne(power: Value): Value | undefined {
  const base = power.op === exp2.op ? 2 : baseOf(power);
  const y = power.op === exp2.op ? power.operands[0] : power.operands[1];
  if (base === undefined || power.type.dtype !== "f32" || y.constant) return undefined;
  const isNear = (exponent: Value): Value => less(abs(exponent), radius / Math.abs(Math.log(base)));
  if (isApart(y, isNear, 1)) return undefined;
  const near = isNear(y);
  const close = expm1(mul(log(constant(base, "f32", y.type.shape)), y) as Value) as Value;
  const apart = power.operands.with(power.op === exp2.op ? 0 : 1, where(near, 1, y));
  return where(near, close, sub(apply(power.op, apart, power.attrs), 1));
}

/** 1 on either side. */
function oneBeside(lessOne: (power: Value) => Value | undefined): (value: Value) => Value | undefined {
  return ({ operands: [left, right] }) => {
    if (constantValue(right) === 1) return lessOne(left);
    const less = constantValue(left) === 1 ? lessOne(right) : undefined;
    return less && neg(less);
  };
}

const signed = ({ x, isTakenAway }: BesideOne): Value => (isTakenAway ? neg(x) : x);

/** True for what is beside 1 where the rule has left a number: other rules write |2x| < ½ as |x| < ¼. */
function isNumberNear({ op, operands }: Value): boolean {
  if (op === neg.op) return isNumberNear(operands[0]);
  const [condition, ...sides] = operands;
  const isBorder = op === selectOp && condition.operands.some((side) => constantValue(side) !== undefined);
  return isBorder && sides.some((side) => Math.abs(constantValue(side) ?? 0) === 1);
}

/** (1 + u)ʸ = e^(y ln(1 + u)) near 1. */
function powerOfNearlyOne({ type, operands: [base, y] }: Value): Value | undefined {
  const u = type.dtype !== "f32" || base.constant || y.constant ? undefined : besideOne(base);
  if (!u || isNumberNear(u.x)) return undefined;
  const near = less(abs(u.x), radius);
  const close = exp(mul(y, log1p(where(near, signed(u), 0)) as Value) as Value) as Value;
  const apart = u.isTakenAway ? sub(1, where(near, -1, u.x)) : add(1, where(near, 1, u.x));
  return where(near, close, pow(apart as Value, y) as Value);
}

/** Before differentiating: what is divided by the exponent is 0/0 where that is 0. */
export const learnedPowerRules: readonly Rule[] = [
  rule(
    "power less one, its exponent learned",
    "stabilizes",
    "pow(x, y) - 1 = select(less(abs(y * log(x)), 0.5), expm1(y * log(x)), pow(x, y) - 1)",
    ["sub"],
    oneBeside(powerLessOne),
    reads(pow.op),
  ),
  rule(
    "power of a number less one",
    "stabilizes",
    "exp2(x) - 1 = select(less(abs(x), 0.7), expm1(0.693147 * x), exp2(x) - 1)",
    ["sub"],
    oneBeside(powerOfNumberLessOne),
    reads(pow.op, exp2.op),
  ),
];

/** For kernels alone: values, whose slopes are powers as well. */
export const powerNumberRules: readonly Rule[] = [
  rule(
    "power of nearly one",
    "assumes-finite",
    "pow(1 + x, y) = select(less(abs(x), 0.5), exp(y * log1p(x)), pow(1 + x, y))",
    ["pow"],
    powerOfNearlyOne,
    reads(add.op, sub.op),
  ),
];
