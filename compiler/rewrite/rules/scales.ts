/// Powers and squares beside a scale: they overflow and vanish long before what is made of them does.
import { div, mul } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { abs, pow, sqrt } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { norm } from "../../../ir/ops/norm.ts";
import { root } from "../../../ir/ops/powers.ts";
import { axesOf, sumOp } from "../../../ir/ops/sum.ts";
import { remembering } from "../../../ir/intern.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { rangeOf } from "../range.ts";
import { identity, rule, type Condition, type Rule } from "../rule.ts";
import { ontoLayout } from "./uniform.ts";

/** base to a number. */
interface Power {
  readonly base: Value;
  readonly exponent: number;
}

/** A power, products of one base and roots taken together. */
const powerOf = remembering((value: Value): Power => {
  const [a, b] = value.operands;
  const number =
    value.op === pow.op ? constantValue(b) : value.op === sqrt.op || value.op === root.op ? 0.5 : undefined;
  // (x²)^½ is |x|: a root of an even power is none of x itself.
  if (number !== undefined) {
    const inner = powerOf(a);
    return rangeOf(inner.base).low >= 0 || inner.exponent === 1
      ? { base: inner.base, exponent: inner.exponent * number }
      : { base: a, exponent: number };
  }
  if (value.op === mul.op) {
    const [left, right] = [powerOf(a), powerOf(b)];
    if (same(left.base, right.base)) return { base: left.base, exponent: left.exponent + right.exponent };
  }
  return { base: value, exponent: 1 };
});

/** What a sum of powers is the norm of: of signs nothing is left. */
function measuredIn(total: Value): Power | undefined {
  if (total.op !== sumOp) return undefined;
  const { base, exponent } = powerOf(total.operands[0]);
  if (!(exponent > 1) || exponent === 2) return undefined;
  if (base.op === abs.op) return { base: base.operands[0], exponent };
  return exponent % 2 === 0 || rangeOf(base).low >= 0 ? { base, exponent } : undefined;
}

/** Factors of floats that were rounded, such as 3 · ⅓. */
const nearlyOne = (x: number): boolean => Math.abs(x - 1) < 1e-6;

/** (k·Σ|x|ᵖ)^(1/p) = k^(1/p)·‖x‖ₚ. */
function normOfPowers(value: Value): Value | undefined {
  const { base: inside, exponent: inverse } = powerOf(value);
  if (value.type.dtype !== "f32" || !(inverse > 0 && inverse < 0.6)) return undefined;
  const [a, b] = inside.operands;
  const divisor = inside.op === div.op ? constantValue(b) : undefined;
  const [total, factor] = divisor !== undefined ? [a, 1 / divisor] : [inside, 1];
  const found = measuredIn(total);
  if (!found || !nearlyOne(found.exponent * inverse) || !(factor > 0)) return undefined;
  const options = { axes: axesOf(total), order: found.exponent };
  const length = norm(found.base as never, options as never) as Value;
  return factor === 1 ? length : (mul(factor ** inverse, length) as Value);
}

/** y of y², repeated or not, and a number beside it. */
function scaleIn(divisor: Value): { readonly y: Value; readonly factor: number } | undefined {
  const [a, b] = divisor.operands;
  if (divisor.op.kind === "layout") {
    const inner = scaleIn(a);
    return inner && { ...inner, y: ontoLayout(inner.y, divisor) };
  }
  if (divisor.op !== mul.op) return undefined;
  if (same(a, b)) return a.constant ? undefined : { y: a, factor: 1 };
  for (const [number, rest] of [
    [constantValue(a), b],
    [constantValue(b), a],
  ] as const) {
    const inner = number !== undefined && number > 0 ? scaleIn(rest) : undefined;
    if (inner) return { ...inner, factor: inner.factor * number! };
  }
  return undefined;
}

/** x²/(k·y²) = (x/y)²/k. */
function quotientOfSquares({ type, operands: [above, below] }: Value): Value | undefined {
  const [x, again] = above.operands;
  const scale = type.dtype === "f32" && above.op === mul.op && same(x, again) ? scaleIn(below) : undefined;
  if (!scale) return undefined;
  const share: Value = div(x, scale.y);
  const square: Value = mul(share, share);
  return scale.factor === 1 ? square : div(square, scale.factor);
}

/** Where the 1 beside x²/v does not show. */
const beyond = "greater(x / v * x, 1000000000000000)";
const within = `select(${beyond}, 0, x)`;
/** Where x² may overflow, and v beside it is none too large. */
const large = "greater(abs(x), maximum(1000000000000000000, abs(v)))";
const outside = `select(${large}, x, 1)`;
const inside = `select(${large}, 0, x)`;

/** A number beside a square has a rule of its own, and so has a square; the far side is not taken out yet. */
const isValueBeside: Condition = ({ values: { x, v } }) => {
  const isOutside = x.op === selectOp && v.op === selectOp && same(x.operands[0], v.operands[0]);
  const beside = underLayouts(v);
  return !isOutside && !v.constant && beside.op !== mul.op;
};

const isNoNumber: Condition = ({ values: { v } }) => !v.constant;

/** Before differentiating: powers beside what they are measured by. */
export const scaleRules: readonly Rule[] = [
  rule(
    "norm of another order",
    "stabilizes",
    "pow(sum(x * x * x * x), 0.25) = m * pow(sum(pow(abs(x / m), 4)), 0.25) for m = max(abs(x))",
    ["pow", "sqrt", "root"],
    normOfPowers,
  ),
  rule("quotient of squares", "stabilizes", "x * x / (y * y) = (x / y) * (x / y)", ["div"], quotientOfSquares),
  identity(
    "log of a large square over a value",
    "stabilizes",
    `log1p(x * x / v) = select(${beyond}, 2 * log(select(${beyond}, abs(x), 1)) - log(select(${beyond}, v, 1)), ` +
      `log1p(${within} / v * ${within}))`,
    isNoNumber,
  ),
  identity(
    "log of a large square beside a value",
    "stabilizes",
    `log(v + x * x) = select(${large}, 2 * log(abs(${outside})) + log1p(select(${large}, v, 0) / ${outside} / ${outside}), ` +
      `log(select(${large}, 1, v) + ${inside} * ${inside}))`,
    isValueBeside,
  ),
];
