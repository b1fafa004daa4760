import { binaryCrossEntropy, grad, input, matmul, model, param, sigmoid } from "chainrule";

export default model("classifier", () => {
  const x = input("x", "f32", ["batch", 3]);
  const y = input("y", "f32", ["batch", 1]);
  const W1 = param([3, 4]);
  const W2 = param([4, 1]);

  const h1 = sigmoid(matmul(x, W1));
  const z2 = matmul(h1, W2);
  const ŷ = sigmoid(z2);
  const L = binaryCrossEntropy(ŷ, y, { reduction: "sum" });

  return { gradient: { ŷ, L, dW1: grad(L, W1), dW2: grad(L, W2) } };
});
