/// What tests of half precision share: models of every kind, whose sizes are multiples of four so that there are halves.
import {
  add,
  attention,
  conv2d,
  dense,
  embedding,
  gelu,
  gradientDescent,
  groupNorm,
  input,
  layerNorm,
  maxPool,
  meanSquaredError,
  model,
  relu,
  reshape,
  softmaxCrossEntropy,
  tanh,
  type Graph,
  type Value,
} from "chainrule";

/** A perceptron with hidden layers of 16, a batch of 8. */
export function perceptron(activation: (x: Value) => Value, train: (loss: Value) => unknown): Graph {
  return model("perceptron", () => {
    const x = input("x", "f32", [8, 12]);
    const label = input("label", "i32", [8]);
    let h: Value = x;
    for (let layer = 0; layer < 3; layer++) h = activation(dense(h as never, 16) as never);
    const loss = softmaxCrossEntropy(dense(h as never, 8), label);
    return { train: { loss, update: train(loss) as never } };
  });
}

const descend = (loss: Value): never => gradientDescent(loss as never, { learningRate: 0.1 }) as never;

/** Models of several kinds, trained by gradient descent, by name. */
export const kinds: Readonly<Record<string, () => Graph>> = {
  "a perceptron of relu": () => perceptron((x) => relu(x as never), descend),
  "a perceptron of tanh": () => perceptron((x) => tanh(x as never), descend),
  "a regression": () =>
    model("regression", () => {
      const x = input("x", "f32", [16, 8]);
      const y = input("y", "f32", [16, 4]);
      const loss = meanSquaredError(dense(tanh(dense(x, 32)), 4), y);
      return { train: { loss, update: descend(loss) } };
    }),
  "convolutions with pools": () =>
    model("convolutions", () => {
      const image = input("image", "f32", [4, 1, 12, 12]);
      const label = input("label", "i32", [4]);
      const first = maxPool(relu(conv2d(image, 4, 3, { padding: "same" })), 2);
      const second = relu(conv2d(first, 8, 3, { padding: "same" }));
      const loss = softmaxCrossEntropy(dense(reshape(second, [4, 8 * 36]), 4), label);
      return { train: { loss, update: descend(loss) } };
    }),
  "normalised groups of channels": () =>
    model("groups", () => {
      const image = input("image", "f32", [4, 2, 8, 8]);
      const y = input("y", "f32", [4, 4]);
      const h = relu(groupNorm(conv2d(image, 8, 3, { padding: "same" }) as never, 2) as never) as Value;
      const loss = meanSquaredError(dense(reshape(h as never, [4, 8 * 64]) as never, 4) as never, y as never);
      return { train: { loss, update: descend(loss) } };
    }),
  "a transformer": () =>
    model("transformer", () => {
      const letters = input("letters", "i32", [2, 16]);
      const next = input("next", "i32", [2, 16]);
      const first = embedding(letters, 20, 16);
      const second = add(first, attention(layerNorm(first), 2, { causal: true }));
      const third = add(second, dense(gelu(dense(layerNorm(second), 32)), 16));
      const loss = softmaxCrossEntropy(dense(layerNorm(third), 20), next);
      return { train: { loss, update: descend(loss) } };
    }),
};
