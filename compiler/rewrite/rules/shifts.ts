/// Slopes by the scale of scores, such as a temperature that is learned: Σ w·z for weights that are a softmax of those
/// scores less what was wanted. They add up to nothing, or nearly, and what all scores of a row have in common does not
/// count; it is taken away before it rounds.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { abs, exp } from "../../../ir/ops/functions.ts";
import { transposeOp } from "../../../ir/ops/layout.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { axesOf, keptAxes, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { same, type Value } from "../../../ir/value.ts";
import { finitePeak, isPeak } from "../common-part.ts";
import { factorsOf, partsOfProduct, type Opening } from "../factors.ts";
import { addLinear, isNumber, linearAtom, linearOf, scaleLinear, writeLinear, type Linear } from "../linear.ts";
import { reads, rule, type Rule, type Surroundings } from "../rule.ts";
import { less, where } from "../untyped.ts";
import { distributionAxes, knownSum } from "./reduce.ts";
import { isReshaped, withoutAxes } from "./uniform.ts";

type Axes = readonly number[];

/** So deep a sum is looked into. */
const deepest = 8;

/** Opens products, and quotients by a number of the row: what else is divided by is a part of its factor. */
const partsAlong =
  (along: Axes): Opening =>
  (value) => {
    const { op, operands } = value;
    if (op === neg.op) return operands;
    return op === div.op && withoutAxes(operands[1], along) ? [operands[0]] : partsOfProduct(value);
  };

/** A product with other factors; what it is divided by is given by `divisor`. */
function withFactors(
  element: Value,
  open: Opening,
  factor: (x: Value) => Value,
  divisor: (x: Value) => Value = (x) => x,
): Value {
  if (!open(element)) return factor(element);
  const of = (x: Value): Value => withFactors(x, open, factor, divisor);
  const [a, b] = element.operands;
  if (element.op === neg.op) return neg(of(a));
  return element.op === div.op ? div(of(a), divisor(b)) : mul(of(a), of(b));
}

/** A look that costs little: an exponential in a few sums and products. */
function mentionsShare({ op, operands }: Value, depth = deepest): boolean {
  if (op === exp.op) return true;
  const passes = op === add.op || op === sub.op || op === neg.op || op === mul.op || op === div.op;
  return (passes || op === transposeOp) && depth > 0 && operands.some((each) => mentionsShare(each, depth - 1));
}

/** True where weights are made of a softmax of some scores: of multiples of them, less what a row has in common. */
export function isWeighedBy(weights: Value, scores: Value, axes: Axes, facts: Surroundings, depth = deepest): boolean {
  const [a] = weights.operands;
  const whole = distributionAxes(weights, facts, axes);
  if (whole?.every((axis) => axes.includes(axis))) {
    const exponential = weights.op === div.op ? a : weights;
    return exponential.op === exp.op && isMultiple(exponential.operands[0], scores, whole);
  }
  const { op, operands } = weights;
  const passes = op === add.op || op === sub.op || op === neg.op || op === mul.op || op === div.op;
  if ((!passes && op !== transposeOp) || depth === 0) return false;
  return operands.some((operand) => isWeighedBy(operand, scores, axes, facts, depth - 1));
}

/** z, z/t, t·z, each of them also less a number of the row. */
function isMultiple(value: Value, scores: Value, axes: Axes, depth = deepest): boolean {
  if (same(value, scores)) return true;
  if (depth === 0) return false;
  const { op, operands } = value;
  const isRow = (each: Value): boolean => withoutAxes(each, axes) !== undefined;
  const isInside = (each: Value): boolean => isMultiple(each, scores, axes, depth - 1);
  if (op === neg.op) return isInside(operands[0]);
  if (op !== mul.op && op !== div.op && op !== sub.op) return false;
  const [a, b] = operands;
  // The logarithm of the row of a softmax is spread over it as well.
  return (isRow(b) && isInside(a)) || (op === mul.op && isRow(a) && isInside(b));
}

