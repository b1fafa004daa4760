/// Products and quotients of exponentials: one exponential of a sum, which overflows only where the result does.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { abs, exp, tanh } from "../../../ir/ops/functions.ts";
import { axesOf, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { remembering } from "../../../ir/intern.ts";
import type { TensorType } from "../../../ir/type.ts";
import { same, type Value } from "../../../ir/value.ts";
import { mentionsExponential, monomialOf, termsOf } from "../exponential.ts";
import { addLinear, linearConstant, linearSoftplus, mapLinear, scaleLinear, writeLinear } from "../linear.ts";
import { atomMonomial, exponentialMonomial, isExponential, isPure, numberMonomial } from "../monomial.ts";
import { timesMonomial, writeMonomial, type Monomial } from "../monomial.ts";
import { rangeOf } from "../range.ts";
import { rule, type Rule } from "../rule.ts";

/** Exponents up to here neither overflow nor vanish. */
const largestExponent = 80;

/** Numbers up to here have a reciprocal, and a product with another of them. */
const largest = 1e30;

interface Factors {
  readonly over: readonly Value[];
  readonly under: readonly Value[];
  readonly sign: number;
}

/** A product taken apart: through products, quotients and signs. */
function factorsOf(value: Value): Factors {
  const over: Value[] = [];
  const under: Value[] = [];
  let sign = 1;
  const visit = (each: Value, [up, down]: readonly [Value[], Value[]], left: number): void => {
    const [a, b] = each.operands;
    if (left > 0 && each.op === neg.op) {
      sign = -sign;
      visit(a, [up, down], left - 1);
    } else if (left > 0 && (each.op === mul.op || each.op === div.op)) {
      visit(a, [up, down], left - 1);
      visit(b, each.op === mul.op ? [up, down] : [down, up], left - 1);
    } else up.push(each);
  };
  visit(value, [over, under], 6);
  return { over, under, sign };
}

/** True for a factor with an exponential in it. */
const isExponentialFactor = remembering((each: Value) => mentionsExponential(each) && isExponential(monomialOf(each)));

/**
 * True where a part can overflow, or vanish above and below, and the whole need not. What is the same above and below is
 * left to cancel.
 */
function isUnsafe(over: readonly Value[], under: readonly Value[]): boolean {
  const shared = (each: Value, others: readonly Value[]): boolean => others.some((other) => same(each, other));
  const above = over.filter((each) => isExponentialFactor(each) && !shared(each, under));
  const below = under.filter((each) => isExponentialFactor(each) && !shared(each, over));
  if (below.some((each) => !(rangeOf(each).high < largest))) return true;
  const isLarge = (each: Value): boolean => !(rangeOf(each).high < largest);
  if (above.some((each, at) => isLarge(each) && isMadeGood(above.toSpliced(at, 1), below, each))) return true;
  const vanishes = (each: Value): boolean => !(rangeOf(each).low > 1 / largest);
  return above.some(vanishes) && below.some(vanishes);
}

/**
 * True where others may be so small that a large factor does not show: a square is as large as its parts. One that is not
 * beyond float32 by itself, as e⁸⁰, stays so beside others of at most 1.
 */
function isMadeGood(others: readonly Value[], below: readonly Value[], factor: Value): boolean {
  if (below.length > 0) return true;
  const most = others.reduce((product, each) => product * Math.max(1, rangeOf(each).high), rangeOf(factor).high);
  return others.some((each) => isOther(each, factor) && rangeOf(each).low < 1) && !(most < 1e37);
}

/** Not the same sum of exponentials, which is as large again: two equal exponentials are one. */
const isOther = (each: Value, factor: Value): boolean => factor.op === exp.op || !same(each, factor);

/** eᵃ · eᵇ / e^c = e^(a + b − c), where a part could overflow and the whole may not. */
export function productOfExponentials(value: Value): Value | undefined {
  if (value.type.dtype !== "f32" || !mentionsExponential(value)) return undefined;
  const factors = factorsOf(value);
  if (!isUnsafe(factors.over, factors.under) || isHalved(factors)) return undefined;
  return distributed(productOf(factors), value.type);
}

function productOf({ over, under, sign }: Factors): Monomial {
  return [
    ...over.map((each) => [monomialOf(each), 1] as const),
    ...under.map((each) => [monomialOf(each), -1] as const),
  ].reduce<Monomial>((left, [part, power]) => timesMonomial(left, part, power), numberMonomial(sign));
}

const repeated = (values: readonly Value[]): Value | undefined =>
  values.find((each, i) => !each.constant && values.indexOf(each) < i);

/**
 * True for x · e^(u/2) · e^(u/2) and |x · e^(u/2)| · e^(u/2), where x may be so small that x · eᵘ is none too large; and for
 * the square of what is halved already, or what may be that.
 */
function isHalved(factors: Factors): boolean {
  const { over, under } = opened(factors);
  // Halves that are not all seen would be joined and parted again.
  if (over.length > mostFactors) return true;
  if (under.some(isExponentialFactor) || !(over.length > 2 || over.some(isSize))) return false;
  const parts = over
    .flatMap((each) => (isSize(each) ? opened(factorsOf(each.operands[0])).over : [each]))
    .filter(isExponentialFactor);
  return (parts.length === 2 && repeated(parts) !== undefined) || areInPairs(over.filter(isExponentialFactor));
}

/** More factors are not told apart: a square of a square of a square has twice as many with each. */
const mostFactors = 64;

/** The factors with products among them taken apart too: a square may lie below any number of divisors. */
function opened({ over, under }: Factors): Pick<Factors, "over" | "under"> {
  const isWhole = ({ op }: Value): boolean => op === neg.op || op === mul.op || op === div.op;
  while (over.some(isWhole) && over.length <= mostFactors) {
    const parts = over.map(factorsOf);
    over = parts.flatMap((each) => each.over);
    under = [...under, ...parts.flatMap((each) => each.under)];
  }
  return { over, under };
}

const areInPairs = (factors: readonly Value[]): boolean =>
  factors.length > 0 && factors.every((each) => factors.filter((other) => other === each).length % 2 === 0);

const isSize = ({ op }: Value): boolean => op === abs.op;

/** True for |x · eᵘ|: half of an exponential beside it would go in again and again. */
const holdsExponential = ({ operands: [x] }: Value): boolean => factorsOf(x).over.some(isExponentialFactor);

/** True where a formula of few steps reads a value. */
function isMadeOf(formula: Value, value: Value, steps = 3): boolean {
  return formula === value || (steps > 0 && formula.operands.some((each) => isMadeOf(each, value, steps - 1)));
}

/** x² · eᵘ = (x · e^(u/2))², and |x| · eᵘ = |x · e^(u/2)| · e^(u/2). */
function sizeTimesExponential(value: Value): Value | undefined {
  const { type } = value;
  if (type.dtype !== "f32" || !mentionsExponential(value)) return undefined;
  const factors = factorsOf(value);
  const x = repeated(factors.over) ?? factors.over.find((each) => isSize(each) && !holdsExponential(each));
  if (!x || isHalved(factors)) return undefined;
  const { over, exponent, ...product } = productOf(factors);
  const rest = over.toSpliced(over.indexOf(x), 1);
  const again = rest.indexOf(x);
  const power = writeLinear({ ...exponent, constant: 0 }, type);
  // What is made of the exponential is as large as that.
  if (factors.over.some((each) => each !== x && isExponentialFactor(each) && isMadeOf(x, each))) return undefined;
  if ((again < 0 && !isSize(x)) || !(rangeOf(power).high > largestExponent)) return undefined;
  const root = exp(writeLinear(scaleLinear({ ...exponent, constant: 0 }, 0.5), type));
  const half: Value = mul(again < 0 ? x.operands[0] : x, root);
  const whole = again < 0 ? mul(abs(half), root) : mul(half, half);
  const left = again < 0 ? rest : rest.toSpliced(again, 1);
  const others = { ...product, over: left, exponent: linearConstant(exponent.constant) };
  return writeMonomial(timesMonomial(others, atomMonomial(whole)), type);
}

/** Factors that are sums of exponentials are multiplied out, so that none of them overflows by itself. */
function distributed(product: Monomial, type: TensorType): Value {
  for (const [at, factor] of product.over.entries()) {
    const rest = { ...product, over: product.over.toSpliced(at, 1) };
    const written = quotientOfSums(factor, rest, type) ?? intoSum(factor, rest, type);
    if (written) return written;
  }
  return writeMonomial(product, type);
}

function quotientOfSums(factor: Value, rest: Monomial, type: TensorType): Value | undefined {
  const terms = termsOf(factor);
  if (terms.length < 2 || !terms.some((term) => canOverflow(term, type)) || isLong(factor)) return undefined;
  return hyperbolic(terms, rest, type) ?? multipliedOut(terms, rest, type);
}

/** So many values are met on all ways through sums and products of what people multiply out. */
const mostSteps = 100;

/** True where multiplying out would go on and on: sums within terms, each read by the next two, have 2ⁿ terms. */
function isLong(value: Value): boolean {
  const pending = [value];
  let steps = 0;
  for (let each = pending.pop(); each && steps <= mostSteps; each = pending.pop(), steps++) {
    const { op, operands } = each;
    if (op === div.op) pending.push(operands[0]);
    else if (op === add.op || op === sub.op || op === mul.op || op === neg.op) pending.push(...operands);
  }
  return steps > mostSteps;
}

function canOverflow(term: Monomial, type: TensorType): boolean {
  return isExponential(term) && !(rangeOf(writeLinear(term.exponent, type)).high <= largestExponent);
}

/** (eᵃ − eᵇ) / (eᵃ + eᵇ) = tanh((a − b) / 2). */
function hyperbolic(terms: readonly Monomial[], rest: Monomial, type: TensorType): Value | undefined {
  if (terms.length !== 2 || !terms.every(isPure) || terms[0].coefficient !== -terms[1].coefficient) return undefined;
  const [a, b] = terms.map((term) => term.exponent);
  const gap = addLinear(a, b, -1);
  const exponent = addLinear(rest.exponent, linearSoftplus(gap));
  if (exponent.softplus.length >= rest.exponent.softplus.length) return undefined;
  const half = tanh(writeLinear(scaleLinear(gap, 0.5), type));
  const others = { ...rest, exponent: addLinear(exponent, b), coefficient: rest.coefficient * terms[0].coefficient };
  return writeMonomial(timesMonomial(others, atomMonomial(half)), type);
}

function multipliedOut(terms: readonly Monomial[], rest: Monomial, type: TensorType): Value {
  const written = terms.map((term) => writeMonomial(timesMonomial(term, rest), type));
  return written.reduce((left, right) => add(left, right));
}

/** Σ w·eᵘ · e^c = Σ w·e^(u + c). */
function intoSum(factor: Value, rest: Monomial, type: TensorType): Value | undefined {
  if (factor.op !== sumOp || !isExponential(rest)) return undefined;
  const [x] = factor.operands;
  const element = monomialOf(x);
  if (!canOverflow(element, x.type)) return undefined;
  const axes = axesOf(factor);
  const outside = mapLinear(rest.exponent, (atom) => spread(atom, x.type, axes));
  const inner = distributed(timesMonomial(element, exponentialMonomial(outside)), x.type);
  const others = { ...rest, exponent: linearConstant(0) };
  return writeMonomial(timesMonomial(others, atomMonomial(sum(inner, { axes }))), type);
}

/** Softmax, sigmoid, tanh and what else is a quotient of exponentials, in one rule. */
export const quotientRules: readonly Rule[] = [
  rule(
    "square times an exponential",
    "stabilizes",
    "x * x * exp(u) = (x * exp(u / 2)) * (x * exp(u / 2))",
    ["mul", "div"],
    sizeTimesExponential,
  ),
  rule(
    "product of exponentials",
    "stabilizes",
    "exp(x) / sum(exp(y)) = exp(x - logsumexp(y))",
    ["mul", "div"],
    productOfExponentials,
  ),
];
