/// Which exponentials are in a formula, whichever way it is spelled: a value as factors times e^exponent.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { castOp, selectOp } from "../../ir/ops/choose.ts";
import { and } from "../../ir/ops/compare.ts";
import { exp, expm1, maximum, minimum, pow, sigmoid, sqrt, tanh } from "../../ir/ops/functions.ts";
import { cosh, sinh } from "../../ir/ops/hyperbolic.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { concatenateOp, padOp } from "../../ir/ops/pad.ts";
import { exp2, rsqrt } from "../../ir/ops/powers.ts";
import { logsumexp, maxOp, minOp } from "../../ir/ops/reduce.ts";
import { axesOf, sumOp } from "../../ir/ops/sum.ts";
import { cumprodOp, cumsumOp } from "../../ir/ops/cumulative.ts";
import { productOp } from "../../ir/ops/product.ts";
import { same, type Value } from "../../ir/value.ts";
import { accumulatedMonomial } from "./accumulated.ts";
import { chosenMonomial, extremeMonomial, paddedMonomial } from "./chosen.ts";
import { logSigmoid } from "./sigmoids.ts";
import {
  addLinear,
  isNested,
  linearConstant,
  linearOf,
  mapLinear,
  newBudget,
  scaleLinear,
  writeLinear,
  type Budget,
  type Linear,
} from "./linear.ts";
import { isLongSum } from "./long-sum.ts";
import {
  atomMonomial,
  exponentialMonomial,
  isExponential,
  isPure,
  negatedMonomial,
  numberMonomial,
  restOf,
  timesMonomial,
  type Monomial,
} from "./monomial.ts";
import { complementIn } from "./complements.ts";
import { baseOf, hasPlainPart } from "./mentions.ts";
import { selectedFromBoth } from "./selected.ts";
import { mergedTerms, sumOfTerms, type Assumption } from "./sum-of-exponentials.ts";
import { termsTogether } from "./together.ts";
import { ontoLayout, withoutAxes } from "./rules/uniform.ts";
import { not, where } from "./untyped.ts";

export { mentionsExponential } from "./mentions.ts";
export { mergedTerms, sumOfTerms } from "./sum-of-exponentials.ts";

/** A value as a product; what is no product is one factor. */
export function monomialOf(value: Value, assumption: Assumption = {}, budget: Budget = newBudget()): Monomial {
  const number = constantValue(value);
  if (number !== undefined && Number.isFinite(number) && number !== 0) return numberMonomial(number);
  if (value.type.dtype !== "f32" || budget.left-- <= 0) return atomMonomial(value);
  const [a, b] = value.operands;
  const of = (operand: Value): Monomial => monomialOf(operand, {}, budget);
  const ofPositive = (operand: Value): Monomial => monomialOf(operand, { positive: true }, budget);
  // Beside a positive number a factor is positive where the product is.
  const beside = (other: Value): typeof of =>
    assumption.positive && (constantValue(other) ?? 0) > 0 ? ofPositive : of;
  switch (value.op) {
    case exp.op:
      return exponentialMonomial(linearOf(a, budget));
    case exp2.op:
      return exponentialMonomial(scaleLinear(linearOf(a, budget), Math.LN2));
    case sigmoid.op: {
      const u = linearOf(a, budget);
      return isNested(u) ? atomMonomial(value) : exponentialMonomial(logSigmoid(u));
    }
    case neg.op:
      return (assumption.positive && sumMonomialOf(value, assumption, budget)) || negatedMonomial(of(a));
    case mul.op:
      return timesMonomial(beside(b)(a), beside(a)(b));
    case div.op:
      return quotientMonomial(value, beside(b)(a), beside(a)(b));
    case pow.op:
      return powerMonomial(value, ofPositive(a), assumption);
    case sqrt.op:
      return rootMonomial(value, ofPositive(a));
    case rsqrt.op:
      return timesMonomial(numberMonomial(1), rootMonomial(sqrt(a), ofPositive(a)), -1);
    case sumOp:
      return sumMonomial(value, budget);
    case productOp:
    case cumsumOp:
    case cumprodOp:
      return accumulatedMonomial(value, of(a));
    case maxOp:
    case minOp: {
      const { conditions, element } = unmasked(a, budget);
      return extremeMonomial(value, element, allOf(conditions));
    }
    case maximum.op:
    case minimum.op:
    case concatenateOp:
      return chosenMonomial(value, value.operands.map(of));
    case padOp:
      return paddedMonomial(value, of(a));
    case add.op:
    case sub.op:
    case expm1.op:
    case cosh.op:
    case sinh.op:
      return sumMonomialOf(value, assumption, budget) ?? atomMonomial(value);
    default:
      if (value.op.kind !== "layout") return atomMonomial(value);
      return layoutMonomial(value, monomialOf(a, assumption, budget));
  }
}

