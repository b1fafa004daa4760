/// A deep perceptron: 256, seven hidden layers of 512, 10; batch 64.
import { adam, dense, input, model, relu, softmaxCrossEntropy, type Tensor } from "chainrule";

export default model("deep", () => {
  const features = input("features", "f32", [64, 256]);
  const label = input("label", "i32", [64]);
  let hidden: Tensor<"f32", readonly [64, number]> = features;
  for (let layer = 0; layer < 7; layer++) hidden = relu(dense(hidden, 512, { name: `hidden${layer}` }));
  const logits = dense(hidden, 10, { name: "logits" });
  const loss = softmaxCrossEntropy(logits, label);
  return { train: { loss, update: adam(loss) } };
});
