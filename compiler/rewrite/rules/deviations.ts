/// Differences from a mean in other words: multiples of both, and means of what deviates from another mean. The digits of a
/// common offset go before anything is multiplied or added up.
import { add, div, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { axesOf, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { apply, same, underLayouts, type Value } from "../../../ir/value.ts";
import { rule, type Rule, type Surroundings } from "../rule.ts";
import { shortSum } from "../short-sum.ts";
import { addUpTo } from "./reduce.ts";
import { isCount, ontoLayouts, withoutAxes } from "./uniform.ts";

/** Σw·x or Σw·x over a divisor, also without weights. */
interface Mean {
  readonly x: Value;
  readonly weight: Value | undefined;
  readonly axes: readonly number[];
  readonly divisor: Value | undefined;
}

/** All readings of a value as a mean: any factor may be what it is the mean of. */
function meansIn(value: Value): readonly Mean[] {
  const divisor = value.op === div.op ? value.operands[1] : undefined;
  const total = divisor ? value.operands[0] : value;
  if (total.op !== sumOp) return [];
  const [element] = total.operands;
  const axes = axesOf(total);
  const plain: Mean = { x: element, weight: undefined, axes, divisor };
  if (element.op !== mul.op) return [plain];
  const [a, b] = element.operands;
  return [plain, { ...plain, x: a, weight: b }, { ...plain, x: b, weight: a }];
}

/** True where the weights add up to 1. */
function isMean({ x, weight, axes, divisor }: Mean, facts: Surroundings): boolean {
  if (weight) return !weight.constant && addUpTo(weight, axes, divisor, facts);
  return divisor !== undefined && isCount(divisor, x, axes);
}

/** True for a mean of x without weights, along `along` where that is said. */
export function isPlainMeanOf(value: Value, x: Value, along?: readonly number[]): boolean {
  const [mean] = meansIn(underLayouts(value));
  if (along && mean?.axes.join() !== along.join()) return false;
  return mean !== undefined && same(mean.x, x) && mean.divisor !== undefined && isCount(mean.divisor, x, mean.axes);
}

/** Σp·x − x̄ = Σp·(x − x̄) where Σp = 1, for two means of the same. */
function meanOfDeviations({ type, operands: [left, right] }: Value, facts: Surroundings): Value | undefined {
  if (type.dtype !== "f32") return undefined;
  for (const [value, other, isFirst] of [
    [left, right, true],
    [right, left, false],
  ] as const) {
    const means = meansIn(underLayouts(other)).filter((each) => isMean(each, facts));
    const mean = meansIn(value).find(({ x }) => means.some((each) => same(each.x, x)));
    if (!mean || !isMean(mean, facts)) continue;
    const { x, weight, axes, divisor } = mean;
    const repeated = spread(other, x.type, axes);
    const deviation = isFirst ? sub(x, repeated) : sub(repeated, x);
    const total = sum(weight ? mul(weight, deviation) : deviation, { axes }) as Value;
    return divisor ? div(total, divisor) : total;
  }
  return undefined;
}

/** A multiple or a share of something. */
interface Multiple {
  readonly of: Value;
  readonly by: Value;
  readonly op: Value["op"];
}

function multiplesIn(value: Value): readonly Multiple[] {
  const inner = underLayouts(value);
  const onto = (part: Value): Value => ontoLayouts(value, inner, part);
  if (inner.op !== mul.op && inner.op !== div.op) return [];
  const [a, b] = inner.operands.map(onto);
  const first: Multiple = { of: a, by: b, op: inner.op };
  return inner.op === mul.op ? [first, { of: b, by: a, op: inner.op }] : [first];
}

/** By the same value, or by one number, which is the same wherever it is repeated. */
const areBySame = (a: Multiple, b: Multiple): boolean =>
  a.op === b.op && (same(a.by, b.by) || isSameNumber(underLayouts(a.by), underLayouts(b.by)));

const isSameNumber = (a: Value, b: Value): boolean => {
  const number = constantValue(a);
  return number === undefined ? a.type.shape.length === 0 && same(a, b) : number === constantValue(b);
};

/** k·x − k·x̄ = k·(x − x̄), and the same of quotients. */
function multipleOfDeviation({ type, operands: [left, right] }: Value): Value | undefined {
  if (type.dtype !== "f32") return undefined;
  for (const a of multiplesIn(left)) {
    const b = multiplesIn(right).find(
      (each) => areBySame(a, each) && (isPlainMeanOf(each.of, a.of) || isPlainMeanOf(a.of, each.of)),
    );
    if (b) return apply(a.op, [sub(a.of, b.of), a.by]);
  }
  return undefined;
}

/** Products with such numbers are exact. */
const isPowerOfTwo = (number: number | undefined): boolean =>
  number !== undefined && Number.isInteger(Math.log2(Math.abs(number)));

/** k·x − mean(k·x) = k·(x − x̄) for a k that is the same for all x: the slope of k has the digits of deviations as well. */
function deviationOfMultiple({ type, operands: [left, right] }: Value): Value | undefined {
  if (type.dtype !== "f32") return undefined;
  for (const [value, other, isFirst] of [
    [left, right, true],
    [right, left, false],
  ] as const) {
    const inner = underLayouts(other);
    const [mean] = meansIn(inner);
    if (!mean?.divisor || !same(mean.x, value) || !isPlainMeanOf(other, value)) continue;
    const { axes, divisor } = mean;
    if (!same(other, spread(inner, value.type, axes))) continue;
    const isOneFactor = ({ by }: Multiple): boolean =>
      !isPowerOfTwo(constantValue(underLayouts(by))) && withoutAxes(by, axes) !== undefined;
    const multiple = multiplesIn(value).find(isOneFactor);
    if (!multiple) continue;
    const { of: x, by, op } = multiple;
    const repeated = spread(div(sum(x, { axes }) as Value, divisor), x.type, axes);
    return apply(op, [isFirst ? sub(x, repeated) : sub(repeated, x), by]);
  }
  return undefined;
}

/** E − 2μ·μ + μ² = E − μ², which variances are. */
function collectedSquare(value: Value): Value | undefined {
  const isSum = ({ op }: Value): boolean => op === add.op || op === sub.op;
  const terms = value.type.dtype === "f32" && value.operands.some(isSum) ? shortSum(value) : undefined;
  const counts = new Map<Value, number>();
  for (const { coefficient, value: term } of terms ?? []) counts.set(term, (counts.get(term) ?? 0) + coefficient);
  if (counts.size !== 2) return undefined;
  const [whole, square] = [1, -1].map((count) => [...counts].find(([, times]) => times === count)?.[0]);
  if (!whole || !square || square.op !== mul.op || !same(square.operands[0], square.operands[1])) return undefined;
  return meansIn(underLayouts(square.operands[0])).length > 0 ? sub(whole, square) : undefined;
}

/** A look that costs little: a product or a sum under layouts on both sides. */
const isOf = (value: Value, isMultiple: boolean): boolean => {
  const { op, operands } = underLayouts(value);
  return isMultiple ? op === mul.op || op === div.op : op === sumOp || (op === div.op && operands[0].op === sumOp);
};

/** Differences from means. */
export const deviationRules: readonly Rule[] = [
  rule("multiple of a deviation", "assumes-finite", "k * x - k * mean(x) = k * (x - mean(x))", ["sub"], (value) =>
    value.operands.every((each) => isOf(each, true)) ? multipleOfDeviation(value) : undefined,
  ),
  rule("deviation of a multiple", "assumes-finite", "k * x - mean(k * x) = k * (x - mean(x))", ["sub"], (value) =>
    value.operands.some((each) => isOf(each, false)) ? deviationOfMultiple(value) : undefined,
  ),
  rule(
    "squares of a mean collected",
    "assumes-finite",
    "mean(x * x) - 2 * (mean(x) * mean(x)) + mean(x) * mean(x) = mean(x * x) - mean(x) * mean(x)",
    ["add", "sub"],
    collectedSquare,
  ),
  rule(
    "mean of deviations",
    "stabilizes",
    "sum(p * x) - mean(x) = sum(p * (x - mean(x))) for sum(p) = 1",
    ["sub"],
    (value, facts) => (value.operands.every((each) => isOf(each, false)) ? meanOfDeviations(value, facts) : undefined),
  ),
];
