import { describe, expect, it } from "vitest";
import { gradients } from "../../../compiler/autodiff/reverse.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { input, parametersOf } from "../../../ir/build.ts";
import { dense } from "../../../ir/nn/dense.ts";
import * as losses from "../../../ir/nn/losses.ts";
import { l1, l2 } from "../../../ir/nn/regularizers.ts";
import { logSoftmax, softmax } from "../../../ir/nn/softmax.ts";
import { add, div, mul, neg, square, sub } from "../../../ir/ops/arithmetic.ts";
import { where } from "../../../ir/ops/choose.ts";
import { greater } from "../../../ir/ops/compare.ts";
import { contract, matmul } from "../../../ir/ops/contract.ts";
import { grad } from "../../../ir/ops/derivative.ts";
import * as functions from "../../../ir/ops/functions.ts";
import { reshape, transpose } from "../../../ir/ops/layout.ts";
import { inputOp } from "../../../ir/ops/leaf.ts";
import { log1mexp, logaddexp } from "../../../ir/ops/logspace.ts";
import { logsumexp, max, mean } from "../../../ir/ops/reduce.ts";
import { broadcastAlong, sum } from "../../../ir/ops/sum.ts";
import { apply, type Value } from "../../../ir/value.ts";
import { as, expectCentralDifferences, graphOf, numbers, output, randomFeeds } from "../symbolic.ts";

function leaf(name: string, shape: readonly number[]): Value {
  return apply(inputOp, [], { identity: { name, dtype: "f32", shape } });
}

const x = leaf("x", [3, 4]);
const y = leaf("y", [3, 4]);
const row = leaf("row", [4]);
const positive = (value: Value): Value => add(square(value), 0.5);

const unary = ["exp", "expm1", "tanh", "sigmoid", "softplus", "relu", "abs", "sign", "step"] as const;
const ops: readonly (readonly [string, Value])[] = [
  ...unary.map((name) => [name, functions[name](x)] as const),
  ...(["log", "log1p", "sqrt"] as const).map((name) => [name, functions[name](positive(x))] as const),
  ["neg", neg(x)],
  ["add", add(x, row)],
  ["sub", sub(row, x)],
  ["mul", mul(x, row)],
  ["mul by itself", mul(x, x)],
  ["div", div(x, positive(row))],
  ["pow", functions.pow(positive(x), row)],
  ["maximum", functions.maximum(x, y)],
  ["logaddexp", logaddexp(x, row)],
  ["log1mexp", log1mexp(neg(positive(x)))],
  ["minimum", functions.minimum(x, row)],
  ["where", where(greater(x, y), mul(x, x), y)],
  ["sum of an axis", sum(x, { axis: 0 })],
  ["max of an axis", max(x, { axis: 1 })],
  ["max of all", max(x)],
  ["logsumexp of an axis", logsumexp(x, { axis: 1, keepAxes: true })],
  ["mean", mean(x, { axis: -1 })],
  ["broadcast of unit axes", broadcastAlong(reshape(row, [4, 1]), [2, 4, 5], [1, 2])],
  ["reshape", reshape(x, [2, 6])],
  ["transpose", transpose(x)],
  ["matmul", matmul(x, transpose(y))],
  ["matrix times vector", matmul(x, row)],
  ["batched contraction", contract(x, y, { batch: [[0, 0]], contracted: [[1, 1]] })],
  ["outer product", contract(x, row, { batch: [], contracted: [] })],
  ["softmax", softmax(x)],
  ["log-softmax of columns", logSoftmax(x, 0)],
];

describe("each op against central differences", () => {
  it.each(ops)("%s", (_, result) => {
    const weights = leaf("weights", result.type.shape as number[]);
    const loss = sum(mul(result, weights));
    for (const seed of [1, 2]) {
      const feeds = randomFeeds([loss], seed);
      const targets = [...feeds.keys()].filter((value) => value !== weights);
      gradients(loss, targets).forEach((gradient, position) =>
        expectCentralDifferences(loss, targets[position], gradient, feeds),
      );
    }
  });
  it("gives zeros where the loss does not depend on a target", () => {
    const [gradient] = gradients(sum(x), [row]);
    expect(numbers(gradient, new Map())).toEqual([0, 0, 0, 0]);
  });
});

type Network = () => Record<string, Value>;
const activations = ["sigmoid", "tanh", "relu", "softplus"] as const;
const batches = [1, 3];

function network(batch: number, head: (h: Value) => Value, activation: (x: Value) => Value = functions.tanh): Network {
  return () => {
    const image = input("image", "f32", [batch, 3]);
    const hidden = as("hidden", () => activation(dense(image, 4)));
    const L = as("L", () => head(hidden));
    const targets = [...parametersOf(L), image];
    return { L, ...Object.fromEntries(targets.map((target, position) => [`d${position}`, grad(L, target)])) };
  };
}

