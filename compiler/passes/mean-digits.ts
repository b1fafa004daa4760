/// Deviations from a mean, whose rounding is taken away by the mean of what is left.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { cast, selectOp } from "../../ir/ops/choose.ts";
import { equal } from "../../ir/ops/compare.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { axesOf, reducedCount, sum, sumOp } from "../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../ir/value.ts";
import { mentionsExponential } from "../rewrite/exponential.ts";
import type { Surroundings } from "../rewrite/rule.ts";
import { addUpTo } from "../rewrite/rules/reduce.ts";
import { shortfall } from "../rewrite/rules/shortfall.ts";
import { isSpreadOf, ontoLayouts } from "../rewrite/rules/uniform.ts";
import { where } from "../rewrite/untyped.ts";

type Axes = readonly number[];

/** What an original value has become. */
type Images = ReadonlyMap<Value, Value>;

/** x − x̄ = d − d̄ for d = x − x̄, and x̄ − x = −(d − d̄): the mean itself is rounded where x is large. */
export function fromMean(difference: Value, original: Value, images: Images): Value | undefined {
  if (difference.op !== sub.op) return undefined;
  const upright = deviation(difference, original, images);
  if (upright || !looksLikeMean(difference.operands[0])) return upright;
  const turned = ({ operands: [a, b] }: Value): Value => sub(b, a);
  const found = deviation(turned(difference), turned(original), images);
  return found && neg(found);
}

function looksLikeMean(value: Value): boolean {
  const { op, operands } = underLayouts(value);
  return op === sumOp || (op === div.op && operands[0].op === sumOp);
}

/**
 * d − Σ w·d = d where Σ w·x = x̄ and Σ w = 1. The weights are those of the original: those of its image may be less an
 * offset, as in Σ x·(w − c) where x adds up to nothing, and then add up to something else, and Σ (w − c)·d to c·n·x̄.
 * Where a divisor n is more than the weights add up to, the mean is counted as much too little: x̄·(n − Σw)/n is put back.
 */
function deviation(difference: Value, original: Value, images: Images): Value | undefined {
  const mean = meanOf(original);
  if (!mean || isCorrected(difference)) return undefined;
  const [x, spreadMean] = difference.operands;
  const value = underLayouts(spreadMean);
  const [total, count] = value.op === div.op ? value.operands : [value];
  const [element] = total.operands;
  if (total.op !== sumOp || (!same(element, x) && !weightIn(element, x))) return undefined;
  const wanted = weightOf(mean, original.operands[0]);
  const weight = wanted && images.get(wanted)!;
  const axes = axesOf(total);
  const again = sum(weight ? weighted(weight, difference) : difference, { axes });
  const small = sub(difference, ontoLayouts(spreadMean, value, count ? div(again, count) : again));
  const missing = weight && count && missingOf(mean, wanted, weight, axes, images);
  return missing ? add(small, ontoLayouts(spreadMean, value, mul(value, div(missing, count)))) : small;
}

/** What a divisor has more than the weights, of which it is not known that they add up to it. */
function missingOf(mean: Value, wanted: Value, weight: Value, axes: Axes, images: Images): Value | undefined {
  const [, count] = mean.operands;
  const isTotal = isTotalOf(wanted, axes);
  if (isTotal(count) || isTotal(withoutGuard(count))) return undefined;
  const image = (side: Value): Value => images.get(side) ?? side;
  return shortfall(count, isTotal, image) ?? sub(image(count), sum(numbersOf(weight), { axes }));
}

const isTotalOf =
  (weight: Value, axes: Axes) =>
  (divisor: Value): boolean =>
    addUpTo(numbersOf(weight), axes, divisor, nothingElse);

/** n of where(n = 0, c, n): where nothing counts the mean is 0, and nothing is missing. */
function withoutGuard(divisor: Value): Value {
  const guard = underLayouts(divisor);
  const [condition, , n] = guard.operands;
  const isGuard = guard.op === selectOp && condition.op === equal.op && same(condition.operands[0], n);
  return isGuard && constantValue(condition.operands[1]) === 0 ? ontoLayouts(divisor, guard, n) : divisor;
}

/** d − d̄ for d = x − x̄, where both means are under the same weights. */
export function isCorrected(difference: Value): boolean {
  const [inner] = difference.operands;
  const again = meanOf(difference);
  const mean = again && meanOf(inner);
  if (!again || !mean) return false;
  const [first, second] = [weightOf(mean, inner.operands[0]), weightOf(again, inner)];
  return first && second ? same(first, second) : first === second;
}

/** What a mean of x weighs it with. */
function weightOf(mean: Value, x: Value): Value | undefined {
  const total = mean.op === div.op ? mean.operands[0] : mean;
  return weightIn(total.operands[0], x);
}

/** The mean of x − x̄, also under weights: Σw·x/Σw, or Σw·x for a distribution. */
function meanOf(difference: Value): Value | undefined {
  if (difference.op !== sub.op) return undefined;
  const [x, spreadMean] = difference.operands;
  const value = underLayouts(spreadMean);
  const [total, count] = value.op === div.op ? value.operands : [value];
  if (total.op !== sumOp) return undefined;
  const [element] = total.operands;
  const axes = axesOf(total);
  const weight = same(element, x) ? undefined : weightIn(element, x);
  if (weight ? !isWhole(weight, axes, count) : !same(element, x)) return undefined;
  if (!weight && (!count || constantValue(count) !== reducedCount(x.type, axes))) return undefined;
  return isSpreadOf(spreadMean, value, axes) ? value : undefined;
}

/** True where weights add up to a divisor, or to what it guards; of a condition so many elements may be meant to be counted. */
function isWhole(weight: Value, axes: Axes, count: Value | undefined): boolean {
  if (addUpTo(numbersOf(weight), axes, count, nothingElse)) return true;
  if (!count || count.constant) return false;
  if (weight.type.dtype === "bool") return true;
  // Quotients of exponentials have a guard of their own.
  return !mentionsExponential(weight) && shortfall(count, isTotalOf(weight, axes)) !== undefined;
}

/** w of w·x, or the condition of what counts. */
function weightIn({ op, operands: [a, b, none] }: Value, x: Value): Value | undefined {
  if (op === selectOp) return same(b, x) && constantValue(none) === 0 ? a : undefined;
  return op !== mul.op ? undefined : same(a, x) ? b : same(b, x) ? a : undefined;
}

/** A condition as 1 and 0. */
const numbersOf = (weight: Value): Value => (weight.type.dtype === "bool" ? cast(weight, "f32") : weight);

const weighted = (weight: Value, x: Value): Value =>
  weight.type.dtype === "bool" ? where(weight, x, 0) : mul(weight, x);

const nothingElse: Surroundings = { uses: () => 1, classes: () => [] };
