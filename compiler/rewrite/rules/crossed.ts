/// Slopes by the scale of a table of scores whose rows and columns are softmaxes both, as contrastive losses have them:
/// what weighs the table adds up to nothing in parts, one along rows and one along columns.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { constant, constantValue } from "../../../ir/ops/leaf.ts";
import { axesOf, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import type { Value } from "../../../ir/value.ts";
import { finitePeak } from "../common-part.ts";
import { factorsOf, partsOfProduct, type Opening } from "../factors.ts";
import { addLinear, linearConstant, scaleLinear, type Linear } from "../linear.ts";
import { reads, rule, type Rule, type Surroundings } from "../rule.ts";
import { shortSum, type Term } from "../short-sum.ts";
import { where } from "../untyped.ts";
import { isWeighedBy, totalOf } from "./shifts.ts";
import { withoutAxes } from "./uniform.ts";

type Axes = readonly number[];

/** What weights are along each of two axes, and what adds up to so many times either. */
interface Parts {
  readonly along: readonly [Directed, Directed];
  readonly either: readonly Term[];
}

interface Directed {
  readonly axis: number;
  readonly terms: readonly Term[];
  /** The part of the rest with which they add up to nothing. */
  readonly share: number;
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

function partsOf(weights: Value, [first, second]: Axes, scores: Value, facts: Surroundings): Parts | undefined {
  const terms = shortSum(weights, { quotients: true });
  if (!terms) return undefined;
  const totalAlong = (some: readonly Term[], axis: number): Linear =>
    some
      .map(({ coefficient, value }) => scaleLinear(totalOf(value, [axis], facts), coefficient))
      .reduce((a, b) => addLinear(a, b), linearConstant(0));
  const isAlong = ({ value }: Term, axis: number): boolean => isWeighedBy(value, scores, [axis], facts);
  const either = terms.filter((term) => !isAlong(term, first) && !isAlong(term, second));
  if (terms.some((term) => isAlong(term, first) && isAlong(term, second))) return undefined;
  const directed = (axis: number): Directed => {
    const own = terms.filter((term) => isAlong(term, axis));
    return { axis, terms: own, share: -(timesOf(totalAlong(own, axis), totalAlong(either, axis)) ?? NaN) };
  };
  const along = [directed(first), directed(second)] as const;
  const [a, b] = along.map(({ share }) => share);
  return a > 0 && b > 0 && Math.abs(a + b - 1) <= rounding ? { along, either } : undefined;
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
function crossedProduct({ along, either }: Parts, scores: Value): Value {
  const [a, b] = along.map(({ axis, terms, share: part }): Value => {
    const share = either.map(({ coefficient, value }) => ({ coefficient: coefficient * part, value }));
    const below = sub(scores, spread(finitePeak(scores, 1, [axis]), scores.type, [axis]));
    return mul(written([...terms, ...share]), below);
  });
  return add(a, b);
}

/** Opens products, and quotients by one number. */
const opensScalars =
  (axes: Axes): Opening =>
  (value) => {
    const { op, operands } = value;
    if (op === neg.op) return operands;
    return op === div.op && withoutAxes(operands[1], axes) ? [operands[0]] : partsOfProduct(value);
  };

/** The product with `whole` in the place of one factor, and without another. */
function replaced(element: Value, open: Opening, from: Value, whole: Value, left: Value): Value | undefined {
  if (element === from) return whole;
  if (element === left) return undefined;
  if (!open(element)) return element;
  const [a, b] = element.operands;
  const x = replaced(a, open, from, whole, left);
  if (element.op === neg.op) return x ? neg(x) : constant(-1, element.type.dtype, element.type.shape);
  if (element.op === div.op) return div(x ?? 1, b);
  const y = replaced(b, open, from, whole, left);
  return x && y ? mul(x, y) : (x ?? y);
}

function withoutCommonParts(value: Value, facts: Surroundings): Value | undefined {
  const [element] = value.operands;
  const axes = axesOf(value);
  if (value.type.dtype !== "f32" || axes.length !== 2 || element.type.shape.length !== 2) return undefined;
  const open = opensScalars(axes);
  const factors = factorsOf(element, open)?.filter((factor) => !withoutAxes(factor, axes));
  if (factors?.length !== 2) return undefined;
  for (const [weights, scores] of [factors, factors.toReversed()]) {
    if (weights.op !== add.op && weights.op !== sub.op) continue;
    if (!axes.every((axis) => isWeighedBy(weights, scores, [axis], facts))) continue;
    const parts = partsOf(weights, axes, scores, facts);
    const found = parts && replaced(element, open, weights, crossedProduct(parts, scores), scores);
    if (found) return sum(found, { axes });
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
