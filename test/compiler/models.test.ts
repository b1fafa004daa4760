/// Whole models on a device against the interpreter, and their gradients against differences.
import { describe, expect, it } from "vitest";
import {
  abs,
  accuracy,
  adam,
  add,
  argmax,
  binaryAccuracy,
  binaryCrossEntropy,
  broadcastTo,
  cast,
  crossEntropy,
  dense,
  div,
  equal,
  exp,
  expm1,
  grad,
  gradientDescent,
  greater,
  input,
  l1,
  l2,
  log1p,
  logsumexp,
  matmul,
  max,
  maximum,
  mean,
  meanSquaredError,
  minimum,
  model,
  mul,
  neg,
  param,
  parametersOf,
  pow,
  relu,
  reshape,
  sgd,
  sigmoid,
  sigmoidCrossEntropy,
  softmax,
  softmaxCrossEntropy,
  softplus,
  sqrt,
  square,
  state,
  sub,
  sum,
  sumOfSquaredResiduals,
  tanh,
  transpose,
  uniform,
  where,
  type Graph,
  type Value,
} from "chainrule";
import { checkAllGradients, checkOnDevice, type OpenModule } from "../../compiler/check/index.ts";
import { openDeviceModule } from "../../compiler/cli/device.ts";
import digits from "../../samples/digits/model.ts";
import xor from "../../samples/xor/model.ts";
import { testDevice } from "../gpu.ts";

const open: OpenModule = async (program) => openDeviceModule(program, { device: await testDevice() });

async function expectRight(graph: Graph, dims: Record<string, number> = {}): Promise<void> {
  const gradients = checkAllGradients(graph, { dims });
  const { kernels } = await checkOnDevice(graph, open, { dims });
  expect([...gradients, ...kernels].filter((each) => !each.ok)).toEqual([]);
  expect(kernels.length).toBeGreaterThan(0);
}

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

describe("kernels", () => {
  it("batched products, every orientation", () =>
    expectRight(
      model("products", () => {
        const a = input("a", "f32", [2, 5, 8]);
        const b = input("b", "f32", [2, 8, 12]);
        const c = input("c", "f32", [8, 5]);
        const d = input("d", "f32", [12, 8]);
        return {
          all: {
            batched: matmul(a, b),
            tn: matmul(transpose(c), transpose(d)),
            nt: matmul(reshape(a, [10, 8]), transpose(d)),
            nn: matmul(d, c),
            scaled: matmul(mul(c, 2), sub(1, transpose(c))),
            vector: matmul(d, reshape(input("v", "f32", [8, 1]), [8])),
          },
        };
      }),
    ));

  it("reductions along every axis, of products and of large tensors", () =>
    expectRight(
      model("reductions", () => {
        const x = input("x", "f32", [6, 5, 7]);
        const large = input("large", "f32", [70, 90]);
        const p = exp(x);
        return {
          all: {
            rows: sum(p, { axis: 2 }),
            middle: max(x, { axis: 1 }),
            columns: logsumexp(x, { axis: 0 }),
            two: mean(x, { axes: [0, 2] }),
            total: sum(square(large)),
            position: argmax(large, { axis: 0 }),
            kept: sub(x, mean(x, { axis: 1, keepAxes: true })),
            soft: softmax(x, 1),
            both: div(sum(x), max(x)),
          },
        };
      }),
    ));

  it("elementwise functions and choices", () =>
    expectRight(
      model("elementwise", () => {
        const x = input("x", "f32", [3, 5]);
        const y = input("y", "f32", [5]);
        const positive = add(square(x), 0.5);
        return {
          all: {
            a: where(greater(x, y), mul(x, 2), neg(x)),
            b: add(maximum(x, y), minimum(x, 0.1)),
            c: pow(positive, add(abs(y), 0.5)),
            d: add(log1p(positive), sqrt(positive)),
            e: expm1(x),
            f: cast(greater(x, 0), "f32"),
            g: greater(x, y),
            h: cast(mul(x, 10), "i32"),
          },
        };
      }),
    ));

  it("integers and booleans", () =>
    expectRight(
      model("integers", () => {
        const a = input("a", "i32", [5, 6]);
        const b = input("b", "i32", [6]);
        const same = equal(a, b);
        return {
          all: {
            total: sum(a, { axis: 1 }),
            largest: max(add(a, b)),
            place: argmax(a, { axis: 0 }),
            same,
            count: sum(cast(same, "i32")),
            product: mul(a, b),
            share: mean(cast(same, "f32")),
          },
        };
      }),
    ));

  it("names that mean something in a kernel", () =>
    expectRight(
      model("names", () => {
        const row = input("row", "f32", [4, 4]);
        const batch = input("target", "f32", [4, 4], {});
        const group = param([4, 4], { name: "group" });
        const sum0 = matmul(row, group);
        const element = add(matmul(sum0, batch), input("settings", "f32", [4]));
        const loss = mean(square(sub(element, input("ŷ", "f32", [4, 4]))));
        return { lane: { loss, element, position: softmax(element), update: gradientDescent(loss) } };
      }),
    ));

  it("more operands than a kernel may bind", () =>
    expectRight(
      model("wide", () => {
        const all = Array.from({ length: 13 }, (_, i) => input(`x${i}`, "f32", [4, 4]));
        return {
          all: {
            total: all.reduce((a, b) => add(a, tanh(b))),
            product: matmul(
              all[0],
              all.reduce((a, b) => mul(a, b)),
            ),
          },
        };
      }),
    ));

  it("results that nothing computes: inputs, states, layouts, constants", () =>
    expectRight(
      model("plain", () => {
        const x = input("x", "f32", [3, 4]);
        const w = param([2, 3]);
        return {
          all: { x, w, turned: transpose(x), wide: broadcastTo(reshape(x, [3, 1, 4]), [3, 2, 4]), double: mul(2, w) },
        };
      }),
    ));

  it("states that are swapped, overwritten by an input, and multiplied by themselves", () =>
    expectRight(
      model("states", () => {
        const x = input("x", "f32", [4, 4]);
        const a = state([4, 4], { name: "a" });
        const b = state([4, 4], { name: "b" });
        const c = state([4, 4], { name: "c" });
        const d = state([4, 4], { name: "d" });
        const update = [
          { state: a, value: b },
          { state: b, value: a },
          { state: c, value: x },
          { state: d, value: matmul(d, add(d, a)) },
        ];
        return { step: { sum: sum(a), turned: sum(mul(d, transpose(d))), update } };
      }),
    ));
});
