/// Central moments from raw ones: E[x³] − 3·E[x]·E[x²] + 2·E[x]³ loses the digits of a common offset three times over, and
/// the mean of the cubes of the deviations keeps them. The fourth likewise.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { mean } from "../../../ir/ops/reduce.ts";
import { axesOf, reducedCount, spread, sumOp } from "../../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { mentionsExponential } from "../exponential.ts";
import { isBounded } from "../range.ts";
import { rule, type Rule } from "../rule.ts";
import { isPlainMeanOf } from "./deviations.ts";
import { isSpreadOf } from "./uniform.ts";

/** Products of raw moments with a number before each; "1,2" is E[x]·E[x²]. */
type Moments = ReadonlyMap<string, number>;

/** What all of them are moments of. */
interface Sample {
  readonly x: Value;
  readonly axes: readonly number[];
  readonly count: number;
}

/** Σ (k choose j)·E[xʲ]·(−E[x])^(k − j) for k = 3 and 4. */
const central: readonly (readonly [number, Moments])[] = [
  [
    3,
    new Map([
      ["3", 1],
      ["1,2", -3],
      ["1,1,1", 2],
    ]),
  ],
  [
    4,
    new Map([
      ["4", 1],
      ["1,3", -4],
      ["1,1,2", 6],
      ["1,1,1,1", -3],
    ]),
  ],
];

/** So many products a person writes, and so deep. */
const mostTerms = 8;
const deepest = 8;

/** So much may the numbers before the products be rounded. */
const rounding = 1e-6;

/** x and k of xᵏ, as people and rules write it. */
function powerIn(value: Value, depth = deepest): { readonly x: Value; readonly power: number } {
  const [a, b] = value.operands;
  if (value.op === mul.op && depth > 0) {
    const [left, right] = [powerIn(a, depth - 1), powerIn(b, depth - 1)];
    if (same(left.x, right.x)) return { x: left.x, power: left.power + right.power };
  }
  const whole = value.op.name === "pow" ? constantValue(b) : undefined;
  return whole === 2 || whole === 3 || whole === 4 ? { x: a, power: whole } : { x: value, power: 1 };
}

/** Reads sums of products of moments of one sample, which the first of them names. */
class Reader {
  sample: Sample | undefined;

  read(value: Value, depth = deepest): Moments | undefined {
    const number = constantValue(value);
    if (number !== undefined) return new Map([["", number]]);
    if (value.op === sumOp) return this.readSum(value);
    if (depth === 0) return undefined;
    const [a, b] = value.operands;
    const of = (operand: Value): Moments | undefined => this.read(operand, depth - 1);
    switch (value.op) {
      case neg.op:
        return product(of(a), new Map([["", -1]]));
      case add.op:
        return total(of(a), of(b));
      case sub.op:
        return total(of(a), of(b), -1);
      case mul.op:
        return product(of(a), of(b));
      case div.op: {
        const divisor = constantValue(b);
        return divisor ? product(of(a), new Map([["", 1 / divisor]])) : undefined;
      }
      default: {
        const { x, power } = powerIn(value);
        const base = power > 1 ? of(x) : undefined;
        return base && new Array<Moments>(power - 1).fill(base).reduce<Moments | undefined>(product, base);
      }
    }
  }

  /** n·E[xᵏ], and n·(E[x²] − E[x]²) of Σ(x − x̄)². */
  private readSum(value: Value): Moments | undefined {
    const axes = axesOf(value);
    const { x, power } = powerIn(value.operands[0]);
    const deviated = power === 2 && x.op === sub.op && isMean(x.operands[1], x.operands[0], axes);
    const of = deviated ? x.operands[0] : x;
    const count = reducedCount(of.type, axes);
    if (typeof count !== "number") return undefined;
    this.sample ??= { x: of, axes, count };
    if (!same(this.sample.x, of) || this.sample.axes.join() !== axes.join()) return undefined;
    return new Map(
      deviated
        ? [
            ["2", count],
            ["1,1", -count],
          ]
        : [[String(power), count]],
    );
  }
}

/** x̄, spread over the axes that it was taken along. */
function isMean(value: Value, x: Value, axes: readonly number[]): boolean {
  return isPlainMeanOf(value, x, axes) && isSpreadOf(value, underLayouts(value), axes);
}

function total(a: Moments | undefined, b: Moments | undefined, times = 1): Moments | undefined {
  if (!a || !b) return undefined;
  const found = new Map(a);
  for (const [key, number] of b) found.set(key, (found.get(key) ?? 0) + times * number);
  return found.size > mostTerms ? undefined : found;
}

function product(a: Moments | undefined, b: Moments | undefined): Moments | undefined {
  if (!a || !b || a.size * b.size > mostTerms) return undefined;
  const found = new Map<string, number>();
  for (const [left, first] of a) {
    for (const [right, second] of b) {
      const key = [...left.split(","), ...right.split(",")].filter((each) => each !== "").toSorted();
      found.set(key.join(), (found.get(key.join()) ?? 0) + first * second);
    }
  }
  return found;
}

/** The number of times that moments are the central ones. */
function timesCentral(moments: Moments, [power, wanted]: (typeof central)[number]): number | undefined {
  const factor = moments.get(String(power)) ?? 0;
  const isThere = (key: string): boolean => {
    const [found, meant] = [moments.get(key) ?? 0, factor * (wanted.get(key) ?? 0)];
    // What the moment does not have, such as a small number to keep from 0, is not there at all.
    return Math.abs(found - meant) <= rounding * Math.abs(meant);
  };
  return factor !== 0 && [...moments.keys(), ...wanted.keys()].every(isThere) ? factor : undefined;
}

/** E[(x − x̄)ᵏ] of a sum of products of raw moments. */
function byDeviations(value: Value): Value | undefined {
  if (value.type.dtype !== "f32") return undefined;
  const reader = new Reader();
  const moments = reader.read(value);
  const { sample } = reader;
  // A mean of ∞ has no deviations, where the sum may still say that it is ∞.
  if (!moments || !sample || (mentionsExponential(sample.x) && !isBounded(sample.x))) return undefined;
  for (const each of central) {
    const factor = timesCentral(moments, each);
    if (factor === undefined) continue;
    const { x, axes } = sample;
    const deviation: Value = sub(x, spread(mean(x, { axes }), x.type, axes));
    const square: Value = mul(deviation, deviation);
    const moment: Value = mean(mul(square, each[0] === 3 ? deviation : square) as Value, { axes });
    return factor === 1 ? moment : mul(factor, moment);
  }
  return undefined;
}

/** Sums of products and of quotients. */
const isSum = ({ operands }: Value): boolean =>
  operands.every(({ op }) => op === mul.op || op === div.op || op === add.op || op === sub.op || op === neg.op);

/** Third and fourth central moments. */
export const momentRules: readonly Rule[] = [
  rule(
    "central moment by deviations",
    "stabilizes",
    "mean(x * x * x) - 3 * mean(x) * mean(x * x) + 2 * mean(x) * mean(x) * mean(x) = mean((x - mean(x)) * (x - mean(x)) * (x - mean(x)))",
    ["add", "sub"],
    byDeviations,
    isSum,
  ),
];