function sumMonomialOf(value: Value, assumption: Assumption, budget: Budget): Monomial | undefined {
  return hasPlainPart(value) ? undefined : sumOfTerms(termsOf(value, budget), assumption, value.type);
}

/** a/b; of elements of the same values it is 1 where they are the same, and stays whole where one would be taken apart. */
function quotientMonomial(value: Value, over: Monomial, under: Monomial): Monomial {
  const [a, b] = value.operands;
  const isTorn = isExponential(over) !== isExponential(under) && selectedFromBoth(a, b).length > 0;
  return isTorn ? atomMonomial(value) : timesMonomial(over, under, -1);
}

function layoutMonomial(layout: Value, { coefficient, over, under, exponent }: Monomial): Monomial {
  const move = (each: Value): Value => ontoLayout(each, layout);
  return { coefficient, over: over.map(move), under: under.map(move), exponent: mapLinear(exponent, move) };
}

/** (r · eᵘ)ᶜ = rᶜ · e^(c·u). */
function powerMonomial(value: Value, base: Monomial, { positive }: Assumption): Monomial {
  const [a, power] = value.operands;
  const number = constantValue(power);
  const whole = baseOf(value);
  if (whole !== undefined) return exponentialMonomial(scaleLinear(linearOf(power), Math.log(whole)));
  const plain = isPure(base) && base.coefficient > 0;
  const isPower = number === undefined && !positive && complementIn(base) !== undefined;
  if (!isExponential(base) || isPower || (!plain && number === undefined)) return atomMonomial(value);
  if (number !== undefined) {
    const rest = plain ? numberMonomial(base.coefficient ** number) : atomMonomial(pow(restOf(base, a.type), power));
    return timesMonomial(rest, exponentialMonomial(scaleLinear(base.exponent, number)));
  }
  const exponent = addLinear(base.exponent, linearConstant(Math.log(base.coefficient)));
  return exponentialMonomial(linearOf(timesSigned(power, writeLinear(exponent, a.type))));
}

/** power · exponent, the sign in front. */
function timesSigned(power: Value, exponent: Value): Value {
  return exponent.op === neg.op ? neg(mul(power, exponent.operands[0])) : mul(power, exponent);
}

function rootMonomial(value: Value, base: Monomial): Monomial {
  if (!isExponential(base) || (isPure(base) && base.coefficient < 0)) return atomMonomial(value);
  const rest = isPure(base)
    ? numberMonomial(Math.sqrt(base.coefficient))
    : atomMonomial(sqrt(restOf(base, value.type)));
  return timesMonomial(rest, exponentialMonomial(scaleLinear(base.exponent, 0.5)));
}

/** Σ c · eᵘ = c · e^(ln Σ eᵘ), where c is the same along the summed axes; what a condition leaves out is e^−∞. */
function sumMonomial(value: Value, budget: Budget): Monomial {
  const axes = axesOf(value);
  const { conditions, element } = unmasked(value.operands[0], budget);
  const over = element.over.map((each) => withoutAxes(each, axes));
  const under = element.under.map((each) => withoutAxes(each, axes));
  const known = (each: Value | undefined): each is Value => each !== undefined;
  if (!isExponential(element) || !over.every(known) || !under.every(known)) return atomMonomial(value);
  const exponent = writeLinear(element.exponent, value.operands[0].type);
  const all = allOf(conditions);
  const total: Value = logsumexp((all ? where(all, exponent, -Infinity) : exponent) as Value, { axes });
  return { coefficient: element.coefficient, over, under, exponent: linearOf(total) };
}

