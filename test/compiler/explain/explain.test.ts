import { describe, expect, test } from "vitest";
import { gradientDocument } from "../../../compiler/explain/document.ts";
import { explainGradient, type GradientExplanation } from "../../../compiler/explain/gradient.ts";
import { explanationLatex } from "../../../compiler/explain/latex.ts";
import { formulaText, type Line } from "../../../compiler/explain/lines.ts";
import { explanationText } from "../../../compiler/explain/text.ts";
import { explainValue, valueDocument } from "../../../compiler/explain/value.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { bindSizes } from "../../../compiler/passes/bind-sizes.ts";
import type { Graph } from "../../../ir/graph.ts";
import {
  add,
  binaryCrossEntropy,
  div,
  exp,
  grad,
  input,
  log,
  matmul,
  mean,
  model,
  mul,
  neg,
  norm,
  param,
  relu,
  sgd,
  sigmoid,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
} from "../../../ir/index.ts";
import { as, expectCentralDifferences, randomFeeds } from "../symbolic.ts";
import { expectBalanced } from "../format/balance.ts";
import { expectTrueSteps } from "./true-steps.ts";

const samples = {
  classifier: bindSizes(await loadModel("samples/classifier/model.ts", { typeCheck: false }), { batch: 3 }),
  digits: bindSizes(await loadModel("samples/digits/model.ts", { typeCheck: false }), { batch: 3, pixels: 4 }),
  xor: await loadModel("samples/xor/model.ts", { typeCheck: false }),
};

const lecture = await loadModel("test/compiler/explain/fixtures/lecture.ts", { typeCheck: false });
const vectors = await loadModel("test/compiler/explain/fixtures/vectors.ts", { typeCheck: false });

/** Models whose derivations differ in kind; each has a loss `L` and a parameter `W`. */
const models: Readonly<Record<string, Graph>> = {
  "two ways": model("two ways", () => {
    const [x, W] = [input("x", "f32", [3, 2]), param([2, 2], { name: "W" })];
    const z = as("z", () => matmul(x, W));
    const [a, b] = [as("a", () => sigmoid(z)), as("b", () => tanh(z))];
    const L = as("L", () => sum(mul(a, b)));
    return { train: { L, update: sgd(L, { learningRate: 0.1 }) } };
  }),
  "a sigmoid spelled out": model("sigmoid", () => {
    const [x, y, W] = [input("x", "f32", [3, 2]), input("y", "f32", [3, 1]), param([2, 1], { name: "W" })];
    const z = as("z", () => matmul(x, W));
    const p = as("p", () => div(1, add(1, exp(neg(z)))));
    const L = as("L", () => binaryCrossEntropy(p, y, { reduction: "sum" }));
    return { train: { L, d: grad(L, W) } };
  }),
  "a softmax spelled out": model("softmax", () => {
    const [x, y, W] = [input("x", "f32", [3, 2]), input("y", "f32", [3, 4]), param([2, 4], { name: "W" })];
    const z = as("z", () => matmul(x, W));
    const p = as("p", () => div(exp(z), sum(exp(z), { axis: 1, keepAxes: true })));
    const L = as("L", () => neg(sum(mul(y, log(p)))));
    return { train: { L, d: grad(L, W) } };
  }),
  "a gradient in the loss": model("penalty", () => {
    const [x, W] = [input("x", "f32", [3, 2]), param([2, 1], { name: "W" })];
    const s = as("s", () => sum(tanh(matmul(x, W))));
    const g = as("g", () => grad(s, x));
    const L = as("L", () => add(s, sum(square(g))));
    return { train: { L, d: grad(L, W) } };
  }),
  "a value that is held": model("held", () => {
    const [x, W] = [input("x", "f32", [3, 2]), param([2, 2], { name: "W" })];
    const h = as("h", () => relu(matmul(x, W)));
    const L = as("L", () => mean(square(sub(h, stopGradient(mul(2, h))))));
    return { train: { L, d: grad(L, W) } };
  }),
};

const cases: readonly (readonly [string, Graph, string, string])[] = [
  ["classifier", samples.classifier, "L", "W2"],
  ["classifier", samples.classifier, "L", "W1"],
  ["classifier, not asked for by the model", samples.classifier, "L", "h1"],
  ["lecture", lecture, "L", "W2"],
  ["lecture", lecture, "L", "W1"],
  ["vectors", vectors, "L", "W2"],
  ["vectors", vectors, "L", "W1"],
  ["digits", samples.digits, "loss", "hidden.weight"],
  ["digits", samples.digits, "loss", "logits.bias"],
  ["xor", samples.xor, "loss", "hidden.weight"],
  ...Object.entries(models).map(([name, graph]) => [name, graph, "L", "W"] as const),
];

