/// What weights add up to along axes, as far as it is known: shares of a sum add up to 1, whatever else they are times.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { selectOp } from "../../../ir/ops/choose.ts";
import { exp } from "../../../ir/ops/functions.ts";
import { reshapeTo, transposeOp } from "../../../ir/ops/layout.ts";
import { constantValue, sizeValue } from "../../../ir/ops/leaf.ts";
import { axesOf, broadcastAlong, keptAxes, reducedCount, sum, sumOp } from "../../../ir/ops/sum.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { isScalar, scaledTerm } from "../common-term.ts";
import { addLinear, isNumber, linearAtom, linearConstant, linearOf, scaleLinear, type Linear } from "../linear.ts";
import type { Surroundings } from "../rule.ts";
import { where } from "../untyped.ts";
import { distributionAxes, knownSum } from "./reduce.ts";
import { isRelative } from "./relative.ts";
import { isReshaped, isSpreadOf, withoutAxes } from "./uniform.ts";

type Axes = readonly number[];

/** So deep a sum is looked into. */
const deepest = 8;

/** Σ of a value along axes as a sum of what is known: Σ p·k = k for a softmax p and a k of the row. */
export function totalOf(value: Value, axes: Axes, facts: Surroundings, depth = deepest): Linear {
  const known = knownSum(value, axes, facts);
  const atom = (): Linear => (known ? linearOf(known) : linearAtom(sum(value, { axes })));
  if (depth === 0 || distributionAxes(value, facts, axes)) return atom();
  const of = (operand: Value): Linear => totalOf(operand, axes, facts, depth - 1);
  const share = shareOf(value, axes, facts);
  if (share) return timesRows(share.times, value, axes, of);
  const [a, b] = value.operands;
  switch (value.op) {
    case selectOp:
      return ofSelection(value, of) ?? atom();
    case neg.op:
      return scaleLinear(of(a), -1);
    case add.op:
      return addLinear(of(a), of(b));
    case sub.op:
      return addLinear(of(a), of(b), -1);
    case mul.op:
      return scaledTotal(a, b, axes, of) ?? scaledTotal(b, a, axes, of) ?? distributed(a, b, of) ?? atom();
    case div.op: {
      const number = constantValue(b);
      const row = withoutAxes(b, axes);
      return number ? scaleLinear(of(a), 1 / number) : row ? times(linearAtom(div(1, row)), of(a)) : atom();
    }
    case transposeOp:
      return axes.length === value.type.shape.length ? of(a) : atom();
    default:
      return atom();
  }
}

/** k · Σ x for a k of the row, which is taken apart where it is such a sum itself. */
function scaledTotal(k: Value, x: Value, axes: Axes, of: (x: Value) => Linear): Linear | undefined {
  const row = withoutAxes(k, axes);
  if (!row) return undefined;
  return times(ofRow(row, axes, of), of(x));
}

/** A number of the row as a sum; of what it adds up along the row is asked in its turn: Σ p·(z − c) is Σ p·z − c there, too. */
function ofRow(row: Value, axes: Axes, of: (x: Value) => Linear): Linear {
  const linear = linearOf(row);
  if (linear.softplus.length > 0) return linearAtom(row);
  return [...linear.terms].reduce<Linear>(
    (sum, [atom, size]) => {
      const total = underLayouts(atom);
      const isTotal = total.op === sumOp && axesOf(total).join() === axes.join() && isReshaped(atom, total);
      return addLinear(sum, isTotal ? of(total.operands[0]) : linearAtom(atom), size);
    },
    { ...linear, terms: new Map() },
  );
}

/** Σ p·(a − b) = Σ p·a − Σ p·b. */
function distributed(a: Value, b: Value, of: (x: Value) => Linear): Linear | undefined {
  const [whole, by] = b.op === add.op || b.op === sub.op ? [b, a] : [a, b];
  if (whole.op !== add.op && whole.op !== sub.op) return undefined;
  const [left, right] = whole.operands.map((part) => of(mul(by, part)));
  return addLinear(left, right, whole.op === add.op ? 1 : -1);
}

function times(a: Linear, b: Linear): Linear {
  if (isNumber(a)) return scaleLinear(b, a.constant);
  if (isNumber(b)) return scaleLinear(a, b.constant);
  let total = addLinear(scaleLinear(a, b.constant), { ...b, constant: 0 }, a.constant);
  for (const [x, p] of a.terms) for (const [y, q] of b.terms) total = addLinear(total, linearAtom(mul(x, y)), p * q);
  return total;
}

/** where(c, a − b, 0) part by part. */
function ofSelection({ operands: [condition, x, none] }: Value, of: (x: Value) => Linear): Linear | undefined {
  const isSum = x.op === add.op || x.op === sub.op;
  if (constantValue(none) !== 0 || (!isSum && x.op !== neg.op)) return undefined;
  const [left, right] = x.operands.map((part) => of(where(condition, part, 0)));
  return x.op === neg.op ? scaleLinear(left, -1) : addLinear(left, right, x.op === add.op ? 1 : -1);
}

