/// Convolutions do not go over the zeros between the elements of their input, and give the same numbers.
import { describe, expect, it } from "vitest";
import { convolve, grad, input, model, mul, sum, type Graph, type Tensor } from "chainrule";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { report } from "../../../compiler/report.ts";
import { expectRight } from "../agree.ts";

type Options = Parameters<typeof convolve>[2];

/** The slope by the image of a convolution, and where asked for that by the kernel of this slope. */
function slope(image: readonly number[], kernel: readonly number[], options: Options, second = false): Graph {
  return model("slope", () => {
    const x = input("x", "f32", image) as Tensor<"f32">;
    const w = input("w", "f32", kernel) as Tensor<"f32">;
    const y = convolve(x, w, options) as Tensor<"f32">;
    const dx = grad(sum(mul(y, y)), x) as Tensor<"f32">;
    return { run: { dx, ...(second && { again: grad(sum(mul(dx, x)), w) }) } };
  });
}

/** Flops of the slope by the image, given that of the result. */
function flopsOf(image: readonly number[], kernel: readonly number[], options: Options): number {
  const graph = model("flops", () => {
    const x = input("x", "f32", image) as Tensor<"f32">;
    const y = convolve(x, input("w", "f32", kernel) as Tensor<"f32">, options) as Tensor<"f32">;
    return { run: { dx: grad(sum(mul(y, input("dy", "f32", y.type.shape as readonly number[]))), x) } };
  });
  return report(compileWithFacts(graph)).entryPoints.run.flops;
}

describe("slopes of strided convolutions", () => {
  it.each([
    ["three taps, every second", [2, 3, 9, 9], [4, 3, 3, 3], { strides: 2 }],
    ["with a frame", [2, 3, 8, 7], [4, 3, 3, 3], { strides: 2, padding: "same" }],
    ["two taps that meet nothing twice", [2, 3, 8, 8], [4, 3, 2, 2], { strides: 2 }],
    ["one tap, beside which nothing is met", [2, 3, 8, 9], [4, 3, 1, 1], { strides: 2 }],
    ["two taps of three", [2, 2, 11, 10], [3, 2, 2, 2], { strides: 3 }],
    ["five taps, every third", [1, 2, 14, 13], [3, 2, 5, 5], { strides: 3 }],
    [
      "seven taps and a frame",
      [1, 2, 16, 16],
      [3, 2, 7, 7],
      {
        strides: 2,
        padding: [
          [3, 3],
          [3, 2],
        ],
      },
    ],
    ["other strides for other axes", [2, 2, 9, 12], [3, 2, 3, 4], { strides: [1, 4] }],
    ["one axis", [2, 3, 17], [4, 3, 4], { strides: 3, padding: [[1, 2]] }],
    ["three axes", [1, 2, 6, 5, 7], [2, 2, 3, 2, 2], { strides: [2, 1, 2] }],
    ["groups", [2, 4, 9, 9], [6, 2, 3, 3], { strides: 2, groups: 2 }],
    ["every channel by itself", [2, 4, 9, 9], [4, 1, 3, 3], { strides: 2, groups: 4 }],
    ["taps apart from each other", [1, 2, 11, 11], [3, 2, 3, 3], { strides: 2, dilation: 2 }],
  ] as const)("are right, also in second order: %s", async (_, image, kernel, options) => {
    await expectRight(slope(image, kernel, options as Options, true));
  });

  it("take as many flops as taps meet elements, or few more", () => {
    const image = [2, 8, 32, 32];
    const forward = (taps: number, stride: number): number => {
      const count = Math.floor((32 - taps) / stride) + 1;
      return 2 * (2 * count * count * 16) * (8 * taps * taps);
    };
    for (const [taps, stride, most] of [
      [1, 2, 1],
      [2, 2, 1],
      [4, 4, 1],
      [8, 8, 1],
      [3, 2, 2.1],
      [5, 2, 1.9],
    ]) {
      const ratio = flopsOf(image, [16, 8, taps, taps], { strides: stride }) / forward(taps, stride);
      expect(ratio, `${taps} taps, every ${stride}`).toBeLessThanOrEqual(most);
    }
  });
});

it.each([
  [
    "twice as large",
    [2, 3, 5, 6],
    [4, 3, 4, 4],
    {
      inputDilation: 2,
      padding: [
        [2, 2],
        [2, 2],
      ],
    },
  ],
  [
    "with a rest",
    [2, 3, 5, 6],
    [4, 3, 3, 3],
    {
      inputDilation: 3,
      padding: [
        [2, 0],
        [1, 4],
      ],
    },
  ],
  ["in steps of its own", [2, 3, 5, 6], [4, 3, 3, 3], { inputDilation: 2, strides: 3 }],
] as const)("transposed convolutions are right, and so are their slopes: %s", async (_, image, kernel, options) => {
  await expectRight(slope(image, kernel, options as Options));
});
