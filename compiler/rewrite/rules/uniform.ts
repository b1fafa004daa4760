/// Values that hold one number in every element: constants, named sizes, and what is computed from them.
import { constantOp, sizeOp } from "../../../ir/ops/leaf.ts";
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
