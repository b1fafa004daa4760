/// The step of an optimizer stands once in a module, whatever its functions compute gradients with.
import { describe, expect, it } from "vitest";
import {
  adam,
  add,
  dense,
  input,
  matmul,
  mean,
  model,
  mul,
  normal,
  param,
  relu,
  sgd,
  softmaxCrossEntropy,
  square,
  transpose,
  type Graph,
  type Tensor,
} from "chainrule";
import { compile } from "../../../compiler/compile.ts";
import { expectRight } from "../agree.ts";

type Optimizer = (loss: Tensor<"f32", readonly []>) => ReturnType<typeof adam>;

/** A perceptron of these widths, its products as large as tiles need them. */
const perceptron = (widths: readonly number[], batch: number, optimizer: Optimizer): Graph =>
  model("perceptron", () => {
    let hidden: Tensor<"f32", readonly [number, number]> = input("x", "f32", [batch, widths[0]]);
    widths.slice(1).forEach((width, i) => (hidden = relu(dense(hidden, width, { name: `layer${i}` }))));
    const loss = softmaxCrossEntropy(dense(hidden, 10), input("label", "i32", [batch]));
    return { train: { loss, update: optimizer(loss) } };
  });

/** The texts of kernels in which several parameters are updated. */
const updatesOf = (graph: Graph): readonly string[] =>
  compile(graph)
    .kernels.map(({ wgsl }) => wgsl.replace(/\/\/.*/g, ""))
    .filter((wgsl) => wgsl.includes("fn update_"));

const roots = (wgsl: string): number => wgsl.split("sqrt(").length - 1;

describe("endings that functions have in common", () => {
  it("stand once, for products in several tiles and for sums", () => {
    const [wgsl, ...others] = updatesOf(perceptron([784, 128, 128], 64, adam));
    expect(others).toEqual([]);
    // Beside it those of the last layer, whose ten columns are no fours.
    expect(wgsl.match(/^fn update_\w+/gm)).toHaveLength(5);
    expect(roots(wgsl)).toBe(3);
    expect(wgsl.split("fn main(")[1].match(/sqrt\(/g)).toHaveLength(1);
  });

  it("are right where rows of tiles leave edges, and where none do", async () => {
    const edges = perceptron([100, 128, 64], 16, adam);
    expect(updatesOf(edges).join("\n")).toContain("if (at >= ending.end) { continue; }");
    await expectRight(edges);
    const whole = perceptron([128, 128, 64], 16, adam);
    expect(updatesOf(whole).join("\n")).toContain("ending.fours");
    expect(updatesOf(whole).join("\n")).not.toContain("ending.end");
    await expectRight(whole);
  });

  it("are right for other optimizers, and for layers that are alike", async () => {
    const graph = perceptron([100, 64, 64, 64, 96], 8, (loss) => sgd(loss, { momentum: 0.9 }));
    expect(updatesOf(graph).join("\n")).toContain("ending.fours");
    await expectRight(graph);
  });

  it("stay with functions that are one already", () => {
    const graph = model("alike", () => {
      const x = input("x", "f32", [64, 64]);
      const [a, b] = ["a", "b"].map((name) => param([64, 64], { name, init: normal(0, 1) }));
      const loss = add(mean(square(matmul(x, a))), mean(square(matmul(x, b))));
      return { train: { loss, update: sgd(loss) } };
    });
    const [wgsl] = updatesOf(graph);
    expect(wgsl).toContain("fn update_a(");
    expect(wgsl).not.toContain("fn update_b(");
    expect(wgsl).not.toContain("ending");
  });

  it("stay with two functions, which are no longer than what they would leave", () => {
    expect(updatesOf(perceptron([256, 128], 64, adam)).join("\n")).not.toContain("ending");
  });

  it("stay where they read more than their own place", async () => {
    const graph = model("products", () => {
      const [x, y] = [input("x", "f32", [64, 64]), input("y", "f32", [64, 64])];
      const bias = param([64], { name: "bias", init: normal(0, 1) });
      const first = relu(mul(matmul(transpose(x), x), bias));
      const second = relu(mul(matmul(x, y), bias));
      const third = relu(mul(matmul(x, transpose(y)), bias));
      return { run: { first, second, third } };
    });
    expect(
      compile(graph)
        .kernels.map(({ wgsl }) => wgsl)
        .join("\n"),
    ).not.toContain("ending");
    await expectRight(graph);
  });
});
