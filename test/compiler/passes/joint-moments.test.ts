/// Variances in one pass: of which deviations, and that no digits are lost.
import { describe, expect, it } from "vitest";
import { input, layerNorm, mean, model, mul, sub, sum, type Graph, type Tensor, type Value } from "chainrule";
import { runPasses } from "../../../compiler/pass.ts";
import { jointMoments } from "../../../compiler/passes/joint-moments.ts";
import { printGraph } from "../../../ir/print.ts";
import { unitRow } from "../normalised.ts";
import { finalGraph, loadModel } from "../planning.ts";

const rowsOf = (build: (x: Tensor<"f32">) => Value): Graph =>
  model("rows", () => ({ run: { y: build(input("x", "f32", [4, 512]) as Tensor<"f32">) } }));

const centre = (x: Tensor<"f32">): Tensor<"f32"> => sub(x, mean(x, { axes: [1], keepAxes: true }));

describe("the variance of deviations", () => {
  it("takes their sum and that of their squares in one pass, and of nothing but deviations", () => {
    const after = (build: (x: Tensor<"f32">) => Value): string =>
      printGraph(runPasses(finalGraph(rowsOf(build)), [jointMoments]));
    expect(after((x) => layerNorm(x))).toContain("maximum(");
    const once = runPasses(
      rowsOf((x) => sum(mul(centre(x), centre(x)), { axes: [1] })),
      [jointMoments],
    );
    expect(printGraph(once)).not.toContain("maximum(");
  });

  it.each([
    ["an offset of 1e4", (i: number) => 1e4 + Math.sin(i * i)],
    ["an offset of 1e6", (i: number) => 1e6 + (i % 7)],
    ["numbers that are the same", () => 12345.678],
    ["two values that are neighbours", (i: number) => Math.fround(4096 + (i % 2) * 2 ** -11)],
  ])("keeps its digits with %s", async (_, number) => {
    const module = await loadModel(rowsOf((x) => layerNorm(x)));
    const x = Float32Array.from({ length: 4 * 512 }, (_, i) => number(i));
    const { y } = (await module.run({ x }).read()) as { y: Float32Array };
    for (let row = 0; row < 4; row++) {
      unitRow([...x.slice(row * 512, (row + 1) * 512)]).forEach((wanted, i) => {
        expect(Math.abs(y[row * 512 + i] - wanted)).toBeLessThan(1e-5 * Math.max(1, Math.abs(wanted)));
      });
    }
  });
});