/** Σ of a value along axes as a sum of what is known: Σ p·k = k for a softmax p and a k of the row. */
export function totalOf(value: Value, axes: Axes, facts: Surroundings, depth = deepest): Linear {
  const known = knownSum(value, axes, facts);
  const atom = (): Linear => (known ? linearOf(known) : linearAtom(sum(value, { axes })));
  if (depth === 0 || distributionAxes(value, facts, axes)) return atom();
  const of = (operand: Value): Linear => totalOf(operand, axes, facts, depth - 1);
  const [a, b] = value.operands;
  switch (value.op) {
    case neg.op:
      return scaleLinear(of(a), -1);
    case add.op:
      return addLinear(of(a), of(b));
    case sub.op:
      return addLinear(of(a), of(b), -1);
    case mul.op:
      return scaledTotal(a, b, axes, of) ?? scaledTotal(b, a, axes, of) ?? distributed(a, b, of) ?? atom();
    case div.op: {
      const number = constantValue(b);
      const row = withoutAxes(b, axes);
      return number ? scaleLinear(of(a), 1 / number) : row ? times(linearAtom(div(1, row)), of(a)) : atom();
    }
    case transposeOp:
      return axes.length === value.type.shape.length ? of(a) : atom();
    default:
      return atom();
  }
}

/** k · Σ x for a k of the row, which is taken apart where it is such a sum itself. */
function scaledTotal(k: Value, x: Value, axes: Axes, of: (x: Value) => Linear): Linear | undefined {
  const row = withoutAxes(k, axes);
  if (!row) return undefined;
  const total = k.operands[0]?.op === sumOp ? k.operands[0] : undefined;
  const isTotal = total && isReshaped(row, total) && axesOf(total).join() === axes.join();
  return times(isTotal ? of(total.operands[0]) : linearOf(row), of(x));
}

/** Σ p·(a − b) = Σ p·a − Σ p·b. */
function distributed(a: Value, b: Value, of: (x: Value) => Linear): Linear | undefined {
  const [whole, by] = b.op === add.op || b.op === sub.op ? [b, a] : [a, b];
  if (whole.op !== add.op && whole.op !== sub.op) return undefined;
  const [left, right] = whole.operands.map((part) => of(mul(by, part)));
  return addLinear(left, right, whole.op === add.op ? 1 : -1);
}

function times(a: Linear, b: Linear): Linear {
  if (isNumber(a)) return scaleLinear(b, a.constant);
  if (isNumber(b)) return scaleLinear(a, b.constant);
  let total = addLinear(scaleLinear(a, b.constant), { ...b, constant: 0 }, a.constant);
  for (const [x, p] of a.terms) for (const [y, q] of b.terms) total = addLinear(total, linearAtom(mul(x, y)), p * q);
  return total;
}

/** The sum with scores less the largest of their row, beside what that leaves out. */
function shifted(value: Value, along: Axes, facts: Surroundings, mayLeave: boolean): Value | undefined {
  const [element] = value.operands;
  const open = partsAlong(along);
  const factors = factorsOf(element, open)?.filter((factor) => !withoutAxes(factor, along));
  if (!factors || factors.length < 2) return undefined;
  for (const scores of factors) {
    // Scores less a number of the row have been here.
    if (scores.op === sub.op && (withoutAxes(scores.operands[1], along) || isPeak(scores.operands[1]))) continue;
    const others = factors.filter((factor) => factor !== scores);
    // Of a square none is left.
    if (others.length + 1 < factors.length) continue;
    const weights = others.reduce((a, b) => mul(a, b));
    if (!isWeighedBy(weights, scores, along, facts)) continue;
    const total = totalOf(weights, along, facts);
    const vanishes = isNumber(total) && Math.abs(total.constant) <= roundingOf(weights, along, facts);
    if (!vanishes && !(mayLeave && others.length === 1 && isNearlyNothing(weights, total))) continue;
    const common = finitePeak(scores, 1, along);
    const left = writeLinear(total, common.type);
    const isSmall = less(abs(left), nearly * Math.abs(total.constant));
    const largest: Value = isNumber(total) ? common : where(isSmall, common, 0);
    const below = sub(scores, spread(largest, scores.type, along));
    const rest = sum(
      withFactors(element, open, (x) => (x === scores ? below : x)),
      { axes: axesOf(value) },
    );
    return vanishes ? rest : add(rest, leftOut(value, along, { scores, weights, largest, left }));
  }
  return undefined;
}