describe.each(cases)("%s", (_, graph, loss, target) => {
  const explained = explainGradient(graph, loss, target)!;

  test(`every step of ∂${loss}/∂${target} holds`, () => expectTrueSteps(explained.steps));

  test(`∂${loss}/∂${target} ends in the compiled form`, () => {
    const last = explained.lines.at(-1)!;
    expect(last.name).toBe(`∂${loss}/∂${target}`);
    const derived = derive(graph);
    const compiled = [...derived.notes].find(([, { name }]) => name === last.name)?.[0];
    if (compiled)
      expect(formulaText({ value: last.last.value, names: new Map() })).toBe(
        formulaText({ value: compiled, names: new Map() }),
      );
    expect(explained.compiled.value).toBe(last.last.value);
  });

  test(`∂${loss}/∂${target} begins with a derivative`, () => {
    const { value } = explained.lines.at(-1)!.first;
    const [lossValue, targetValue] = [explained.chain.loss.value, explained.chain.target.value];
    if (targetValue.op.kind !== "leaf") return;
    const feeds = randomFeeds([lossValue, value], 7);
    if (loss === "L" && graph.name === "held") return;
    expectCentralDifferences(lossValue, targetValue, value, feeds);
  });

  test(`∂${loss}/∂${target} in LaTeX is balanced`, () => expectBalanced(explanationLatex(gradientDocument(explained))));
});

function rows({ name, first, equalities }: Line): readonly string[] {
  return [
    `${name} = ${formulaText(first)}`,
    ...equalities.map(({ rule, formula }) => `= ${formulaText(formula)}  # ${rule.name}`),
  ];
}

function linesOf(explained: GradientExplanation): readonly string[] {
  return explained.lines.flatMap(rows);
}

describe("the lecture's classifier", () => {
  test("∂L/∂W2: the chain, the common denominator, what cancels", () => {
    expect(linesOf(explainGradient(samples.classifier, "L", "W2")!)).toEqual([
      "∂L/∂z2 = ((1 - y) / (1 - ŷ) - y / ŷ) · (ŷ · (1 - ŷ))",
      "= ((1 - y) · ŷ - y · (1 - ŷ)) / ((1 - ŷ) · ŷ) · (ŷ · (1 - ŷ))  # common denominator",
      "= (ŷ - y) / ((1 - ŷ) · ŷ) · (ŷ · (1 - ŷ))  # sum of products collected",
      "= ŷ - y  # factors that cancel",
      "∂L/∂W2 = h1ᵀ @ ∂L/∂z2",
    ]);
  });

  test("∂L/∂W1 goes on through h1", () => {
    const text = explanationText(gradientDocument(explainGradient(samples.classifier, "L", "W1")!));
    expect(text).toContain("∂L/∂W1 = ∂L/∂ŷ · ∂ŷ/∂z2 · ∂z2/∂h1 · ∂h1/∂W1");
    expect(text).toContain("∂L/∂W1 = xᵀ @ ((ŷ - y) @ W2ᵀ · h1 · (1 - h1))");
  });
});

test("the lecture's model as it is written on the blackboard: the whole page", async () => {
  const text = explanationText(gradientDocument(explainGradient(lecture, "L", "W1")!));
  await expect(text.replaceAll("test/compiler/explain/fixtures/", "")).toMatchFileSnapshot("fixtures/lecture.txt");
});

describe("however a model spells it, the lecture's derivation", () => {
  test("a sigmoid spelled out is read as one first", () => {
    const explained = explainGradient(models["a sigmoid spelled out"], "L", "W")!;
    expect(explained.prepared.flatMap(rows)).toEqual([
      "p = 1 / (1 + exp(-z))",
      "= sigmoid(z)  # sigmoid as reciprocal",
    ]);
    expect(linesOf(explained)).toContain("= p - y  # factors that cancel");
  });

  test("a softmax spelled out", () => {
    const explained = explainGradient(models["a softmax spelled out"], "L", "W")!;
    const text = explanationText(gradientDocument(explained));
    expect(text).toContain("∂L/∂p = -(y / p)");
    expect(text).toContain("∂p/∂z: G ↦ G · p - p · sum(G · p, axis=1)[:, _]");
    expect(text).toContain("∂L/∂W = xᵀ @ (sum(y, axis=1)[:, _] · p - y)");
  });
});

