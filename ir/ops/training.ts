/// What differs between training and use.
import type { Scalar } from "../static.ts";
import { apply, type LeafOp, type Tensor, type Value } from "../value.ts";

export const trainingOp: LeafOp = {
  name: "training",
  doc: "True in entry points that update states; each entry point has its own constant in its place.",
  kind: "leaf",
  structural: true,
  infer: () => ({ dtype: "bool", shape: [] }),
};

/**
 * True in entry points with an `update`, false in the others: `where(training(), noisy, clean)`. It is known when the model
 * is complete, so the branch that an entry point does not take is not part of it.
 */
export function training(): Tensor<"bool", Scalar>;
export function training(): Value {
  return apply(trainingOp, []);
}