/** Weights such as (softmax(z) − y)/n leave (1 − Σ y)/n: where that is more than this share of 1/n nothing is taken away. */
const nearly = 0.1;

/** How far numbers in a difference are from the real ones that they stand for, as −0.33333334 + p/3: half a unit at most. */
function roundingOf(weights: Value, along: Axes, facts: Surroundings): number {
  if (!isDifference(weights)) return 0;
  const sizes = weights.operands.map((part) => totalOf(part, along, facts)).filter(isNumber);
  return sizes.length < 2 ? 0 : 2 ** -24 * Math.min(...sizes.map(({ constant }) => Math.abs(constant)));
}

/** A number as small is what rounding has left of a whole: 0.9·y + 0.1/n adds up to 1 but for its float32 numbers. */
const rounded = 1e-6;

function isNearlyNothing(weights: Value, total: Linear): boolean {
  if (isNumber(total)) return Math.abs(total.constant) < rounded;
  return isDifference(weights) && total.constant !== 0;
}

const isDifference = ({ op }: Value): boolean => op === sub.op || op === add.op;

interface Shift {
  readonly scores: Value;
  readonly weights: Value;
  readonly largest: Value;
  /** Σ of the weights. */
  readonly left: Value;
}

/** largest · Σ w. */
function leftOut(value: Value, along: Axes, { scores, weights, largest, left }: Shift): Value {
  const [element] = value.operands;
  const flat = (x: Value): Value => withoutAxes(x, along)!;
  const onRow = (x: Value): Value => (x === scores ? largest : x === weights ? left : flat(x));
  const row = withFactors(element, partsAlong(along), onRow, flat);
  const kept = keptAxes(element.type.shape.length, along);
  const rest = axesOf(value).flatMap((axis) => (along.includes(axis) ? [] : [kept.indexOf(axis)]));
  return rest.length > 0 ? sum(row, { axes: rest }) : row;
}

/** Along one axis, if that is where weights add up to nothing, or along all that are summed. */
function withoutCommonPart(value: Value, facts: Surroundings): Value | undefined {
  const [element] = value.operands;
  if (value.type.dtype !== "f32" || !mentionsShare(element)) return undefined;
  if (isDifference(element)) return inEachTerm(value, facts);
  const axes = axesOf(value);
  const candidates = axes.length > 1 ? [...axes.map((axis) => [axis]), axes] : [axes];
  for (const mayLeave of [false, true]) {
    for (const along of candidates) {
      const found = shifted(value, along, facts, mayLeave);
      if (found) return found;
    }
  }
  return undefined;
}

/** The same for Σ (w·z + v·x), term by term. */
function inEachTerm(value: Value, facts: Surroundings): Value | undefined {
  const [element] = value.operands;
  const axes = axesOf(value);
  const terms = element.operands.map((term) => sum(term, { axes }));
  const found = terms.map((term) => (term.operands[0].op === mul.op ? withoutCommonPart(term, facts) : undefined));
  if (!found.some((term) => term)) return undefined;
  const [a, b] = terms.map((term, i) => found[i] ?? term);
  const join = element.op === add.op ? add : sub;
  const isOne = a.op === sumOp && b.op === sumOp;
  return isOne ? sum(join(a.operands[0], b.operands[0]), { axes }) : join(a, b);
}

/** Sums under weights that add up to nothing. */
export const shiftRules: readonly Rule[] = [
  rule(
    "scores under weights of a softmax",
    "stabilizes",
    "sum((softmax(z) - y) * z) = sum((softmax(z) - y) * (z - max(z))) + max(z) * (1 - sum(y))",
    [sumOp.name],
    withoutCommonPart,
    reads(mul.op, div.op, neg.op, add.op, sub.op),
  ),
];
