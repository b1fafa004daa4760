/// What is left of a distribution: 1 − p of one share is the sum of all others, and nothing cancels where that is added up.
import { add, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { cumsumOp, logcumsumexpOp } from "../../../ir/ops/cumulative.ts";
import { exp, maximum, minimum, softplus } from "../../../ir/ops/functions.ts";
import { constantValue, iota } from "../../../ir/ops/leaf.ts";
import { log1mexp, logaddexp } from "../../../ir/ops/logspace.ts";
import { sliceAttrs, sliceOp } from "../../../ir/ops/pad.ts";
import { logsumexp, logsumexpOp, maxOp, min } from "../../../ir/ops/reduce.ts";
import { axesOf, spread, sumOp } from "../../../ir/ops/sum.ts";
import { apply, same, underLayouts, type Value } from "../../../ir/value.ts";
import { sameShape, type TensorType } from "../../../ir/type.ts";
import { mentionsExponential, monomialOf } from "../exponential.ts";
import { addLinear, linearConstant, linearOf, writeLinear, type Linear } from "../linear.ts";
import { isExponential, isPure } from "../monomial.ts";
import { rangeOf } from "../range.ts";
import { rule, type Rule, type Surroundings } from "../rule.ts";
import { oneHotAxes } from "./reduce.ts";
import { isSpreadOf } from "./uniform.ts";
import { and, greater, greaterEqual, less, not, where } from "../untyped.ts";

/** ln of the share that a value has in the whole: the value, and ln Σ eˣ of the whole. */
interface Share {
  readonly part: Value;
  readonly total: Value;
}

function logarithmOfShare(x: Value): Share | undefined {
  if (x.op === sub.op) return { part: x.operands[0], total: x.operands[1] };
  if (x.op !== neg.op || x.operands[0].op !== sub.op) return undefined;
  const [total, part] = x.operands[0].operands;
  return { part, total };
}

/** The elements of x that count: where(c, x, none), or where(c, none, x). */
function counted({ op, operands }: Value, x: Value, none: number): Value | undefined {
  const [condition, a, b] = operands;
  if (op !== selectOp) return undefined;
  if (constantValue(b) === none && same(a, x)) return condition;
  return constantValue(a) === none && same(b, x) ? not(condition) : undefined;
}

/** Which elements of the whole a share is made of: those of a sum, or the one that a label picks. */
function membersOf(part: Value, total: Value, facts: Surroundings): Value | undefined {
  const [x] = total.operands;
  const axes = axesOf(total);
  if (part.op !== logsumexpOp && part.op !== sumOp) return undefined;
  if (axesOf(part).join() !== axes.join()) return undefined;
  const members = counted(part.operands[0], x, part.op === sumOp ? 0 : -Infinity);
  if (!members || part.op === logsumexpOp) return members;
  return axes.length === 1 && oneHotAxes(members, facts, axes) ? members : undefined;
}

/** Above this share the others are added up: two shares cannot both be larger. Below it 1 − p has all its digits. */
const largestShare = Math.log(0.75);

function complementOfShare({ operands: [x] }: Value, facts: Surroundings): Value | undefined {
  return complementOfParts(x, facts) ?? complementOfSlices(x);
}

function complementOfParts(x: Value, facts: Surroundings): Value | undefined {
  const share = logarithmOfShare(x);
  if (!share) return undefined;
  const isLarge = greater(x, largestShare);
  const rest = restOfSome(share, facts) ?? restOfEach(share, isLarge);
  return rest && besideLarge(x, rest);
}

/** The rest where a share is large; of a smaller one 1 − p has its digits. */
function besideLarge(x: Value, rest: Value): Value {
  const isLarge = greater(x, largestShare);
  const few = where(isLarge, largestShare, x);
  return where(isLarge, rest, log1mexp(few));
}

/** Some of the shares of a row, the largest of them, or some of them added up. */
function complementOfSlices(x: Value): Value | undefined {
  const [inner] = x.operands;
  if (x.op === maxOp) {
    const each = complementOfSlices(inner) ?? complementOfEach(inner);
    return each && min(each, { axes: axesOf(x) });
  }
  if (x.op === logsumexpOp) return complementOfSummedSlice(x);
  const whole = wholeOf(x);
  const each = whole && complementOfEach(whole);
  return each && apply(sliceOp, [each], inner.attrs);
}

/** p − t of slice(p) − slice(t), for the same part of both. */
function wholeOf({ op, operands: [a, b] }: Value): Value | undefined {
  if (op !== sub.op || a.op !== sliceOp || b.op !== sliceOp) return undefined;
  const whole: Value | undefined = sameShape(a.operands[0].type.shape, b.operands[0].type.shape)
    ? sub(a.operands[0], b.operands[0])
    : undefined;
  return whole && same(apply(sliceOp, [b.operands[0]], a.attrs), b) ? whole : undefined;
}

function complementOfEach(x: Value): Value | undefined {
  const share = logarithmOfShare(x);
  const rest = share && restOfEach(share, greater(x, largestShare));
  return rest && besideLarge(x, rest);
}

function complementOfSummedSlice(x: Value): Value | undefined {
  const [shares] = x.operands;
  const share = logarithmOfShare(wholeOf(shares) ?? shares);
  const total = share && underLayouts(share.total);
  if (!share || total?.op !== logsumexpOp || !same(total.operands[0], share.part)) return undefined;
  const axes = axesOf(x);
  if (axes.join() !== axesOf(total).join() || !isSpreadOf(share.total, total, axes)) return undefined;
  const inside = positionsOf(shares.operands[0], axes);
  if (!inside) return undefined;
  const others = where(inside, -Infinity, share.part);
  return besideLarge(x, sub(logsumexp(others, { axes }), total));
}

/** Where the elements of a slice are in the whole, which is cut along some axes only. */
function positionsOf(slice: Value, axes: readonly number[]): Value | undefined {
  const { starts, limits, strides } = sliceAttrs(slice.attrs);
  const { shape } = slice.operands[0].type;
  const cut = shape.flatMap((extent, axis) => (sameShape([slice.type.shape[axis]], [extent]) ? [] : [axis]));
  const isKnown = (axis: number): boolean =>
    axes.includes(axis) && strides[axis] === 1 && [starts[axis], limits[axis]].every((at) => typeof at === "number");
  if (cut.length === 0 || !cut.every(isKnown)) return undefined;
  const conditions = cut.map((axis): Value => {
    const at = iota(shape as never, axis) as Value;
    return and(greaterEqual(at, starts[axis] as number), less(at, limits[axis] as number));
  });
  return conditions.reduce((a, b) => and(a, b));
}

/** ln of what some elements of each row leave of it. */
function restOfSome({ part, total }: Share, facts: Surroundings): Value | undefined {
  const members = total.op === logsumexpOp ? membersOf(part, total, facts) : undefined;
  if (!members) return undefined;
  const others = where(not(members), total.operands[0], -Infinity);
  return sub(logsumexp(others, { axes: axesOf(total) }), total);
}

/** ln of what an element leaves of its row, for that whose share is large. */
function restOfEach({ part, total }: Share, isLarge: Value): Value | undefined {
  const [inner] = total.operands;
  const isWhole = inner?.op === logsumexpOp && same(inner.operands[0], part) && isSpreadOf(total, inner, axesOf(inner));
  if (!isWhole) return undefined;
  const others = logsumexp(where(isLarge, -Infinity, part), { axes: axesOf(inner) });
  return sub(spread(others, part.type, axesOf(inner)), total);
}

/** Σ softplus(x), or its running sums, out of −Σ softplus(x) and Σ −softplus(x). */
function sumOfSoftplus(value: Value): Value | undefined {
  const total = value.op === neg.op ? value.operands[0] : value;
  if (total.op !== cumsumOp && (total.op !== sumOp || axesOf(total).length !== 1)) return undefined;
  if (total.op === cumsumOp && total.attrs.exclusive === true) return undefined;
  const [inner] = total.operands;
  const element = value === total && inner.op === neg.op ? inner.operands[0] : inner;
  if (element.op !== softplus.op || (element === inner) === (value === total)) return undefined;
  return apply(total.op, [element], total.attrs);
}

/** Up to here 1 − Π (1 − p) is added up; beyond, its logarithm is small, and has its digits from the product. */
const largestTotal = 0.5;

/** ln Σ pᵢ Π (1 − pₖ) over all k before i, for pᵢ = σ(xᵢ): what 1 − Π (1 − pᵢ) is, and nothing vanishes. */
function complementOfProduct({ operands: [value], type }: Value): Value | undefined {
  const [total, added] = addedUp(sumOfSoftplus(value)) ?? ofFew(linearOf(value), type) ?? [];
  if (!total || !added) return undefined;
  const isSmall = less(total, largestTotal);
  const large = where(isSmall, largestTotal, total);
  return where(isSmall, added, log1mexp(neg(large)));
}

/** Along an axis: the total of all softplus, and the sum of shares. */
function addedUp(total: Value | undefined): readonly [Value, Value] | undefined {
  if (!total) return undefined;
  const [element] = total.operands;
  const [x] = element.operands;
  if (total.op === cumsumOp) return [total, apply(logcumsumexpOp, [sub(x, total)], total.attrs)];
  const [axis] = axesOf(total);
  return [total, logsumexp(sub(x, apply(cumsumOp, [element], { axis })) as Value, { axes: [axis] })];
}

/** The same for a few that are written out. */
function ofFew({ constant, terms, softplus: parts }: Linear, type: TensorType): readonly [Value, Value] | undefined {
  if (constant !== 0 || terms.size > 0 || parts.length < 2) return undefined;
  if (parts.some(({ coefficient }) => coefficient !== -1)) return undefined;
  let total: Value | undefined;
  const shares = parts.map(({ argument }) => {
    const x = writeLinear(argument, type);
    total = total ? (add(total, softplus(x)) as Value) : softplus(x);
    return sub(x, total) as Value;
  });
  return total && [total, shares.reduce((left, right) => logaddexp(left, right) as Value)];
}

/** Below it e^−v is 1 − v + ½v² to the last digit, for v = eᵘ. */
const smallExponent = -7;

/** ln(1 − e^−v) for v = eᵘ, which vanishes long before its logarithm does: u − ½v. */
function complementOfGumbel({ operands: [x] }: Value): Value | undefined {
  const monomial = mentionsExponential(x) ? monomialOf(x) : undefined;
  if (!monomial || !isExponential(monomial) || !isPure(monomial) || !(monomial.coefficient < 0)) return undefined;
  const logarithm = addLinear(monomial.exponent, linearConstant(Math.log(-monomial.coefficient)));
  const u = writeLinear(logarithm, x.type);
  if (rangeOf(u).low >= smallExponent) return undefined;
  const small: Value = sub(u, mul(0.5, exp(minimum(u, smallExponent) as Value)));
  const large: Value = log1mexp(neg(exp(maximum(u, smallExponent) as Value)));
  return where(less(u, smallExponent), small, large);
}

/** Complements of shares of a softmax, and of products of complements. */
export const shareRules: readonly Rule[] = [
  rule(
    "complement of a share",
    "stabilizes",
    "log1mexp(logsumexp(select(c, x, -inf)) - logsumexp(x)) = logsumexp(select(not(c), x, -inf)) - logsumexp(x)",
    ["log1mexp"],
    complementOfShare,
  ),
  rule(
    "complement of a product of complements",
    "stabilizes",
    "log1mexp(-sum(softplus(x))) = logsumexp(x - cumsum(softplus(x)))",
    ["log1mexp"],
    complementOfProduct,
  ),
  rule(
    "complement of an exponential of an exponential",
    "stabilizes",
    "log1mexp(-exp(u)) = select(u < c, u - exp(u) / 2, log1mexp(-exp(u)))",
    ["log1mexp"],
    complementOfGumbel,
  ),
];