type Powers = ReadonlyMap<Value, number>;

/** Factors that are the same all along the axes. */
interface Product {
  readonly coefficient: number;
  readonly powers: Powers;
}

/** e^exponent over its sum along axes, with what else is a factor of both, times numbers of the row. */
export interface Share {
  readonly exponent: Value;
  readonly times: Product;
}

/** A share of exponentials in their sum, whatever order its factors have: k/Σ(m·eᵘ)·m·eᵘ, and 0 where a mask says so. */
export function shareOf(value: Value, axes: Axes, facts: Surroundings): Share | undefined {
  const conditions: Value[] = [];
  let inner = value;
  for (; inner.op === selectOp && constantValue(inner.operands[2]) === 0; [, inner] = inner.operands)
    conditions.push(inner.operands[0]);
  if (inner.op !== mul.op && inner.op !== div.op && inner.op !== exp.op) return undefined;
  const whole = productIn(inner);
  for (const [factor, power] of whole.powers) {
    const found = power === 1 ? softmaxIn(whole, factor, axes, facts) : shareOfSum(whole, factor, axes);
    if (found && conditions.every((condition) => isNothingWithout(condition, found.exponent))) return found;
  }
  return undefined;
}

function productIn(value: Value): Product {
  return scaledTerm({ coefficient: 1, size: 1, powers: new Map(), base: value }, value, 1);
}

/** e^(x − ln Σ eˣ) among the factors: along more axes than its own it adds up to 1 as many times as it has rows. */
function softmaxIn(whole: Product, factor: Value, axes: Axes, facts: Surroundings): Share | undefined {
  const own = factor.op === exp.op ? distributionAxes(factor, facts, axes) : undefined;
  if (!own?.every((axis) => axes.includes(axis))) return undefined;
  const times = withoutPart(whole, { coefficient: 1, powers: new Map([[factor, 1]]) }, axes);
  const others = axes.filter((axis) => !own.includes(axis));
  const count = sizeValue(reducedCount(factor.type, others));
  return times && { exponent: factor.operands[0], times: scaledTerm({ ...times, size: 1, base: count }, count, 1) };
}

/** What is divided by the sum of some of the factors. */
function shareOfSum(whole: Product, divisor: Value, axes: Axes): Share | undefined {
  const total = underLayouts(divisor);
  if (total.op !== sumOp || axesOf(total).join() !== axes.join() || !isSpreadOf(divisor, total, axes)) return undefined;
  const part = productIn(total.operands[0]);
  const [exponential, ...others] = [...part.powers.keys()].filter(({ op }) => op === exp.op);
  if (!exponential || others.length > 0) return undefined;
  const times = withoutPart(whole, { ...part, powers: new Map([...part.powers, [divisor, -1]]) }, axes);
  return times && { exponent: exponential.operands[0], times };
}

/** The other factors, where they are numbers of the row. */
function withoutPart(whole: Product, part: Product, axes: Axes): Product | undefined {
  const powers = new Map(whole.powers);
  for (const [factor, power] of part.powers) {
    const left = (powers.get(factor) ?? 0) - power;
    if (left === 0) powers.delete(factor);
    else powers.set(factor, left);
  }
  const isRow = (factor: Value): boolean => isScalar(factor) || withoutAxes(factor, axes) !== undefined;
  if (![...powers.keys()].every(isRow)) return undefined;
  return { coefficient: whole.coefficient / part.coefficient, powers };
}

/** True where nothing is left of an exponential anyway where the condition does not hold: it is masked, or cut there. */
function isNothingWithout(condition: Value, exponent: Value): boolean {
  const inner = exponent.op === sub.op ? exponent.operands[0] : exponent;
  const isMasked = inner.op === selectOp && constantValue(inner.operands[2]) === -Infinity;
  return (isMasked || isRelative(inner)) && same(inner.operands[0], condition);
}

/** The product of numbers of a row; of those that are sums along it what is known of them. */
function timesRows(
  { coefficient, powers }: Product,
  { type: { shape } }: Value,
  axes: Axes,
  of: (x: Value) => Linear,
): Linear {
  const kept = keptAxes(shape.length, axes).map((axis) => shape[axis]);
  let product = linearConstant(coefficient);
  for (const [factor, power] of powers) {
    const row = isScalar(factor) ? broadcastAlong(reshapeTo(factor, []), kept, []) : withoutAxes(factor, axes)!;
    const number = ofRow(row, axes, of);
    const inverse = isNumber(number) ? linearConstant(1 / number.constant) : linearAtom(div(1, row));
    for (let i = 0; i < Math.abs(power); i++) product = times(product, power > 0 ? number : inverse);
  }
  return product;
}
