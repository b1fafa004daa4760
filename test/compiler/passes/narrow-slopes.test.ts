/// What is multiplied by the slope of each element, of which one at the place of a maximum counts.
import { describe, expect, it } from "vitest";
import {
  adam,
  add,
  conv2d,
  gelu,
  grad,
  gradientDescent,
  input,
  matmul,
  maxPool,
  mean,
  model,
  mul,
  param,
  reshape,
  sigmoid,
  silu,
  square,
  sum,
  tanh,
  type Graph,
  type Value,
} from "chainrule";
import { compileWithFacts } from "../../../compiler/compile.ts";
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

/** How often kernels of a step read tensors as large as what the pool is taken of. */
const readers = (graph: Graph): number => {
  const { steps } = planOf(graph, "train", {});
  const loads = steps.flatMap(({ traffic }) => traffic.loads.filter(({ op }) => op.kind !== "leaf"));
  return loads.filter(({ type }) => elementCount(type.shape) === 2 * 5 * 12 * 12).length;
};

const activations = { tanh, sigmoid, gelu, silu } as Readonly<Record<string, (x: Value) => Value>>;

describe("the slope of what is pooled", () => {
  it.each(Object.entries(activations))(
    "of %s is computed of maxima: no kernel reads an element of the convolution",
    async (_, f) => {
      const graph = pooled(f);
      expect(readers(graph)).toBe(readers(pooled((x) => x)));
      await expectRight(graph);
    },
  );

  it.each([
    ["one image of three channels", { shape: [1, 3, 16, 16], channels: 6 }],
    ["three images of an odd size", { shape: [3, 1, 13, 13], channels: 5 }],
    ["windows of nine", { shape: [2, 3, 15, 15], channels: 4, window: 3 }],
    ["windows of four in a row", { shape: [2, 3, 12, 12], channels: 4, window: [1, 4] }],
  ])("is right for %s", async (_, sizes) => {
    for (const f of Object.values(activations)) await expectRight(pooled(f, sizes));
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
  });
});

it.each([
  ["tanh", 1],
  ["sigmoid", 1],
  ["gelu", 1.2],
  ["silu", 1.4],
])("a step with %s before a pool binds %f times the bytes of one with nothing there at most", (name, most) => {
  const bytesOf = (f: (x: Value) => Value): number =>
    report(compileWithFacts(pooled(f, { shape: [8, 1, 28, 28] }))).entryPoints.train.rangeBytes;
  expect(bytesOf(activations[name]) / bytesOf((x) => x)).toBeLessThanOrEqual(most);
});
