/// A perceptron on images of 28×28: 784-128-128-10, batch 64.
import { adam, dense, input, model, relu, softmaxCrossEntropy } from "chainrule";

export default model("mlp", () => {
  const image = input("image", "f32", [64, 784]);
  const label = input("label", "i32", [64]);
  const first = relu(dense(image, 128, { name: "first" }));
  const second = relu(dense(first, 128, { name: "second" }));
  const logits = dense(second, 10, { name: "logits" });
  const loss = softmaxCrossEntropy(logits, label);
  return { train: { loss, update: adam(loss) } };
});
