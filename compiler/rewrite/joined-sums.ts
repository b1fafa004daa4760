/// Means of means as one: a sum of sums along other axes, with numbers between them, is one sum along all of them.
import { div, mul, neg } from "../../ir/ops/arithmetic.ts";
import { reshapeOp, reshapeTo } from "../../ir/ops/layout.ts";
import { axesOf, keptAxes, sum, sumOp } from "../../ir/ops/sum.ts";
import { sameShape } from "../../ir/type.ts";
import { apply, type Value } from "../../ir/value.ts";
import { monomialOf } from "./exponential.ts";
import { isExponential, writeMonomial } from "./monomial.ts";
import { isUniform, uniformTo } from "./rules/uniform.ts";

/** So deep people write means of means. */
const deepest = 6;

/** A product, quotient or layout of sums, each of which is one along all axes that are summed; itself where they are. */
export function joinedSums(value: Value, depth = deepest): Value {
  const { op } = value;
  const passes = op === mul.op || op === div.op || op === neg.op || op.kind === "layout" || op === sumOp;
  if (!passes || depth === 0) return value;
  const operands = value.operands.map((operand) => joinedSums(operand, depth - 1));
  const isSame = operands.every((operand, i) => operand === value.operands[i]);
  const moved = isSame ? value : apply(op, operands, value.attrs);
  return op === sumOp ? (joined(moved) ?? moved) : moved;
}

/** Σ (Σ x)/n = (Σ x)/n along both axes. */
function joined(total: Value): Value | undefined {
  const { coefficient, over, under, exponent } = monomialOf(total.operands[0]);
  const parts = over.filter((factor) => !isUniform(factor));
  const [part] = parts;
  if (parts.length !== 1 || !under.every(isUniform) || isExponential({ coefficient, over, under, exponent }))
    return undefined;
  const inner = part.op === reshapeOp ? part.operands[0] : part;
  const places = inner.op === sumOp ? placesIn(part, inner) : undefined;
  if (!places) return undefined;
  const [x] = inner.operands;
  const kept = keptAxes(x.type.shape.length, axesOf(inner));
  const outer = axesOf(total).flatMap((axis) => {
    const place = places[axis];
    return place === undefined ? [] : [kept[place]];
  });
  const { shape } = total.type;
  const whole = reshapeTo(sum(x, { axes: [...axesOf(inner), ...outer] }), shape);
  const numbers = (values: readonly Value[]): readonly Value[] =>
    values.filter(isUniform).map((number) => uniformTo(number, shape));
  return writeMonomial({ coefficient, over: [...numbers(over), whole], under: numbers(under), exponent }, total.type);
}

/** Which axis of a sum each axis of its reshape is, where that has put in axes of extent 1 and nothing else. */
function placesIn(part: Value, inner: Value): readonly (number | undefined)[] | undefined {
  const isLong = (value: Value, axis: number): boolean => value.type.shape[axis] !== 1;
  const long = inner.type.shape.flatMap((_, axis) => (isLong(inner, axis) ? [axis] : []));
  const longOfPart = part.type.shape.flatMap((_, axis) => (isLong(part, axis) ? [axis] : []));
  const extents = (value: Value, axes: readonly number[]): typeof value.type.shape =>
    axes.map((axis) => value.type.shape[axis]);
  if (!sameShape(extents(part, longOfPart), extents(inner, long))) return undefined;
  return part.type.shape.map((_, axis) => {
    const at = longOfPart.indexOf(axis);
    return at < 0 ? undefined : long[at];
  });
}
