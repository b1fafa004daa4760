import { describe, expect, test } from "vitest";
import { input, param, setting } from "../../ir/build.ts";
import { evaluate, evaluateValues, prepareEvaluation } from "../../ir/evaluate.ts";
import { model } from "../../ir/model.ts";
import { add, div, mul, sub } from "../../ir/ops/arithmetic.ts";
import { where } from "../../ir/ops/choose.ts";
import { greater } from "../../ir/ops/compare.ts";
import { contract, matmul } from "../../ir/ops/contract.ts";
import { grad } from "../../ir/ops/derivative.ts";
import { exp, log, relu, sigmoid } from "../../ir/ops/functions.ts";
import { scatterAddOp } from "../../ir/ops/gather.ts";
import { reshape, transpose } from "../../ir/ops/layout.ts";
import { constant, inputOp, iota, settingOp, sizeValue } from "../../ir/ops/leaf.ts";
import { argmax, logsumexp, max, mean } from "../../ir/ops/reduce.ts";
import { spread, sum } from "../../ir/ops/sum.ts";
import type { DType, Shape } from "../../ir/type.ts";
import { apply, type Value } from "../../ir/value.ts";

function leaf(name: string, shape: Shape, dtype: DType = "f32"): Value {
  return apply(inputOp, [], { identity: { name, dtype, shape } });
}

function numbersOf(value: Value, feeds: readonly (readonly [Value, ArrayLike<number>])[] = [], sizes = {}): number[] {
  return [...evaluateValues([value], new Map(feeds), sizes).get(value)!];
}

test("integers wrap as in WGSL", () => {
  const [a, b] = [leaf("a", [2], "i32"), leaf("b", [2], "u32")];
  const feeds = [
    [a, [2147483647, -2147483648]],
    [b, [4294967295, 0]],
  ] as const;
  expect(numbersOf(add(a, 1), feeds)).toEqual([-2147483648, -2147483647]);
  expect(numbersOf(mul(a, a), feeds)).toEqual([1, 0]);
  expect(numbersOf(mul(b, b), feeds)).toEqual([1, 0]);
  expect(numbersOf(sub(b, 1), feeds)).toEqual([4294967294, 4294967295]);
  expect(numbersOf(sum(a), feeds)).toEqual([-1]);
});

describe("kinds", () => {
  const x = leaf("x", [2, 3]);
  const data = [1, -2, 3, 4, 5, -6];

  test("elementwise, with implied and written broadcasts", () => {
    expect(numbersOf(add(x, constant(1)), [[x, data]])).toEqual([2, -1, 4, 5, 6, -5]);
    const row = leaf("row", [3]);
    expect(
      numbersOf(mul(x, row), [
        [x, data],
        [row, [1, 10, 100]],
      ]),
    ).toEqual([1, -20, 300, 4, 50, -600]);
    expect(numbersOf(where(greater(x, 0), x, 0), [[x, data]])).toEqual([1, 0, 3, 4, 5, 0]);
  });

  test("layout", () => {
    expect(numbersOf(transpose(x), [[x, data]])).toEqual([1, 4, -2, 5, 3, -6]);
    expect(numbersOf(reshape(transpose(x), [2, 3]), [[x, data]])).toEqual([1, 4, -2, 5, 3, -6]);
    const column = leaf("column", [2]);
    expect(numbersOf(spread(column, x.type, [1]), [[column, [7, 8]]])).toEqual([7, 7, 7, 8, 8, 8]);
  });

  test("reductions", () => {
    expect(numbersOf(sum(x), [[x, data]])).toEqual([5]);
    expect(numbersOf(sum(x, { axis: 0 }), [[x, data]])).toEqual([5, 3, -3]);
    expect(numbersOf(max(x, { axis: 1 }), [[x, data]])).toEqual([3, 5]);
    expect(numbersOf(argmax(x), [[x, data]])).toEqual([2, 1]);
    expect(numbersOf(mean(x), [[x, data]])[0]).toBeCloseTo(5 / 6, 15);
    const large = leaf("large", [2]);
    expect(numbersOf(logsumexp(large), [[large, [1000, 1000]]])[0]).toBeCloseTo(1000 + Math.LN2, 12);
  });

  test("leaves", () => {
    expect(numbersOf(iota([2, 3], 1))).toEqual([0, 1, 2, 0, 1, 2]);
    expect(numbersOf(iota([2, 3], 0))).toEqual([0, 0, 0, 1, 1, 1]);
    expect(numbersOf(sizeValue("batch"), [], { batch: 7 })).toEqual([7]);
    const rate = apply(settingOp, [], { identity: { name: "rate", value: 0.25 } });
    expect(numbersOf(rate)).toEqual([0.25]);
    expect(numbersOf(rate, [[rate, [2]]])).toEqual([2]);
  });
});

test.each([["f32"], ["i32"]] as const)("what is scattered agrees with the op written out, batched, of %s", (dtype) => {
  const at = leaf("at", [2, 3], "i32");
  const updates = leaf("updates", [2, 3, 2], dtype);
  const scattered = apply(scatterAddOp, [at, updates], { batch: 1, extent: 4 });
  const feeds = [
    [at, [1, 3, 1, 0, -1, 4]],
    [updates, [1, 2, 30, 40, 2 ** 31 - 1, 600, 7, 8, 90, 100, 1100, 1200]],
  ] as const;
  expect(numbersOf(scattered, feeds)).toEqual(numbersOf(scatterAddOp.expand([at, updates], scattered.attrs), feeds));
  expect(numbersOf(scattered, feeds).slice(2, 4)).toEqual([dtype === "i32" ? -(2 ** 31) : 2 ** 31, 602]);
});

