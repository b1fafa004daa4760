/// Slopes by the scale of a table of scores whose rows and columns are softmaxes both, as contrastive losses have them:
/// what weighs the table adds up to nothing in parts, one along rows and one along columns.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { abs } from "../../../ir/ops/functions.ts";
import { constant, constantValue } from "../../../ir/ops/leaf.ts";
import { axesOf, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import type { Value } from "../../../ir/value.ts";
import { factorsOf, partsOfProduct, type Opening } from "../factors.ts";
import { finitePeak, type Scale } from "../finite-peak.ts";
import { addLinear, isNumber, linearConstant, scaleLinear, writeLinear, type Linear } from "../linear.ts";
import { reads, rule, type Rule, type Surroundings } from "../rule.ts";
import { shortSum, type Term } from "../short-sum.ts";
import { less, where } from "../untyped.ts";
import { isWeighedBy, nearly, scaleUnder } from "./shifts.ts";
import { totalOf } from "./totals.ts";
import { withoutAxes } from "./uniform.ts";

type Axes = readonly number[];

/** Two axes, or what there is along each. */
type Both<T> = readonly [T, T];

const both = <A, B>([first, second]: Both<A>, of: (each: A, at: 0 | 1) => B): Both<B> => [of(first, 0), of(second, 1)];

/** What weights are along each of two axes, and what adds up to so many times either. */
interface Parts {
  readonly along: Both<Directed>;
  readonly either: readonly Term[];
}

interface Directed {
  readonly axis: number;
  /** What the scores are multiplied by under its exponentials. */
  readonly scale: Scale;
  readonly terms: readonly Term[];
  /** The part of the rest with which they add up to nothing, or nearly. */
  readonly share: number;
  /** What they add up to with it, and without, where that is known at run time only. */
  readonly left?: Linear;
  readonly whole?: number;
}

/** So much of a whole is rounding. */
const rounding = 1e-6;

/** The number of times that one sum is another; undefined where it is none. */
function timesOf(a: Linear, b: Linear): number | undefined {
  if (a.softplus.length + b.softplus.length > 0 || a.terms.size !== b.terms.size) return undefined;
  const pairs = [[a.constant, b.constant], ...[...b.terms].map(([term, number]) => [a.terms.get(term) ?? NaN, number])];
  const [x, y] = pairs.find(([, number]) => number !== 0) ?? [NaN, NaN];
  const isSame = pairs.every(([left, right]) => Math.abs(left - (x / y) * right) <= rounding * Math.abs(left));
  return isSame ? x / y : undefined;
}

function partsOf(weights: Value, axes: Both<number>, scores: Value, facts: Surroundings): Parts | undefined {
  const terms = shortSum(weights, { quotients: true });
  if (!terms) return undefined;
  const totalAlong = (some: readonly Term[], axis: number): Linear =>
    some
      .map(({ coefficient, value }) => scaleLinear(totalOf(value, [axis], facts), coefficient))
      .reduce((a, b) => addLinear(a, b), linearConstant(0));
  const scaleAlong = ({ value }: Term, axis: number): Scale | undefined => scaleUnder(value, scores, [axis], facts);
  const isAlong = (term: Term, axis: number): boolean => scaleAlong(term, axis) !== undefined;
  const either = terms.filter((term) => !axes.some((axis) => isAlong(term, axis)));
  if (terms.some((term) => axes.every((axis) => isAlong(term, axis)))) return undefined;
  const totals = both(axes, (axis) => {
    const own = terms.filter((term) => isAlong(term, axis));
    const [scale = { factor: 1 }] = own.flatMap((term) => scaleAlong(term, axis) ?? []);
    return { axis, scale, terms: own, total: totalAlong(own, axis), rest: totalAlong(either, axis) };
  });
  const shares = sharesOf(totals);
  const along = both(totals, ({ axis, scale, terms: own, total, rest }, i): Directed => {
    const directed = { axis, scale, terms: own, share: shares[i] };
    const isKnown = Math.abs(shares[i] + (timesOf(total, rest) ?? NaN)) <= rounding;
    return isKnown ? directed : { ...directed, left: addLinear(total, rest, shares[i]), whole: total.constant };
  });
  const [a, b] = shares;
  return a > 0 && b > 0 && Math.abs(a + b - 1) <= rounding ? { along, either } : undefined;
}

/** Which parts of the rest belong to either softmax: what adds up to nothing with it, or the part that is like its own. */
function sharesOf(totals: readonly { readonly total: Linear; readonly rest: Linear }[]): readonly number[] {
  const known = totals.map(({ total, rest }) => -(timesOf(total, rest) ?? NaN));
  const isGuess = totals.every(({ total, rest }) => isNumber(total) && !isNumber(rest));
  const sum = totals.reduce((all, { total }) => all + total.constant, 0);
  return isGuess && known.some(Number.isNaN) ? totals.map(({ total }) => total.constant / sum) : known;
}

/** A number of times a value; of a choice between two numbers it is one between others. */
function times(number: number, value: Value): Value {
  const [condition, ...sides] = value.operands;
  const [a, b] = value.op === selectOp ? sides.map(constantValue) : [];
  if (a !== undefined && b !== undefined) return where(condition, number * a, number * b);
  return number === 1 ? value : mul(number, value);
}

const written = (terms: readonly Term[]): Value =>
  terms.map(({ coefficient, value }) => times(coefficient, value)).reduce((left, right): Value => add(left, right));

/** Weights along each axis times scores less their largest along it: −∞ meets all that weighs it, or 0 would make NaN. */
function crossedProduct({ along, either }: Parts, scores: Value): Crossed {
  const leftOut: Value[] = [];
  const [a, b] = along.map(({ axis, scale: { factor, row }, terms, share: part, left, whole = 0 }): Value => {
    const share = either.map(({ coefficient, value }) => ({ coefficient: coefficient * part, value }));
    const peak = finitePeak(scores, factor, [axis], row);
    const sum = left && writeLinear(left, peak.type);
    const largest: Value = sum ? where(less(abs(sum), nearly * Math.abs(whole)), peak, 0) : peak;
    if (sum) leftOut.push(mul(sum, largest));
    return mul(written([...terms, ...share]), sub(scores, spread(largest, scores.type, [axis])));
  });
  return { product: add(a, b), leftOut };
}

interface Crossed {
  readonly product: Value;
  /** What was taken away more often than it was there: numbers of rows and of columns. */
  readonly leftOut: readonly Value[];
}

/** Opens products, and quotients by one number. */
const opensScalars =
  (axes: Axes): Opening =>
  (value) => {
    const { op, operands } = value;
    if (op === neg.op) return operands;
    return op === div.op && withoutAxes(operands[1], axes) ? [operands[0]] : partsOfProduct(value);
  };

/** The numbers before a product of two factors, on something else in the place of that. */
function scaled(element: Value, open: Opening, axes: Axes, pair: readonly Value[], x: Value): Value {
  const flat = (factor: Value): Value => withoutAxes(factor, axes)!;
  const of = (part: Value): Value | undefined => {
    if (part === pair[0]) return x;
    if (part === pair[1]) return undefined;
    const [a, b] = part.operands;
    if (!open(part)) return flat(part);
    if (part.op === div.op) return div(of(a) ?? 1, flat(b));
    if (part.op === neg.op) return neg(of(a) ?? constant(1, x.type.dtype, x.type.shape));
    const [left, right] = [of(a), of(b)];
    return left && right ? mul(left, right) : (left ?? right);
  };
  return of(element)!;
}

/** The axes of a table. */
const tableAxes: Both<number> = [0, 1];

function withoutCommonParts(value: Value, facts: Surroundings): Value | undefined {
  const [element] = value.operands;
  const isTable = element.type.shape.length === 2 && axesOf(value).length === 2;
  if (value.type.dtype !== "f32" || !isTable) return undefined;
  const open = opensScalars(tableAxes);
  const factors = factorsOf(element, open)?.filter((factor) => !withoutAxes(factor, tableAxes));
  if (factors?.length !== 2) return undefined;
  for (const [weights, scores] of [factors, factors.toReversed()]) {
    if (weights.op !== add.op && weights.op !== sub.op) continue;
    if (!tableAxes.every((axis) => isWeighedBy(weights, scores, [axis], facts))) continue;
    const parts = partsOf(weights, tableAxes, scores, facts);
    if (!parts) continue;
    const { product, leftOut } = crossedProduct(parts, scores);
    const total = leftOut.reduce<Value>((all, part) => add(all, sum(part)), sum(product, { axes: tableAxes }));
    return scaled(element, open, tableAxes, [weights, scores], total);
  }
  return undefined;
}

/** Before the rule for one softmax. */
export const crossedRules: readonly Rule[] = [
  rule(
    "scores under weights of two softmaxes",
    "stabilizes",
    "sum((softmax(z) - y) * z + (softmax'(z) - y) * z) = sum((softmax(z) - y) * (z - max(z)) + (softmax'(z) - y) * (z - max'(z)))",
    [sumOp.name],
    withoutCommonParts,
    reads(mul.op, div.op, neg.op),
  ),
];
