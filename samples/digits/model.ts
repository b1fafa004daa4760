import { accuracy, adam, dense, input, model, relu, softmax, softmaxCrossEntropy } from "chainrule";

export default model("digits", () => {
  const image = input("image", "f32", ["batch", "pixels"]);
  const label = input("label", "i32", ["batch"]);
  const hidden = relu(dense(image, 128));
  const logits = dense(hidden, 10);
  const loss = softmaxCrossEntropy(logits, label);
  return {
    predict: { probabilities: softmax(logits) },
    train: { loss, accuracy: accuracy(logits, label), update: adam(loss, { learningRate: 1e-3 }) },
  };
});