test("where ways part, derivatives add up", () => {
  const text = explanationText(gradientDocument(explainGradient(models["two ways"], "L", "W")!));
  expect(text).toContain("∂L/∂z = ∂L/∂b · ∂b/∂z + ∂L/∂a · ∂a/∂z");
});

test("a loss that does not depend on a parameter has no derivation", () => {
  const graph = model("apart", () => {
    const [v, W] = [input("v", "f32", [2]), param([2], { name: "W" })];
    const L = as("L", () => sum(v));
    return { run: { L, other: as("other", () => sum(W)) } };
  });
  expect(explainGradient(graph, "L", "W")).toBeUndefined();
});

describe("values", () => {
  test.each([
    ["L", "log of sigmoid"],
    ["∂L/∂z2", "sum of products collected"],
    ["d_L_d_z2", "sum of products collected"],
  ])("%s", (name, rule) => {
    const explained = explainValue(samples.classifier, name);
    expectTrueSteps(explained.steps);
    expect(explained.line.equalities.map((each) => each.rule.name)).toContain(rule);
    expect(explained.place).toMatchObject({ file: "samples/classifier/model.ts" });
  });

  test("a derivative says what comes from its readers", () => {
    const text = explanationText(valueDocument(explainValue(samples.classifier, "∂L/∂z2")));
    expect(text).toContain("  ∂L/∂z2 = ∂L/∂ŷ · ∂ŷ/∂z2\n");
    expect(text).toContain("  ∂ŷ/∂z2 = ŷ · (1 - ŷ)\n");
    expect(text).toContain("(samples/classifier/model.ts:10:14)");
  });

  test("a state is explained by its update, also under its kernel's name", () => {
    for (const name of ["hidden.bias", "update_hidden_bias"]) {
      const explained = explainValue(samples.xor, name);
      // Second moments are never negative.
      expectTrueSteps(explained.steps, Math.abs);
      expect(explained.title).toBe("hidden.bias′: f32[8], what train makes of hidden.bias");
      expect(formulaText(explained.line.first)).toContain("learningRate · (adam.m.hidden.bias′ / adam.m.norm");
    }
  });

  test("every name of every sample has an explanation that ends where the compiler does", () => {
    for (const graph of Object.values(samples)) {
      const derived = derive(graph);
      for (const [value, { name }] of derived.notes) {
        if (name === undefined || value.op.kind === "leaf") continue;
        const { line } = explainValue(graph, name);
        expect(formulaText({ value: line.last.value, names: new Map() }), name).toBe(
          formulaText({ value, names: new Map() }),
        );
      }
    }
  });

  test("an unknown name is an error that says which was meant", () => {
    expect(() => explainValue(samples.classifier, "∂L/∂W3")).toThrow(
      expect.objectContaining({ code: "value-unknown", help: "did you mean ∂L/∂W1?" }),
    );
  });
});

test("what formulas share is written once, and a step shows in the line that it changes", () => {
  const graph = model("shared", () => {
    const [x, W] = [input("x", "f32", [3, 4]), param([4, 2], { name: "W" })];
    const s = as("s", () => sum(tanh(matmul(x, W))));
    const g = as("g", () => grad(s, x));
    const L = as("L", () => mean(square(sub(norm(g, { axis: 1 }), 1))));
    return { train: { L, d: grad(L, W) } };
  });
  const text = explanationText(gradientDocument(explainGradient(graph, "L", "W")!));
  const [, factors, rest] = /Each factor\n([^]*?)\n\nRule by rule\n([^]*)/.exec(text)!;
  expect(factors).toContain("  v3 = root(sum(g², axis=1))\n");
  // Named before any rule; no line writes it out after that, but where it is said again what the name means.
  expect(`${factors}${rest}`.match(/(?<!v3 = root\()sum\(g²/g)).toBeNull();
  const defined = new Set([...text.matchAll(/^ +(v\d+) = /gm)].map(([, name]) => name));
  expect([...text.matchAll(/\bv\d+\b/g)].filter(([name]) => !defined.has(name))).toEqual([]);
});
