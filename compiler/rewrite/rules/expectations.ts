/// Means under a distribution: what is the same for all of a row goes inside, where it cancels before it is rounded.
import { add, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { logsumexpOp } from "../../../ir/ops/reduce.ts";
import { axesOf, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import type { Op, Value } from "../../../ir/value.ts";
import { addLinear, linearAtom, linearOf, writeLinear, type Linear } from "../linear.ts";
import { rule, type Rule, type Surroundings } from "../rule.ts";
import { knownSum } from "./reduce.ts";

/** A sum that is written out is looked into as deep as people would write it. */
const deepest = 4;

/** True where a value adds up one that is made by an op: a look that costs little. */
function adds({ op, operands }: Value, wanted: Op, depth = deepest): boolean {
  if (op === wanted) return true;
  const passes = op === add.op || op === sub.op || op === neg.op || op === mul.op;
  return passes && depth > 0 && operands.some((operand) => adds(operand, wanted, depth - 1));
}

/** Σ p·y for a distribution p along the summed axes. */
interface Expectation {
  readonly p: Value;
  readonly y: Value;
  readonly axes: readonly number[];
}

function expectationOf(value: Value, facts: Surroundings): Expectation | undefined {
  const [element] = value.operands;
  if (value.op !== sumOp || element.op !== mul.op) return undefined;
  const axes = axesOf(value);
  const [a, b] = element.operands;
  for (const [p, y] of [
    [a, b],
    [b, a],
  ]) {
    const total = knownSum(p, axes, facts);
    if (total && constantValue(total) === 1) return { p, y, axes };
  }
  return undefined;
}

const sizeOf = ({ terms, softplus }: Linear): number => terms.size + softplus.length;

/** Σ p·x − ln Σ eˣ = Σ p·(x − ln Σ eˣ) where Σ p = 1: two large numbers whose difference is small lose its digits. */
function logarithmIntoExpectation(value: Value, facts: Surroundings): Value | undefined {
  if (value.type.dtype !== "f32" || !adds(value, logsumexpOp) || !adds(value, sumOp)) return undefined;
  const linear = linearOf(value);
  for (const [mean, scale] of linear.terms) {
    const found = expectationOf(mean, facts);
    const moved = found && [...linear.terms].filter((term) => belongsTo(term, scale, found));
    if (!found || !moved || moved.length === 0) continue;
    const { p, y, axes } = found;
    const inside = moved.reduce(
      (left, [total, size]) => addLinear(left, linearAtom(spread(total, y.type, axes)), size / scale),
      linearOf(y),
    );
    const whole = sum(mul(p, writeLinear(inside, y.type)), { axes });
    const rest = [...moved, [mean, scale] as const].reduce(
      (left, [atom, size]) => addLinear(left, linearAtom(atom), -size),
      linear,
    );
    return writeLinear(addLinear(rest, linearAtom(whole), scale), value.type);
  }
  return undefined;
}

/** True for ln Σ eˣ of the same rows where −x is in what the mean is taken of. */
function belongsTo([total, size]: readonly [Value, number], scale: number, { y, axes }: Expectation): boolean {
  if (total.op !== logsumexpOp || axesOf(total).join() !== axes.join()) return false;
  const inside = linearOf(y);
  return sizeOf(addLinear(inside, linearOf(total.operands[0]), size / scale)) < sizeOf(inside);
}

/** Before the rules that look at one sum or difference. */
export const expectationRules: readonly Rule[] = [
  rule(
    "logarithm into a mean",
    "stabilizes",
    "sum(p * x) - logsumexp(x) = sum(p * (x - logsumexp(x)))",
    ["add", "sub"],
    logarithmIntoExpectation,
  ),
];
