/// Values that are the same in every element, or along some axes.
import { constantOp, sizeOp } from "../../../ir/ops/leaf.ts";
import { reshapeTo } from "../../../ir/ops/layout.ts";
import { broadcastAlong, broadcastAttrs, broadcastOp, keptAxes } from "../../../ir/ops/sum.ts";
import type { Shape } from "../../../ir/type.ts";
import { apply, type Value } from "../../../ir/value.ts";

/** True for a constant, a named size, and elementwise expressions of them. */
export function isUniform(value: Value): boolean {
  if (!value.constant) return false;
  if (value.op === constantOp || value.op === sizeOp) return true;
  return value.op.kind === "elementwise" && value.operands.every(isUniform);
}

/** The same number in every element of another shape. */
export function uniformTo(value: Value, shape: Shape): Value {
  if (value.op.kind === "leaf") return apply(value.op, [], { ...value.attrs, shape });
  const operands = value.operands.map((operand) => uniformTo(operand, shape));
  return apply(value.op, operands, value.attrs);
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

/** A layout op, with its attributes, on another operand of the same type. */
export function ontoLayout(operand: Value, layout: Value): Value {
  return isUniform(operand) ? uniformTo(operand, layout.type.shape) : apply(layout.op, [operand], layout.attrs);
}
