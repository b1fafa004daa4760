/// A convolutional network on images of 28×28, batch 32: conv 3×3×8, pool, conv 3×3×16, pool, dense 10.
import { adam, conv2d, dense, input, maxPool, model, relu, reshape, softmaxCrossEntropy } from "chainrule";

export default model("cnn", () => {
  const image = input("image", "f32", [32, 1, 28, 28]);
  const label = input("label", "i32", [32]);
  const first = maxPool(relu(conv2d(image, 8, 3, { padding: "same", name: "first" })), 2);
  const second = maxPool(relu(conv2d(first, 16, 3, { padding: "same", name: "second" })), 2);
  const logits = dense(reshape(second, [32, 16 * 7 * 7]), 10, { name: "logits" });
  const loss = softmaxCrossEntropy(logits, label);
  return { train: { loss, update: adam(loss) } };
});
