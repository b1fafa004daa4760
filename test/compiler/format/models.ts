/// Models that are printed in every format.
import { loadModel } from "../../../compiler/load/index.ts";
import { adam, grad, input, matmul, mean, model, param } from "../../../ir/index.ts";
import { square, tanh } from "../../../ir/index.ts";
import { as } from "../symbolic.ts";

/** The classifier of the first lecture. */
export const classifier = await loadModel("samples/classifier/model.ts", { typeCheck: false });

/** A model with several entry points, one of which trains. */
export const trained = model("trained", () => {
  const [x, W] = [input("x", "f32", ["batch", 2]), param([2, 3], { name: "W" })];
  const h = as("h", () => tanh(matmul(x, W)));
  const L = as("L", () => mean(square(h)));
  return { predict: { h }, train: { L, update: adam(L) }, look: { saliency: grad(L, x) } };
});
