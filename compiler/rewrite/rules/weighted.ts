/// Logarithms of sums of exponentials with weights, such as a mixture of densities or y·p + (1 − y)·(1 − p) for a soft
/// target y: a weight may be 0, of either sign, and far from any exponential.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { stopGradient } from "../../../ir/ops/derivative.ts";
import { abs, exp, log, log1p, maximum } from "../../../ir/ops/functions.ts";
import { logsumexp, max } from "../../../ir/ops/reduce.ts";
import { axesOf, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { sameType, type TensorType } from "../../../ir/type.ts";
import { underLayouts, type Value } from "../../../ir/value.ts";
import { mentionsExponential, monomialOf, termsOf } from "../exponential.ts";
import { addLinear, equalLinear, isNumber, linearOf, writeLinear, type Linear } from "../linear.ts";
import { atomMonomial, exponentialMonomial, isExponential, isPure, numberMonomial } from "../monomial.ts";
import { restOf, timesMonomial, type Monomial } from "../monomial.ts";
import { rangeOf, type Range } from "../range.ts";
import { rule, type Rule } from "../rule.ts";
import { complementOf } from "../sigmoids.ts";
import { closenessRules } from "./closeness.ts";
import {
  counted,
  countsWithin,
  isCertain,
  isRelative,
  largestExponent,
  lowest,
  relative,
  relativeBeside,
  weightedOf,
} from "./relative.ts";
import { isSpreadOf, ontoLayout, ontoLayouts } from "./uniform.ts";
import { greater, where } from "../untyped.ts";

/** True where an exponential can overflow, or vanish: of one that is relative to the largest neither matters. */
function isExtreme(term: Monomial, type: TensorType, which: (range: Range) => boolean): boolean {
  if (!isExponential(term)) return false;
  const exponent = writeLinear(term.exponent, type);
  return !isRelative(exponent) && which(rangeOf(exponent));
}

const overflows = ({ high }: Range): boolean => !(high <= largestExponent);
const vanishes = ({ low }: Range): boolean => !(low >= -largestExponent);

/** Longer sums stay sums. */
const mostTerms = 6;

/** Σ wᵢ e^uᵢ with each exponential once: (1 − y) e⁰ + y·eᵘ of 1 − y + y·eᵘ, where the first weight may be 0. */
function grouped(terms: readonly Monomial[], type: TensorType): readonly Monomial[] {
  return terms.reduce<readonly Monomial[]>((found, term) => {
    const at = found.findIndex(({ exponent }) => equalLinear(exponent, term.exponent));
    return at < 0 ? [...found, term] : found.with(at, withWeight(term, sumOfWeights(found[at], term, type), type));
  }, []);
}

/** The weights of both, added up. */
const sumOfWeights = (a: Monomial, b: Monomial, type: TensorType): Linear =>
  addLinear(linearOf(weightedOf(a, type).weight), linearOf(weightedOf(b, type).weight));

function withWeight({ exponent }: Monomial, weight: Linear, type: TensorType): Monomial {
  const factor = isNumber(weight) ? numberMonomial(weight.constant) : atomMonomial(writeLinear(weight, type));
  return timesMonomial(factor, exponentialMonomial(exponent));
}

/** a + b·σ(x) = a·σ(−x) + (a + b)·σ(x), where b may be negative: nothing cancels where both weights are positive. */
function aroundSigmoid(terms: readonly Monomial[], type: TensorType): readonly Monomial[] {
  const [number, sigmoid] = terms.toSorted((a, b) => Number(isExponential(a)) - Number(isExponential(b)));
  const complement = terms.length === 2 && !isExponential(number) ? complementOf(sigmoid.exponent) : undefined;
  if (!complement || !(rangeOf(weightedOf(sigmoid, type).weight).low < 0)) return terms;
  const mirrored = timesMonomial(number, exponentialMonomial(complement));
  return [mirrored, withWeight(sigmoid, sumOfWeights(number, sigmoid, type), type)];
}

/** A sum of exponentials with weights, as e^L times what is left when L is taken from every exponent. */
interface Scaled {
  /** The largest exponent whose weight is not 0. */
  readonly largest: Value;
  relativeTo(exponent: Value): Value;
}

function scaledTerm(term: Monomial, type: TensorType): Scaled {
  const inner = sumIn(term);
  if (!inner) {
    const part = weightedOf(term, type);
    return { largest: counted(part), relativeTo: (exponent) => relative(part, exponent) };
  }
  const { coefficient } = term;
  const relativeTo = (exponent: Value): Value =>
    restOf({ ...numberMonomial(coefficient), over: [inner.relativeTo(exponent)] }, type);
  return { largest: inner.largest, relativeTo };
}

/** A sum along axes whose exponentials may be extreme. */
function scaledSum(x: Value): Scaled | undefined {
  if (x.op !== sumOp || !mentionsExponential(x)) return undefined;
  const [element] = x.operands;
  const term = monomialOf(element);
  if (!isExtreme(term, element.type, (range) => overflows(range) || vanishes(range))) return undefined;
  const axes = axesOf(x);
  const part = weightedOf(term, element.type);
  return {
    largest: max(counted(part), { axes }),
    relativeTo: (exponent) => sum(relative(part, spread(exponent, element.type, axes)), { axes }),
  };
}

/** Few terms that are written out, some of which may be sums along axes. */
function scaledTerms(written: readonly Monomial[], type: TensorType): Scaled | undefined {
  if (written.length < 1 || written.length > mostTerms || written.every(isPure)) return undefined;
  const sums = written.filter(isExtremeSum);
  const others = written.filter((term) => !sums.includes(term));
  const terms = aroundSigmoid(grouped(others, type), type);
  if (sums.length === 0 && !(isUnsafe(terms, type) && terms.some(isExponential))) return undefined;
  const parts = [...terms, ...sums].map((term) => scaledTerm(term, type));
  return {
    largest: parts.map(({ largest }) => largest).reduce((a, b) => maximum(a, b)),
    relativeTo: (exponent) => parts.map((part) => part.relativeTo(exponent)).reduce((a, b) => add(a, b)),
  };
}

/** True where an exponential may overflow, or all that counts for certain may vanish. */
function isUnsafe(terms: readonly Monomial[], type: TensorType): boolean {
  const mayVanish = terms.filter((term) => isExtreme(term, type, vanishes));
  return (
    terms.some((term) => isExtreme(term, type, overflows)) ||
    (mayVanish.length > 0 && terms.every((term) => mayVanish.includes(term) || !isCertain(term, type)))
  );
}

/** The sum along axes, alone but for a number before it: beside an exponential it is a weight like others. */
function sumIn(term: Monomial): Scaled | undefined {
  const { over, under } = term;
  return isExponential(term) || over.length !== 1 || under.length > 0 ? undefined : scaledSum(over[0]);
}

const isExtremeSum = (term: Monomial): boolean => sumIn(term) !== undefined;

const scaledOf = (x: Value): Scaled | undefined => scaledSum(x) ?? scaledTerms(termsOf(x), x.type);

/** e^exponent · total. */
interface Shifted {
  readonly exponent: Value;
  readonly total: Value;
}

function shiftedOf(x: Value): Shifted | undefined {
  if (!mentionsExponential(x)) return undefined;
  if (x.op.kind === "layout") {
    const inner = shiftedOf(x.operands[0]);
    return inner && { exponent: ontoLayout(inner.exponent, x), total: ontoLayout(inner.total, x) };
  }
  const scaled = scaledOf(x);
  if (!scaled) return undefined;
  const exponent = shiftOf(scaled.largest);
  return { exponent, total: scaled.relativeTo(exponent) };
}

/** ln Σ wᵢ e^uᵢ = L + ln Σ wᵢ e^(uᵢ − L) for the largest uᵢ whose weight is not 0. */
export function logOfWeighted({ type, operands: [x] }: Value): Value | undefined {
  const isSize = x.op === abs.op;
  const whole = isSize ? x.operands[0] : x;
  if (type.dtype !== "f32" || !mentionsExponential(whole)) return undefined;
  const logarithm = (total: Value): Value => log(isSize ? (abs(total) as Value) : total);
  if (whole.op === div.op) return logOfQuotient(whole, logarithm);
  const shifted = shiftedOf(whole);
  return shifted && add(shifted.exponent, logarithm(shifted.total));
}

/** The quotient of what is left; the exponents' difference is added. */
function logOfQuotient({ operands: [a, b] }: Value, logarithm: (x: Value) => Value): Value | undefined {
  const [above, below] = [shiftedOf(a), shiftedOf(b)];
  if (!below) return above && add(above.exponent, logarithm(div(above.total, b)));
  if (!above) return sub(logarithm(div(a, below.total)), below.exponent);
  return add(sub(above.exponent, below.exponent), logarithm(div(above.total, below.total)));
}

/** ln(1 + Σ wᵢ e^uᵢ): where no exponential is near its end, the sum keeps its digits beside the one. */
function logOfOnePlusWeighted({ type, operands: [x] }: Value): Value | undefined {
  if (type.dtype !== "f32" || !mentionsExponential(x)) return undefined;
  const rest = scaledOf(x);
  if (!rest) return undefined;
  const isLarge = greater(rest.largest, 80);
  const exponent = shiftOf(where(isLarge, rest.largest, 0));
  const total = rest.relativeTo(exponent);
  const large: Value = add(exponent, log(add(exp(neg(exponent)), total)));
  return where(isLarge, large, log1p(total));
}

/** Σ wᵢ e^uᵢ / Σ vᵢ e^sᵢ: each relative to its own largest exponent, so that neither vanishes. */
function quotientOfWeighted({ type, operands: [a, b] }: Value): Value | undefined {
  if (type.dtype !== "f32" || a.constant || b.constant || !isSumOfExponentials(a)) return undefined;
  const mean = meanOfAll(a, b);
  if (mean) return mean;
  const [above, below] = [scaledOf(a), shiftedOf(b)];
  if (!above || !below) return undefined;
  const exponent = shiftOf(above.largest);
  return mul(exp(sub(exponent, below.exponent)), div(above.relativeTo(exponent), below.total));
}

/** Σ w·eᵘ / Σ eᵘ = Σ w·softmax(u), along the same axes. */
function meanOfAll(above: Value, below: Value): Value | undefined {
  if (above.op !== sumOp || below.op !== sumOp || axesOf(above).join() !== axesOf(below).join()) return undefined;
  const [{ type }] = above.operands;
  const [top, term] = [above, below].map(({ operands: [element] }) => monomialOf(element));
  if (!isPure(term) || !isExponential(term) || !equalLinear(top.exponent, term.exponent)) return undefined;
  if (!sameType(type, below.operands[0].type)) return undefined;
  const axes = axesOf(above);
  const { weight, exponent } = weightedOf({ ...top, coefficient: top.coefficient / term.coefficient }, type);
  const share: Value = exp(sub(exponent, spread(logsumexp(exponent, { axes }), type, axes)));
  return sum(mul(weight, share), { axes });
}

/** An exponential is divided by a sum elsewhere. */
const isSumOfExponentials = (x: Value): boolean =>
  mentionsExponential(x) && termsOf(x).some((term) => term.over.some(({ op }) => op === sumOp));

/** w·eᵘ / Σ w·eᵘ, as a softmax with a mask of numbers has it: both relative to the largest exponent that counts. */
export function shareOfWeighted({ type, operands: [above, below] }: Value): Value | undefined {
  const total = underLayouts(below);
  if (type.dtype !== "f32" || total.op !== sumOp || !mentionsExponential(above)) return undefined;
  const [element] = total.operands;
  const [top, term] = [above, element].map((each) => monomialOf(each));
  if (isPure(term) || !sameType(above.type, element.type) || !equalLinear(top.exponent, term.exponent))
    return undefined;
  if (!isExtreme(term, element.type, (range) => overflows(range) || vanishes(range))) return undefined;
  const axes = axesOf(total);
  if (!isSpreadOf(below, total, axes)) return undefined;
  const part = weightedOf(term, element.type);
  const largest = spread(shiftOf(max(counted(part), { axes })), element.type, axes);
  const again = ontoLayouts(below, total, sum(relative(part, largest), { axes }));
  const share = countsWithin(top, term, element.type) ? relative : relativeBeside;
  return div(share(weightedOf(top, type), largest), again);
}

/** Any number would do: the logarithm does not depend on it, and neither does its gradient. */
const shiftOf = (largest: Value): Value => stopGradient(maximum(largest, lowest));

/** After the rules for logarithms that need no weights. */
export const weightedRules: readonly Rule[] = [
  ...closenessRules,
  rule(
    "log of weighted exponentials",
    "stabilizes",
    "log(sum(w * exp(u))) = max(u) + log(sum(w * exp(u - max(u))))",
    ["log"],
    logOfWeighted,
  ),
  rule(
    "log of one plus weighted exponentials",
    "stabilizes",
    "log1p(sum(w * exp(u))) = max(u) + log(exp(-max(u)) + sum(w * exp(u - max(u))))",
    ["log1p"],
    logOfOnePlusWeighted,
  ),
  rule(
    "share of weighted exponentials",
    "stabilizes",
    "w * exp(u) / sum(w * exp(u)) = w * exp(u - max(u)) / sum(w * exp(u - max(u)))",
    ["div"],
    shareOfWeighted,
  ),
  rule(
    "quotient of sums of weighted exponentials",
    "stabilizes",
    "sum(v * exp(s)) / sum(w * exp(u)) = exp(max(s) - max(u)) * (sum(v * exp(s - max(s))) / sum(w * exp(u - max(u))))",
    ["div"],
    quotientOfWeighted,
  ),
];
