/// Deviations from a mean that something has moved keep their digits as others do.
import { describe, expect, it } from "vitest";
import { groupNorm, input, layerNorm, mean, model, reshape, sub, transpose, type Tensor } from "chainrule";
import { runPasses } from "../../../compiler/pass.ts";
import { deviationsLie } from "../../../compiler/passes/deviations-lie.ts";
import { printGraph } from "../../../ir/print.ts";
import { expectRight } from "../agree.ts";
import { unitRow } from "../normalised.ts";
import { finalGraph, loadModel } from "../planning.ts";

type Build = (x: Tensor<"f32">) => Tensor<"f32">;

const graphOf = (shape: readonly number[], build: Build) =>
  model("moved", () => ({ run: { y: build(input("x", "f32", shape) as Tensor<"f32">) } }));

/** Where the elements of row `row` lie, `length` of them. */
type Row = (row: number) => readonly number[];

const side: Row = (row) => Array.from({ length: 64 }, (_, at) => 64 * row + at);

const cases: readonly (readonly [string, readonly number[], Build, number, Row])[] = [
  [
    "channels that are moved to the end and back",
    [2, 24, 5, 3],
    (x) => transpose(layerNorm(transpose(x, [0, 2, 3, 1])), [0, 3, 1, 2]),
    30,
    (row) => Array.from({ length: 24 }, (_, at) => 360 * Math.floor(row / 15) + 15 * at + (row % 15)),
  ],
  [
    "heads that are split",
    [2, 4, 128],
    (x) => {
      const heads = transpose(reshape(x, [2, 4, 2, 64]), [0, 2, 1, 3]) as Tensor<"f32">;
      return reshape(transpose(layerNorm(heads), [0, 2, 1, 3]), [2, 4, 128]) as Tensor<"f32">;
    },
    16,
    side,
  ],
  ["one group", [8, 64], (x) => groupNorm(x, 1) as Tensor<"f32">, 8, side],
  ["one group of images", [4, 4, 4, 4], (x) => groupNorm(x, 1) as Tensor<"f32">, 4, side],
  [
    "a mean that is subtracted from",
    [8, 64],
    (x) => {
      const turned = transpose(x) as Tensor<"f32">;
      const opposite = sub(mean(turned, { axes: [0], keepAxes: true }) as Tensor<"f32">, turned) as Tensor<"f32">;
      return layerNorm(transpose(sub(0, opposite)) as Tensor<"f32">);
    },
    8,
    side,
  ],
];

describe("deviations from a mean lie as what the mean is taken from", () => {
  it.each(cases)("%s: numbers about 1e6 are normalised to float32's digits", async (_, shape, build, rows, rowOf) => {
    const module = await loadModel(graphOf(shape, build));
    const x = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, at) => 1e6 + Math.sin(at * at));
    const { y } = (await module.run({ x }).read()) as { y: Float32Array };
    for (let row = 0; row < rows; row++) {
      const places = rowOf(row);
      const wanted = unitRow(places.map((at) => x[at]));
      places.forEach((at, i) => expect(Math.abs(y[at] - wanted[i])).toBeLessThan(2e-6));
    }
  });

  it.each(cases)("%s: numbers and gradients are right", async (_, shape, build) => {
    await expectRight(graphOf(shape, build));
  });

  it("and stay where the mean is that of other rows", () => {
    const crossed = graphOf([6, 6], (x) => {
      const turned = transpose(x) as Tensor<"f32">;
      return sub(turned, mean(x, { axes: [1], keepAxes: true }) as Tensor<"f32">) as Tensor<"f32">;
    });
    const final = finalGraph(crossed);
    expect(printGraph(runPasses(final, [deviationsLie]))).toBe(printGraph(final));
  });
});
