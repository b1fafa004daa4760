/// Slopes by the scale of scores, such as a temperature that is learned: Σ w·z for weights that are a softmax of those
/// scores less what was wanted. They add up to nothing, or nearly, and what all scores of a row have in common does not
/// count; it is taken away before it rounds.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { equal } from "../../../ir/ops/compare.ts";
import { abs, exp } from "../../../ir/ops/functions.ts";
import { transposeOp } from "../../../ir/ops/layout.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { axesOf, keptAxes, sum, sumOp } from "../../../ir/ops/sum.ts";
import { apply, same, type Value } from "../../../ir/value.ts";
import { lessLargest } from "../below.ts";
import { factorsOf, partsOfProduct, type Opening } from "../factors.ts";
import { isPeak, scaleBoth, scaleOf, type Scale } from "../finite-peak.ts";
import { isNumber, writeLinear, type Linear } from "../linear.ts";
import { reads, rule, type Rule, type Surroundings } from "../rule.ts";
import { less, where } from "../untyped.ts";
import { distributionAxes } from "./reduce.ts";
import { shareOf, totalOf } from "./totals.ts";
import { withoutAxes } from "./uniform.ts";

type Axes = readonly number[];

/** So deep a sum is looked into. */
const deepest = 8;

/** x of w·where(w = 0, 1, x), as it stands where x may be ∞. */
function besideGuard({ op, operands: [weight, guarded] }: Value): Value | undefined {
  if (op !== mul.op || guarded.op !== selectOp) return undefined;
  const [condition, one, x] = guarded.operands;
  const isGuard = condition.op === equal.op && same(condition.operands[0], weight);
  return isGuard && constantValue(condition.operands[1]) === 0 && one.constant ? x : undefined;
}

/** Opens products, and quotients by a number of the row: what else is divided by is a part of its factor. */
const partsAlong =
  (along: Axes): Opening =>
  (value) => {
    const { op, operands } = value;
    if (op === neg.op) return operands;
    const guarded = besideGuard(value);
    if (guarded) return [operands[0], guarded];
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
  if (element.op === div.op) return div(of(a), divisor(b));
  const guarded = besideGuard(element);
  if (!guarded) return mul(of(a), of(b));
  const weight = of(a);
  return mul(weight, weight === a ? apply(selectOp, b.operands.with(2, of(guarded)), b.attrs) : of(guarded));
}

/** A look that costs little: an exponential in a few sums and products. */
function mentionsShare({ op, operands }: Value, depth = deepest): boolean {
  if (op === exp.op) return true;
  return isOpened({ op }) && depth > 0 && operands.some((each) => mentionsShare(each, depth - 1));
}

/** What weights may be put together with. */
const isOpened = ({ op }: Pick<Value, "op">): boolean =>
  [add.op, sub.op, neg.op, mul.op, div.op, selectOp, transposeOp].some((each) => each === op);

/** True where weights are made of a softmax of some scores: of multiples of them, less what a row has in common. */
export function isWeighedBy(weights: Value, scores: Value, axes: Axes, facts: Surroundings): boolean {
  return scaleUnder(weights, scores, axes, facts) !== undefined;
}

/** What scores are multiplied by under the exponentials that weights are made of. */
export function scaleUnder(
  weights: Value,
  scores: Value,
  axes: Axes,
  facts: Surroundings,
  depth = deepest,
): Scale | undefined {
  const [a] = weights.operands;
  const whole = distributionAxes(weights, facts, axes);
  if (whole?.every((axis) => axes.includes(axis))) {
    const exponential = weights.op === div.op ? a : weights;
    return exponential.op === exp.op ? scaleIn(exponential.operands[0], scores, whole) : undefined;
  }
  const share = shareOf(weights, axes, facts);
  if (share) return scaleIn(share.exponent, scores, axes);
  if (!isOpened(weights) || depth === 0) return undefined;
  return firstOf(weights.operands, (operand) => scaleUnder(operand, scores, axes, facts, depth - 1));
}

