/// Means of given numbers less other numbers, or other means, that may be near: all of them less one of these first, which
/// costs nothing where they add up to none of it, and what is left has the digits that each mean by itself would round.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { contractOp } from "../../../ir/ops/contract.ts";
import { reshapeOp, reshapeTo } from "../../../ir/ops/layout.ts";
import { axesOf, reducedCount, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { sameShape } from "../../../ir/type.ts";
import { apply, same, type Value } from "../../../ir/value.ts";
import { asWeightedSum } from "../as-sum.ts";
import { isGivenUnderLayouts } from "../below.ts";
import { timesNumber } from "../factors.ts";
import { reads, rule, type Rule, type Surroundings } from "../rule.ts";
import { ontoLayouts } from "./uniform.ts";
import { isShares, weighted, weightIn, wholeOf, type Weighing, type Whole } from "./whole.ts";

/** Deeper no person writes what is added up. */
const deepest = 4;

/** A number times a value. */
interface Part {
  readonly factor: number;
  readonly value: Value;
}

/** What a value adds up. */
function partsOf(value: Value, by = 1, depth = deepest): readonly Part[] {
  const { inner, factor: number } = timesNumber(value);
  const factor = by * number;
  if (depth === 0 || (inner.op !== add.op && inner.op !== sub.op)) return [{ factor, value: inner }];
  const [a, b] = inner.operands;
  return [...partsOf(a, factor, depth - 1), ...partsOf(b, inner.op === sub.op ? -factor : factor, depth - 1)];
}

/** How often a number counts that is taken from all that is given: undefined where anything else is added up, or it does not. */
function multipleIn(value: Value): number | undefined {
  const parts = partsOf(value).filter((part) => !part.value.constant);
  if (!parts.every((part) => isGivenUnderLayouts(part.value))) return undefined;
  return parts.reduce((total, { factor }) => total + factor, 0) || undefined;
}

/** The value with each given number less another; the other less the value, where it is given itself and `isTurned` says so. */
function lessEach(value: Value, number: Value, isTurned = false): Value {
  if (isGivenUnderLayouts(value)) return isTurned ? sub(number, value) : sub(value, number);
  const operands = value.operands.map((each) => (each.constant ? each : lessEach(each, number)));
  return apply(value.op, operands, value.attrs);
}

/** A part that is given, or a sum of what is, and what it is of numbers less another. */
interface Near extends Part {
  /** So often the other number counts. */
  readonly times: number;
  readonly isMean: boolean;
  /** True where it can be taken from the other number as well. */
  readonly turns: boolean;
  less(number: Value, isTurned?: boolean): Value;
  /** What is missing of weights over a divisor, as a factor. */
  readonly missing?: Value;
}

function nearOf(part: Part, facts: Surroundings): Near | undefined {
  const { value } = part;
  if (isGivenUnderLayouts(value)) {
    return {
      ...part,
      times: 1,
      isMean: false,
      turns: true,
      less: (number, isTurned) => lessEach(value, number, isTurned),
    };
  }
  let inner = value;
  while (inner.op === reshapeOp) [inner] = inner.operands;
  const [numerator, divisor] = inner.op === div.op ? inner.operands : [inner];
  const total = asWeightedSum(numerator) ?? numerator;
  const found = total.op === sumOp ? averageOf(total, divisor, facts) : undefined;
  if (!found) return undefined;
  const move = (row: Value): Value => ontoLayouts(value, inner, row);
  const less: Near["less"] = (number, isTurned) => move(found.less(reshapeTo(number, inner.type.shape), isTurned));
  return { ...part, ...found, isMean: true, less, missing: found.missing && move(found.missing) };
}

type Average = Pick<Near, "times" | "turns" | "less" | "missing">;

/** A sum of given numbers, or their mean under weights that are whole. */
function averageOf(total: Value, divisor: Value | undefined, facts: Surroundings): Average | undefined {
  const [element] = total.operands;
  const axes = axesOf(total);
  const over = (value: Value): Value => (divisor ? div(value, divisor) : value);
  const lessOf = (v: Value, number: Value, isTurned?: boolean): Value =>
    lessEach(v, spread(number, v.type, axes), isTurned);
  const plain = divisor ? undefined : multipleIn(element);
  const count = reducedCount(element.type, axes);
  if (plain !== undefined) {
    if (typeof count !== "number") return undefined;
    const less: Near["less"] = (number, isTurned) => sum(lessOf(element, number, isTurned), { axes });
    return { times: plain * count, turns: isGivenUnderLayouts(element), less };
  }
  for (const v of element.operands) {
    const weight = weightIn(element, v);
    const times = weight && multipleIn(v);
    const whole = times === undefined ? undefined : meanUnder({ weight: weight!, axes, divisor }, facts);
    if (!whole || times === undefined) continue;
    return {
      times,
      turns: isGivenUnderLayouts(v),
      less: (number, isTurned) => over(sum(weighted(weight!, lessOf(v, number, isTurned)), { axes })),
      missing: whole.missing,
    };
  }
  return undefined;
}

/** What is missing of a mean, if it is one: nothing under shares. */
function meanUnder(weighing: Weighing, facts: Surroundings): Whole | undefined {
  const { weight, axes, divisor } = weighing;
  return !divisor && isShares(weight, axes, facts)
    ? { missing: undefined, ofMean: undefined }
    : wholeOf(weighing, facts);
}

/** A look that costs little: a sum somewhere in what is added up. */
function hasTotal({ op, operands }: Value, depth = deepest): boolean {
  if (op === sumOp || op === contractOp) return true;
  const isOpened = [add.op, sub.op, neg.op, mul.op, div.op, reshapeOp].some((each) => each === op);
  return isOpened && depth > 0 && operands.some((each) => hasTotal(each, depth - 1));
}

/** So much of a whole is what the rounding of factors has left of it, and so much that of numbers in double precision. */
const [rounding, least] = [1e-6, 1e-12];

function lessNear(value: Value, facts: Surroundings): Value | undefined {
  if (value.type.dtype !== "f32" || !hasTotal(value)) return undefined;
  const joined = value.op === sub.op ? joinedSums(value) : undefined;
  if (joined) return joined;
  const parts = partsOf(value);
  if (parts.every(({ factor }) => factor > 0)) return undefined;
  const found = parts.map((part) => nearOf(part, facts));
  const nears = found.filter((each) => each !== undefined);
  const sizes = nears.map(({ factor, times }) => factor * times);
  const left = sizes.reduce((total, size) => total + size, 0);
  const whole = sizes.reduce((total, size) => total + Math.abs(size), 0);
  const number = Math.abs(left) <= rounding * whole ? referenceOf(nears) : undefined;
  if (!number) return undefined;
  const terms: Part[] = nears
    .filter((near) => near.isMean || near.value !== number)
    .map((near) => {
      const isTurned = near.factor < 0 && near.turns;
      return { factor: isTurned ? -near.factor : near.factor, value: near.less(number, isTurned) };
    });
  terms.push(...parts.filter((_, i) => !found[i]));
  if (Math.abs(left) > least * whole) terms.push({ factor: left, value: number });
  for (const { factor, times, missing } of nears) {
    if (missing) terms.push({ factor: -factor * times, value: mul(number, missing) });
  }
  return sumOf(terms);
}

/** A given number, or a mean that is nearly as large as all others are. */
function referenceOf(nears: readonly Near[]): Value | undefined {
  const mean = nears.find(({ isMean }) => isMean);
  if (!mean || nears.length < 2) return undefined;
  const given = nears.find(({ isMean }) => !isMean);
  return given?.value ?? (mean.times === 1 ? mean.value : (mul(1 / mean.times, mean.value) as Value));
}

function sumOf(terms: readonly Part[]): Value {
  const [first, ...others] = terms.toSorted((a, b) => Math.sign(b.factor) - Math.sign(a.factor));
  const scaled = (factor: number, value: Value): Value => (factor === 1 ? value : (mul(factor, value) as Value));
  const start = first.factor === -1 ? neg(first.value) : scaled(first.factor, first.value);
  return others.reduce<Value>(
    (total, { factor, value }) => (factor < 0 ? sub(total, scaled(-factor, value)) : add(total, scaled(factor, value))),
    start,
  );
}

/** Σ w·x − Σ w·y = Σ w·(x − y), of numbers that are given. */
function joinedSums({ operands }: Value): Value | undefined {
  const [left, right] = operands.map((each) => asWeightedSum(each) ?? each);
  if (left.op !== sumOp || right.op !== sumOp || axesOf(left).join() !== axesOf(right).join()) return undefined;
  const axes = axesOf(left);
  const [[a], [b]] = [left.operands, right.operands];
  if (!sameShape(a.type.shape, b.type.shape)) return undefined;
  const isOfGiven = (value: Value): boolean => multipleIn(value) !== undefined;
  if (isOfGiven(a) && isOfGiven(b)) return sum(sub(a, b) as Value, { axes });
  for (const x of a.operands) {
    const weight = isOfGiven(x) ? weightIn(a, x) : undefined;
    const y = weight && b.operands.find((each) => isOfGiven(each) && isSameWeight(weightIn(b, each), weight));
    if (weight && y) return sum(weighted(weight, sub(x, y) as Value), { axes });
  }
  return undefined;
}

const isSameWeight = (a: Value | undefined, b: Value): boolean => a !== undefined && same(a, b);

/** For kernels alone: formulas read as in a textbook until then. */
export const nearMeanRules: readonly Rule[] = [
  rule(
    "mean less what is near",
    "assumes-finite",
    "sum(w * v) / n - y = sum(w * (v - y)) / n - y * (1 - sum(w) / n)",
    [sub.op.name, add.op.name],
    lessNear,
    reads(sumOp, contractOp, div.op, mul.op, neg.op, add.op, sub.op, reshapeOp),
  ),
];
