import { describe, expect, it } from "vitest";
import { derive } from "../../compiler/passes/all.ts";
import { input, param } from "../../ir/build.ts";
import { values } from "../../ir/initializer.ts";
import { binaryCrossEntropy } from "../../ir/nn/losses.ts";
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { matmul } from "../../ir/ops/contract.ts";
import { grad } from "../../ir/ops/derivative.ts";
import { exp, log, relu, sigmoid, softplus, step, tanh } from "../../ir/ops/functions.ts";
import { transpose } from "../../ir/ops/layout.ts";
import { mean } from "../../ir/ops/reduce.ts";
import { sizeValue } from "../../ir/ops/leaf.ts";
import { sum } from "../../ir/ops/sum.ts";
import type { Value } from "../../ir/value.ts";
import { gradientDescent } from "../../ir/optim/descent.ts";
import { as, formula, graphOf, numbers, opNames, output, printed } from "./symbolic.ts";

describe("§2: a fully connected network by hand", () => {
  const weights = [
    [
      [1, -2],
      [-1, 1],
      [1, 0],
    ],
    [
      [2, -1],
      [-2, -1],
      [0, 0],
    ],
    [
      [3, -1],
      [-1, 4],
      [-2, 2],
    ],
  ];
  const graph = graphOf(() => {
    const x = input("x", "f32", [2]);
    const layers: Record<string, Value> = {};
    let a: Value = x;
    weights.forEach(([row1, row2, bias], layer) => {
      const w = param([2, 2], { name: `W${layer}`, init: values([row1, row2]) });
      const b = param([2], { name: `b${layer}`, init: values(bias) });
      a = sigmoid(add(matmul(w, a), b));
      layers[`a${layer}`] = a;
    });
    return layers;
  });
  const feeds = new Map(
    graph.states
      .filter((state) => (state.attrs.identity as { parameter: boolean }).parameter)
      .map((state) => {
        const { initializer } = state.attrs.identity as { initializer: { values: readonly number[] } };
        return [state, initializer.values] as const;
      }),
  );
  it.each([
    [
      [1, -1],
      [
        [0.98, 0.12],
        [0.86, 0.11],
        [0.62, 0.83],
      ],
    ],
    [
      [0, 0],
      [
        [0.73, 0.5],
        [0.72, 0.12],
        [0.51, 0.85],
      ],
    ],
  ])("of %j", (x, expected) => {
    const derived = derive(graph);
    expected.forEach((layer, index) => {
      const found = numbers(output(derived, `a${index}`), new Map([...feeds, [graph.inputs[0], x]]));
      expect(found.map((each) => Number(each.toFixed(2)))).toEqual(layer);
    });
  });
});

describe("§3: backpropagation on the smallest graph", () => {
  const graph = derive(
    graphOf(() => {
      const [x, y, z] = ["x", "y", "z"].map((name) => input(name, "f32", []));
      const q = as("q", () => add(x, y));
      const f = as("f", () => mul(q, z));
      return { f, q, dx: grad(f, x), dy: grad(f, y), dz: grad(f, z) };
    }),
  );
  it("reads ∂f/∂x = z, ∂f/∂y = z, ∂f/∂z = x + y, which are the forward values themselves", () => {
    expect(output(graph, "dx")).toBe(graph.inputs[2]);
    expect(output(graph, "dy")).toBe(graph.inputs[2]);
    expect(output(graph, "dz")).toBe(output(graph, "q"));
  });
  it("has the numbers of the notes", () => {
    const feeds = new Map(graph.inputs.map((leaf, position) => [leaf, [[-2, 5, -4][position]]]));
    expect(["f", "dx", "dy", "dz"].map((name) => numbers(output(graph, name), feeds)[0])).toEqual([-12, -4, -4, 3]);
  });
});

