/// Products of vectors over their lengths: the product overflows and vanishes long before the cosine does. Each vector is
/// divided by its own length first.
import { add, div, mul } from "../../../ir/ops/arithmetic.ts";
import { contractAttrs, contractOp } from "../../../ir/ops/contract.ts";
import { maximum, sqrt } from "../../../ir/ops/functions.ts";
import { stopGradient } from "../../../ir/ops/derivative.ts";
import { constant, constantValue } from "../../../ir/ops/leaf.ts";
import { reshape, reshapeOp } from "../../../ir/ops/layout.ts";
import { normOp } from "../../../ir/ops/norm.ts";
import { hypot, root } from "../../../ir/ops/powers.ts";
import { axesOf, broadcastAlong, keptAxes, spread, sum, sumOp } from "../../../ir/ops/sum.ts";
import { sameShape, type TensorType } from "../../../ir/type.ts";
import { apply, type Value } from "../../../ir/value.ts";
import { rangeOf } from "../range.ts";
import { rule, type Rule } from "../rule.ts";
import { endless } from "./lengths.ts";
import { isReshaped, withoutAxes } from "./uniform.ts";

/** Σ x·y along axes, each element of the result from one row of x and one of y. */
export interface Dot {
  readonly sides: readonly [Side, Side];
  /** The product of other vectors in their place. */
  of(x: Value, y: Value): Value;
}

/** One of two lists of vectors. */
export interface Side {
  readonly vector: Value;
  readonly axes: readonly number[];
  /** Axes of the result along which the vector is the same. */
  readonly others: readonly number[];
}

/** Also as a contraction, of rows or of matrices. */
export function dotOf(value: Value): Dot | undefined {
  const [inner] = value.operands;
  if (value.op === sumOp && inner.op === mul.op) {
    const [x, y] = inner.operands;
    const axes = axesOf(value);
    const side = (vector: Value): Side => ({ vector, axes, others: [] });
    return { sides: [side(x), side(y)], of: (a, b) => sum(mul(a, b), { axes }) };
  }
  if (value.op !== contractOp) return undefined;
  const [x, y] = value.operands;
  const { batch, contracted } = contractAttrs(value);
  const [along, across] = [0, 1].map((i) => contracted.map((pair) => pair[i]));
  const [left, right] = [0, 1].map((i) => value.operands[i].type.shape.length - batch.length - contracted.length);
  // Axes of the result are those of the batch, of x and of y, in this order; a length has its axes in that of its vector.
  const isInOrder = batch.every(([a, b], i) => a === i && b === i);
  if (!isInOrder) return undefined;
  const axesFrom = (start: number, count: number): readonly number[] =>
    Array.from({ length: count }, (_, i) => start + i);
  return {
    sides: [
      { vector: x, axes: along, others: axesFrom(batch.length + left, right) },
      { vector: y, axes: across, others: axesFrom(batch.length, left) },
    ],
    of: (a, b) => apply(contractOp, [a, b], value.attrs),
  };
}

/** The two factors of a product; of a product of all pairs, as `a @ bᵀ` of columns is, both repeated. */
function factorsIn(value: Value): readonly Value[] | undefined {
  const { op, type, operands } = value;
  if (op === mul.op) return operands;
  if (op !== contractOp) return undefined;
  const { batch, contracted } = contractAttrs(value);
  if (batch.length > 0 || contracted.some(([axis]) => operands[0].type.shape[axis] !== 1)) return undefined;
  let place = 0;
  return operands.map((side, i) => {
    const along = contracted.map((pair) => pair[i]);
    const shape = side.type.shape.filter((_, axis) => !along.includes(axis));
    const onto = shape.map(() => place++);
    const [inner] = side.operands;
    const isColumn = side.op === reshapeOp && sameShape(inner.type.shape, shape);
    return broadcastAlong(isColumn ? inner : reshape(side, shape), type.shape, onto);
  });
}

/** Factors of a divisor, and the divisors above it. */
function quotientOf(value: Value): { readonly top: Value; readonly lengths: readonly Value[] } {
  const lengths: Value[] = [];
  let top = value;
  for (; top.op === div.op && lengths.length < 3; [top] = top.operands) {
    const [, below] = top.operands;
    lengths.push(...(factorsIn(below) ?? [below]));
  }
  return { top, lengths };
}

/** x · (1/a/b). */
function inverseOf({ operands }: Value): ReturnType<typeof quotientOf> {
  const found = operands.map(quotientOf);
  const at = found.findIndex(({ top, lengths }) => lengths.length > 0 && constantValue(top) === 1);
  return { top: operands[1 - at] ?? operands[0], lengths: at < 0 ? [] : found[at].lengths };
}

/** The power of its length that a value of a vector is: √Σx² is the first, Σx² the second. Roots of roots are of neither. */
type Degree = 1 | 2;

/** So many numbers, floors and roots are around Σx². */
const deepest = 4;

/** True for a length of x along axes, or its square: as they are, or beside a number or with a floor, also under the root. */
function measures(value: Value, degree: Degree, x: Value, axes: readonly number[], depth = deepest): boolean {
  const { op, operands } = value;
  if (depth === 0) return false;
  if (degree === 1 && isRootOp(value)) return measures(operands[0], 2, x, axes, depth - 1);
  if (op === add.op || op === maximum.op) {
    const at = operands.findIndex((side) => (constantValue(side) ?? 0) > 0);
    return at >= 0 && measures(operands[1 - at], degree, x, axes, depth - 1);
  }
  return degree === 2 && isReshaped(value, sum(mul(x, x), { axes }));
}

