/// Quotients that are 0/0 and have another form that is not: and what others look for in the place of exponentials.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { exp, sqrt } from "../../../ir/ops/functions.ts";
import { sinh } from "../../../ir/ops/hyperbolic.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { hypot } from "../../../ir/ops/powers.ts";
import { same, type Value } from "../../../ir/value.ts";
import { addLinear, equalLinear, linearConstant, linearOf, scaleLinear, type Linear } from "../linear.ts";
import { reads, rule, type Rule } from "../rule.ts";

/** eᵘ − e⁻ᵘ. */
function differenceOfInverses({ type, operands }: Value): Value | undefined {
  if (type.dtype !== "f32" || !operands.every(({ op }) => op === exp.op)) return undefined;
  const [[u], [v]] = operands.map((each) => each.operands);
  const isInverse = u.op === neg.op ? same(u.operands[0], v) : v.op === neg.op && same(v.operands[0], u);
  if (!isInverse) return undefined;
  return u.op === neg.op ? neg(mul(2, sinh(v))) : (mul(2, sinh(u)) as Value);
}

const isRoot = ({ op }: Value): boolean => op === sqrt.op || op === hypot.op;

/** √s of √s − c, or of c − √s. */
function rootBesideNumber({
  op,
  operands: [a, b],
}: Value): { readonly root: Value; readonly number: number } | undefined {
  if (op !== sub.op) return undefined;
  const [root, number] = isRoot(a) ? [a, constantValue(b)] : [b, constantValue(a)];
  return isRoot(root) && number !== undefined && number > 0 ? { root, number } : undefined;
}

/** x of √(c² + x). */
function restUnder({ op, operands: [a, b] }: Value, number: number): Linear | undefined {
  if (op === sqrt.op) return addLinear(linearOf(a), linearConstant(number ** 2), -1);
  const [c, x] = constantValue(a) === undefined ? [b, a] : [a, b];
  return Math.abs(constantValue(c) ?? 0) === number ? linearOf(mul(x, x)) : undefined;
}

/** (√(c² + x) − c)/x = 1/(√(c² + x) + c). */
function rootOverRest({ type, operands: [above, below] }: Value): Value | undefined {
  const found = type.dtype === "f32" && !below.constant ? rootBesideNumber(above) : undefined;
  if (!found) return undefined;
  const rest = restUnder(found.root, found.number);
  if (!rest) return undefined;
  const whole = linearOf(below);
  const [[atom, coefficient]] = whole.terms.size > 0 ? whole.terms : [[below, 1] as const];
  const ratio = (rest.terms.get(atom) ?? 0) / coefficient;
  if (ratio === 0 || !equalLinear(rest, scaleLinear(whole, ratio))) return undefined;
  const sign = above.operands[0] === found.root ? 1 : -1;
  return div(sign * ratio, add(found.root, found.number)) as Value;
}

/** Before the rules for functions over what they are of. */
export const removableRules: readonly Rule[] = [
  rule(
    "difference of inverse exponentials",
    "stabilizes",
    "exp(x) - exp(-x) = 2 * sinh(x)",
    ["sub"],
    differenceOfInverses,
    reads(exp.op),
  ),
  rule(
    "root beside a number, over the rest",
    "stabilizes",
    "(sqrt(1 + x) - 1) / x = 1 / (sqrt(1 + x) + 1)",
    ["div"],
    rootOverRest,
    reads(sub.op),
  ),
];