function check(define: Network, seed = 3): void {
  const targets: Value[] = [];
  const graph = graphOf(() => {
    const outputs = define();
    for (const value of Object.values(outputs)) if (value.op.name === "grad") targets.push(value.operands[1]);
    return outputs;
  });
  const derived = derive(graph);
  const loss = output(derived, "L");
  const outputs = derived.entryPoints[0].outputs.map((each) => each.value);
  const feeds = randomFeeds([loss, ...outputs, ...targets], seed);
  targets.forEach((target, position) => expectCentralDifferences(loss, target, output(derived, `d${position}`), feeds));
}

describe("networks against central differences", () => {
  const labels = (batch: number): Value => input("label", "i32", [batch]);
  const heads: readonly (readonly [string, (batch: number) => (h: Value) => Value])[] = [
    ["softmax cross-entropy", (batch) => (h) => losses.softmaxCrossEntropy(dense(h, 5), labels(batch))],
    ["cross-entropy of a softmax", (batch) => (h) => losses.crossEntropy(softmax(dense(h, 5)), labels(batch))],
    [
      "cross-entropy with any targets",
      (batch) => (h) => losses.softmaxCrossEntropy(dense(h, 5), input("t", "f32", [batch, 5])),
    ],
    [
      "binary cross-entropy",
      (batch) => (h) => losses.binaryCrossEntropy(functions.sigmoid(dense(h, 1)), input("t", "f32", [batch, 1])),
    ],
    [
      "binary cross-entropy of logits",
      (batch) => (h) => losses.sigmoidCrossEntropy(dense(h, 2), input("t", "f32", [batch, 2])),
    ],
    ["mean squared error", (batch) => (h) => losses.meanSquaredError(dense(h, 2), input("t", "f32", [batch, 2]))],
    [
      "sum of squared residuals",
      (batch) => (h) => losses.sumOfSquaredResiduals(dense(h, 2), input("t", "f32", [batch, 2])),
    ],
    ["a softmax in the middle", (_) => (h) => mean(square(dense(softmax(h), 2)))],
    [
      "two losses and penalties",
      (batch) => (h) => {
        const logits = dense(h, 5);
        const both = add(losses.softmaxCrossEntropy(logits, labels(batch)), mul(0.3, mean(square(h))));
        return add(both, add(l2(parametersOf(logits), 0.01), l1(parametersOf(logits), 0.02)));
      },
    ],
  ];
  for (const batch of batches) {
    it.each(heads)(`%s, batch ${batch}`, (_, head) => check(network(batch, head(batch))));
    it.each(activations)(`%s twice, batch ${batch}`, (name) => {
      const activation = functions[name];
      check(network(batch, (h) => mean(square(dense(activation(dense(h, 3)), 2))), activation));
    });
  }
  it("weights that are used twice", () => {
    check(() => {
      const image = input("image", "f32", [3, 4]);
      const encode = dense.layer(4);
      const L = mean(square(encode(functions.tanh(encode(image)))));
      return { L, d0: grad(L, parametersOf(L)[0]), d1: grad(L, parametersOf(L)[1]), d2: grad(L, image) };
    });
  });
  it("with respect to a value between", () => {
    const graph = derive(
      graphOf(() => {
        const image = input("image", "f32", [3, 4]);
        const logits = dense(image, 2);
        const p = functions.sigmoid(logits);
        const L = losses.binaryCrossEntropy(p, input("t", "f32", [3, 2]), { reduction: "sum" });
        return { L, p, dp: grad(L, p), dlogits: grad(L, logits) };
      }),
    );
    const outputs = graph.entryPoints[0].outputs.map((each) => each.value);
    const feeds = randomFeeds(outputs);
    const [p, dp, dlogits] = ["p", "dp", "dlogits"].map((name) => numbers(output(graph, name), feeds));
    dlogits.forEach((each, position) => expect(each).toBeCloseTo(dp[position] * p[position] * (1 - p[position]), 9));
  });
});

describe("gradients of gradients", () => {
  it("of a polynomial", () => {
    const graph = derive(
      graphOf(() => {
        const a = input("a", "f32", []);
        const first = grad(mul(a, mul(a, a)), a);
        const second = grad(first, a);
        return { first, second, third: grad(second, a) };
      }),
    );
    const at = new Map([[graph.inputs[0], [2]]]);
    expect(["first", "second", "third"].map((name) => numbers(output(graph, name), at)[0])).toEqual([12, 12, 6]);
  });
  it("of a penalty on the gradient of an input", () => {
    check(() => {
      const image = input("image", "f32", [3, 4]);
      const score = mean(
        losses.sigmoidCrossEntropy(dense(functions.tanh(dense(image, 3)), 1), input("t", "f32", [3, 1])),
      );
      const L = add(score, sum(square(grad(score, image))));
      return { L, ...Object.fromEntries(parametersOf(L).map((w, position) => [`d${position}`, grad(L, w)])) };
    });
  });
});
