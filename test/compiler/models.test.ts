/// Whole models on a device against the interpreter, and their gradients against differences.
import { describe, it } from "vitest";
import {
  accuracy,
  adam,
  add,
  binaryAccuracy,
  binaryCrossEntropy,
  crossEntropy,
  dense,
  grad,
  gradientDescent,
  input,
  l1,
  l2,
  matmul,
  mean,
  meanSquaredError,
  model,
  param,
  parametersOf,
  relu,
  sgd,
  sigmoid,
  sigmoidCrossEntropy,
  softmax,
  softmaxCrossEntropy,
  softplus,
  square,
  sub,
  sum,
  sumOfSquaredResiduals,
  tanh,
  uniform,
  type Value,
} from "chainrule";
import digits from "../../samples/digits/model.ts";
import xor from "../../samples/xor/model.ts";
import { expectRight } from "./agree.ts";

describe("samples", () => {
  for (const batch of [1, 8, 37]) {
    it(`digits with batch ${batch}`, () => expectRight(digits, { batch, pixels: batch === 8 ? 20 : 21 }));
  }
  it("digits with its own batch for prediction", () =>
    expectRight(digits, { batch: 6, "predict.batch": 1, pixels: 9 }));
  it("xor", () => expectRight(xor));
});

describe("networks", () => {
  const activations = { relu, tanh, sigmoid, softplus } as const;
  for (const [name, activation] of Object.entries(activations)) {
    it(`three layers of ${name}, trained by momentum`, () =>
      expectRight(
        model("deep", () => {
          const x = input("x", "f32", ["batch", 7]);
          const y = input("y", "f32", ["batch", 3]);
          let h: Value = x;
          for (const width of [6, 5, 8]) h = activation(dense(h, width) as never);
          const output = dense(h, 3);
          const loss = meanSquaredError(output, y as never);
          return {
            predict: { output },
            train: { loss, update: sgd(loss as never, { momentum: 0.9, nesterov: name === "tanh" }) },
          };
        }),
        { batch: 5 },
      ));
  }

  it("a probability per example, cross-entropy as written", () =>
    expectRight(
      model("binary", () => {
        const x = input("x", "f32", [6, 3]);
        const y = input("y", "f32", [6, 1]);
        const p = sigmoid(dense(tanh(dense(x, 4)), 1));
        const loss = binaryCrossEntropy(p, y);
        return {
          train: { loss, accuracy: binaryAccuracy(p, y), p, update: gradientDescent(loss, { learningRate: 0.5 }) },
        };
      }),
    ));

  it("labels and distributions as targets, with and without logits", () =>
    expectRight(
      model("targets", () => {
        const x = input("x", "f32", [5, 6]);
        const label = input("label", "i32", [5]);
        const soft = input("soft", "f32", [5, 4], { distribution: true });
        const logits = dense(x, 4);
        const first = softmaxCrossEntropy(logits, label);
        const second = softmaxCrossEntropy(logits, soft);
        const third = crossEntropy(softmax(logits), label);
        const fourth = crossEntropy(softmax(logits), soft);
        const loss = add(add(first, second), add(third, fourth));
        return { train: { loss, accuracy: accuracy(logits, label), soft: accuracy(logits, soft), update: adam(loss) } };
      }),
    ));

  it("two inputs, one weight used twice, a loss that is a sum of two, penalties", () =>
    expectRight(
      model("shared", () => {
        const left = input("left", "f32", [5, 6]);
        const right = input("right", "f32", [5, 6]);
        const encode = dense.layer(7);
        const a = tanh(encode(left));
        const b = tanh(encode(right));
        const distance = sumOfSquaredResiduals(a, b);
        const parameters = parametersOf(distance);
        const loss = add(distance, add(l2(parameters, 0.01), l1(parameters, 0.02)));
        return { train: { loss, update: adam(loss, { learningRate: 0.01 }) } };
      }),
    ));

  it("two optimizers on two losses in one entry point", () =>
    expectRight(
      model("adversaries", () => {
        const x = input("x", "f32", [9, 4]);
        const first = dense.layer(3, { name: "first" });
        const second = dense.layer(3, { name: "second" });
        const a = first(x);
        const b = second(a);
        const one = mean(square(a));
        const two = mean(square(sub(b, 1)));
        return {
          train: {
            one,
            two,
            update: [
              adam(one, { parameters: parametersOf(a) }),
              gradientDescent(two, { parameters: parametersOf(b).filter((p) => !parametersOf(a).includes(p)) }),
            ],
          },
        };
      }),
    ));

  it("examples in columns, weights on the left", () =>
    expectRight(
      model("columns", () => {
        const x = input("x", "f32", [3, 10]);
        const y = input("y", "f32", [1, 10]);
        const w1 = param([4, 3]);
        const b1 = param([4, 1], { init: uniform() });
        const w2 = param([1, 4]);
        const a1 = relu(add(matmul(w1, x), b1));
        const z2 = matmul(w2, a1);
        const loss = sigmoidCrossEntropy(z2, y);
        return { train: { loss, update: gradientDescent(loss) } };
      }),
    ));

  it("a gradient as an output, and a gradient of a gradient", () =>
    expectRight(
      model("saliency", () => {
        const x = input("x", "f32", [4, 5]);
        const loss = mean(square(tanh(dense(x, 3))));
        const saliency = grad(loss, x);
        const penalty = sum(square(saliency));
        return { inspect: { saliency }, train: { penalty, update: gradientDescent(add(loss, penalty)) } };
      }),
    ));
});
