/// Broadcasts, reshapes and transposes: chains become one, and calculation moves before repetition.
import { multiplyDims } from "../../../ir/dim.ts";
import { neg } from "../../../ir/ops/arithmetic.ts";
import { contract, contractAttrs, contractOp, operandAxes, type AxisPair } from "../../../ir/ops/contract.ts";
import { convolveOp } from "../../../ir/ops/convolve.ts";
import { reshapeOp, reshapeTo, transpose, transposeOp } from "../../../ir/ops/layout.ts";
import { sliceTo } from "../../../ir/ops/pad.ts";
import { broadcastAlong, broadcastOp, broadcastAttrs } from "../../../ir/ops/sum.ts";
import { windowsAttrs, windowsOp } from "../../../ir/ops/windows.ts";
import { sameShape, type Shape } from "../../../ir/type.ts";
import { apply, sameAttrs, underLayouts, type Value } from "../../../ir/value.ts";
import { elementwiseRoot, identity, reads, rule, type Rule, type Surroundings } from "../rule.ts";
import { isUniform, uniformTo } from "./uniform.ts";

const permutationOf = (value: Value): readonly number[] => value.attrs.permutation as readonly number[];

/** Position in `to` of each axis of `from`, when `to` only has more axes of extent 1. */
function insertedUnits(from: Shape, to: Shape): readonly number[] | undefined {
  const places: number[] = [];
  to.forEach((extent, axis) => {
    if (extent === from[places.length]) places.push(axis);
  });
  const rest = to.every((extent, axis) => extent === 1 || places.includes(axis));
  return places.length === from.length && rest ? places : undefined;
}

function layoutOfUniform(value: Value): Value | undefined {
  const [x] = value.operands;
  return isUniform(x) ? uniformTo(x, value.type.shape) : undefined;
}

function broadcastOfLayout(value: Value): Value | undefined {
  const [inner] = value.operands;
  const [x] = inner.operands;
  const { shape, axes } = broadcastAttrs(value);
  if (inner.op === broadcastOp) {
    return broadcastAlong(
      x,
      shape,
      broadcastAttrs(inner).axes.map((axis) => axes[axis]),
    );
  }
  if (inner.op === transposeOp) {
    const along = new Array<number>(axes.length);
    permutationOf(inner).forEach((axis, position) => (along[axis] = axes[position]));
    return broadcastAlong(x, shape, along);
  }
  const places = inner.op === reshapeOp ? insertedUnits(x.type.shape, inner.type.shape) : undefined;
  return (
    places &&
    broadcastAlong(
      x,
      shape,
      places.map((place) => axes[place]),
    )
  );
}

/** An axis of extent 1 lies along one of extent 1 where it can, so that equal broadcasts have equal axes. */
function broadcastOfUnits(value: Value): Value | undefined {
  const [x] = value.operands;
  const { shape, axes } = broadcastAttrs(value);
  const settled = [...axes];
  settled.forEach((axis, i) => {
    if (x.type.shape[i] !== 1 || shape[axis] === 1) return;
    const [from, to] = [settled[i - 1] ?? -1, settled[i + 1] ?? shape.length];
    const unit = shape.findIndex((extent, place) => extent === 1 && place > from && place < to);
    if (unit >= 0) settled[i] = unit;
  });
  return broadcastAlong(x, shape, settled);
}

function reshapeOfLayout(value: Value): Value | undefined {
  const [inner] = value.operands;
  if (inner.op === reshapeOp) return reshapeTo(inner.operands[0], value.type.shape);
  if (inner.op !== broadcastOp) return undefined;
  const places = insertedUnits(inner.type.shape, value.type.shape);
  const axes = broadcastAttrs(inner).axes;
  return (
    places &&
    broadcastAlong(
      inner.operands[0],
      value.type.shape,
      axes.map((axis) => places[axis]),
    )
  );
}

function transposeOfLayout(value: Value): Value | undefined {
  const [inner] = value.operands;
  const permutation = permutationOf(value);
  if (inner.op === transposeOp) {
    const first = permutationOf(inner);
    return transpose(
      inner.operands[0],
      permutation.map((axis) => first[axis]),
    );
  }
  if (inner.op !== broadcastOp) return undefined;
  const axes = broadcastAttrs(inner).axes.map((axis) => permutation.indexOf(axis));
  return broadcastAlong(inner.operands[0], value.type.shape, axes);
}

/** Windows that touch only divide the axis; what is left at its end is left out. */
function windowsSideBySide(value: Value): Value | undefined {
  const { axis, size, stride, dilation } = windowsAttrs(value.attrs);
  if (size !== stride || dilation !== 1) return undefined;
  const [x] = value.operands;
  const { shape } = x.type;
  const covered = multiplyDims(value.type.shape[axis], size);
  const limits = shape.map((extent, i) => (i === axis ? covered : extent));
  const taken = sliceTo(x, { starts: shape.map(() => 0), limits, strides: shape.map(() => 1) });
  return reshapeTo(taken, value.type.shape);
}

/** f(broadcast x, broadcast y, 1) = broadcast f(x, y, 1): fewer numbers to compute. */
function elementwiseOfBroadcasts(value: Value): Value | undefined {
  const first = value.operands.find((operand) => operand.op === broadcastOp);
  if (!first) return undefined;
  const { shape } = first.operands[0].type;
  const inner: Value[] = [];
  for (const operand of value.operands) {
    if (isUniform(operand)) inner.push(uniformTo(operand, shape));
    else if (operand.op !== broadcastOp || !sameAttrs(operand.attrs, first.attrs)) return undefined;
    else if (!sameShape(operand.operands[0].type.shape, shape)) return undefined;
    else inner.push(operand.operands[0]);
  }
  const { shape: outer, axes } = broadcastAttrs(first);
  return broadcastAlong(apply(value.op, inner, value.attrs), outer, axes);
}