describe("§4: a three-layer binary classifier", () => {
  const bce = (p: Value, y: Value): Value => sub(neg(mul(y, log(p))), mul(sub(1, y), log(sub(1, p))));
  const classifier =
    (columns: boolean, batch: "m" | 1, reduce: (x: Value) => Value, spelled = sigmoid as (x: Value) => Value) =>
    (): Record<string, Value> => {
      const shape = (size: number): (number | string)[] => (columns ? [size, batch] : [batch, size]);
      const x = input("x", "f32", shape(3));
      const y = input("y", "f32", shape(1));
      const W1 = param([3, 4], { name: "W₁" });
      const W2 = param([4, 1], { name: "W₂" });
      const layer = (w: Value, a: Value): Value => (columns ? matmul(transpose(w), a) : matmul(a, w));
      const z1 = as("z₁", () => layer(W1, x));
      const h1 = as("h₁", () => spelled(z1));
      const z2 = as("z₂", () => layer(W2, h1));
      const p = as("ŷ", () => spelled(z2));
      const L = as("L", () => reduce(bce(p, y)));
      return { L, p, dW1: grad(L, W1), dW2: grad(L, W2), dz2: grad(L, z2), dh1: grad(L, h1), dz1: grad(L, z1) };
    };

  it.each([
    ["row", false, "h₁ᵀ @ ∂L/∂z₂", "∂L/∂z₂ @ W₂ᵀ", "xᵀ @ ∂L/∂z₁"],
    ["column", true, "h₁ @ ∂L/∂z₂ᵀ", "W₂ @ ∂L/∂z₂", "x @ ∂L/∂z₁ᵀ"],
  ])("in %s convention", (_, columns, dW2, dh1, dW1) => {
    const lines = printed(classifier(columns, "m", sum));
    expect(formula(lines, "∂L/∂z₂")).toBe("ŷ - y");
    expect(formula(lines, "∂L/∂W₂")).toBe(dW2);
    expect(formula(lines, "∂L/∂h₁")).toBe(dh1);
    expect(formula(lines, "∂L/∂z₁")).toBe("∂L/∂h₁ · h₁ · (1 - h₁)");
    expect(formula(lines, "∂L/∂W₁")).toBe(dW1);
  });
  it("divides by m once, where the loss is a mean", () => {
    const lines = printed(classifier(false, "m", mean));
    expect(formula(lines, "∂L/∂z₂")).toBe("(ŷ - y) / m");
    expect(formula(lines, "∂L/∂W₂")).toBe("h₁ᵀ @ ∂L/∂z₂");
    expect(formula(lines, "∂L/∂z₁")).toBe("∂L/∂h₁ · h₁ · (1 - h₁)");
  });
  it("does so for one example", () => {
    expect(formula(printed(classifier(true, 1, sum)), "∂L/∂z₂")).toBe("ŷ - y");
    expect(formula(printed(classifier(false, 1, mean)), "∂L/∂z₂")).toBe("ŷ - y");
  });
  it("does so however the sigmoid is spelled", () => {
    const spellings = [
      (x: Value): Value => div(1, add(1, exp(neg(x)))),
      (x: Value): Value => div(exp(x), add(1, exp(x))),
      (x: Value): Value => div(exp(x), add(exp(x), 1)),
    ];
    for (const spelled of spellings) {
      const lines = printed(classifier(false, "m", sum, spelled));
      expect(formula(lines, "∂L/∂z₂")).toBe("ŷ - y");
      expect(formula(lines, "∂L/∂z₁")).toBe("∂L/∂h₁ · h₁ · (1 - h₁)");
    }
  });
  it("has no division and no logarithm in the gradient", () => {
    const graph = derive(
      graphOf(() => {
        const { dW1, dW2 } = classifier(false, "m", sum)();
        return { dW1, dW2 };
      }),
    );
    const names = opNames(graph);
    for (const name of ["div", "log", "log1p", "softplus", "pow", "exp"]) expect(names).not.toContain(name);
  });
});

describe("§5: the L-layer network, vectorised", () => {
  const network = (activation: (x: Value) => Value) => () => {
    const X = input("X", "f32", [5, "m"]);
    const Y = input("Y", "f32", [1, "m"]);
    let A: Value = X;
    const units = [5, 6, 4];
    for (const [l, k] of [6, 4].entries()) {
      const W = param([k, units[l]], { name: `W${l + 1}` });
      const b = param([k, 1], { name: `b${l + 1}` });
      const Z = as(`Z${l + 1}`, () => add(matmul(W, A), b));
      A = as(`A${l + 1}`, () => activation(Z));
    }
    const W = param([1, 4], { name: "W3" });
    const b = param([1, 1], { name: "b3" });
    const Z = as("Z3", () => add(matmul(W, A), b));
    const last = as("A3", () => sigmoid(Z));
    const loss = as("J", () => div(sum(binaryCrossEntropy(last, Y, { reduction: "none" })), sizeValue("m")));
    return { loss, update: gradientDescent(loss) };
  };
  it.each([
    ["sigmoid", sigmoid, (l: number) => `∂J/∂A${l} · A${l} · (1 - A${l})`],
    ["tanh", tanh, (l: number) => `∂J/∂A${l} · (1 - A${l}²)`],
    ["relu", relu, (l: number) => `select(A${l} > 0, ∂J/∂A${l}, 0)`],
    ["softplus", softplus, (l: number) => `∂J/∂A${l} · sigmoid(Z${l})`],
  ] as const)("with %s has exactly the lines of the notes", (_, activation, derivative) => {
    const lines = printed(network(activation)).filter((line) => line.startsWith("∂"));
    const layer = (l: number, before: string): string[] => [
      `∂J/∂b${l} = sum(∂J/∂Z${l}, axis=1, keepAxes=true)`,
      `∂J/∂W${l} = ∂J/∂Z${l} @ ${before}ᵀ`,
    ];
    const passOn = (l: number): string[] => [`∂J/∂A${l} = W${l + 1}ᵀ @ ∂J/∂Z${l + 1}`, `∂J/∂Z${l} = ${derivative(l)}`];
    expect(lines).toEqual([
      "∂J/∂Z3 = (A3 - Y) / m",
      ...[...layer(3, "A2"), ...passOn(2), ...layer(2, "A1"), ...passOn(1), ...layer(1, "X")],
    ]);
  });
});

describe("§6: activations", () => {
  it.each([
    ["step", step, "fill(0, f32[n])"],
    ["sigmoid", sigmoid, "y · (1 - y)"],
    ["tanh", tanh, "1 - y²"],
    ["relu", relu, "select(y > 0, 1, 0)"],
    ["softplus", softplus, "sigmoid(x)"],
  ] as const)("of %s", (_, activation, expected) => {
    const lines = printed(() => {
      const x = input("x", "f32", ["n"]);
      const y = as("y", () => activation(x));
      return { y, d: grad(sum(y), x) };
    });
    expect(lines.some((line) => line.endsWith(` = ${expected}`))).toBe(true);
  });
});