test("of a large table's slope no comparison of all positions with all rows is kept", () => {
  const at = leaf("at", [50_000], "i32");
  const updates = leaf("updates", [50_000, 2]);
  const scattered = apply(scatterAddOp, [at, updates], { batch: 0, extent: 50_000 });
  const found = numbersOf(scattered, [
    [at, Array.from({ length: 50_000 }, () => 49_999)],
    [updates, new Float64Array(100_000).fill(1)],
  ]);
  expect(found.slice(-4)).toEqual([0, 0, 50_000, 50_000]);
});

test.each([
  [2, 3, 4],
  [3, 5, 16],
  [1, 1, 1],
  [5, 2, 9],
])("contraction %i×%i×%i agrees with the definition, batched and transposed", (m, k, n) => {
  const a = leaf("a", [2, k, m]);
  const b = leaf("b", [n, 2, k]);
  const product = contract(a, b, { batch: [[0, 1]], contracted: [[1, 2]] });
  const x = Float64Array.from({ length: 2 * m * k }, (_, i) => Math.sin(i));
  const y = Float64Array.from({ length: 2 * n * k }, (_, i) => Math.cos(i));
  const expected: number[] = [];
  for (let g = 0; g < 2; g++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let total = 0;
        for (let c = 0; c < k; c++) total += x[(g * k + c) * m + i] * y[(j * 2 + g) * k + c];
        expected.push(total);
      }
  expect(
    numbersOf(product, [
      [a, x],
      [b, y],
    ]),
  ).toEqual(expected);
});

test("the network of the lecture notes, by hand", () => {
  const x = leaf("x", [2, 2]);
  const layer = (a: Value, w: readonly number[], b: readonly number[]): readonly [Value, Value, Value] => {
    const [weight, bias] = [leaf("w", [2, 2]), leaf("b", [2])];
    feeds.push([weight, w], [bias, b]);
    return [sigmoid(add(matmul(a, transpose(weight)), bias)), weight, bias];
  };
  const feeds: (readonly [Value, ArrayLike<number>])[] = [[x, [1, -1, 0, 0]]];
  const [first] = layer(x, [1, -2, -1, 1], [1, 0]);
  const [second] = layer(first, [2, -1, -2, -1], [0, 0]);
  const [third] = layer(second, [3, -1, -1, 4], [-2, 2]);
  const rounded = (value: Value): number[] => numbersOf(value, feeds).map((number) => Math.round(number * 100) / 100);
  expect(rounded(first)).toEqual([0.98, 0.12, 0.73, 0.5]);
  expect(rounded(second)).toEqual([0.86, 0.11, 0.72, 0.12]);
  expect(rounded(third)).toEqual([0.62, 0.83, 0.51, 0.85]);
});

test("a feed wins over evaluation, and what only it needs is not asked for", () => {
  const x = leaf("x", []);
  const hidden = exp(x);
  expect(numbersOf(log(hidden), [[hidden, [1]]])).toEqual([0]);
});

test("errors say what is missing", () => {
  const x = leaf("x", ["batch"]);
  expect(() => numbersOf(relu(x), [], { batch: 1 })).toThrow('missing input "x"');
  expect(() => numbersOf(relu(x), [[x, [1]]])).toThrow('"batch" is not');
  expect(() => numbersOf(relu(x), [[x, [1]]], { batch: 2 })).toThrow("f32[batch] must have 2 elements: found 1");
  const y = leaf("y", []);
  expect(() => numbersOf(grad(exp(y), y), [[y, [1]]])).toThrow("gradients must be derived");
});

describe("by names", () => {
  const graph = model("line", () => {
    const x = input("x", "f32", ["batch", 2]);
    const weight = param([2], { name: "weight" });
    const rate = setting("rate", 0.5);
    const y = matmul(x, weight);
    return { predict: { y }, train: { loss: mean(y), update: [{ state: weight, value: sub(weight, rate) }] } };
  });

  test("outputs and updated states", () => {
    const result = evaluate(
      graph,
      {
        x: [
          [1, 2],
          [3, 4],
        ],
        weight: [1, 10],
      },
      { entry: "train" },
    );
    expect(result.outputs).toEqual({ loss: Float64Array.of(32) });
    expect(result.states).toEqual({ weight: Float64Array.of(0.5, 9.5) });
    expect(evaluate(graph, { x: [1, 2], weight: [1, 10], rate: 3 }, { entry: "predict" }).outputs.y).toHaveLength(1);
  });

  test("errors name what is wrong", () => {
    expect(() => evaluate(graph, {}, { entry: "predict", sizes: { batch: 1 } })).toThrow(
      'missing input "x", state "weight"',
    );
    expect(() => evaluate(graph, { z: 1 }, { entry: "predict" })).toThrow("known are x, rate, weight");
    expect(() => evaluate(graph, {})).toThrow("known are predict, train");
    expect(() => evaluate(graph, {}, { entry: "fit" })).toThrow('found "fit"');
  });
});

test("a thousand evaluations of a small network take seconds, not minutes", () => {
  const x = leaf("x", [3, 256]);
  const [first, second] = [leaf("w1", [256, 128]), leaf("w2", [128, 10])];
  const logits = matmul(relu(matmul(x, first)), second);
  const loss = mean(sub(logsumexp(logits, { axis: 1 }), div(sum(logits, { axis: 1 }), constant(10))));
  const filled = (length: number): Float64Array => Float64Array.from({ length }, (_, i) => Math.sin(i));
  const feeds = new Map([
    [x, filled(768)],
    [first, filled(256 * 128)],
    [second, filled(1280)],
  ]);
  const run = prepareEvaluation([loss]);
  const start = performance.now();
  for (let i = 0; i < 1000; i++) run(feeds);
  expect(performance.now() - start).toBeLessThan(15_000);
});
