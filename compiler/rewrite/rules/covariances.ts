/// Covariances of all pairs of columns, E[xyᵀ] − E[x]·E[y]ᵀ with a product of matrices: of numbers far from 0 nothing is left of
/// the difference. Deviations are multiplied instead.
import { multiplyDims, type Dim } from "../../../ir/dim.ts";
import { div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { contractAttrs, contractOp, operandAxes } from "../../../ir/ops/contract.ts";
import { mean } from "../../../ir/ops/reduce.ts";
import { axesOf, keptAxes, reducedCount, spread, sumOp } from "../../../ir/ops/sum.ts";
import { apply, same, type Op, type Value } from "../../../ir/value.ts";
import { mentionsExponential } from "../exponential.ts";
import { placedIn, type Placed, type Places } from "../placed.ts";
import { rule, type Rule } from "../rule.ts";

/** So much is the rounding of numbers that are floats. */
const rounding = 4 * 2 ** -24;

/** A number of times Σ x·y, each of them along axes of the whole, and along those that are summed: these are below 0. */
interface Pair {
  readonly factor: number;
  /** How many products are added up. */
  readonly count: Dim;
  readonly sides: readonly [Placed, Placed];
  /** Others in the places of x and y. */
  readonly onto: (x: Value, y: Value) => Value;
}

/** Where the axes of a sum's operand lie: those that are summed along the first places below 0. */
function placesOfSummed({ operands: [x], attrs }: Value, places: Places): Places {
  const axes = axesOf({ attrs });
  const kept = keptAxes(x.type.shape.length, axes);
  return x.type.shape.map((_, axis) => (axes.includes(axis) ? -1 - axes.indexOf(axis) : places[kept.indexOf(axis)]));
}

/** The same for an operand of a contraction. */
function placesOfContracted(value: Value, side: 0 | 1, places: Places): Places {
  const attrs = contractAttrs(value);
  const [left, own] = [0 as const, side].map((each) =>
    operandAxes(attrs, each, value.operands[each].type.shape.length),
  );
  const before = left.batch.length + (side === 0 ? 0 : left.free.length);
  return value.operands[side].type.shape.map((_, axis) => {
    const [inBatch, inFree] = [own.batch.indexOf(axis), own.free.indexOf(axis)];
    if (inBatch >= 0) return places[inBatch];
    return inFree >= 0 ? places[before + inFree] : -1 - own.contracted.indexOf(axis);
  });
}

/** A contraction, a sum of products, or a product, under numbers and layouts. */
function pairIn(whole: Value): Pair | undefined {
  const outer = placedIn(
    whole,
    whole.type.shape.map((_, axis) => axis),
  );
  const { value } = outer;
  if (value.op === contractOp) {
    const { contracted } = contractAttrs(value);
    const { shape } = value.operands[0].type;
    return pairOf(outer, contracted.map(([axis]) => shape[axis]).reduce<Dim>(multiplyDims, 1), [
      placesOfContracted(value, 0, outer.places),
      placesOfContracted(value, 1, outer.places),
    ]);
  }
  if (value.op === mul.op) return pairOf(outer, 1, [outer.places, outer.places]);
  if (value.op !== sumOp) return undefined;
  const inner = placedIn(value.operands[0], placesOfSummed(value, outer.places));
  if (inner.value.op !== mul.op) return undefined;
  const onto = (other: Value): Value => outer.onto(apply(sumOp, [inner.onto(other)], value.attrs));
  const summed = { ...inner, factor: outer.factor * inner.factor, onto };
  return pairOf(summed, reducedCount(value.operands[0].type, axesOf(value)), [inner.places, inner.places]);
}

function pairOf({ factor, value, onto }: Placed, count: Dim, places: readonly [Places, Places]): Pair {
  const { op, operands, attrs } = value;
  const [x, y] = [placedIn(operands[0], places[0]), placedIn(operands[1], places[1])];
  return {
    factor: factor * x.factor * y.factor,
    count,
    sides: [x, y],
    onto: (a, b) => onto(apply(op, [x.onto(a), y.onto(b)], attrs)),
  };
}

/** The axes along which a value is summed. */
const summedAxes = ({ value, places }: Placed): readonly number[] =>
  value.type.shape.flatMap((extent, axis) => ((places[axis] ?? 0) < 0 && extent !== 1 ? [axis] : []));

/** What is summed, where a value is a sum. */
function summedIn({ value, places }: Placed): Placed | undefined {
  if (value.op !== sumOp) return undefined;
  const summed = placedIn(value.operands[0], placesOfSummed(value, places));
  const isWhole =
    reducedCount(summed.value.type, summedAxes(summed)) === reducedCount(value.operands[0].type, axesOf(value));
  return isWhole ? summed : undefined;
}

/** The same value along the same axes, whatever the order of those that are summed. */
function isSame(a: Placed, b: Placed): boolean {
  const along = (place = 0): number => Math.max(place, -1);
  return (
    same(a.value, b.value) &&
    a.value.type.shape.every((extent, axis) => extent === 1 || along(a.places[axis]) === along(b.places[axis]))
  );
}

/** x − x̄. */
function deviationOf(side: Placed): Value {
  const axes = summedAxes(side);
  return sub(side.value, spread(mean(side.value, { axes }), side.value.type, axes));
}

/** c·Σxy − (c/n)·Σx·Σy = c·Σ(x − x̄)(y − ȳ). */
function asDeviations(products: Pair, totals: Pair): Value | undefined {
  const { count, sides } = products;
  if (typeof count !== "number" || count === 1 || totals.count !== 1) return undefined;
  const [left, right] = totals.sides.map(summedIn);
  if (!left || !right) return undefined;
  const share = totals.factor * left.factor * right.factor * count;
  if (!(Math.abs(products.factor - share) <= rounding * Math.abs(share))) return undefined;
  const [x, y] = sides;
  if (sides.some((side) => reducedCount(side.value.type, summedAxes(side)) !== count)) return undefined;
  if (!(isSame(x, left) && isSame(y, right)) && !(isSame(x, right) && isSame(y, left))) return undefined;
  // A mean of ∞ has no deviations, where the difference may still say that it is ∞.
  if (sides.some(({ value }) => mentionsExponential(value))) return undefined;
  return products.onto(deviationOf(x), deviationOf(y));
}

function covariance({ type, operands }: Value): Value | undefined {
  if (type.dtype !== "f32") return undefined;
  const [first, second] = operands.map(pairIn);
  if (!first || !second) return undefined;
  const negated = asDeviations(second, first);
  return asDeviations(first, second) ?? (negated && neg(negated));
}

/** Ops in which numbers, layouts and products of either side begin. */
const opens = (op: Op): boolean =>
  op === mul.op || op === div.op || op === neg.op || op === contractOp || op === sumOp || op.kind === "layout";

/** Before differentiating: the slope is one of deviations as well. */
export const covarianceRules: readonly Rule[] = [
  rule(
    "covariance by deviations",
    "stabilizes",
    "contract(x, y) / n - mean(x) * mean(y) = contract(x - mean(x), y - mean(y)) / n",
    ["sub"],
    covariance,
    ({ operands }) => operands.every(({ op }) => opens(op)),
  ),
];
