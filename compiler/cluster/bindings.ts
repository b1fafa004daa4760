/// How many bindings tensors take. A normalisation of channels has a handful of numbers for each, in as many tensors: where a
/// kernel binds too many, small ones lie side by side in the arena and are one range of it.
import { elementCount } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";

/** Tensors of more elements have bindings of their own. */
const mostElements = 512;

/** True for a tensor that may share a binding with others. */
export type Shares = (tensor: Value) => boolean;

/** Every tensor has a binding of its own. */
export const noneShares: Shares = () => false;

/**
 * Small tensors between kernels share one: floats, since a range is bound as one type. Results of a call and halves lie
 * elsewhere.
 */
export function smallMayShare(outputs: ReadonlySet<Value>, halves?: ReadonlySet<Value>): Shares {
  return (tensor) => {
    const { op, type } = tensor;
    const count = elementCount(type.shape);
    const isSmall = typeof count === "number" && count <= mostElements;
    return isSmall && type.dtype === "f32" && op.kind !== "leaf" && !outputs.has(tensor) && !halves?.has(tensor);
  };
}

/** The fewest bindings that tensors take. */
export function countBindings(tensors: Iterable<Value>, shares: Shares): number {
  let [own, shared] = [0, 0];
  for (const tensor of tensors) {
    if (shares(tensor)) shared = 1;
    else own++;
  }
  return own + shared;
}
