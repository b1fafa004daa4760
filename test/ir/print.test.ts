import { describe, expect, test } from "vitest";
import { derive } from "../../compiler/passes/all.ts";
import { named } from "../../ir/traced.ts";
import { accuracy, adam, dense, input, model, relu, softmax, softmaxCrossEntropy } from "../../ir/index.ts";
import { parseGraph } from "../../ir/parse.ts";
import { printGraph, printValue, printValues } from "../../ir/print.ts";
import { add, div, mul, neg, square, sub } from "../../ir/ops/arithmetic.ts";
import { contract, matmul } from "../../ir/ops/contract.ts";
import { exp, log, pow } from "../../ir/ops/functions.ts";
import { reshape, transpose } from "../../ir/ops/layout.ts";
import { constant, sizeValue } from "../../ir/ops/leaf.ts";
import { logsumexp, max, mean } from "../../ir/ops/reduce.ts";
import { spread, sum } from "../../ir/ops/sum.ts";
import type { Graph } from "../../ir/graph.ts";
import { wrap } from "../../ir/print/wrap.ts";
import type { Value } from "../../ir/value.ts";
import { graphOf, leaf, weight } from "./graphs.ts";

const a = leaf("a", ["batch", 4]);
const b = leaf("b", ["batch", 4]);
const row = leaf("row", [4]);
const column = leaf("column", ["batch"]);

describe("formulas", () => {
  test.each<readonly [string, Value]>([
    ["a + b - a", sub(add(a, b), a)],
    ["a - (b - a)", sub(a, sub(b, a))],
    ["(a + b) · row", mul(add(a, b), row)],
    ["a / (b · a)", div(a, mul(b, a))],
    ["-a · b", mul(neg(a), b)],
    ["-(a · b)", neg(mul(a, b))],
    ["(a + b)²", square(add(a, b))],
    ["a ^ 3", pow(a, 3)],
    ["(a ^ b) ^ 2", pow(pow(a, b), 2)],
    ["1 - exp(a)", sub(1, exp(a))],
    ["a - (-1)", sub(a, -1)],
    ["0.1 · a", mul(0.1, a)],
    ["1e-8 + a", add(1e-8, a)],
    ["a + column[:, _]", add(a, spread(column, a.type, [1]))],
    ["softmax(a)", softmax(a)],
    ["a - logsumexp(b, axis=1)[:, _]", sub(a, spread(logsumexp(b, { axis: 1 }), a.type, [1]))],
    ["sum(a) / batch", div(sum(a), sizeValue("batch"))],
    ["sum(a) / (2*batch)", div(sum(a), sizeValue("2*batch"))],
    ["a - mean(a, axis=1, keepAxes=true)", sub(a, mean(a, { axis: 1, keepAxes: true }))],
    ["a - max(a, axis=0, keepAxes=true)", sub(a, max(a, { axis: 0, keepAxes: true }))],
    ["sum(a, keepAxes=true)", sum(a, { keepAxes: true })],
    ["reshape(sum(a, axis=1), [1, batch])", reshape(sum(a, { axis: 1 }), [1, "batch"])],
    ["aᵀ @ b", contract(a, b, { batch: [], contracted: [[0, 0]] })],
    ["a @ bᵀ", contract(a, b, { batch: [], contracted: [[1, 1]] })],
    ["(aᵀ) @ b", matmul(transpose(a), b)],
    ["a @ row", matmul(a, row)],
    ["(a + b) @ row", matmul(add(a, b), row)],
    ['einsum("a,b->ab", column, row)', contract(column, row, { batch: [], contracted: [] })],
    ["sum(log(a), axis=0)", sum(log(a), { axis: 0 })],
  ])("%s", (text, value) => expect(printValue(value)).toBe(text));

  test("that abbreviate read back", () => {
    const text = printGraph(
      graphOf({ r: add(sub(a, mean(a, { axis: 1, keepAxes: true })), sizeValue("2*batch+1", "f32")) }),
    );
    expect(text).toContain("a - mean(a, axis=1, keepAxes=true) + size(2*batch+1)");
    expect(printGraph(parseGraph(text))).toBe(text);
  });

  test("with products of sizes read back, whatever else has their names", () => {
    const text = printGraph(graphOf({ r: div(exp(sum(leaf("batch", ["batch", "time"]))), sizeValue("batch*time")) }));
    expect(text).toContain("exp(sum(batch)) / (batch*time)");
    expect(printGraph(parseGraph(text))).toBe(text);
  });

  test("names stand for what they name", () => {
    const hidden = add(a, b);
    expect(printValue(mul(hidden, hidden), new Map([[hidden, "hidden"]]))).toBe("hidden²");
    expect(printValue(hidden, new Map([[hidden, "hidden"]]))).toBe("a + b");
  });

  test("shared values never make a formula blow up", () => {
    let value: Value = a;
    for (let i = 0; i < 60; i++) value = add(exp(value), value);
    expect(printValue(value).length).toBeLessThan(4000);
    expect(printGraph(graphOf({ value })).length).toBeLessThan(4000);
  });

  test("a deep graph is cut into lines", () => {
    let value: Value = a;
    for (let i = 0; i < 20_000; i++) value = exp(value);
    expect(printGraph(graphOf({ value })).split("\n").length).toBeGreaterThan(500);
  });

  test("values as lines", () => {
    const hidden = exp(a);
    const text = printValues([
      { name: "x", value: add(hidden, log(hidden)) },
      { name: "y", value: neg(hidden) },
    ]);
    expect(text).toBe("v1 = exp(a)\nx = v1 + log(v1)\ny = -v1");
  });
});

