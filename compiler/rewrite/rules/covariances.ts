/// Covariances of all pairs of columns, E[xyᵀ] − E[x]·E[y]ᵀ with a product of matrices, and sums of squares within groups or
/// between them: of numbers far from 0 nothing is left of the difference. Deviations are multiplied instead.
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

/** What is summed by itself on one side, and not together with what it is multiplied by. */
const own = -Infinity;

/** Where the axes of a sum's operand lie: those that are summed by themselves, or along the first places below 0. */
function placesOfSummed({ operands: [x], attrs }: Value, places: Places, isOwn: boolean): Places {
  const axes = axesOf({ attrs });
  const kept = keptAxes(x.type.shape.length, axes);
  const summed = (axis: number): number => (isOwn ? own : -1 - axes.indexOf(axis));
  return x.type.shape.map((_, axis) => (axes.includes(axis) ? summed(axis) : places[kept.indexOf(axis)]));
}

/** Where those of an operand of a contraction lie. */
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
  const inner = placedIn(value.operands[0], placesOfSummed(value, outer.places, false));
  if (inner.value.op !== mul.op) return undefined;
  const onto = (other: Value): Value => outer.onto(apply(sumOp, [inner.onto(other)], value.attrs));
  const summed = { ...inner, factor: outer.factor * inner.factor, onto };
  return pairOf(summed, reducedCount(value.operands[0].type, axesOf(value)), [inner.places, inner.places]);
}

function pairOf({ factor, value, onto }: Placed, count: Dim, places: readonly [Places, Places]): Pair | undefined {
  const { op, operands, attrs } = value;
  const [x, y] = [summedIn(placedIn(operands[0], places[0])), summedIn(placedIn(operands[1], places[1]))];
  const isJoint = (place: number): boolean => place < 0 && place !== own;
  if (!x || !y || [x, y].some((side) => reducedCount(side.value.type, axesAlong(side, isJoint)) !== count))
    return undefined;
  return {
    factor: factor * x.factor * y.factor,
    count,
    sides: [x, y],
    onto: (a, b) => onto(apply(op, [x.onto(a), y.onto(b)], attrs)),
  };
}

/** Axes of more than one element that lie along such places. */
const axesAlong = (
  { value, places }: Pick<Placed, "value" | "places">,
  is: (place: number) => boolean,
): readonly number[] =>
  value.type.shape.flatMap((extent, axis) => (extent !== 1 && is(places[axis] ?? 0) ? [axis] : []));

/** What a side is the sum of, if it is one; undefined where that counts numbers more than once. */
function summedIn(side: Placed): Placed | undefined {
  const { factor, value, places, onto } = side;
  if (value.op !== sumOp) return side;
  const inner = placedIn(value.operands[0], placesOfSummed(value, places, true));
  const before = reducedCount(
    value.type,
    axesAlong(side, (place) => place === own),
  );
  const axes = axesAlong(inner, (place) => place === own);
  const count = multiplyDims(before, reducedCount(value.operands[0].type, axesOf(value)));
  if (reducedCount(inner.value.type, axes) !== count) return undefined;
  const whole = (other: Value): Value => onto(apply(sumOp, [inner.onto(other)], value.attrs));
  return summedIn({ ...inner, factor: factor * inner.factor, onto: whole });
}

/** One side of products and of totals: where each axis of the same value lies in either. */
function sharedPlaces(products: Placed, totals: Placed): readonly (readonly [number, number])[] | undefined {
  if (!same(products.value, totals.value)) return undefined;
  const axes = axesAlong(products, () => true);
  const pairs = axes.map((axis) => [products.places[axis] ?? 0, totals.places[axis] ?? 0] as const);
  const fits = ([first, second]: readonly [number, number]): boolean =>
    first < 0 && first !== own ? second < 0 : first === second;
  return pairs.every(fits) ? pairs : undefined;
}

/** True where what is summed together in products is summed together, or by itself, in the totals on both sides alike. */
function isAlike(sides: readonly (readonly (readonly [number, number])[])[]): boolean {
  const [x, y] = sides.map((pairs) => new Map(pairs.filter(([first]) => first < 0 && first !== own)));
  return x.size === y.size && [...x].every(([first, second]) => y.get(first) === second);
}

/** x − x̄, along what the totals sum by themselves. */
function deviationOf({ value, places }: Placed): Value {
  const axes = axesAlong({ value, places }, (place) => place === own);
  return sub(value, spread(mean(value, { axes }), value.type, axes));
}

/** c·Σxy − (c/n)·Σx·Σy = c·Σ(x − x̄)(y − ȳ), also where x and y are sums, and where either term is added up further. */
function asDeviations(products: Pair, totals: Pair): Value | undefined {
  const count = Number(products.count) / Number(totals.count);
  if (!(count > 1)) return undefined;
  const share = totals.factor * count;
  if (!(Math.abs(products.factor - share) <= rounding * Math.abs(share))) return undefined;
  const { sides } = products;
  const order = [totals.sides, [totals.sides[1], totals.sides[0]]].find((others) => {
    const shared = sides.map((side, i) => sharedPlaces(side, others[i]));
    return shared.every((each) => each !== undefined) && isAlike(shared);
  });
  // A mean of ∞ has no deviations, where the difference may still say that it is ∞.
  if (!order || sides.some(({ value }) => mentionsExponential(value))) return undefined;
  const [x, y] = order.map(deviationOf);
  return products.onto(x, y);
}

function covariance({ type, operands }: Value): Value | undefined {
  if (type.dtype !== "f32") return undefined;
  const first = pairIn(operands[0]);
  const second = first && pairIn(operands[1]);
  if (!second) return undefined;
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
