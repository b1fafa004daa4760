/// Logarithms of sums of exponentials with weights, such as a mixture of densities or y·p + (1 − y)·(1 − p) for a soft
/// target y: a weight may be 0, of either sign, and far from any exponential.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp, where } from "../../../ir/ops/choose.ts";
import { greater, less, notEqual } from "../../../ir/ops/compare.ts";
import { stopGradient } from "../../../ir/ops/derivative.ts";
import { abs, exp, log, log1p, maximum } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { max } from "../../../ir/ops/reduce.ts";
import { spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { sameType, type TensorType } from "../../../ir/type.ts";
import { apply, underLayouts, type Value } from "../../../ir/value.ts";
import { mentionsExponential, monomialOf, termsOf } from "../exponential.ts";
import { addLinear, equalLinear, isNumber, linearConstant, linearOf, writeLinear, type Linear } from "../linear.ts";
import { atomMonomial, exponentialMonomial, isExponential, isPure, numberMonomial } from "../monomial.ts";
import { restOf, timesMonomial, type Monomial } from "../monomial.ts";
import { rangeOf, type Range } from "../range.ts";
import { rule, type Rule } from "../rule.ts";
import { complementOf } from "../sigmoids.ts";
import { isSpreadOf } from "./uniform.ts";

/** Exponents up to here do not overflow. */
const largestExponent = 80;

/** Stands for −∞ where a difference with it must be a number. */
const lowest = -1e38;

/** weight · e^exponent. */
interface Weighted {
  readonly weight: Value;
  readonly exponent: Value;
}

function weightedOf(term: Monomial, type: TensorType): Weighted {
  return {
    weight: restOf({ ...term, exponent: linearConstant(0) }, type),
    exponent: writeLinear(term.exponent, type),
  };
}

/** The exponent where the weight counts. */
const counted = ({ weight, exponent }: Weighted): Value =>
  where(notEqual(weight, 0) as never, exponent as never, lowest) as Value;

/** At most e⁸⁰ where the weight is 0: the gradient by the weight is what it multiplies. */
function relative({ weight, exponent }: Weighted, largest: Value): Value {
  const above = sub(exponent, largest);
  return mul(weight, exp(where(less(above, largestExponent) as never, above as never, largestExponent) as Value));
}

/** True where an exponential can overflow, or vanish: of one that is relative to the largest neither matters. */
function isExtreme(term: Monomial, type: TensorType, which: (range: Range) => boolean): boolean {
  if (!isExponential(term)) return false;
  const exponent = writeLinear(term.exponent, type);
  return !isRelative(exponent) && which(rangeOf(exponent));
}

const isRelative = ({ op, operands }: Value): boolean =>
  op === selectOp && constantValue(operands[2]) === largestExponent;

/** True where the weight cannot be 0. */
const isCertain = (term: Monomial, type: TensorType): boolean =>
  isPure(term) || rangeOf(weightedOf(term, type).weight).low > 0;

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

/** ln x, or ln |x|. */
type Logarithm = (x: Value) => Value;

/** ln Σ wᵢ e^uᵢ = L + ln Σ wᵢ e^(uᵢ − L) for the largest uᵢ whose weight is not 0, of few terms that are written out. */
function logOfWeightedTerms(x: Value, logarithm: Logarithm): Value | undefined {
  const written = termsOf(x);
  if (written.length < 2 || written.length > mostTerms || written.every(isPure)) return undefined;
  const terms = aroundSigmoid(grouped(written, x.type), x.type);
  const mayVanish = terms.filter((term) => isExtreme(term, x.type, vanishes));
  const unsafe =
    terms.some((term) => isExtreme(term, x.type, overflows)) ||
    (mayVanish.length > 0 && terms.every((term) => mayVanish.includes(term) || !isCertain(term, x.type)));
  if (!unsafe || !terms.some(isExponential)) return undefined;
  const parts = terms.map((term) => weightedOf(term, x.type));
  const largest = shiftOf(parts.map(counted).reduce((a, b) => maximum(a, b)));
  const total = parts.map((part) => relative(part, largest)).reduce((a, b) => add(a, b));
  return add(largest, logarithm(total));
}

/** The same along axes. */
function logOfWeightedSum(x: Value, logarithm: Logarithm): Value | undefined {
  const [element] = x.operands;
  const term = monomialOf(element);
  if (isPure(term) || !isExtreme(term, element.type, (range) => overflows(range) || vanishes(range))) return undefined;
  const axes = x.attrs.axes as readonly number[];
  const part = weightedOf(term, element.type);
  const largest = shiftOf(max(counted(part), { axes }));
  return add(largest, logarithm(sum(relative(part, spread(largest, element.type, axes)), { axes })));
}

/** w·eᵘ / Σ w·eᵘ, as a softmax with a mask of numbers has it: both relative to the largest exponent that counts. */
function shareOfWeighted({ type, operands: [above, below] }: Value): Value | undefined {
  const total = underLayouts(below);
  if (type.dtype !== "f32" || total.op !== sumOp || !mentionsExponential(above)) return undefined;
  const [element] = total.operands;
  const [top, term] = [above, element].map((each) => monomialOf(each));
  if (isPure(term) || !sameType(above.type, element.type) || !equalLinear(top.exponent, term.exponent))
    return undefined;
  if (!isExtreme(term, element.type, (range) => overflows(range) || vanishes(range))) return undefined;
  const axes = total.attrs.axes as readonly number[];
  if (!isSpreadOf(below, total, axes)) return undefined;
  const part = weightedOf(term, element.type);
  const largest = spread(shiftOf(max(counted(part), { axes })), element.type, axes);
  const again = (layout: Value): Value =>
    layout === total
      ? sum(relative(part, largest), { axes })
      : apply(layout.op, [again(layout.operands[0])], layout.attrs);
  return div(relative(weightedOf(top, type), largest), again(below));
}

/** Any number would do: the logarithm does not depend on it, and neither does its gradient. */
const shiftOf = (largest: Value): Value => stopGradient(maximum(largest, lowest));

function logOfWeighted({ type, operands: [x] }: Value): Value | undefined {
  const isSize = x.op === abs.op;
  const total = isSize ? x.operands[0] : x;
  if (type.dtype !== "f32" || !mentionsExponential(total)) return undefined;
  const logarithm: Logarithm = isSize ? (shifted) => log(abs(shifted) as Value) : log;
  return total.op === sumOp ? logOfWeightedSum(total, logarithm) : logOfWeightedTerms(total, logarithm);
}

/** Up to here 1 − |a − b| has its digits. */
const largestDistance = 0.5;

/** ln(1 − |a − b|) for b from 0 to 1: far apart it is that of a sum in which nothing cancels where a is from 0 to 1. */
function logOfCloseness(value: Value): Value | undefined {
  const distance = value.op === log1p.op ? negated(value.operands[0]) : oneLess(value.operands[0]);
  if (distance?.op !== abs.op || !mentionsExponential(distance.operands[0])) return undefined;
  const [difference] = distance.operands;
  if (difference.op !== sub.op) return undefined;
  const [a, b] = difference.operands;
  if (![b, a].some((each) => rangeOf(each).low >= 0 && rangeOf(each).high <= 1)) return undefined;
  const isNear = less(distance as never, largestDistance) as never;
  const near: Value = log1p(neg(abs(where(isNear, difference as never, 0) as Value)));
  const far: Value = where(greater(a, b) as never, log(add(sub(1, a), b)) as never, log(add(a, sub(1, b))) as never);
  return where(isNear, near as never, far as never);
}

const negated = ({ op, operands: [x] }: Value): Value | undefined => (op === neg.op ? x : undefined);
const oneLess = ({ op, operands: [a, b] }: Value): Value | undefined =>
  op === sub.op && constantValue(a) === 1 ? b : undefined;

/** After the rules for logarithms that need no weights. */
export const weightedRules: readonly Rule[] = [
  rule(
    "log of closeness",
    "stabilizes",
    "log(1 - abs(a - b)) = select(greater(a, b), log(1 - a + b), log(a + (1 - b)))",
    ["log", "log1p"],
    logOfCloseness,
  ),
  rule(
    "log of weighted exponentials",
    "stabilizes",
    "log(sum(w * exp(u))) = max(u) + log(sum(w * exp(u - max(u))))",
    ["log"],
    logOfWeighted,
  ),
  rule(
    "share of weighted exponentials",
    "stabilizes",
    "w * exp(u) / sum(w * exp(u)) = w * exp(u - max(u)) / sum(w * exp(u - max(u)))",
    ["div"],
    shareOfWeighted,
  ),
];
