/// Values that are the same in every element, or along some axes.
import { constantOp, constantValue, sizeOp, sizeValue } from "../../../ir/ops/leaf.ts";
import { reshapeOp, reshapeTo } from "../../../ir/ops/layout.ts";
import { broadcastAlong, broadcastAttrs, broadcastOp, keptAxes, reducedCount } from "../../../ir/ops/sum.ts";
import { elementCount, sameShape, type Shape } from "../../../ir/type.ts";
import { apply, postorder, same, type Value } from "../../../ir/value.ts";
import { bottomUp } from "../bottom-up.ts";

/** True for a constant, a named size, and elementwise expressions of them. */
export function isUniform(value: Value): boolean {
  if (!value.constant) return false;
  // Each part once: an expression that doubles itself many times over has more paths than any walk could take.
  return postorder([value]).every(({ op }) => op === constantOp || op === sizeOp || op.kind === "elementwise");
}

/** True for the number of elements along axes, as a mean is divided by. */
export function isCount(divisor: Value, { type }: Value, axes: readonly number[]): boolean {
  const count = reducedCount(type, axes);
  return constantValue(divisor) === count || same(divisor, sizeValue(count, divisor.type.dtype, divisor.type.shape));
}

/** The same number in every element of another shape. */
export function uniformTo(value: Value, shape: Shape): Value {
  return bottomUp(value, new Map(), ({ op, attrs }, operands) =>
    op.kind === "leaf" ? apply(op, [], { ...attrs, shape }) : apply(op, operands, attrs),
  );
}

/** A value that is the same all along some axes, without those axes; undefined where it may differ. */
export function withoutAxes(value: Value, axes: readonly number[]): Value | undefined {
  const shape = keptAxes(value.type.shape.length, axes).map((axis) => value.type.shape[axis]);
  if (isUniform(value)) return uniformTo(value, shape);
  if (value.op !== broadcastOp) return undefined;
  const [x] = value.operands;
  const along = broadcastAttrs(value).axes;
  if (along.some((axis, i) => axes.includes(axis) && x.type.shape[i] !== 1)) return undefined;
  const kept = keptAxes(value.type.shape.length, axes);
  const stay = along.flatMap((axis, i) => (axes.includes(axis) ? [] : [i]));
  const squeezed = reshapeTo(
    x,
    stay.map((i) => x.type.shape[i]),
  );
  return broadcastAlong(
    squeezed,
    shape,
    stay.map((i) => kept.indexOf(along[i])),
  );
}

/**
 * True for what was combined along some axes, repeated along them again: every row meets its own. That a value is the same
 * all along them does not say so: its rows may have changed places, by a transpose or in reverse.
 */
export function isSpreadOf(value: Value, reduced: Value, axes: readonly number[]): boolean {
  const flat = withoutAxes(value, axes);
  return flat !== undefined && isReshaped(flat, reduced);
}

/** True for a value itself. Between equal shapes reshapes change nothing, whichever shapes they go by. */
export function isReshaped(value: Value, original: Value): boolean {
  if (!sameShape(value.type.shape, original.type.shape)) return false;
  let inner = value;
  while (inner.op === reshapeOp && !same(inner, original)) [inner] = inner.operands;
  return same(inner, original);
}

/** The layouts of a value, down to another, on something else. */
export function ontoLayouts(value: Value, from: Value, to: Value): Value {
  return value === from ? to : apply(value.op, [ontoLayouts(value.operands[0], from, to)], value.attrs);
}

/** A layout op, with its attributes, on another operand of the same type. */
export function ontoLayout(operand: Value, layout: Value): Value {
  return isUniform(operand) ? uniformTo(operand, layout.type.shape) : apply(layout.op, [operand], layout.attrs);
}

/** What has the same elements in the same order: of one shape after another only the last counts. */
export function underShapes(value: Value): Value {
  const [x] = value.operands;
  const isShape =
    value.op === reshapeOp ||
    (value.op === broadcastOp &&
      elementCount(x.type.shape) === elementCount(value.type.shape) &&
      broadcastAttrs(value).axes.every((axis, i, all) => i === 0 || axis > all[i - 1]));
  return isShape ? underShapes(x) : value;
}
