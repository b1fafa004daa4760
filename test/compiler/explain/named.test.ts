/// A name is no step: what a formula is called has no rule for its reason, and one value has one letter in an explanation.
import { describe, expect, test } from "vitest";
import { gradientDocument } from "../../../compiler/explain/document.ts";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { formulaText, type Line } from "../../../compiler/explain/lines.ts";
import { explainValue } from "../../../compiler/explain/value.ts";
import {
  add,
  dense,
  div,
  exp,
  grad,
  input,
  matmul,
  mean,
  meanSquaredError,
  model,
  mul,
  norm,
  param,
  randomKey,
  randomNormal,
  sigmoidCrossEntropy,
  softmax,
  softmaxCrossEntropy,
  sqrt,
  square,
  sub,
  transpose,
  type Graph,
  type Tensor,
} from "../../../ir/index.ts";
import { as } from "../symbolic.ts";

type Matrix<N extends number, M extends number> = Tensor<"f32", readonly [N, M]>;

const attention = model("attention", () => {
  const [x, y] = [input("x", "f32", [6, 8]), input("y", "f32", [6, 4])];
  const [Wq, Wk, Wv] = ["Wq", "Wk", "Wv"].map((name) => param([8, 4], { name }));
  const [q, k, v] = [Wq, Wk, Wv].map((each, i) => as("qkv"[i], () => matmul(x, each)) as Matrix<6, 4>);
  const a = as("a", () => softmax(div(matmul(q, transpose(k)), 2))) as Matrix<6, 6>;
  const loss = as("loss", () => meanSquaredError(matmul(a, v), y));
  return { train: { loss, dQ: grad(loss, Wq), dK: grad(loss, Wk), dV: grad(loss, Wv) } };
});

const contrast = model("contrast", () => {
  const [image, text] = [input("image", "f32", [6, 8]), input("text", "f32", [6, 5])];
  const label = input("label", "i32", [6]);
  const [A, B, s] = [param([8, 4], { name: "A" }), param([5, 4], { name: "B" }), param([], { name: "s" })];
  const a = as("a", () => matmul(image, A)) as Matrix<6, 4>;
  const b = as("b", () => matmul(text, B)) as Matrix<6, 4>;
  const u = as("u", () => div(a, norm(a, { axis: 1, keepAxes: true }))) as Matrix<6, 4>;
  const w = as("w", () => div(b, norm(b, { axis: 1, keepAxes: true }))) as Matrix<6, 4>;
  const logits = as("logits", () => mul(exp(s), matmul(u, transpose(w)))) as Matrix<6, 6>;
  const rows = as("rows", () => softmaxCrossEntropy(logits, label)) as Tensor<"f32", readonly []>;
  const columns = as("columns", () => softmaxCrossEntropy(transpose(logits), label)) as typeof rows;
  const loss = as("loss", () => div(add(rows, columns), 2));
  return { train: { loss, dA: grad(loss, A), dB: grad(loss, B), ds: grad(loss, s) } };
});

const normalised = model("normalised", () => {
  const [x, y] = [input("x", "f32", ["batch", 5]), input("y", "f32", ["batch", 6])];
  const W = param([5, 6], { name: "W" });
  const z = as("z", () => matmul(x, W)) as Tensor<"f32", readonly ["batch", 6]>;
  const mu = as("mu", () => mean(z, { axis: 0 })) as Tensor<"f32", readonly [6]>;
  const variance = as("variance", () => mean(square(sub(z, mu)), { axis: 0 })) as Tensor<"f32", readonly [6]>;
  const scaled = as("scaled", () => div(sub(z, mu), sqrt(add(variance, 1e-5)))) as typeof z;
  const loss = as("loss", () => meanSquaredError(scaled, y));
  return { train: { loss, dW: grad(loss, W) } };
});

const sampled = model("sampled", () => {
  const x = input("x", "f32", ["batch", 8]);
  const spread = as("spread", () => dense(x, 2, { name: "W" })) as Tensor<"f32", readonly ["batch", 2]>;
  const noise = as("noise", () => randomNormal(randomKey(), ["batch", 2])) as typeof spread;
  const drawn = as("drawn", () => add(spread, mul(exp(mul(0.5, spread)), noise))) as typeof spread;
  const logits = as("logits", () => dense(drawn, 8)) as Tensor<"f32", readonly ["batch", 8]>;
  const reconstruction = sigmoidCrossEntropy(logits, x);
  const kl = mul(-0.5, mean(sub(add(1, spread), exp(spread))));
  const loss = as("loss", () => add(reconstruction, kl));
  return { train: { loss, dW: grad(loss, spread) } };
});

const gradients: readonly (readonly [string, Graph, string])[] = [
  ["contrast by A", contrast, "A"],
  ["contrast by s", contrast, "s"],
  ["a sample", sampled, "W.weight"],
];

describe("one value has one letter", () => {
  test.each(gradients)("%s", (_, graph, target) => {
    const rows = gradientDocument(explainGradient(graph, "loss", target)!).flatMap((each) => each.rows);
    const defined = new Map<string, Set<string>>();
    let name = "";
    for (const { left, right } of rows) {
      name = left ?? name;
      if (!/^v\d+$/.test(name) || !("value" in right)) continue;
      const text = formulaText(right);
      defined.set(text, (defined.get(text) ?? new Set()).add(name));
    }
    expect(defined.size).toBeGreaterThan(0);
    expect([...defined].filter(([, letters]) => letters.size > 1)).toEqual([]);
  });
});

describe("a formula is given its name without a reason", () => {
  /** Lines that come to another letter and nothing else, by the rule that is said to do it. */
  const named = (lines: readonly Line[]): readonly string[] =>
    lines.flatMap(({ equalities }) =>
      equalities.flatMap(({ rule, formula }) => (/^-v\d+$/.test(formulaText(formula)) ? [rule.name] : [])),
    );

  test.each([
    ["contrast by A", contrast, "A"],
    ["a normalisation", normalised, "W"],
  ] as const)("%s: what the name stands for is what the rule before gave", (_, graph, target) => {
    const { lines } = explainGradient(graph, "loss", target)!;
    expect(named(lines)).toEqual(["repeated negated factor"]);
  });

  test("of a value that names one from the start", () => {
    const { line } = explainValue(attention, "v3");
    expect(line.equalities).toEqual([]);
    expect(formulaText(line.first)).toBe("∂loss/∂a · a");
  });
});

test("what is named with its axis kept goes by its name where the axis is shown by the formula around it", () => {
  const layerNorm = model("layer-norm", () => {
    const [x, W] = [input("x", "f32", [8, 5]), param([5, 6], { name: "W" })];
    const along = { axis: 1, keepAxes: true } as const;
    const z = as("z", () => matmul(x, W)) as Matrix<8, 6>;
    const mu = as("mu", () => mean(z, along)) as Matrix<8, 1>;
    const variance = as("variance", () => sub(mean(square(z), along), square(mu))) as Matrix<8, 1>;
    const loss = as("loss", () => mean(square(div(sub(z, mu), sqrt(add(variance, 1e-5)))))) as Tensor<
      "f32",
      readonly []
    >;
    return { train: { loss, dW: grad(loss, W) } };
  });
  const definitions = explainGradient(layerNorm, "loss", "W")!.definitions.map(({ name }) => name);
  expect(definitions).toEqual(expect.arrayContaining(["mu", "variance"]));
});