const isRootOp = ({ op }: Value): boolean => op === sqrt.op || op === root.op;

/** What a side is divided by: the same for each of its vectors, and their length, as far as numbers beside it let it be. */
function divisorOf(length: Value, { vector, axes, others }: Side): Value | undefined {
  const own = others.length === 0 ? length : withoutAxes(length, others);
  return own && measures(own, 1, vector, axes) ? own : undefined;
}

/** Σ x·y / (‖x‖·‖y‖) as a product of unit vectors: each is over one length, and so is its slope. */
function cosine(value: Value): Value | undefined {
  const { top, lengths } = value.op === mul.op ? inverseOf(value) : quotientOf(value);
  const dot = lengths.length === 2 && value.type.dtype === "f32" ? dotOf(top) : undefined;
  if (!dot) return undefined;
  for (const [a, b] of [lengths, lengths.toReversed()]) {
    const [first, second] = [divisorOf(a, dot.sides[0]), divisorOf(b, dot.sides[1])];
    if (first && second) return dot.of(unit(dot.sides[0], first), unit(dot.sides[1], second));
  }
  return undefined;
}

/** ‖x‖·‖y‖ and a number above 0: added, as a floor, or as sides of a hypotenuse. */
interface Guarded {
  readonly lengths: readonly Value[];
  readonly number: number;
  combine(product: Value, number: Value): Value;
}

function guardedOf(divisor: Value): Guarded | undefined {
  const isRoot = isRootOp(divisor);
  const { op, operands } = isRoot ? divisor.operands[0] : divisor;
  const at = op === add.op || op === maximum.op ? operands.findIndex((side) => (constantValue(side) ?? 0) > 0) : -1;
  const factors = at < 0 ? undefined : factorsIn(operands[1 - at]);
  if (!factors) return undefined;
  const number = constantValue(operands[at]) as number;
  if (!isRoot) return { lengths: factors, number, combine: (a, b) => apply(op, [a, b]) };
  return {
    lengths: factors.map((square) => root(square)),
    number: Math.sqrt(number),
    combine: (a, b) => (op === add.op ? hypot(a, b) : maximum(a, b)) as Value,
  };
}

/**
 * Σ x·y / (‖x‖·‖y‖ + c) in units of the lengths where they are above 1, which no slope depends on:
 * Σ x/s · y/t / (‖x‖/s · ‖y‖/t + c/s/t).
 */
function guardedCosine({ type, operands: [above, divisor] }: Value): Value | undefined {
  const guarded = type.dtype === "f32" ? guardedOf(divisor) : undefined;
  const dot = guarded && dotOf(above);
  if (!guarded || !dot) return undefined;
  const { lengths, number, combine } = guarded;
  for (const [a, b] of [lengths, lengths.toReversed()]) {
    const found = [divisorOf(a, dot.sides[0]), divisorOf(b, dot.sides[1])];
    if (found.some((length) => !length || !isPlain(length))) continue;
    const [left, right] = dot.sides.map((side) => inUnits(side, type));
    const rest = div(div(constant(number, "f32", type.shape), left.unit), right.unit);
    return div(dot.of(left.vector, right.vector), combine(mul(left.length, right.length), rest));
  }
  return undefined;
}

/** True for what measures a vector with no number beside it: those that have one are other divisors, and safe. */
function isPlain(length: Value): boolean {
  const [square] = length.operands;
  return isRootOp(length) && square.op !== add.op && square.op !== maximum.op;
}

/** A vector and its length over the larger of that and 1; the length and the unit as the result has them. */
function inUnits({ vector, axes, others }: Side, result: TensorType): Record<"vector" | "length" | "unit", Value> {
  const length = apply(normOp, [vector], { axes });
  const unit = stopGradient(maximum(1, length)) as Value;
  const onto = (x: Value): Value => broadcastAlong(x, result.shape, keptAxes(result.shape.length, others));
  return { vector: div(vector, spread(unit, vector.type, axes)), length: onto(div(length, unit)), unit: onto(unit) };
}

/** A vector over its length, 0 where that is 0. */
function unit({ vector, axes }: Side, length: Value): Value {
  const divisor = rangeOf(length).low > 0 ? length : endless(length);
  return div(vector, spread(divisor, vector.type, axes));
}

/** A look that costs little. */
const dividesProduct = ({ op, operands }: Value): boolean =>
  operands.some(isProduct) || (op === div.op && operands[0].op === div.op && operands[1].op !== mul.op);
const isProduct = ({ op }: Value): boolean => op === sumOp || op === contractOp;

/** Cosines of two vectors, and of all pairs of two lists of them. */
export const cosineRules: readonly Rule[] = [
  rule(
    "cosine similarity",
    "stabilizes",
    "sum(x * y) / (root(sum(x * x)) * root(sum(y * y))) = sum(x / root(sum(x * x)) * (y / root(sum(y * y))))",
    ["div", "mul"],
    cosine,
    dividesProduct,
  ),
  rule(
    "cosine similarity beside a number",
    "stabilizes",
    "sum(x * y) / (n * m + c) = sum(x / s * (y / t)) / (n / s * (m / t) + c / s / t) for n = root(sum(x * x)), s = maximum(1, n)",
    ["div"],
    guardedCosine,
    ({ operands: [above] }) => isProduct(above),
  ),
];
