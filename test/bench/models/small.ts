/// A perceptron of a few numbers: 8-8-4, batch 4.
import { adam, dense, input, model, relu, softmaxCrossEntropy } from "chainrule";

export default model("small", () => {
  const features = input("features", "f32", [4, 8]);
  const label = input("label", "i32", [4]);
  const hidden = relu(dense(features, 8, { name: "hidden" }));
  const loss = softmaxCrossEntropy(dense(hidden, 4, { name: "logits" }), label);
  return { train: { loss, update: adam(loss) } };
});