function firstOf<T>(values: readonly Value[], of: (value: Value) => T | undefined): T | undefined {
  for (const value of values) {
    const found = of(value);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What z is multiplied by in z, z/t, t·z, each of them also beside other numbers, as ln Σ eˣ of the row is one, or noise. */
function scaleIn(value: Value, scores: Value, axes: Axes, depth = deepest): Scale | undefined {
  const { op, operands } = value;
  const [a, b] = operands;
  if (isBesideRow(value, scores, axes, depth)) return { factor: 1 };
  if (depth === 0) return undefined;
  const of = (each: Value, by: Scale = { factor: 1 }): Scale | undefined => {
    const scale = scaleIn(each, scores, axes, depth - 1);
    return scale && scaleBoth(scale, by);
  };
  const isRow = (each: Value): boolean => withoutAxes(each, axes) !== undefined;
  if (op === add.op) return of(a) ?? of(b);
  if (op === sub.op) return of(a) ?? of(b, { factor: -1 });
  if (op === neg.op) return of(a, { factor: -1 });
  // Masked by −∞, or cut where nothing is left of it.
  if (op === selectOp) return constantValue(operands[2]) === undefined ? undefined : of(b);
  if (op !== mul.op && op !== div.op) return undefined;
  const found = isRow(b) ? of(a, scaleOf(b, axes)) : undefined;
  return found ?? (op === mul.op && isRow(a) ? of(b, scaleOf(a, axes)) : undefined);
}

/** z beside numbers of the row, a sum in which every part is, or one or the other of them for all of a row: see `lessLargest`. */
function isBesideRow(value: Value, scores: Value, axes: Axes, depth: number): boolean {
  if (same(value, scores)) return true;
  const { op, operands } = value;
  if (depth === 0) return false;
  const of = (part: Value, whole: Value): boolean => isBesideRow(part, whole, axes, depth - 1);
  if (op === selectOp && withoutAxes(operands[0], axes)) return operands.slice(1).every((each) => of(each, scores));
  if (op !== add.op && op !== sub.op) return false;
  if (withoutAxes(operands[1], axes)) return of(operands[0], scores);
  return op === scores.op && operands.every((part, i) => of(part, scores.operands[i]));
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
    const scale = scaleUnder(weights, scores, along, facts);
    if (!scale) continue;
    const total = totalOf(weights, along, facts);
    const vanishes = isNumber(total) && Math.abs(total.constant) <= roundingOf(weights, along, facts);
    if (!vanishes && !(mayLeave && others.length === 1 && isNearlyNothing(weights, total))) continue;
    const left = writeLinear(total, sum(weights, { axes: along }).type);
    const isSmall = less(abs(left), nearly * Math.abs(total.constant));
    const { below, largest } = lessLargest(scores, along, {
      ...scale,
      part: (peak) => (isNumber(total) ? peak : where(isSmall, peak, 0)),
    });
    const rest = sum(
      withFactors(element, open, (x) => (x === scores ? below : x)),
      { axes: axesOf(value) },
    );
    return vanishes ? rest : add(rest, leftOut(value, along, { scores, weights, largest, left }));
  }
  return undefined;
}

/** Weights such as (softmax(z) − y)/n leave (1 − Σ y)/n: where that is more than this share of 1/n nothing is taken away. */
export const nearly = 0.1;

/** How far numbers in a difference are from the real ones that they stand for, as −0.33333334 + p/3: half a unit each. */
function roundingOf(weights: Value, along: Axes, facts: Surroundings): number {
  const sizes = numbersIn(weights, along, facts);
  return sizes.length < 2 ? 0 : 2 ** -24 * sizes.reduce((sum, size) => sum + size);
}

/** What the parts of a sum add up to, where that is a number. */
function numbersIn(weights: Value, along: Axes, facts: Surroundings, depth = deepest): readonly number[] {
  if (isDifference(weights) && depth > 0)
    return weights.operands.flatMap((part) => numbersIn(part, along, facts, depth - 1));
  const total = totalOf(weights, along, facts);
  return isNumber(total) ? [Math.abs(total.constant)] : [];
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
