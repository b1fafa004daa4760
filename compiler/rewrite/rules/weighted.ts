/// Logarithms of sums of exponentials with weights, such as a mixture of densities or y·p + (1 − y)·(1 − p) for a soft
/// target y: a weight may be 0, of either sign, and far from any exponential.
import { add, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp, where } from "../../../ir/ops/choose.ts";
import { less, notEqual } from "../../../ir/ops/compare.ts";
import { stopGradient } from "../../../ir/ops/derivative.ts";
import { exp, log, maximum } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { max } from "../../../ir/ops/reduce.ts";
import { spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import type { TensorType } from "../../../ir/type.ts";
import type { Value } from "../../../ir/value.ts";
import { mentionsExponential, monomialOf, termsOf } from "../exponential.ts";
import { linearConstant, writeLinear } from "../linear.ts";
import { isExponential, isPure, restOf, type Monomial } from "../monomial.ts";
import { rangeOf, type Range } from "../range.ts";
import { rule, type Rule } from "../rule.ts";

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

const overflows = ({ high }: Range): boolean => !(high <= largestExponent);
const vanishes = ({ low }: Range): boolean => !(low >= -largestExponent);

/** Longer sums stay sums. */
const mostTerms = 6;

/** ln Σ wᵢ e^uᵢ = L + ln Σ wᵢ e^(uᵢ − L) for the largest uᵢ whose weight is not 0, of few terms that are written out. */
function logOfWeightedTerms(x: Value): Value | undefined {
  const terms = termsOf(x);
  if (terms.length < 2 || terms.length > mostTerms || terms.every(isPure)) return undefined;
  const unsafe =
    terms.some((term) => isExtreme(term, x.type, overflows)) ||
    terms.every((term) => isExtreme(term, x.type, vanishes));
  if (!unsafe) return undefined;
  const parts = terms.map((term) => weightedOf(term, x.type));
  const largest = shiftOf(parts.map(counted).reduce((a, b) => maximum(a, b)));
  const total = parts.map((part) => relative(part, largest)).reduce((a, b) => add(a, b));
  return add(largest, log(total));
}

/** The same along axes. */
function logOfWeightedSum(x: Value): Value | undefined {
  const [element] = x.operands;
  const term = monomialOf(element);
  if (isPure(term) || !isExtreme(term, element.type, (range) => overflows(range) || vanishes(range))) return undefined;
  const axes = x.attrs.axes as readonly number[];
  const part = weightedOf(term, element.type);
  const largest = shiftOf(max(counted(part), { axes }));
  return add(largest, log(sum(relative(part, spread(largest, element.type, axes)), { axes })));
}

/** Any number would do: the logarithm does not depend on it, and neither does its gradient. */
const shiftOf = (largest: Value): Value => stopGradient(maximum(largest, lowest));

function logOfWeighted({ type, operands: [x] }: Value): Value | undefined {
  if (type.dtype !== "f32" || !mentionsExponential(x)) return undefined;
  return x.op === sumOp ? logOfWeightedSum(x) : logOfWeightedTerms(x);
}

/** After the rules for logarithms that need no weights. */
export const weightedRules: readonly Rule[] = [
  rule(
    "log of weighted exponentials",
    "stabilizes",
    "log(sum(w * exp(u))) = max(u) + log(sum(w * exp(u - max(u))))",
    ["log"],
    logOfWeighted,
  ),
];
