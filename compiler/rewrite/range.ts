/// Between which numbers a value lies, as far as its formula tells: what rules and the lint ask about signs and overflow.
import { abs, exp, maximum, minimum, pow } from "../../ir/ops/functions.ts";
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { castOp, selectOp } from "../../ir/ops/choose.ts";
import { equal, greater, less } from "../../ir/ops/compare.ts";
import { contractAttrs } from "../../ir/ops/contract.ts";
import { cummaxOp, cumminOp, cumprodOp, cumsumOp } from "../../ir/ops/cumulative.ts";
import { stopGradient } from "../../ir/ops/derivative.ts";
import { constantValue, inputOp, iotaOp, sizeOp, type InputIdentity } from "../../ir/ops/leaf.ts";
import { log1mexp, logaddexp } from "../../ir/ops/logspace.ts";
import { normOp } from "../../ir/ops/norm.ts";
import { hypot } from "../../ir/ops/powers.ts";
import { productOp } from "../../ir/ops/product.ts";
import { logsumexpOp, maxOp, minOp } from "../../ir/ops/reduce.ts";
import { axesOf, reducedCount, sumOp } from "../../ir/ops/sum.ts";
import { makeFacts } from "../../ir/intern.ts";
import { same, type Op, type Value } from "../../ir/value.ts";
import { bottomUp } from "./bottom-up.ts";
import { imagesOf, type Range } from "./images.ts";
import { mostElements, roundedRange } from "./rounded-range.ts";
import { isBelow, peaks, reductionIn, shareTotal } from "./peaks.ts";

export type { Range } from "./images.ts";

/** Nothing is known. */
export const anything: Range = { low: -Infinity, high: Infinity };

/** Ranges of values. */
export type Ranges = (value: Value) => Range;

const ranges = makeFacts<Value, Range>();

/** The range of a value. It follows from the formula alone, so it is found once, and so are those of all its parts. */
export function rangeOf(value: Value): Range {
  return bottomUp(value, ranges, (each) => rangeOfFormula(each, (operand) => ranges.get(operand)!));
}

/** The range of a value, from those of its operands. It holds for what machines compute, NaN and the sign of 0 aside. */
export function rangeOfFormula(value: Value, of: Ranges): Range {
  return value.type.dtype === "bool" ? { low: 0, high: 1 } : roundedRange(value, rangeInReals(value, of));
}

function rangeInReals(value: Value, of: Ranges): Range {
  const { op } = value;
  switch (op.kind) {
    case "leaf":
      return rangeOfLeaf(value);
    case "elementwise":
      return rangeOfElement(value, of);
    case "layout":
      return of(value.operands[0]);
    case "reduction":
      return rangeOfReduction(value, of);
    case "contraction": {
      const [a, b] = value.operands;
      const product = isSumOfSquares(value) ? { low: 0, high: Infinity } : timesRange(of(a), of(b));
      return { low: product.low >= 0 ? 0 : -Infinity, high: product.high <= 0 ? 0 : Infinity };
    }
    case "gather":
      // What lies outside reads 0.
      return union(of(value.operands[0]), { low: 0, high: 0 });
    case "piecewise":
      return value.operands.map(of).reduce(union, fillRange(value));
    case "cumulative":
      return rangeOfRunning(value, of);
    default:
      return anything;
  }
}

/** True for x · x, all pairs of axes summed or kept side by side. */
function isSumOfSquares(value: Value): boolean {
  const [a, b] = value.operands;
  const { batch, contracted } = contractAttrs(value);
  const pairs = [...batch, ...contracted];
  return same(a, b) && pairs.length === a.type.shape.length && pairs.every(([left, right]) => left === right);
}

function fillRange({ op, attrs }: Value): Range {
  const fill = typeof attrs.fill === "number" ? attrs.fill : 0;
  return op.name === "concatenate" ? { low: Infinity, high: -Infinity } : { low: fill, high: fill };
}

