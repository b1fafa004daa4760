/// Logarithms, roots and powers of exponentials, and sums of such logarithms: computed without the exponentials.
import { add, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { and, equal, greater, greaterEqual, less, lessEqual, notEqual } from "../../../ir/ops/compare.ts";
import { abs, exp, expm1, log, log1p, maximum, pow, relu, sign, softplus } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { logaddexp } from "../../../ir/ops/logspace.ts";
import { productOp } from "../../../ir/ops/product.ts";
import { logsumexpOp } from "../../../ir/ops/reduce.ts";
import { axesOf, sum, sumOp } from "../../../ir/ops/sum.ts";
import { apply, underLayouts, type Op, type Value } from "../../../ir/value.ts";
import { complementIn, type Complement } from "../complements.ts";
import { mentionsExponential, mergedTerms, monomialOf, sumOfTerms, termsOf } from "../exponential.ts";
import { mentionsInfinity, staysFinite } from "../finite.ts";
import { addLinear, equalLinear, linearAtoms, linearConstant, linearLogaddexp, linearOf } from "../linear.ts";
import { scaleLinear, writeLinear, type Linear } from "../linear.ts";
import { exponentialMonomial, isExponential, isPure, numberMonomial, restOf, writeMonomial } from "../monomial.ts";
import type { Monomial } from "../monomial.ts";
import { keepsDigits } from "../polynomial.ts";
import { rangeOf, type Range } from "../range.ts";
import { rule, type Rule, type Surroundings } from "../rule.ts";
import { where } from "../untyped.ts";
import { shareRules } from "./shares.ts";

/** True for numbers whose exponential neither overflows nor vanishes. */
const isTame = ({ low, high }: Range, shift = 0): boolean => low + shift > 1e-30 && high + shift < 1e30;

/** ln(r · eᵘ) = u + ln r: what is exponential needs neither the exponential nor the logarithm. */
function logOfExponential(value: Value): Value | undefined {
  const [x] = value.operands;
  if (!mentionsExponential(x)) return undefined;
  const monomial = value.op === log1p.op ? onePlus(x) : monomialOf(x, { positive: true });
  if (!monomial || !isExponential(monomial)) return undefined;
  // The logarithm of a sum has its own op, and one form for all.
  if (underLayouts(x).op !== sumOp && isTame(rangeOf(x), value.op === log1p.op ? 1 : 0)) return undefined;
  const known = isPure(monomial) && monomial.coefficient > 0;
  const exponent = known
    ? addLinear(monomial.exponent, linearConstant(Math.log(monomial.coefficient)))
    : monomial.exponent;
  const written = writeLinear(exponent, value.type);
  if (known) return written;
  const { over, under, coefficient } = monomial;
  if (over.length > 0 || coefficient !== 1) return add(written, log(restOf(monomial, value.type)));
  return sub(written, log(restOf({ ...monomial, over: under, under: [] }, value.type)));
}

function onePlus(x: Value): Monomial | undefined {
  return sumOfTerms(mergedTerms([numberMonomial(1), ...termsOf(x)]), { positive: true }, x.type);
}

/** ln Π x = Σ ln x: a product of probabilities vanishes long before its logarithm does; signs count as in the product. */
function logOfProduct({ operands: [whole] }: Value): Value | undefined {
  const [x] = whole.operands;
  if (whole.op !== productOp || !mentionsExponential(x)) return undefined;
  const axes = axesOf(whole);
  if (rangeOf(x).low >= 0) return sum(log(x), { axes });
  const isNegative = less(apply(productOp, [sign(x)], whole.attrs), 0);
  return where(isNegative, NaN, sum(log(abs(x)), { axes }));
}

/** √(r · eᵘ) = √r · e^(u/2), and so for powers. */
function powerOfExponential(value: Value, facts: Surroundings): Value | undefined {
  const [base, power = value] = value.operands;
  if (!mentionsExponential(base)) return undefined;
  const number = constantValue(power);
  const monomial = monomialOf(value, { positive: true });
  const complement = complementIn(number === undefined ? monomialOf(base, { positive: true }) : monomial);
  if (complement && (number !== undefined || value.op !== pow.op)) return undefined;
  if (complement && !hasOtherForm(complement.logarithm, facts)) return powerOfDifference(value, complement);
  // A whole power overflows where its base does, and rounds as that does: a logarithm would round more.
  const isWhole = Number.isInteger(number ?? NaN);
  if (!isExponential(monomial) || (isWhole ? base.op !== exp.op : isTame(rangeOf(base)))) return undefined;
  return writeMonomial(monomial, value.type);
}

/** True where ln(1 − eᵘ) is that of what the other shares add up to, and has a slope everywhere. */
const hasOtherForm = (logarithm: Value, facts: Surroundings): boolean =>
  shareRules.some(({ apply }) => apply(logarithm, facts) !== undefined);

/** Of 1 − eᵘ a power is finite where its logarithm is not, and has a slope where that has none: it stays a power. */
function powerOfDifference(value: Value, { exponent, logarithm }: Complement): Value | undefined {
  const [, power] = value.operands;
  if (equalLinear(exponent, linearConstant(0))) return undefined;
  const left = exp(mul(power, writeLinear(exponent, value.type)) as Value);
  return mul(left, pow(neg(expm1(logarithm.operands[0])), power) as Value) as Value;
}

/** e^ln x is x, and e^−ln(1 + eˣ) a sigmoid. */
function expOfLogarithm(value: Value): Value | undefined {
  const [x] = value.operands;
  if (x.op === log.op) return x.operands[0];
  if (x.op === log1p.op) return add(1, x.operands[0]);
  const { terms, softplus: parts } = linearOf(x);
  if (parts.length !== 1 || terms.size > parts[0].argument.terms.size) return undefined;
  const written = writeMonomial(exponentialMonomial(linearOf(x)), value.type);
  return written.op === exp.op ? undefined : written;
}

/** c + ln Σ e^(x − c) = ln Σ eˣ, also of several such, as where an offset of the scores cancels in a softmax. */
function offsetOfLogarithm(value: Value): Value | undefined {
  const logarithms = (of: Value): readonly Value[] => summands(of).filter(({ op }) => logarithmOps.has(op));
  const before = logarithms(value);
  if (before.length === 0 || before.some(({ op }) => op !== logsumexpOp)) return undefined;
  const written = sumOfLogarithms(value);
  return written && logarithms(written).length === before.length ? written : undefined;
}

/** A sum of logarithms in fewer terms: softplus(x) − x = softplus(−x). */
function sumOfLogarithms(value: Value): Value | undefined {
  if (value.type.dtype !== "f32") return undefined;
  const before = summands(value);
  if (!before.some((each) => logarithmOps.has(each.op))) return undefined;
  const written = writeLinear(linearOf(value), value.type);
  const after = summands(written);
  const isShorter = after.length > 0 && lengthOf(after, before) < lengthOf(before, before);
  return isShorter ? written : undefined;
}

/** How many terms there are, numbers aside where those of the sum would lose digits as one. */
function lengthOf(terms: readonly Value[], sum: readonly Value[]): number {
  const numbers = sum.flatMap((term) => constantValue(term) ?? []);
  const areApart = numbers.some((x, at) => numbers.slice(at + 1).some((y) => !keepsDigits(x, y)));
  return areApart ? terms.filter((term) => constantValue(term) === undefined).length : terms.length;
}

/** max(a, b) + ln(1 + e^−|a − b|) = ln(eᵃ + eᵇ): a stable form written out. */
function logarithmFromLarger(value: Value): Value | undefined {
  if (value.type.dtype !== "f32" || !summands(value).some(isLarger)) return undefined;
  const linear = linearOf(value);
  for (const [larger, coefficient] of linear.terms) {
    const [a, b] = largerOf(larger) ?? [];
    if (!a || !b) continue;
    const gap = addLinear(a, b, -1);
    const part = linear.softplus.find((each) => each.coefficient === coefficient && isDistance(each.argument, gap));
    if (!part) continue;
    const rest = addLinear(
      { ...linear, softplus: linear.softplus.filter((each) => each !== part) },
      linearOf(larger),
      -coefficient,
    );
    return writeLinear(addLinear(rest, linearLogaddexp(a, b), coefficient), value.type);
  }
  return undefined;
}

const isLarger = ({ op }: Value): boolean => op === maximum.op || op === relu.op;

/** The two numbers of which a value is the larger. */
function largerOf({ op, operands: [a, b] }: Value): readonly [Linear, Linear] | undefined {
  if (op === relu.op) return [linearOf(a), linearConstant(0)];
  return op === maximum.op ? [linearOf(a), linearOf(b)] : undefined;
}

/** −|d| for the difference d, whichever way round it is. */
function isDistance(argument: Linear, gap: Linear): boolean {
  const [[atom, coefficient] = []] = argument.terms;
  if (argument.terms.size !== 1 || argument.constant !== 0 || argument.softplus.length > 0) return false;
  if (atom?.op !== abs.op || coefficient !== -1) return false;
  const within = linearOf(atom.operands[0]);
  return equalLinear(within, gap) || equalLinear(within, scaleLinear(gap, -1));
}

/** An exponential of a number is positive, also where it vanishes in floats: a guard against 0 does not hold. */
function guardOfExponential({ operands: [condition, a, b] }: Value): Value | undefined {
  const parts = condition.op === and.op ? condition.operands : [condition];
  if (parts.some((part) => comparesPositive(part, [less.op, lessEqual.op, equal.op], [greater.op, greaterEqual.op]))) {
    return b;
  }
  return comparesPositive(condition, [greater.op, greaterEqual.op, notEqual.op], [less.op, lessEqual.op])
    ? a
    : undefined;
}

/** True for an exponential compared with 0, or 0 with an exponential. */
function comparesPositive({ op, operands: [a, b] }: Value, ops: readonly Op[], mirrored: readonly Op[]): boolean {
  return (
    (ops.includes(op) && constantValue(b) === 0 && isPositive(a)) ||
    (mirrored.includes(op) && constantValue(a) === 0 && isPositive(b))
  );
}

function isPositive(value: Value): boolean {
  if (!mentionsExponential(value)) return false;
  const monomial = monomialOf(value);
  if (!isExponential(monomial) || !isPure(monomial) || monomial.coefficient <= 0) return false;
  // Of −∞, as a mask or a logarithm gives it, it is 0, and a guard against that holds.
  return linearAtoms(monomial.exponent).every((atom) => staysFinite(atom) && !mentionsInfinity(atom));
}

const logarithmOps: ReadonlySet<Op> = new Set<Op>([softplus.op, logaddexp.op, logsumexpOp]);
const mostSummands = 24;

/** What a value adds up, through layouts; what is below is one summand. Nothing when these are too many to look at. */
function summands(value: Value): readonly Value[] {
  const found: Value[] = [];
  const pending = [value];
  for (let each = pending.pop(); each; each = pending.pop()) {
    if (found.length > mostSummands) return [];
    const isSum = each.op === add.op || each.op === sub.op || each.op === neg.op;
    if (isSum || each.op.kind === "layout") pending.push(...each.operands);
    else found.push(each);
  }
  return found;
}

/** f(c ? x : y) = c ? f(x) : f(y), where a branch is exponential: what is stable for x may not be for y. */
function functionOfSelection(value: Value): Value | undefined {
  const position = value.operands.findIndex((operand) => operand.op === selectOp);
  if (position < 0) return undefined;
  const others = value.operands.filter((_, i) => i !== position);
  if (others.some((other) => constantValue(other) === undefined)) return undefined;
  const [condition, a, b] = value.operands[position].operands;
  if (![a, b].some((branch) => mentionsExponential(branch) && isExponential(monomialOf(branch)))) return undefined;
  const inside = (branch: Value): Value => apply(value.op, value.operands.with(position, branch), value.attrs);
  return apply(selectOp, [condition, inside(a), inside(b)]);
}

/** A number that keeps a logarithm or a quotient finite. */
const largestGuard = 1e-3;

/** (1 − σ(x)) + ε = σ(−x) + ε: a difference from 1 is rounded to more than ε. */
function complementBesideGuard({ type, operands }: Value): Value | undefined {
  const at = operands.findIndex((each) => Math.abs(constantValue(each) ?? 1) < largestGuard);
  const complement = operands[1 - at];
  if (at < 0 || type.dtype !== "f32" || complement.op !== sub.op || !mentionsExponential(complement)) return undefined;
  // From any other number nothing is lost, and an exponential of two logarithms would lose it.
  if (constantValue(complement.operands[0]) !== 1) return undefined;
  const monomial = monomialOf(complement);
  const written = isExponential(monomial) ? writeMonomial(monomial, type) : undefined;
  return written && written.op !== exp.op ? add(written, operands[at]) : undefined;
}

/** Logarithms of exponentials, the particular before the general. */
export const logarithmRules: readonly Rule[] = [
  rule("log of an exponential", "stabilizes", "log(r * exp(u)) = u + log(r)", ["log", "log1p"], logOfExponential),
  rule("log of a product", "stabilizes", "log(product[a](x)) = sum[a](log(x))", ["log"], logOfProduct),
  rule("power of an exponential", "stabilizes", "pow(exp(u), c) = exp(c * u)", ["pow", "sqrt"], powerOfExponential),
  rule("exp of a logarithm", "assumes-finite", "exp(log(x)) = x", ["exp"], expOfLogarithm),
  rule(
    "offset of a log of a sum",
    "stabilizes",
    "c + logsumexp(x - c) = logsumexp(x)",
    ["add", "sub"],
    offsetOfLogarithm,
  ),
  rule("sum of logarithms", "stabilizes", "softplus(x) - x = softplus(-x)", ["add", "sub"], sumOfLogarithms),
  rule(
    "logarithm from its larger term",
    "stabilizes",
    "max(x, 0) + softplus(-abs(x)) = softplus(x)",
    ["add", "sub"],
    logarithmFromLarger,
  ),
  rule(
    "complement beside a guard",
    "stabilizes",
    "(1 - sigmoid(x)) + c = sigmoid(-x) + c",
    ["add"],
    complementBesideGuard,
  ),
  rule("guard of an exponential", "assumes-finite", "select(exp(u) > 0, x, y) = x", ["select"], guardOfExponential),
  rule(
    "function of a selection of exponentials",
    "stabilizes",
    "f(select(c, x, y)) = select(c, f(x), f(y))",
    ["log", "log1p", "pow", "sqrt", "sub"],
    functionOfSelection,
  ),
];
