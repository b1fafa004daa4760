/// Backpropagation through time: the chain rule of a step, and what a step back makes of it.
import { describe, expect, test } from "vitest";
import { gradientDocument } from "../../../compiler/explain/document.ts";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { explanationLatex } from "../../../compiler/explain/latex.ts";
import { explanationText } from "../../../compiler/explain/text.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import { input, matmul, model, mul, param, scan, square, sum, tanh, type Tensor } from "../../../ir/index.ts";
import { expectBalanced } from "../format/balance.ts";
import { as } from "../symbolic.ts";

const recurrent = await loadModel("test/compiler/explain/fixtures/recurrent.ts", { typeCheck: false });

const page = (parameter: string): string =>
  explanationText(gradientDocument(explainGradient(recurrent, "loss", parameter)!));

describe("a parameter that a step reads", () => {
  test.each([
    ["U", "  ∂next/∂z = 1 - next²\n  ∂z/∂U: G ↦ hᵀ @ G\n  ∂z/∂h: G ↦ G @ Uᵀ\n\n"],
    ["W", "  ∂next/∂z = 1 - next²\n  ∂z/∂W: G ↦ xᵀ @ G\n  ∂z/∂h: G ↦ G @ Uᵀ\n\n"],
  ])("has the local derivatives of the step above the way back: %s", (parameter, rows) => {
    expect(page(parameter)).toContain(`Each factor of a step over time\n${rows}A step of the way back over time`);
  });

  test("is written without the loop as one term", () => {
    expect(page("W")).not.toContain("\nTogether\n");
  });

  test("is balanced in LaTeX", () => {
    expectBalanced(explanationLatex(gradientDocument(explainGradient(recurrent, "loss", "W")!)));
  });
});

test("what no step reads has no step in its derivation", () => {
  expect(page("guess.weight")).not.toContain("of a step");
});

test("results without a name are called what becomes of them", () => {
  const graph = model("products", () => {
    const [w, x] = [param([2], { name: "w" }), input("x", "f32", [3, 2])];
    const { carry, outputs } = scan(
      ([h], [each]) => ({ carry: [mul(h, mul(each, w)) as Tensor<"f32", readonly [2]>], outputs: [tanh(h)] }),
      { initial: [input("start", "f32", [2])], sequences: [x] },
    );
    const last = as("last", () => carry[0]);
    const loss = as("loss", () => sum(square(matmul(outputs[0] as never, last as never))));
    return { train: { loss } };
  });
  const text = explanationText(gradientDocument(explainGradient(graph, "loss", "w")!));
  const [, rows] = /Each factor of a step over 3\n([^]*?)\n\n/.exec(text)!;
  expect(rows.split("\n").toSorted()).toEqual([
    "  ∂last′/∂last = x · w",
    "  ∂last′/∂w = last · x",
    "  ∂output/∂last = 1 - output²",
  ]);
});