const allOf = (conditions: readonly Value[]): Value | undefined =>
  conditions.length > 0 ? conditions.reduce((a, b) => and(a, b)) : undefined;

interface Unmasked {
  /** Where they hold, all of them, the element counts. */
  readonly conditions: readonly Value[];
  readonly element: Monomial;
}

/** An element of a sum without the conditions under which it counts: where(c, x, 0) or where(c, 0, x), or x times 1 and 0. */
function unmasked(x: Value, budget: Budget): Unmasked {
  const [condition, inner, other] = x.operands;
  if (x.op === selectOp && constantValue(other) === 0) {
    return { conditions: [condition], element: monomialOf(inner, {}, budget) };
  }
  if (x.op === selectOp && constantValue(inner) === 0) {
    return { conditions: [not(condition)], element: monomialOf(other, {}, budget) };
  }
  const element = monomialOf(x, {}, budget);
  const conditions = element.over.flatMap((each) => conditionOf(each) ?? []);
  return { conditions, element: { ...element, over: element.over.filter((each) => !conditionOf(each)) } };
}

/** The condition where a factor is 1, elsewhere 0. */
function conditionOf(factor: Value): Value | undefined {
  const [a, b] = factor.operands;
  if (factor.op === castOp) return a.type.dtype === "bool" ? a : undefined;
  const inner = factor.op === sub.op && constantValue(a) === 1 ? conditionOf(b) : undefined;
  return inner && not(inner);
}

/** A sum as terms, equal exponentials merged; one term where it is none. */
export function termsOf(value: Value, budget: Budget = newBudget()): readonly Monomial[] {
  return isLongSum(value) ? [atomMonomial(value)] : termsWithin(value, budget);
}

function termsWithin(value: Value, budget: Budget): readonly Monomial[] {
  const [a, b] = value.operands;
  if (budget.left-- <= 0) return [atomMonomial(value)];
  const of = (operand: Value): readonly Monomial[] => termsWithin(operand, budget);
  const one = (): readonly Monomial[] => [monomialOf(value, {}, budget)];
  switch (value.op) {
    case add.op:
      return mergedTerms(termsTogether(value, of) ?? [...of(a), ...of(b)]);
    case sub.op:
      return mergedTerms(termsTogether(value, of) ?? [...of(a), ...of(b).map(negatedMonomial)]);
    case neg.op:
      return of(a).map(negatedMonomial);
    case expm1.op:
      return [exponentialMonomial(linearOf(a, budget)), numberMonomial(-1)];
    case cosh.op:
    case sinh.op:
      return halves(linearOf(a, budget), value.op === cosh.op ? 0.5 : -0.5);
    case tanh.op:
      // tanh u = 1 − 2σ(−2u)
      return [numberMonomial(1), exponentialMonomial(logSigmoid(scaleLinear(linearOf(a), -2)), -2)];
    case mul.op:
      if (same(a, b) && a.op === tanh.op) return squareOfTanh(a.operands[0]);
      return scaledTerms(b, constantValue(a), budget) ?? scaledTerms(a, constantValue(b), budget) ?? one();
    case div.op:
      return scaledTerms(a, 1 / (constantValue(b) ?? 0), budget) ?? one();
    default:
      return one();
  }
}

/** ½eᵘ ± ½e⁻ᵘ. */
function halves(u: Linear, second: number): readonly Monomial[] {
  return [exponentialMonomial(u, 0.5), exponentialMonomial(scaleLinear(u, -1), second)];
}

/** A number of times a sum. */
function scaledTerms(value: Value, by: number | undefined, budget: Budget): readonly Monomial[] | undefined {
  if (by === undefined || by === 0 || !Number.isFinite(by)) return undefined;
  const terms = termsWithin(value, budget);
  return terms.length < 2 ? undefined : terms.map((term) => ({ ...term, coefficient: by * term.coefficient }));
}

/** tanh² u = 1 − 4σ(2u)σ(−2u). */
function squareOfTanh(u: Value): readonly Monomial[] {
  const [up, down] = [2, -2].map((scale) => logSigmoid(scaleLinear(linearOf(u), scale)));
  return [numberMonomial(1), exponentialMonomial(addLinear(up, down), -4)];
}
