/// |a|² + |b|² − 2a·b: the distance of near points loses all its digits, and the sum over their differences keeps them.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { contractAttrs, contractOp } from "../../../ir/ops/contract.ts";
import { transpose } from "../../../ir/ops/layout.ts";
import { constantValue } from "../../../ir/ops/leaf.ts";
import { broadcastAlong, sum, sumOp } from "../../../ir/ops/sum.ts";
import { elementCount } from "../../../ir/type.ts";
import { same, underLayouts, type Value } from "../../../ir/value.ts";
import { rule, type Rule } from "../rule.ts";
import { dotOf, type Dot, type Side } from "./cosines.ts";
import { isReshaped, ontoLayouts, withoutAxes } from "./uniform.ts";

type Term = readonly [value: Value, scale: number];

/** The three terms of a sum with their numbers; undefined where there are more, or fewer. */
function threeTerms(value: Value): readonly Term[] | undefined {
  const terms: Term[] = [];
  const pending: Term[] = [[value, 1]];
  for (let term = pending.pop(); term; term = pending.pop()) {
    if (terms.length + pending.length > 2) return undefined;
    const [{ op, operands }, scale] = term;
    const [a, b] = operands;
    const [left, right] = op === mul.op || op === div.op ? operands.map(constantValue) : [];
    if (op === add.op) pending.push([b, scale], [a, scale]);
    else if (op === sub.op) pending.push([b, -scale], [a, scale]);
    else if (op === neg.op) pending.push([a, -scale]);
    else if (op === mul.op && left) pending.push([b, scale * left]);
    else if (op === mul.op && right) pending.push([a, scale * right]);
    else if (op === div.op && right) pending.push([a, scale / right]);
    else terms.push(withoutNumber(term));
  }
  return terms.length === 3 ? terms : undefined;
}

/** (2a)·b is 2·(a·b), also of vectors. */
function withoutNumber([value, scale]: Term): Term {
  const numberIn = (side: Value): readonly [number, Value] | undefined => {
    const inner = underLayouts(side);
    const [a, b] = inner.operands;
    const [left, right] = inner.op === mul.op ? [a, b].map(constantValue) : [];
    const other = left !== undefined ? b : right !== undefined ? a : undefined;
    return other && [(left ?? right)!, ontoLayouts(side, inner, other)];
  };
  const sides = value.op === mul.op ? value.operands : dotOf(value)?.sides.map(({ vector }) => vector);
  const found = sides?.map((side) => numberIn(side) ?? ([1, side] as const));
  if (!sides || !found?.some(([number]) => number !== 1)) return [value, scale];
  const [[first, x], [second, y]] = found;
  return [value.op === mul.op ? mul(x, y) : dotOf(value)!.of(x, y), scale * first * second];
}

/** True for Σx² of a side, the same along the axes of the others. */
function isSquareOf(square: Value, { vector, axes, others }: Side): boolean {
  const own = others.length === 0 ? square : withoutAxes(square, others);
  if (!own) return false;
  if (isReshaped(own, sum(mul(vector, vector), { axes }))) return true;
  const dot = own.op === contractOp ? dotOf(own) : undefined;
  return dot?.sides.every((side) => same(side.vector, vector) && side.axes.join() === axes.join()) ?? false;
}

/** A product of all pairs is far faster than a sum over so many differences. */
const mostDifferences = 2 ** 18;

/** True where vectors, or few pairs of them, are compared: sizes that are not bound yet may be large. */
function areFew(product: Value, { sides: [{ vector, axes }] }: Dot): boolean {
  if (product.op === sumOp) return true;
  const length = axes.map((axis) => vector.type.shape[axis]);
  const count = elementCount([...product.type.shape, ...length]);
  return typeof count === "number" && count <= mostDifferences;
}

/** Σ(x − y)² over what a product adds up. */
function distanceOf(product: Value, { sides }: Dot): Value {
  const [x, y] = sides;
  if (product.op === sumOp) return squared(sub(x.vector, y.vector), x.axes);
  const { batch, contracted } = contractAttrs(product);
  const { shape } = product.type;
  const whole = [...shape, ...contracted.map(([axis]) => x.vector.type.shape[axis])];
  const aligned = ({ vector, axes, others }: Side): Value => {
    const kept = shape.map((_, axis) => axis).filter((axis) => !others.includes(axis));
    const free = vector.type.shape
      .map((_, axis) => axis)
      .filter((axis) => axis >= batch.length && !axes.includes(axis));
    const order = [...batch.map((_, axis) => axis), ...free, ...axes];
    const onto = [...kept, ...axes.map((_, i) => shape.length + i)];
    const isInOrder = order.every((axis, i) => axis === i);
    return broadcastAlong(isInOrder ? vector : transpose(vector, order), whole, onto);
  };
  return squared(
    sub(aligned(x), aligned(y)),
    contracted.map((_, i) => shape.length + i),
  );
}

const squared = (difference: Value, axes: readonly number[]): Value =>
  sum(mul(difference, difference), { axes }) as Value;

/** c·|a|² + c·|b|² − 2c·a·b = c·Σ(a − b)², also of numbers, and of all pairs of two lists of vectors. */
function squaredDistance(value: Value): Value | undefined {
  const terms = value.type.dtype === "f32" ? threeTerms(value) : undefined;
  const at = terms?.findIndex(([, scale], i) => terms.every(([, other], j) => i === j || other === -scale / 2)) ?? -1;
  if (!terms || at < 0) return undefined;
  const [product, scale] = terms[at];
  const [[first], [second]] = terms.toSpliced(at, 1);
  const distance = ofNumbers(product, first, second) ?? ofVectors(product, first, second);
  if (!distance) return undefined;
  return scale === -2 ? distance : scale === 2 ? neg(distance) : (mul(-scale / 2, distance) as Value);
}

function ofNumbers({ op, operands: [a, b] }: Value, first: Value, second: Value): Value | undefined {
  const isSquare = (value: Value, x: Value): boolean => {
    const inner = underLayouts(value);
    return inner.op === mul.op && inner.operands.every((each) => same(ontoLayouts(value, inner, each), x));
  };
  if (op !== mul.op || same(a, b)) return undefined;
  const isPair = (isSquare(first, a) && isSquare(second, b)) || (isSquare(first, b) && isSquare(second, a));
  return isPair ? mul(sub(a, b), sub(a, b)) : undefined;
}

function ofVectors(product: Value, first: Value, second: Value): Value | undefined {
  const dot = dotOf(product);
  if (!dot || !areFew(product, dot)) return undefined;
  const [x, y] = dot.sides;
  const isPair = (a: Value, b: Value): boolean => isSquareOf(a, x) && isSquareOf(b, y);
  return isPair(first, second) || isPair(second, first) ? distanceOf(product, dot) : undefined;
}

/** A look that costs little: one side of the sum is a sum itself. */
const hasThree = ({ operands }: Value): boolean => operands.some(({ op }) => op === add.op || op === sub.op);

/** Squared distances. */
export const distanceRules: readonly Rule[] = [
  rule(
    "squared distance multiplied out",
    "stabilizes",
    "sum(x * x) + sum(y * y) - 2 * sum(x * y) = sum((x - y) * (x - y))",
    ["add", "sub"],
    squaredDistance,
    hasThree,
  ),
];
