/// Shares of exponentials in a sum beside a number: e^u / (Σ e^u + ε), where the largest is not taken away, and rows may be
/// masked as a whole. All is taken relative to the largest exponent, or to the logarithm of the number where that is larger.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { stopGradient } from "../../../ir/ops/derivative.ts";
import { exp, maximum, minimum } from "../../../ir/ops/functions.ts";
import { reshapeOp, reshapeTo } from "../../../ir/ops/layout.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { max } from "../../../ir/ops/reduce.ts";
import { axesOf, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { sameShape, sameType } from "../../../ir/type.ts";
import { apply, same, underLayouts, type Op, type Value } from "../../../ir/value.ts";
import { mentionsExponential, monomialOf } from "../exponential.ts";
import { equalLinear, isNumber, writeLinear, type Linear } from "../linear.ts";
import { isPure, timesMonomial, type Monomial } from "../monomial.ts";
import { largestFloat } from "../peaks.ts";
import { rangeOf } from "../range.ts";
import { rule, type Rule } from "../rule.ts";
import { not, where } from "../untyped.ts";
import { counted, countsWithin, lowest, relative, relativeBeside, weightedOf, type Weighted } from "./relative.ts";
import { withoutAxes } from "./uniform.ts";

/** weight · e^exponent, where a condition holds. */
interface Term {
  readonly monomial: Monomial;
  readonly condition?: Value;
}

/** A product with an exponential, or a selection of it or 0, which may be a factor. */
function termOf(value: Value): Term {
  const { op, operands } = value;
  const [condition, a, b] = operands;
  if (op === selectOp && constantValue(b) === 0) return { monomial: monomialOf(a), condition };
  if (op === selectOp && constantValue(a) === 0) return { monomial: monomialOf(b), condition: not(condition) };
  const at = op === mul.op ? operands.findIndex(isSelected) : -1;
  if (at < 0) return { monomial: monomialOf(value) };
  const { monomial, condition: own } = termOf(operands[at]);
  return { monomial: timesMonomial(monomial, monomialOf(operands[1 - at])), condition: own };
}

/** An exponential or 0. */
const isSelected = (value: Value): boolean =>
  value.op === selectOp && value.operands.some((each) => constantValue(each) === 0) && mentionsExponential(value);

/** Σ x + c, or max(Σ x, c), for a number c that is positive, or 0 where there is none. */
interface Guarded {
  readonly total: Value;
  readonly number: number;
  readonly op: Op;
}

/** Between equal shapes reshapes change nothing. */
const unshaped = (value: Value): Value => (value.op === reshapeOp ? unshaped(value.operands[0]) : value);

/** The sum of a row, beside a number or alone. */
function guardIn(value: Value): Guarded | undefined {
  const { op, operands } = value;
  if (op === sumOp) return { total: value, number: 0, op: add.op };
  if (op !== add.op && op !== maximum.op) return undefined;
  const [a, b] = operands.map(unshaped);
  const [total, number] = a.op === sumOp ? [a, constantValue(b)] : [b, constantValue(a)];
  if (total.op !== sumOp || number === undefined || !(number > 0) || !Number.isFinite(Math.fround(number)))
    return undefined;
  return { total, number, op };
}

/** The same, repeated along the row. */
function guardedOf(below: Value): Guarded | undefined {
  const guard = guardIn(underLayouts(below));
  if (!guard) return undefined;
  const { total } = guard;
  const row = withoutAxes(below, axesOf(total));
  const isRow = row && sameShape(row.type.shape, total.type.shape) && unshaped(row) === underLayouts(below);
  return isRow ? guard : undefined;
}

const mayOverflow = (exponent: Linear, { type }: Value): boolean => !(rangeOf(writeLinear(exponent, type)).high <= 80);

/** w·e^(u − L): what is certain to count needs no selection. */
function relativeTerm({ monomial, condition }: Term, largest: Value, { type }: Value, write = relative): Value {
  const part = weightedOf(monomial, type);
  return isCertain(monomial, condition) ? timesExponential(part, largest) : write(masked(part, condition), largest);
}

const isCertain = (monomial: Monomial, condition: Value | undefined): boolean => isPure(monomial) && !condition;

const timesExponential = ({ weight, exponent }: Weighted, largest: Value): Value => {
  const power: Value = exp(sub(exponent, largest));
  return constantValue(weight) === 1 ? power : mul(weight, power);
};

const masked = ({ weight, exponent }: Weighted, condition: Value | undefined): Weighted => ({
  weight: condition ? where(condition, weight, 0) : weight,
  exponent,
});

/** The exponents that count. */
function countedExponent({ monomial, condition }: Term, element: Value): Value {
  const part = weightedOf(monomial, element.type);
  return isCertain(monomial, condition) ? part.exponent : counted(masked(part, condition));
}

/** True where what the denominator leaves out is left out of the numerator as well. */
const isWithin = (top: Term, { condition }: Term): boolean =>
  !condition || (top.condition !== undefined && same(top.condition, condition));

/** Also of a sum that a condition leaves something out of, without a number. */
export function shareBesideNumber({ type, operands: [above, below] }: Value): Value | undefined {
  const guard = type.dtype === "f32" && mentionsExponential(above) ? guardedOf(below) : undefined;
  if (!guard) return undefined;
  const { total } = guard;
  const [element] = total.operands;
  const parts = partsOf(above, guard);
  if (!parts) return undefined;
  const axes = axesOf(total);
  const { onRow, again } = relativeTotal(guard, parts.term);
  return div(relativeTop(parts, onRow, element), spread(again, element.type, axes));
}

interface Parts {
  readonly top: Term;
  readonly term: Term;
}

/**
 * What is divided, and what the sum that it is divided by is of: products with one exponential that may overflow. Of sums
 * without a number those that leave something out; others are a softmax.
 */
function partsOf(above: Value, { total, number }: Guarded): Parts | undefined {
  const [element] = total.operands;
  const [top, term] = [above, element].map(termOf);
  if (number === 0 && !term.condition) return undefined;
  const { exponent } = term.monomial;
  if (!sameType(above.type, element.type) || !equalLinear(top.monomial.exponent, exponent)) return undefined;
  if (isNumber(exponent) || !mayOverflow(exponent, element) || !isWithin(top, term)) return undefined;
  return { top, term };
}

/** What is divided, which may count where the sum leaves it out. */
function relativeTop({ top, term }: Parts, largest: Value, element: Value): Value {
  const write = countsWithin(top.monomial, term.monomial, element.type) ? relative : relativeBeside;
  return relativeTerm(top, largest, element, write);
}

/** The sum beside a number, relative to the largest exponent. */
function relativeTotal({ total, number, op }: Guarded, term: Term): { readonly onRow: Value; readonly again: Value } {
  const axes = axesOf(total);
  const [element] = total.operands;
  // An exponent of ∞ leaves nothing of the others, and is no number itself: ∞ less ∞ would make NaN of them all.
  const peak = minimum(max(countedExponent(term, element), { axes }), largestFloat);
  const largest = stopGradient(maximum(peak, number === 0 ? lowest : Math.log(number)));
  const onRow = spread(largest, element.type, axes);
  const others: Value = sum(relativeTerm(term, onRow, element), { axes });
  return { onRow, again: number === 0 ? others : apply(op, [others, mul(number, exp(neg(largest)))]) };
}

/** The same for Σ v·e^u over that sum: a mean under such shares. */
function meanBesideNumber({ type, operands }: Value): Value | undefined {
  const [above, below] = operands.map(unshaped);
  if (type.dtype !== "f32" || above.op !== sumOp || !mentionsExponential(below)) return undefined;
  const axes = axesOf(above);
  const guard = guardIn(below);
  if (!guard || axesOf(guard.total).join() !== axes.join()) return undefined;
  const [element] = guard.total.operands;
  const parts = partsOf(above.operands[0], guard);
  if (!parts) return undefined;
  const { onRow, again } = relativeTotal(guard, parts.term);
  const mean: Value = sum(div(relativeTop(parts, onRow, element), spread(again, element.type, axes)), { axes });
  return reshapeTo(mean, type.shape);
}

/** Before the rules for quotients, which make one exponential of it: that of −∞ less −∞ where a row is masked. */
export const fractionRules: readonly Rule[] = [
  rule(
    "share of exponentials beside a number",
    "stabilizes",
    "w * exp(u) / (sum(w * exp(u)) + c) = w * exp(u - max(u)) / (sum(w * exp(u - max(u))) + c * exp(-max(u)))",
    ["div"],
    shareBesideNumber,
  ),
  rule(
    "mean under exponentials beside a number",
    "stabilizes",
    "sum(v * exp(u)) / (sum(exp(u)) + c) = sum(v * exp(u - max(u))) / (sum(exp(u - max(u))) + c * exp(-max(u)))",
    ["div"],
    meanBesideNumber,
  ),
];