/** The empty accumulation is 0, that of a product 1; extremes are taken of what is there. */
function rangeOfRunning({ op, operands, attrs }: Value, of: Ranges): Range {
  const { low, high } = of(operands[0]);
  if (op === cumsumOp) return { low: low >= 0 ? 0 : -Infinity, high: high <= 0 ? 0 : Infinity };
  if (op === cumprodOp && low >= 0) return { low: 0, high: high <= 1 ? 1 : Infinity };
  if ((op === cummaxOp || op === cumminOp) && attrs.exclusive !== true) return { low, high };
  return anything;
}

function rangeOfLeaf(value: Value): Range {
  const number = constantValue(value);
  if (number !== undefined) return Number.isNaN(number) ? anything : { low: number, high: number };
  if (value.type.dtype === "u32" && value.op !== sizeOp) return { low: 0, high: Infinity };
  if (value.op === inputOp && (value.attrs.identity as InputIdentity).distribution) return { low: 0, high: 1 };
  if (value.op === sizeOp) return { low: 1, high: Infinity };
  if (value.op === iotaOp) return { low: 0, high: lastIndex(value) };
  return anything;
}

function lastIndex({ type, attrs }: Value): number {
  const extent = type.shape[attrs.axis as number];
  return typeof extent === "number" ? extent - 1 : Infinity;
}

function rangeOfElement(value: Value, of: Ranges): Range {
  const { op, operands } = value;
  const [a, b] = operands;
  const image = imagesOf(op);
  if (image) return image(of(a));
  switch (op) {
    case neg.op:
      return { low: -of(a).high, high: -of(a).low };
    case add.op:
      return sumRange(value, of);
    case sub.op:
      return differenceRange(value, of);
    case stopGradient.op:
      return of(a);
    case mul.op:
      return same(a, b) ? squareRange(of(a)) : timesRange(of(a), of(b));
    case div.op:
      return shareRange(value, of) ?? quotientRange(of(a), of(b));
    case abs.op:
      return absRange(of(a));
    case hypot.op:
      return { low: Math.max(absRange(of(a)).low, absRange(of(b)).low), high: Infinity };
    case maximum.op:
      return { low: Math.max(of(a).low, of(b).low), high: Math.max(of(a).high, of(b).high) };
    case minimum.op:
      return { low: Math.min(of(a).low, of(b).low), high: Math.min(of(a).high, of(b).high) };
    case selectOp:
      return boundedRange(value, of) ?? union(of(operands[1]), of(operands[2]));
    case pow.op:
      return powerRange(of(a), b, of);
    case castOp:
      return value.type.dtype === "f32" ? of(a) : anything;
    case logaddexp.op:
      return { low: Math.max(of(a).low, of(b).low), high: Math.max(of(a).high, of(b).high) + Math.LN2 };
    case log1mexp.op:
      return { low: -Infinity, high: 0 };
    default:
      return anything;
  }
}

/** where(x < c, x, c) is the smaller one, where(x > c, x, c) the larger. */
function boundedRange({ operands: [condition, x, other] }: Value, of: Ranges): Range | undefined {
  const [a, b] = condition.operands;
  const bound = constantValue(other) ?? NaN;
  if (Number.isNaN(bound) || !a || !b || !same(a, x) || !same(b, other)) return undefined;
  const { low, high } = of(x);
  if (condition.op === less.op) return { low: Math.min(low, bound), high: Math.min(high, bound) };
  return condition.op === greater.op ? { low: Math.max(low, bound), high: Math.max(high, bound) } : undefined;
}

const union = (a: Range, b: Range): Range => ({ low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) });

function absRange({ low, high }: Range): Range {
  const largest = Math.max(Math.abs(low), Math.abs(high));
  return { low: low > 0 ? low : high < 0 ? -high : 0, high: largest };
}

function squareRange(range: Range): Range {
  const { low, high } = absRange(range);
  return { low: low * low, high: high * high };
}

function timesRange(a: Range, b: Range): Range {
  const [p, q] = [timesEnd(a.low, b.low), timesEnd(a.low, b.high)];
  const [r, s] = [timesEnd(a.high, b.low), timesEnd(a.high, b.high)];
  return { low: Math.min(p, q, r, s), high: Math.max(p, q, r, s) };
}

/** 0 times ∞ is 0: the ∞ is only a bound. */
const timesEnd = (x: number, y: number): number => (x === 0 || y === 0 ? 0 : x * y);