/** The axis of its groups is none of the model's: what is calculated with a convolution goes without it. */
export const isConvolution = (value: Value): boolean => underLayouts(value).op === convolveOp;

/** f(x with axes of extent 1, 1) = f(x, 1) with axes of extent 1, which a repetition does without. */
function elementwiseOfUnitAxes(value: Value): Value | undefined {
  const first = value.operands.find(({ op }) => op === reshapeOp);
  // A sign moves outwards by itself.
  if (!first || value.op === neg.op || isConvolution(first)) return undefined;
  const { shape } = first.operands[0].type;
  if (!insertedUnits(shape, value.type.shape)) return undefined;
  const inner: Value[] = [];
  for (const operand of value.operands) {
    if (isUniform(operand)) inner.push(uniformTo(operand, shape));
    else if (operand.op !== reshapeOp || !sameShape(operand.operands[0].type.shape, shape)) return undefined;
    else inner.push(operand.operands[0]);
  }
  return reshapeTo(apply(value.op, inner, value.attrs), value.type.shape);
}

/** A transposed operand is an operand with other axes, unless that would reorder the axes of the result. */
function contractionOfTransposes(value: Value): Value | undefined {
  const side = value.operands[0].op === transposeOp ? 0 : value.operands[1].op === transposeOp ? 1 : undefined;
  if (side === undefined) return undefined;
  const permutation = permutationOf(value.operands[side]);
  const attrs = contractAttrs(value);
  const free = operandAxes(attrs, side, permutation.length).free.map((axis) => permutation[axis]);
  if (free.some((axis, position) => position > 0 && axis < free[position - 1])) return undefined;
  const moved = (pairs: readonly AxisPair[]): readonly AxisPair[] =>
    pairs.map(([left, right]) => (side === 0 ? [permutation[left], right] : [left, permutation[right]]));
  const operands = value.operands.map((operand, position) => (position === side ? operand.operands[0] : operand));
  return contract(operands[0], operands[1], { batch: moved(attrs.batch), contracted: moved(attrs.contracted) });
}

/** (a · b)ᵀ = bᵀ · aᵀ, where the transposes are only other axes. */
function transposeOfContraction(value: Value, { uses }: Surroundings): Value | undefined {
  const [product] = value.operands;
  // A product that others read would be computed twice.
  if (product.op !== contractOp || uses(product) > 1) return undefined;
  const [a, b] = product.operands;
  const attrs = contractAttrs(product);
  const batch = attrs.batch.length;
  const left = operandAxes(attrs, 0, a.type.shape.length).free.length;
  const rank = product.type.shape.length;
  const swapped = (axis: number): number =>
    axis < batch ? axis : axis < rank - left ? axis + left : axis - (rank - left) + batch;
  if (!permutationOf(value).every((from, axis) => from === swapped(axis))) return undefined;
  const turn = (pairs: readonly AxisPair[]): readonly AxisPair[] => pairs.map(([x, y]) => [y, x]);
  return contract(b, a, { batch: turn(attrs.batch), contracted: turn(attrs.contracted) });
}

/** Layout under layout, and layout under contraction. */
export const layoutRules: readonly Rule[] = [
  rule("layout of one number", "exact", "broadcast(1) = 1", ["broadcast", "reshape", "transpose"], layoutOfUniform),
  rule("broadcast of a layout", "exact", "broadcast(broadcast(x)) = broadcast(x)", ["broadcast"], broadcastOfLayout),
  rule("broadcast along unit axes", "exact", "broadcast[b](x) = broadcast[c](x)", ["broadcast"], broadcastOfUnits),
  rule("windows side by side", "exact", "windows(x) = reshape(slice(x))", [windowsOp.name], windowsSideBySide),
  rule("reshape of a layout", "exact", "reshape(reshape(x)) = reshape(x)", ["reshape"], reshapeOfLayout),
  rule("transpose of a layout", "exact", "transpose(transpose(x)) = x", ["transpose"], transposeOfLayout),
  identity("sum of reshapes", "exact", "reshape[s](x) + reshape[s](y) = reshape[s](x + y)", ofOneShape),
  identity("difference of reshapes", "exact", "reshape[s](x) - reshape[s](y) = reshape[s](x - y)", ofOneShape),
  rule(
    "broadcast after the calculation",
    "exact",
    "f(broadcast(x)) = broadcast(f(x))",
    [elementwiseRoot],
    elementwiseOfBroadcasts,
    reads(broadcastOp),
  ),
  rule(
    "calculation before unit axes",
    "exact",
    "f(reshape(x), 1) = reshape(f(x, 1))",
    [elementwiseRoot],
    elementwiseOfUnitAxes,
    reads(reshapeOp),
  ),
  rule("product with a transpose", "exact", "xᵀ @ y = contract(x, y)", ["contract"], contractionOfTransposes),
];

/**
 * For when products have taken over the transposes that they read: a product that is read with other axes stays what the
 * model calls it.
 */
export const turnedProductRules: readonly Rule[] = [
  rule("transposed product", "exact", "(x @ y)ᵀ = yᵀ @ xᵀ", ["transpose"], transposeOfContraction),
];

function ofOneShape({ values: { x, y } }: { readonly values: Readonly<Record<string, Value>> }): boolean {
  return sameShape(x.type.shape, y.type.shape) && !isConvolution(x) && !isConvolution(y);
}
