/// Sums of columns become sums of parts that kernels of rows add up, where those would read what the terms are made of.
import { describe, expect, it } from "vitest";
import { adam, dense, grad, input, layerNorm, mean, model, mul, parametersOf, square, sum } from "chainrule";
import { printGraph, type Graph, type Tensor, type Value } from "chainrule";
import { derive } from "../../../compiler/passes/all.ts";
import { splitSums } from "../../../compiler/passes/split-sums.ts";
import { runPasses } from "../../../compiler/pass.ts";

type Rows = Tensor<"f32", readonly [number, number]>;

/** The slopes of what becomes of rows, for given ones: those of the rows, and of parameters. */
function slopes(shape: readonly [number, number], build: (x: Rows) => Value): Graph {
  return model("slopes", () => {
    const [x, given] = [input("x", "f32", shape), input("given", "f32", shape)] as readonly Rows[];
    const y = build(x);
    const total = sum(mul(y, given)) as Tensor<"f32", readonly []>;
    const parameters = parametersOf(y).map((each, at) => [`slope${at}`, grad(total, each)] as const);
    return { back: { x: grad(total, x), ...Object.fromEntries(parameters) } };
  });
}

const after = (graph: Graph): string => printGraph(runPasses(derive(graph), [splitSums]));

const norm = (x: Rows): Value => layerNorm(x, { name: "norm" });

describe("slopes of scale and shift", () => {
  it("are sums over the rows of a workgroup, where a kernel has the slope of the operand", () => {
    expect(after(slopes([512, 32], norm)).match(/\[32, 16, 32\]/g)).toHaveLength(2);
    expect(after(slopes([8192, 32], norm)).match(/\[128, 64, 32\]/g)).toHaveLength(2);
    expect(after(slopes([264, 32], norm)).match(/\[33, 8, 32\]/g)).toHaveLength(2);
  });

  it("are not where no group of rows is worth it", () => {
    for (const shape of [
      [257, 64],
      [128, 64],
      [512, 5],
      [256, 2048],
    ] as const)
      // prettier-ignore
      expect(after(slopes(shape, norm))).not.toContain("reshape");
  });

  it("are not where rows are known before the slopes of their results, which a kernel of columns reads beside that of rows", () => {
    const trained = model("trained", () => {
      const x = dense(input("x", "f32", [512, 32]), 32, { name: "a" });
      const loss = mean(square(dense(layerNorm(x, { name: "norm" }), 32, { name: "b" }))) as Tensor<"f32", readonly []>;
      return { train: { loss, update: adam(loss) } };
    });
    expect(after(trained)).not.toContain("[32, 16, 32]");
  });
});
