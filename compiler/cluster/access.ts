/// How one value reads another: through layouts, at which index. Decides whether two values can share a kernel.
import type { Value } from "../../ir/value.ts";
import type { Shape } from "../../ir/type.ts";
import { indexAlgebra, indexKey, variableIndex, type Index } from "../lower/index.ts";

/** A computed value (or leaf) that another reads, and the index at which it does. */
export interface Access {
  readonly value: Value;
  readonly index: readonly Index[];
}

/** The index variables of an iteration space. */
export function spaceIndex(shape: Shape): readonly Index[] {
  return shape.map((extent, axis) => (extent === 1 ? indexAlgebra.constant(0) : variableIndex(`i${axis}`, extent)));
}

/** What lies under the layout ops that end in `value`, and the index there for an index of `value`. */
export function throughLayouts(value: Value, index: readonly Index[]): Access {
  if (value.op.kind !== "layout") return { value, index };
  const [operand] = value.operands;
  const source = value.op.source(index, operand.type.shape, value.type.shape, value.attrs, indexAlgebra);
  return throughLayouts(operand, source);
}

/** True when two indices are the same element for every value of their variables. */
export function sameIndex(a: readonly Index[], b: readonly Index[]): boolean {
  return a.length === b.length && a.every((part, axis) => indexKey(part) === indexKey(b[axis]));
}
