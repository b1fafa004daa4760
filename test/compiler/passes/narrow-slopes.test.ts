/// What is multiplied by the slope of each element, of which one at the place of a maximum counts.
import { describe, expect, it } from "vitest";
import {
  adam,
  add,
  celu,
  conv2d,
  elu,
  gelu,
  grad,
  gradientDescent,
  greater,
  hardSwish,
  input,
  layerNorm,
  leakyRelu,
  matmul,
  maxPool,
  mean,
  model,
  mul,
  param,
  prelu,
  relu6,
  reshape,
  selu,
  sigmoid,
  silu,
  softShrink,
  softsign,
  square,
  sum,
  tanh,
  where,
  type Graph,
  type Value,
} from "chainrule";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { runPasses } from "../../../compiler/pass.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { kernelPasses } from "../../../compiler/passes/kernel-passes.ts";
import { report } from "../../../compiler/report.ts";
import { elementCount } from "../../../ir/type.ts";
import { expectRight } from "../agree.ts";
import { planOf } from "../planning.ts";

/** A convolution, what follows, and a pool, which train. */
const pooled = (
  activation: (x: Value) => Value,
  { shape = [2, 3, 12, 12], channels = 5, window = 2 as number | readonly number[] } = {},
): Graph =>
  model("pooled", () => {
    const image = input("image", "f32", shape);
    const x = conv2d(image, channels, 3, { padding: "same", name: "conv" });
    const loss = mean(square(maxPool(activation(x), window)));
    return { train: { loss, update: adam(loss) } };
  });

/** Elements of the largest tensor that a kernel of a step writes. */
const largest = (graph: Graph): number =>
  planOf(graph, "train", {}).steps.reduce((most, { traffic }) => {
    const sizes = traffic.stores.map(({ type }) => elementCount(type.shape) as number);
    return Math.max(most, ...sizes);
  }, 0);

const smooth = { tanh, sigmoid, gelu, silu } as Readonly<Record<string, (x: Value) => Value>>;
const inPieces = { elu, celu, selu, leakyRelu, hardSwish, relu6, softShrink } as typeof smooth;
const activations = { ...smooth, softsign, ...inPieces };

describe("the slope of what is pooled", () => {
  it.each(Object.entries(activations))(
    "of %s is computed of maxima: no element of the convolution is written",
    async (_, f) => {
      const graph = pooled(f);
      expect(largest(graph)).toBe((2 * 5 * 12 * 12) / 4);
      await expectRight(graph);
    },
  );

  it.each([
    ["one image of three channels", { shape: [1, 3, 16, 16], channels: 6 }],
    ["three images of an odd size", { shape: [3, 1, 13, 13], channels: 5 }],
    ["windows of nine", { shape: [2, 3, 15, 15], channels: 4, window: 3 }],
    ["windows of four in a row", { shape: [2, 3, 12, 12], channels: 4, window: [1, 4] }],
  ])("is right for %s", async (_, sizes) => {
    for (const f of [...Object.values(smooth), elu, hardSwish]) await expectRight(pooled(f as typeof elu, sizes));
  });

  it("is right where a condition on another tensor, or a weight of each channel, decides on it as well", async () => {
    const weighed = (x: Value): Value => prelu(x, param([5, 1, 1], { name: "weight" }));
    const masked = (x: Value): Value => where(greater(input("mask", "f32", [2, 5, 12, 12]), 0), x, mul(2, tanh(x)));
    for (const f of [weighed, masked]) await expectRight(pooled(f));
  });

  it("is right where it is read as well, and where the factor is of another tensor", async () => {
    const slopes = (build: (x: Value) => Value): Graph =>
      model("slopes", () => {
        const w = param([8, 8], { name: "w" });
        const x = reshape(matmul(input("x", "f32", [48, 8]), w), [2, 3, 8, 8]);
        const loss = sum(tanh(build(x)));
        return { train: { loss, slope: mul(grad(loss, w), 2), update: gradientDescent(loss, { learningRate: 0.1 }) } };
      });
    await expectRight(slopes((x) => maxPool(tanh(x), 2)));
    await expectRight(slopes((x) => maxPool(mul(x, input("other", "f32", [2, 3, 8, 8])), 2)));
    await expectRight(slopes((x) => maxPool(add(tanh(x), square(x)), 2)));
    await expectRight(slopes((x) => add(maxPool(silu(x), 2), maxPool(tanh(x), 2))));
    await expectRight(slopes((x) => add(maxPool(elu(x), 2), maxPool(hardSwish(x), 2))));
  });
});

it("a network whose activations have slopes of their own binds few bytes more than the ideal", () => {
  for (const f of Object.values(activations)) {
    const { rangeBytes, idealBytes } = report(compileWithFacts(pooled(f, { shape: [8, 1, 28, 28] }))).entryPoints.train;
    expect(rangeBytes / idealBytes).toBeLessThanOrEqual(1.3);
  }
});

it.each([
  ["a convolution are computed of maxima", (x: Value) => silu(x as never) as Value, true],
  [
    "a normalisation stay: no thread has its windows",
    (x: Value) => silu(layerNorm(x as never) as never) as Value,
    false,
  ],
])("slopes of %s", (_, activation, isNarrowed) => {
  let found = false;
  runPasses(derive(pooled(activation, { shape: [4, 1, 12, 12] })), kernelPasses(), ({ name }, before, after) => {
    if (name === "narrow-slopes") found ||= before !== after;
  });
  expect(found).toBe(isNarrowed);
});
