import { adam, dense, input, model, sigmoid, sigmoidCrossEntropy, tanh } from "chainrule";

export default model("xor", () => {
  const x = input("x", "f32", [4, 2]);
  const y = input("y", "f32", [4, 1]);
  const hidden = tanh(dense(x, 8));
  const logit = dense(hidden, 1);
  const loss = sigmoidCrossEntropy(logit, y);
  return {
    predict: { probability: sigmoid(logit) },
    train: { loss, update: adam(loss, { learningRate: 0.05 }) },
  };
});
