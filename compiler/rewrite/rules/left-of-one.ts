/// What a value leaves of 1, where something else is known that it is: σ(u) leaves σ(−u), a share all other shares, and an
/// average the average of what its parts leave. Nothing cancels there.
import { add, div, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { exp, maximum, minimum } from "../../../ir/ops/functions.ts";
import { constant, constantValue } from "../../../ir/ops/leaf.ts";
import { axesOf, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { apply, type Op, type Value } from "../../../ir/value.ts";
import { mentionsExponential, monomialOf } from "../exponential.ts";
import { addLinear, isNumber, linearConstant, linearOf, type Linear } from "../linear.ts";
import { isExponential, writeMonomial } from "../monomial.ts";
import { rangeOf } from "../range.ts";
import type { Surroundings } from "../rule.ts";
import { greater, where } from "../untyped.ts";
import { isApart } from "./apart.ts";
import { distributionAxes, knownSum } from "./reduce.ts";
import { totalOf } from "./totals.ts";
import { ontoLayout } from "./uniform.ts";

type Axes = readonly number[];

/** As deep as people would write it. */
const deepest = 6;

/** Up to here 1 − x has its digits, and ln(1 − x) those of x; beyond, what is left is added up. */
const most = 0.5;

/** What differs above that border and below; x is a number where it does not count. */
export function besideMost(x: Value, above: Value, below: (x: Value) => Value): Value {
  const isMost = isMostOfOne(x);
  return where(isMost, above, below(where(isMost, most, x)));
}

const isMostOfOne = (x: Value): Value => greater(x, most);

/** 1 − x, made of what is left where that is little; undefined where only the difference is known. */
export function leftOfOne(x: Value, facts: Surroundings): Value | undefined {
  if (x.type.dtype !== "f32" || !mentionsExponential(x)) return undefined;
  const left = leftOfParts(x, facts);
  if (!left) return ofExponential(x) ?? ofShare(x, facts);
  return averages.includes(x.op) ? besideMost(x, left, (small) => sub(1, small)) : left;
}

/** What has more roundings where it is added up. */
const averages: readonly Op[] = [sumOp, add.op, mul.op, div.op];

function leftWithin(x: Value, facts: Surroundings, depth: number): Value | undefined {
  if (depth === 0 || x.type.dtype !== "f32" || !mentionsExponential(x)) return undefined;
  return leftOfParts(x, facts, depth) ?? ofExponential(x) ?? ofShare(x, facts);
}

/** The same for what is put together from others. */
export function leftOfParts(x: Value, facts: Surroundings, depth = deepest): Value | undefined {
  const of = (part: Value): Value | undefined => leftWithin(part, facts, depth - 1);
  const [a, b] = x.operands;
  if (x.op.kind === "layout") {
    const left = depth > 0 ? leftOfParts(a, facts, depth - 1) : undefined;
    return left && ontoLayout(left, x);
  }
  switch (x.op) {
    case sub.op:
      // By itself 1 − (1 − b) is for the rules of exponentials.
      return depth < deepest && constantValue(a) === 1 ? b : undefined;
    case minimum.op:
      return ofEach(x, maximum.op, x.operands, of);
    case maximum.op:
      return ofEach(x, minimum.op, x.operands, of);
    case selectOp:
      return isApart(x, isMostOfOne, most) ? undefined : ofEach(x, selectOp, x.operands.slice(1), of);
    case sumOp:
      return ofMean(a, axesOf(x), of, facts);
    case div.op:
      return a.op === sumOp ? ofMeanOver(a, b, of, facts) : ofMixture(x, of);
    case mul.op:
      return ofScaledMean(x, of, facts) ?? ofMixture(x, of);
    case add.op:
      return ofMixture(x, of);
    default:
      return undefined;
  }
}

/** σ(−u) of σ(u); a difference that is no such thing is left, as an exponential of two logarithms would lose more. */
function ofExponential(x: Value): Value | undefined {
  const monomial = monomialOf(sub(1, x) as Value);
  const written = isExponential(monomial) ? writeMonomial(monomial, x.type) : undefined;
  return written?.op === exp.op ? undefined : written;
}

/** All other shares of the row. */
function ofShare(p: Value, facts: Surroundings): Value | undefined {
  const isShare = p.op === exp.op || p.op === div.op;
  const axes = isShare ? distributionAxes(p, facts, []) : undefined;
  if (!axes || !(rangeOf(p).low >= 0)) return undefined;
  // Two shares cannot both be more than half, if none is negative.
  const others = sum(where(isMostOfOne(p), 0, p), { axes });
  return besideMost(p, spread(others, p.type, axes), (small) => sub(1, small));
}

/** The same choice among what is left: 1 − max(a, b) = min(1 − a, 1 − b). */
function ofEach(
  { operands, attrs }: Value,
  op: Op,
  parts: readonly Value[],
  of: (part: Value) => Value | undefined,
): Value | undefined {
  const left = parts.map((part) => {
    const number = constantValue(part);
    return number === undefined ? of(part) : constant(1 - number, "f32", part.type.shape);
  });
  if (!left.every((part) => part !== undefined)) return undefined;
  return apply(op, [...operands.slice(0, operands.length - parts.length), ...left], attrs);
}

type Left = (part: Value) => Value | undefined;

/** 1 − Σ w·x = Σ w·(1 − x) for weights that add up to 1. */
function ofMean(element: Value, axes: Axes, of: Left, facts: Surroundings): Value | undefined {
  // Σ w·x = x for what is the same all along.
  if (knownSum(element, axes, facts)) return undefined;
  const left = weighed(element, of, (weight) => isOne(totalOf(weight, axes, facts)));
  return left && sum(left, { axes });
}

/** 1 − (Σ x)/n. */
function ofMeanOver(total: Value, count: Value, of: Left, facts: Surroundings): Value | undefined {
  const axes = axesOf(total);
  const over = spread(count, total.operands[0].type, axes);
  const left = weighed(total.operands[0], of, (weight) => isOne(totalOf(div(weight, over), axes, facts)));
  return left && div(sum(left, { axes }), count);
}

/** 1 − c·Σ x. */
function ofScaledMean({ operands }: Value, of: Left, facts: Surroundings): Value | undefined {
  const [total, factor] = operands[0].op === sumOp ? operands : operands.toReversed();
  if (total.op !== sumOp) return undefined;
  const axes = axesOf(total);
  const times = spread(factor, total.operands[0].type, axes);
  const left = weighed(total.operands[0], of, (weight) => isOne(totalOf(mul(weight, times), axes, facts)));
  return left && mul(factor, sum(left, { axes }));
}

/** w·(1 − x) of w·x, where the weights are as they should be. */
function weighed(element: Value, of: Left, isWeight: (weight: Value) => boolean): Value | undefined {
  const [a, b] = element.operands;
  const one = constant(1, "f32", element.type.shape);
  const choices: readonly (readonly [Value, Value, (left: Value) => Value])[] = [
    [element, one, (left) => left],
    ...(element.op === mul.op
      ? [[b, a, (left: Value) => mul(a, left)] as const, [a, b, (left: Value) => mul(left, b)] as const]
      : []),
    ...(element.op === div.op ? [[a, div(one, b), (left: Value) => div(left, b)] as const] : []),
  ];
  for (const [x, weight, rebuilt] of choices) {
    const left = isWeight(weight) ? (of(x) ?? ofGiven(x)) : undefined;
    if (left) return rebuilt(left);
  }
  return undefined;
}

/** Of what is no exponential the difference from 1 is as good. */
function ofGiven(x: Value): Value | undefined {
  if (mentionsExponential(x)) return undefined;
  return x.op === sub.op && constantValue(x.operands[0]) === 1 ? x.operands[1] : sub(1, x);
}

const isOne = (total: Linear): boolean => isNumber(total) && Math.abs(total.constant - 1) < 1e-12;

/** So many terms a person writes. */
const mostTerms = 8;

/** 1 − (v·x + w·y) = v·(1 − x) + w·(1 − y) for v + w = 1. */
function ofMixture(x: Value, of: Left): Value | undefined {
  const terms = termsOf(x, 1, mostTerms);
  if (!terms || terms.length < 2) return undefined;
  const parts = terms.map((term) => ofTerm(term, of));
  if (!parts.every((part) => part !== undefined)) return undefined;
  const total = parts.reduce((sum, { weight }) => addLinear(sum, weight), linearConstant(0));
  return isOne(total) ? parts.map(({ left }) => left).reduce((a, b) => add(a, b)) : undefined;
}

type Terms = readonly (readonly [number, Value])[];

/** The terms of a sum, each times a number. */
function termsOf(x: Value, factor: number, room: number): Terms | undefined {
  const [a, b] = x.operands;
  const [left, right] = x.operands.map(constantValue);
  if (x.op === mul.op && left !== undefined) return termsOf(b, factor * left, room);
  if (x.op === mul.op && right !== undefined) return termsOf(a, factor * right, room);
  if (x.op === div.op && right) return termsOf(a, factor / right, room);
  if (x.op !== add.op) return [[factor, x]];
  if (room < 2) return undefined;
  const some = termsOf(a, factor, room - 1);
  const others = some && termsOf(b, factor, room - some.length);
  return others && [...some, ...others];
}

interface Part {
  readonly weight: Linear;
  /** The weight times what is left of the rest. */
  readonly left: Value;
}

function ofTerm([factor, term]: readonly [number, Value], of: Left): Part | undefined {
  const [a, b] = term.operands;
  const sized = (value: Value): Value => (factor === 1 ? value : (mul(factor, value) as Value));
  if (term.op === mul.op) {
    for (const [weight, x] of [
      [a, b],
      [b, a],
    ]) {
      const left = of(x);
      if (left)
        return { weight: addLinear(linearConstant(0), linearOf(weight), factor), left: sized(mul(weight, left)) };
    }
    return undefined;
  }
  const left = of(term);
  return left && { weight: linearConstant(factor), left: sized(left) };
}
