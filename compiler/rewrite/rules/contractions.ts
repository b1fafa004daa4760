/// Products of matrices whose elements are sums of exponentials: in logarithms each sum is written out as such, and over the
/// sum of what they weigh with they are products with shares.
import { div, mul } from "../../../ir/ops/arithmetic.ts";
import { castOp } from "../../../ir/ops/choose.ts";
import { contractAttrs, contractOp, operandAxes } from "../../../ir/ops/contract.ts";
import { log } from "../../../ir/ops/functions.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import {
  axesOf,
  broadcastAlong,
  broadcastAttrs,
  broadcastOp,
  keptAxes,
  spread,
  sum,
  sumOp,
} from "../../../ir/ops/sum.ts";
import { sameShape } from "../../../ir/type.ts";
import { apply, underLayouts, type Op, type Value } from "../../../ir/value.ts";
import { classComparison } from "../../../ir/classes.ts";
import { asSum, asWeightedSum } from "../as-sum.ts";
import { mentionsExponential, monomialOf } from "../exponential.ts";
import { isExponential } from "../monomial.ts";
import { reads, rule, type Rule } from "../rule.ts";
import { shareBesideNumber } from "./fractions.ts";
import { productOfExponentials } from "./quotients.ts";
import { ontoLayouts, withoutAxes } from "./uniform.ts";
import { shareOfWeighted } from "./weighted.ts";

const isMatch = ({ op, operands }: Value): boolean => op === castOp && classComparison(operands[0]) !== undefined;
const isExponentials = (x: Value): boolean => mentionsExponential(x) && isExponential(monomialOf(x));

/** ln of a product of exponentials, of exponentials that a match picks, or of a weighted sum of them, under layouts. */
function logOfContraction(x: Value): Value | undefined {
  if (x.op.kind === "layout") {
    const inner = logOfContraction(x.operands[0]);
    return inner && apply(x.op, [inner], x.attrs);
  }
  if (x.op !== contractOp) return undefined;
  const [a, b] = x.operands;
  const [left, right] = [isExponentials(a), isExponentials(b)];
  if ((left && (right || isMatch(b))) || (right && isMatch(a))) return log(asSum(x));
  const weighted = left || right ? asWeightedSum(x) : undefined;
  return weighted && log(weighted);
}

/** The axes of a result that come from each side, and where those of a side are in it. */
function placesOf(value: Value): readonly { readonly kept: readonly number[]; readonly free: readonly number[] }[] {
  const attrs = contractAttrs(value);
  const [left, right] = ([0, 1] as const).map((side) =>
    operandAxes(attrs, side, value.operands[side].type.shape.length),
  );
  const shared = left.batch.length;
  const places = (count: number, start: number): readonly number[] =>
    Array.from({ length: count }, (_, i) => start + i);
  return [
    { kept: [...left.batch, ...left.free], free: places(left.free.length, shared) },
    { kept: [...right.batch, ...right.free], free: places(right.free.length, shared + left.free.length) },
  ];
}

/** d of 1/d, under layouts. */
function reciprocalOf(value: Value): Value | undefined {
  const inner = underLayouts(value);
  const [one, divisor] = inner.operands;
  return inner.op === div.op && constantValue(one) === 1 ? ontoLayouts(value, inner, divisor) : undefined;
}

/** x/d or x·d, with d on something else in the place of x. */
interface Quotient {
  readonly top: Value;
  readonly op: Op;
  readonly by: Value;
}

/** Of x · (1/d) also the quotient; either may be first. */
function quotientsIn({ op, operands: [a, b] }: Value): readonly Quotient[] {
  if (op === div.op) return [{ top: a, op, by: b }];
  const sides = [[a, b] as const, [b, a] as const];
  return sides.map(([top, other]) => {
    const divisor = reciprocalOf(other);
    return divisor ? { top, op: div.op, by: divisor } : { top, op, by: other };
  });
}

