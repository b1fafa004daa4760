/// Products with factors that vanish or overflow together, wherever in the product they stand, and complements of clamps.
import { div, mul, neg } from "../../../ir/ops/arithmetic.ts";
import { castOp, selectOp } from "../../../ir/ops/choose.ts";
import { exp, log, maximum, minimum, sigmoid, sqrt } from "../../../ir/ops/functions.ts";
import { constant, constantValue } from "../../../ir/ops/leaf.ts";
import { sumOp } from "../../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { mentionsExponential, termsOf } from "../exponential.ts";
import { factorsOf, partsOfProduct, type Opening } from "../factors.ts";
import { isExponential, type Monomial } from "../monomial.ts";
import { rangeOf } from "../range.ts";
import { mapped, reads, rule, type Rule } from "../rule.ts";
import { where } from "../untyped.ts";
import { countsWithin } from "./relative.ts";
import { logOfWeighted } from "./weighted.ts";

/** A square is one factor. */
const partsOfOthers: Opening = (factor) => (isSquare(factor) ? undefined : partsOfProduct(factor));

/** The factors of a product, as far as it is short. */
const factorsAmong = (value: Value): readonly Value[] => factorsOf(value, partsOfOthers) ?? [];

const productOf = (factors: readonly Value[]): Value => factors.reduce((a, b) => mul(a, b));

/** (w·x)·ln x = w·(x·ln x), which is 0 at 0. */
function besideLogarithm(value: Value): Value | undefined {
  const factors = factorsAmong(value);
  if (factors.length < 3 || value.type.dtype !== "f32") return undefined;
  for (const logarithm of factors) {
    const [x] = logarithm.operands;
    if (logarithm.op !== log.op || rangeOf(x).low > 0) continue;
    const other = factors.find((factor) => same(factor, x));
    if (!other) continue;
    const rest = factors.filter((factor) => factor !== other && factor !== logarithm);
    return mul(productOf(rest), mul(x, logarithm));
  }
  return undefined;
}

const isSquare = ({ op, operands: [a, b] }: Value): boolean => op === mul.op && same(a, b);

/** What a condition counts or not, as 1 and 0: its square is not computed where it does not count, and may overflow there. */
function maskedSquare(value: Value): Value | undefined {
  const factors = factorsAmong(value);
  const mask = factors.find(({ op, operands: [c] }) => op === castOp && c.type.dtype === "bool");
  if (!mask || !factors.some((factor) => isSquare(factor) && !factor.constant)) return undefined;
  return where(mask.operands[0], productOf(factors.filter((factor) => factor !== mask)), 0);
}

/**
 * True where the largest exponent can say which term is the largest. It cannot beside a term without an exponential whose
 * weight is unrelated to theirs, such as the mean of squares that an optimizer keeps: that is e⁰ times anything.
 */
function isMeasuredByExponents(sum: Value): boolean {
  const whole = underLayouts(sum);
  if (!mentionsExponential(whole)) return true;
  if (whole.op === div.op || whole.op === sumOp) return whole.operands.every(isMeasuredByExponents);
  const terms = termsOf(whole);
  const hasExponent = (term: Monomial): boolean => isExponential(term) || term.over.some(isSumOfExponentials);
  const exponentials = terms.filter(hasExponent);
  const isRelated = (term: Monomial): boolean => exponentials.some((top) => countsWithin(top, term, whole.type));
  return terms.every((term) => hasExponent(term) || isRelated(term));
}

const isSumOfExponentials = (factor: Value): boolean =>
  factor.op === sumOp && mentionsExponential(factor) && isMeasuredByExponents(factor);

/** (Σ w·eᵘ)ᶜ = e^(c·ln Σ w·eᵘ), where the sum may vanish and its slope be infinite. */
function powerOfWeighted({ op, type, operands: [x, power] }: Value): Value | undefined {
  const number = op === sqrt.op ? 0.5 : constantValue(power);
  if (type.dtype !== "f32" || number === undefined || Number.isInteger(number) || !mentionsExponential(x))
    return undefined;
  if (!isMeasuredByExponents(x)) return undefined;
  return mapped(logOfWeighted(log(x)), (logarithm) => exp(mul(number, logarithm) as Value));
}

/** 1 − x of what is a number on one side of a clamp, and a sigmoid between: σ(−u) has digits that 1 − σ(u) has lost. */
function complementOfClamp({ type, operands: [one, x] }: Value): Value | undefined {
  const isClamp = x.op === selectOp || x.op === maximum.op || x.op === minimum.op;
  return isClamp && type.dtype === "f32" && constantValue(one) === 1 ? complementWithin(x, deepest) : undefined;
}

/** A clamp is two choices, and a person guards once or twice. */
const deepest = 4;

function complementWithin(x: Value, depth: number): Value | undefined {
  const number = constantValue(x);
  if (number !== undefined) return constant(1 - number, "f32", x.type.shape);
  const [a, b, c] = x.operands;
  if (x.op === sigmoid.op) return sigmoid(neg(a));
  const isChoice = x.op === selectOp;
  if (depth === 0 || !(isChoice || x.op === maximum.op || x.op === minimum.op)) return undefined;
  const [left, right] = (isChoice ? [b, c] : [a, b]).map((part) => complementWithin(part, depth - 1));
  if (!left || !right) return undefined;
  return isChoice ? where(a, left, right) : (x.op === maximum.op ? minimum : maximum)(left, right);
}

/** Products, powers and complements. */
export const productRules: readonly Rule[] = [
  rule(
    "nothing times its logarithm, among factors",
    "reassociates",
    "w * x * log(x) = w * (x * log(x))",
    ["mul"],
    besideLogarithm,
  ),
  rule("mask times a square", "stabilizes", "cast(c) * (x * x) = select(c, x * x, 0)", ["mul"], maskedSquare),
  rule(
    "power of weighted exponentials",
    "stabilizes",
    "pow(sum(w * exp(u)), c) = exp(c * log(sum(w * exp(u))))",
    ["pow", "sqrt"],
    powerOfWeighted,
  ),
  rule(
    "complement of a clamp",
    "stabilizes",
    "1 - minimum(sigmoid(x), c) = maximum(sigmoid(-x), 1 - c)",
    ["sub"],
    complementOfClamp,
    reads(selectOp, maximum.op, minimum.op),
  ),
];
