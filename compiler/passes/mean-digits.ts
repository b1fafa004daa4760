/// Deviations from a mean, whose rounding is taken away by the mean of what is left.
import { div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { axesOf, reducedCount, sum, sumOp } from "../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../ir/value.ts";
import type { Surroundings } from "../rewrite/rule.ts";
import { addUpTo } from "../rewrite/rules/reduce.ts";
import { isSpreadOf, ontoLayouts } from "../rewrite/rules/uniform.ts";

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
  const again = sum(weight ? mul(weight, difference) : difference, { axes: axesOf(total) });
  return sub(difference, ontoLayouts(spreadMean, value, count ? div(again, count) : again));
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
  if (weight ? !addUpTo(weight, axes, count, nothingElse) : !same(element, x)) return undefined;
  if (!weight && (!count || constantValue(count) !== reducedCount(x.type, axes))) return undefined;
  return isSpreadOf(spreadMean, value, axes) ? value : undefined;
}

/** w of w·x. */
function weightIn({ op, operands: [a, b] }: Value, x: Value): Value | undefined {
  return op !== mul.op ? undefined : same(a, x) ? b : same(b, x) ? a : undefined;
}

const nothingElse: Surroundings = { uses: () => 1, classes: () => [] };