function quotientRange(a: Range, b: Range): Range {
  if (b.low < 0 && b.high > 0) return anything;
  const inverse = { low: b.high === 0 ? -Infinity : 1 / b.high, high: b.low === 0 ? Infinity : 1 / b.low };
  return timesRange(a, inverse);
}

/** x/max x of what is never negative is at most 1, and min x/x as well. */
function shareRange({ operands: [a, b] }: Value, of: Ranges): Range | undefined {
  return of(a).low >= 0 && of(b).low >= 0 && isBelow(a, b) ? { low: 0, high: 1 } : undefined;
}

function powerRange(base: Range, exponent: Value, of: Ranges): Range {
  const number = constantValue(exponent);
  if (number !== undefined && number % 2 === 0) return number > 0 ? squareRange(base) : { low: 0, high: Infinity };
  if (base.low < 0) return anything;
  const positive = of(exponent).low >= 0;
  return { low: 0, high: positive && base.high <= 1 ? 1 : Infinity };
}

/** x − ln Σ eˣ, x − max x, min x − x and x − ln(1 + eˣ) are at most 0, the other way round at least. */
function differenceRange({ operands: [a, b] }: Value, of: Ranges): Range {
  const { low, high } = { low: of(a).low - of(b).high, high: of(a).high - of(b).low };
  if (isBelow(a, b)) return { low, high: Math.min(high, 0) };
  return isBelow(b, a) ? { low: Math.max(low, 0), high } : { low, high };
}

/** x + ln Σ e^−x and x + max(−x) are at least 0. */
function sumRange({ operands: [a, b] }: Value, of: Ranges): Range {
  const { low, high } = { low: of(a).low + of(b).low, high: of(a).high + of(b).high };
  const isNegated = (x: Value, other: Value): boolean => x.op === neg.op && same(x.operands[0], other);
  const isAbove = reductionIn(b, peaks, (x) => isNegated(x, a)) ?? reductionIn(a, peaks, (x) => isNegated(x, b));
  const least = shareTotal(a, b) ?? shareTotal(b, a) ?? (isAbove ? 0 : low);
  return { low: Math.max(low, least), high };
}

const extremes: readonly Op[] = [maxOp, minOp];

function rangeOfReduction(value: Value, of: Ranges): Range {
  const [x] = value.operands;
  const { low, high } = of(x);
  const count = reducedCount(x.type, axesOf(value));
  const most = typeof count === "number" ? count : mostElements;
  if (value.op === maxOp || value.op === minOp) return { low, high };
  if (value.op === productOp && low >= 0) return { low: 0, high: high <= 1 ? 1 : Infinity };
  if (value.op === logsumexpOp) return { low, high: high + Math.log(most) };
  if (value.op === normOp) return { low: absRange({ low, high }).low, high: Infinity };
  if (value.op !== sumOp) return anything;
  const times = (bound: number): number => (bound === 0 ? 0 : bound * most);
  const least = hasPeak(x, axesOf(value)) ? 1 : low >= 0 ? low : times(low);
  return { low: least, high: high <= 0 ? high : times(high) };
}

/** True for exp(x − max x) and exp(min x − x), and for marks of the largest or smallest, summed over the axes of that extreme at least. */
function hasPeak(x: Value, summed: readonly number[]): boolean {
  const isMark = x.op === castOp && x.operands[0].op === equal.op;
  if (!isMark && (x.op !== exp.op || x.operands[0].op !== sub.op)) return false;
  const [a, b] = x.operands[0].operands;
  const peak =
    reductionIn(b, isMark ? extremes : [maxOp], (reduced) => same(reduced, a)) ??
    (isMark ? undefined : reductionIn(a, [minOp], (reduced) => same(reduced, b)));
  return peak !== undefined && axesOf(peak).every((axis) => summed.includes(axis));
}

/** True for what lies between two numbers, as sigmoids, shares and sines do. */
export function isBounded(value: Value): boolean {
  const { low, high } = rangeOf(value);
  return Number.isFinite(low) && Number.isFinite(high);
}

/** Never negative, and 0 somewhere, as far as its formula tells. */
export function touchesZero(value: Value): boolean {
  return rangeOf(value).low === 0;
}
