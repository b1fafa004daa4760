/// Σ p·(ln p − ln q) of two softmaxes that are nearly the same, as they are at a temperature: what both logarithms of sums have
/// rounded is as large as what is left. With d = ln q − ln p it is Σ p·(eᵈ − 1 − d), where no term cancels another.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { abs, exp } from "../../../ir/ops/functions.ts";
import { logsumexpOp } from "../../../ir/ops/reduce.ts";
import { axesOf, sum, sumOp } from "../../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { factorsOf } from "../factors.ts";
import { reads, rule, type Rule, type Surroundings } from "../rule.ts";
import { less, where } from "../untyped.ts";
import { distributionAxes } from "./reduce.ts";
import { remainderOfExponential } from "./remainders.ts";
import { withoutAxes } from "./uniform.ts";

type Axes = readonly number[];

/** Scores at a temperature, less ln Σ eˣ of their row: without one, shares are seldom so near that the digits count. */
function isScaledLogarithm({ op, operands: [x, total] }: Value): boolean {
  return op === sub.op && (x.op === div.op || x.op === mul.op) && underLayouts(total).op === logsumexpOp;
}

/** The axes along which the exponential of a logarithm adds up to 1. */
const wholeAxes = (logarithm: Value, axes: Axes, facts: Surroundings): Axes | undefined =>
  distributionAxes(exp(logarithm), facts, axes);

/** p, what weighs its rows, and the sign before the difference: 1 for ln p − ln q, and −1 for ln q − ln p. */
interface Divergence {
  readonly p: Value;
  readonly weights: readonly Value[];
  readonly sign: number;
}

function divergenceOf(
  difference: Value,
  others: readonly Value[],
  axes: Axes,
  facts: Surroundings,
): Divergence | undefined {
  const [a, b] = difference.operands;
  if (difference.op !== sub.op || !isScaledLogarithm(a) || !isScaledLogarithm(b)) return undefined;
  const p = others.find(({ op, operands: [x] }) => op === exp.op && (same(x, a) || same(x, b)));
  const own = p && wholeAxes(a, axes, facts);
  if (!own || own.join() !== wholeAxes(b, axes, facts)?.join() || !own.every((axis) => axes.includes(axis)))
    return undefined;
  const weights = others.toSpliced(others.indexOf(p), 1);
  if (!weights.every((each) => withoutAxes(each, own))) return undefined;
  return { p, weights, sign: same(p.operands[0], a) ? 1 : -1 };
}

/** Below this eᵈ − 1 − d is a series; beyond, it has its digits from q − p − p·d, which is a number also where p is 0. */
const nearest = 0.5;

/** p·(eᵈ − 1 − d). Far out q is e to its own logarithm: that of p is rounded where a mask has made it large. */
function termOf(p: Value, difference: Value, sign: number): Value {
  const d: Value = sign === 1 ? neg(difference) : difference;
  const q: Value = exp(difference.operands[sign === 1 ? 1 : 0]);
  const far: Value = sub(q, mul(p, add(1, d)));
  return where(less(abs(difference), nearest), mul(p, remainderOfExponential(d)), far);
}

function ofSum(value: Value, facts: Surroundings): Value | undefined {
  const factors = factorsOf(value.operands[0]);
  const axes = axesOf(value);
  for (const [at, difference] of factors?.entries() ?? []) {
    const others = factors!.toSpliced(at, 1);
    const found = divergenceOf(difference, others, axes, facts);
    if (!found) continue;
    const { p, weights, sign } = found;
    const product = weights.reduce((a, b) => mul(a, b), termOf(p, difference, sign));
    const total: Value = sum(product, { axes });
    return sign === 1 ? total : neg(total);
  }
  return undefined;
}

/** Σ p·ln p − Σ p·ln q, where both are sums along the same axes. */
function ofDifference({ operands: [left, right] }: Value, facts: Surroundings): Value | undefined {
  if (left.op !== sumOp || right.op !== sumOp || axesOf(left).join() !== axesOf(right).join()) return undefined;
  const sides = [left, right].map(({ operands: [element] }) => factorsOf(element));
  const [a, b] = sides.map((factors) => factors?.find(isScaledLogarithm));
  const [weights, again] = sides.map((factors) => factors?.filter((each) => !isScaledLogarithm(each)) ?? []);
  const isAlike = weights.length === again.length && weights.every((each, i) => same(each, again[i]));
  if (!a || !b || !isAlike) return undefined;
  const product = weights.reduce((x, y) => mul(x, y), sub(a, b) as Value);
  return ofSum(sum(product, { axes: axesOf(left) }), facts);
}

function withoutCancelling(value: Value, facts: Surroundings): Value | undefined {
  if (value.type.dtype !== "f32") return undefined;
  return value.op === sumOp ? ofSum(value, facts) : ofDifference(value, facts);
}

/** For kernels alone, where differences are not taken apart yet. */
export const divergenceRules: readonly Rule[] = [
  rule(
    "divergence of near shares",
    "stabilizes",
    "sum(p * (log(p) - log(q))) = sum(p * (exp(d) - 1 - d)) for d = log(q) - log(p)",
    [sumOp.name, sub.op.name],
    withoutCancelling,
    reads(mul.op, sumOp),
  ),
];