/** The reading in which a product of matrices, or a sum, is divided by what exponentials are in. */
const quotientOf = (value: Value, wanted: Op): Quotient | undefined =>
  value.type.dtype === "f32"
    ? quotientsIn(value).find(({ top, by }) => top.op === wanted && mentionsExponential(by))
    : undefined;

/** A value that is the same along some axes, if there are any, without them. */
const sameAlong = (value: Value, axes: readonly number[]): Value | undefined =>
  axes.length === 0 ? value : withoutAxes(value, axes);

/** Σ e·v / d = Σ (e/d)·v, where d is what the shares of e are of. */
function contractionOfShares(value: Value): Value | undefined {
  const quotient = quotientOf(value, contractOp);
  if (!quotient) return undefined;
  const { top, op, by } = quotient;
  const places = placesOf(top);
  for (const [at, e] of top.operands.entries()) {
    const row = mentionsExponential(e) ? sameAlong(by, places[1 - at].free) : undefined;
    const share = row && stableQuotient(apply(op, [e, broadcastAlong(row, e.type.shape, places[at].kept)]));
    if (share) return apply(contractOp, top.operands.with(at, share), top.attrs);
  }
  return undefined;
}

/** Σ e·v / d = Σ (e/d)·v, where e has fewer axes than v: one share for all numbers that it weighs. */
function sumOfShares(value: Value): Value | undefined {
  const quotient = quotientOf(value, sumOp);
  const element = quotient?.top.operands[0];
  if (!quotient || element?.op !== mul.op) return undefined;
  const { top, op, by } = quotient;
  const axes = axesOf(top);
  const kept = keptAxes(element.type.shape.length, axes);
  for (const [at, repeated] of element.operands.entries()) {
    const own = repeated.op === broadcastOp ? ownAxesOf(repeated) : undefined;
    if (!own || !mentionsExponential(own.e)) continue;
    const { e, places } = own;
    const others = kept.flatMap((axis, i) => (places.includes(axis) ? [] : [i]));
    const row = sameAlong(by, others);
    const summed = places.flatMap((axis, i) => (axes.includes(axis) ? [i] : []));
    const share = row && stableQuotient(apply(op, [e, spread(row, e.type, summed)]));
    if (!share) continue;
    const weights = broadcastAlong(share, element.type.shape, places);
    return sum(apply(mul.op, element.operands.with(at, weights)), { axes });
  }
  return undefined;
}

/** What is repeated, and the axes along which it is not; undefined where it is repeated along none. */
function ownAxesOf(repeated: Value): { readonly e: Value; readonly places: readonly number[] } | undefined {
  const { shape } = repeated.type;
  const [inner] = repeated.operands;
  const along = broadcastAttrs(repeated).axes;
  const places = along.filter((axis, i) => sameShape([inner.type.shape[i]], [shape[axis]]));
  const e = withoutAxes(repeated, keptAxes(shape.length, places));
  return e && places.length < shape.length ? { e, places } : undefined;
}

/** An exponential over the sum of all of its row, so that none overflows. */
const stableQuotient = (quotient: Value): Value | undefined =>
  shareBesideNumber(quotient) ?? shareOfWeighted(quotient) ?? productOfExponentials(quotient);

/** Products of matrices in logarithms, and over sums of what they are made of. */
export const contractionRules: readonly Rule[] = [
  rule(
    "contraction of shares",
    "stabilizes",
    "contract(exp(u), v) / sum(exp(u)) = contract(exp(u) / sum(exp(u)), v)",
    ["div", "mul"],
    contractionOfShares,
    reads(contractOp),
  ),
  rule(
    "sum of shares",
    "stabilizes",
    "sum(broadcast(exp(u)) * v) / broadcast(sum(exp(u))) = sum(broadcast(exp(u) / sum(exp(u))) * v)",
    ["div", "mul"],
    sumOfShares,
    reads(sumOp),
  ),
  rule("log of a contraction", "stabilizes", "log(contract(exp(u), exp(v))) = logsumexp(u + v)", ["log"], (value) =>
    logOfContraction(value.operands[0]),
  ),
];
