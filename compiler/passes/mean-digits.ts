/// Deviations from a mean, whose rounding is taken away by the mean of what is left.
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { remembering } from "../../ir/intern.ts";
import { axesOf, sum, sumOp } from "../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../ir/value.ts";
import type { Surroundings } from "../rewrite/rule.ts";
import { lessMeans } from "../rewrite/rules/shared-means.ts";
import { isCount, isSpreadOf, ontoLayouts, withoutAxes } from "../rewrite/rules/uniform.ts";
import { weighted, weightIn, wholeOf } from "../rewrite/rules/whole.ts";

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
  const image = (side: Value): Value => images.get(side) ?? side;
  const divisor = count && mean.operands[1];
  const missing = wanted && wholeOf({ weight: wanted, axes, divisor }, nothingElse, image)?.ofMean;
  const under = (of: Value): Value => {
    const again = sum(weight ? weighted(weight, of) : of, { axes });
    return count ? div(again, count) : again;
  };
  const isMultiple = isProduct(x) && !(missing && hasSum(x));
  const large = isMultiple ? (lessMeans(x, under, axes) ?? difference) : difference;
  const small = sub(large, ontoLayouts(spreadMean, value, under(large)));
  return missing ? add(small, ontoLayouts(spreadMean, value, mul(value, missing))) : small;
}

/** True for multiples: what is multiplied is less its mean before that rounds. */
const isProduct = ({ op }: Pick<Value, "op">): boolean => op === mul.op || op === div.op;

/** True where not all that is less its mean is a factor: its mean is not that of the whole. Products share their factors. */
const hasSum = remembering(
  ({ op, operands }: Value): boolean => op === add.op || op === sub.op || (isProduct({ op }) && operands.some(hasSum)),
);

/** d − d̄ for d = x − x̄, or for a multiple of it by numbers of the row, where both means are under the same weights. */
export function isCorrected(difference: Value): boolean {
  const again = meanOf(difference);
  const inner = again && deviationIn(difference.operands[0], axesOf(totalIn(again)));
  const mean = inner && meanOf(inner);
  if (!again || !mean) return false;
  const [first, second] = [weightOf(mean, inner.operands[0]), weightOf(again, difference.operands[0])];
  return first && second ? same(first, second) : first === second;
}

/** So many factors a deviation is multiplied by. */
const deepest = 4;

/** x − x̄ itself, or among factors that are the same for the row: under any other its mean is no rounding. */
function deviationIn(value: Value, axes: readonly number[], depth = deepest): Value | undefined {
  if (meanOf(value)) return value;
  if (depth === 0 || !isProduct(value)) return undefined;
  const [a, b] = value.operands;
  if (withoutAxes(b, axes)) return deviationIn(a, axes, depth - 1);
  return withoutAxes(a, axes) && value.op === mul.op ? deviationIn(b, axes, depth - 1) : undefined;
}

/** Σx of Σx/n, or of Σx. */
const totalIn = (mean: Value): Value => (mean.op === div.op ? mean.operands[0] : mean);

/** What a mean of x weighs it with. */
function weightOf(mean: Value, x: Value): Value | undefined {
  return weightIn(totalIn(mean).operands[0], x);
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
  if (weight ? !wholeOf({ weight, axes, divisor: count }, nothingElse) : !same(element, x)) return undefined;
  if (!weight && !(count && isCount(count, x, axes))) return undefined;
  return isSpreadOf(spreadMean, value, axes) ? value : undefined;
}

const nothingElse: Surroundings = { uses: () => 1, classes: () => [] };
