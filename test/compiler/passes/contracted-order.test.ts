/// Products add up their terms in the order in which an operand lies.
import { describe, expect, it } from "vitest";
import { einsum, input, matmul, model, param, reshape, transpose, type Graph } from "chainrule";
import { runPasses } from "../../../compiler/pass.ts";
import { kernelPasses } from "../../../compiler/passes/kernel-passes.ts";
import { expectRight } from "../agree.ts";

/** Whether a product of the graph goes along its terms in another order than the model does. */
const isReordered = (graph: Graph, strictFloat = false): boolean => {
  let found = false;
  runPasses(graph, kernelPasses({ strictFloat }), ({ name }, before, after) => {
    if (name === "contracted-order") found = before !== after;
  });
  return found;
};

/** Rows of windows of 2 × 2 that lie one after the other, as rows of the squares that they are of. */
const squares = () =>
  reshape(transpose(reshape(input("windows", "f32", [6, 4, 4, 4]), [6, 4, 4, 2, 2]), [0, 1, 3, 2, 4]), [6, 64]);

describe("the terms of a product", () => {
  it.each([
    ["of rows that lie in another order", () => matmul(squares(), param([64, 5], { name: "w" }))],
    ["of columns that lie in another order", () => einsum("ba,cb->ac", input("x", "f32", [64, 10]), squares())],
    [
      "of batches of them, some of one element",
      () => {
        const x = reshape(squares(), [3, 2, 1, 64]);
        return einsum("bxuk,bykc->byxuc", x, input("other", "f32", [3, 2, 64, 8]));
      },
    ],
    [
      "of two parts of an axis",
      () => einsum("bik,ikc->bc", reshape(squares(), [3, 2, 64]), input("other", "f32", [2, 64, 7])),
    ],
  ])("%s are added up as they lie", async (_, build) => {
    const graph = model("order", () => ({ run: { y: build() } }));
    expect(isReordered(graph)).toBe(true);
    expect(isReordered(graph, true)).toBe(false);
    await expectRight(graph);
  });

  it.each([
    [
      "of which an operand would be read element by element then",
      () => einsum("ab,cb->ac", input("x", "f32", [10, 64]), squares()),
    ],
    ["that lie in their order", () => matmul(reshape(input("x", "f32", [6, 4, 16]), [6, 64]), param([64, 5]))],
    [
      "of rows of two axes that change places",
      () => matmul(reshape(transpose(input("x", "f32", [4, 6, 8]), [1, 0, 2]), [24, 8]), param([8, 5])),
    ],
  ])("%s stay", async (_, build) => {
    const graph = model("order", () => ({ run: { y: build() } }));
    expect(isReordered(graph)).toBe(false);
    await expectRight(graph);
  });
});