test("long lines are broken before operators, far out of the parentheses", () => {
  const long = leaf("a.rather.long.name.of.a.value", ["batch", 4]);
  const factor = (n: number): Value => mul(add(long, n), sub(long, exp(add(long, n))));
  const text = printGraph(graphOf({ result: add(add(factor(1), factor(2)), factor(3)) }));
  expect(text).toMatchInlineSnapshot(`
    "graph test
    input a.rather.long.name.of.a.value: f32[batch, 4]

    entry run
      v1 = a.rather.long.name.of.a.value + 1
      v2 = a.rather.long.name.of.a.value + 2
      v3 = a.rather.long.name.of.a.value + 3
      output result = v1 · (a.rather.long.name.of.a.value - exp(v1))
          + v2 · (a.rather.long.name.of.a.value - exp(v2))
          + v3 · (a.rather.long.name.of.a.value - exp(v3))
    "
  `);
});

test("lines are broken out of arguments and products rather than in them, and never before what they name", () => {
  const mean = "mean(∂loss/∂finalNorm.normalized · finalNorm.normalized, axis=2)[:, :, _]";
  const text = `  ∂loss/∂third = (∂loss/∂finalNorm.normalized - mean(x, axis=2)[:, :, _] - finalNorm.normalized · ${mean}) / v15`;
  expect(wrap(text, 100, "      ").join("\n")).toMatchInlineSnapshot(`
    "  ∂loss/∂third = (∂loss/∂finalNorm.normalized - mean(x, axis=2)[:, :, _] - finalNorm.normalized
          · mean(∂loss/∂finalNorm.normalized · finalNorm.normalized, axis=2)[:, :, _]) / v15"
  `);
  const call =
    "  output a = sum(select(label == iota(i32[4, 2, 3], axis=0), broadcast(x, [4, 2, 3], axes=[2, 1]), 0), axis=2)";
  expect(wrap(call, 100, "      ").join("\n")).toMatchInlineSnapshot(`
    "  output a = sum(select(label == iota(i32[4, 2, 3], axis=0), broadcast(x, [4, 2, 3], axes=[2, 1]),
          0), axis=2)"
  `);
  const loop =
    "  first, second = scan(0, x, W, body=step1, results=[final carry1, output 1, every carry1, final carry2])";
  expect(wrap(loop, 100, "      ").join("\n")).toMatchInlineSnapshot(`
    "  first, second = scan(0, x, W, body=step1,
          results=[final carry1, output 1, every carry1, final carry2])"
  `);
});

function digits(): Graph {
  const place = { file: "model.ts", line: 1, column: 1 };
  return model("digits", () => {
    const image = input("image", "f32", ["batch", 784]);
    const label = input("label", "i32", ["batch"]);
    const hidden = named("hidden", place, () => relu(dense(image, 128)));
    const logits = named("logits", place, () => dense(hidden, 10));
    const loss = named("loss", place, () => softmaxCrossEntropy(logits, label));
    return {
      predict: { probabilities: softmax(logits) },
      train: { loss, accuracy: accuracy(logits, label), update: adam(loss, { learningRate: 1e-3 }) },
    };
  });
}

test("the digits model with gradients and updates fits 40 lines of 100 columns", () => {
  const lines = printGraph(derive(digits())).trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(40);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(lines).toContain("  ∂loss/∂logits = (probabilities - oneHot(label, 10)) / batch");
  expect(lines).toContain("  ∂loss/∂logits.weight = hiddenᵀ @ ∂loss/∂logits");
});

test("a part of a graph: one entry point, or the forward graph only", () => {
  const graph = digits();
  const predict = printGraph(graph, { entry: "predict" });
  expect(predict).toContain("  output probabilities = softmax(logits) ");
  expect(predict).not.toMatch(/label|loss|adam|train|learningRate/);
  expect(printGraph(graph, { gradient: false })).not.toMatch(/update|adam|∂|learningRate/);
});

test("an update reads the new value of another state as state′", () => {
  const [w, m] = [weight("w", [3]), weight("m", [3])];
  const next = add(mul(0.9, m), w);
  const graph = graphOf({ size: sum(w) }, {}, [
    { state: w, value: sub(w, mul(next, constant(0.1))) },
    { state: m, value: next },
  ]);
  expect(printGraph(graph)).toBe(
    `graph test
parameter w: f32[3]
parameter m: f32[3]

entry run
  output size = sum(w)  # f32
  update m ← 0.9 · m + w
  update w ← w - m′ · 0.1
`,
  );
});
