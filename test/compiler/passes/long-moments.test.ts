/// Means and variances over long axes, as a normalisation of channels has them: what they read, and that no digits are lost.
import {
  adam,
  conv2d,
  dense,
  gradientDescent,
  groupNorm,
  input,
  maxPool,
  mean,
  model,
  mul,
  relu,
  reshape,
  softmaxCrossEntropy,
  square,
  sub,
  sum,
  tanh,
  type Graph,
  type Tensor,
  type Value,
} from "chainrule";
import { describe, expect, it } from "vitest";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { runPasses } from "../../../compiler/pass.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { pullFactors } from "../../../compiler/passes/pull-factors.ts";
import { splitSums } from "../../../compiler/passes/split-sums.ts";
import { report } from "../../../compiler/report.ts";
import { printGraph } from "../../../ir/print.ts";
import { expectRight } from "../agree.ts";
import { normalised, ofSquares, ofVariance, unit, unitRow, type Spread } from "../normalised.ts";
import { loadModel } from "../planning.ts";

type Images = Tensor<"f32">;
const trained = (logits: Value, batch: number, update = adam): Graph["entryPoints"] => {
  const loss = softmaxCrossEntropy(logits as Images, input("label", "i32", [batch]));
  return { train: { loss, update: update(loss) } } as never;
};

/** Groups of four channels less their mean over their spread. */
const inGroups = (x: Images, name: string): Images => groupNorm(x, (x.type.shape[1] as number) / 4, { name });

/** A convolution, normalised, and averaged. */
const oneLayer = (spread: Spread = ofSquares, [batch, size, width] = [32, 28, 16], update = adam, bias = true): Graph =>
  model("one", () => {
    const x = conv2d(input("x", "f32", [batch, 3, size, size]), width, 3, { padding: "same", name: "first", bias });
    const hidden = relu(normalised(x, "norm", spread));
    return trained(dense(mean(hidden, { axes: [2, 3] }), 10, { name: "logits" }), batch, update) as never;
  });

/** Two convolutions, both normalised, with pools. */
const twoLayers = (normalise: (x: Images, name: string) => Images = normalised, bias = true): Graph =>
  model("two", () => {
    const layer = (x: Images, width: number, name: string): Images => {
      const linear = conv2d(x, width, 3, { padding: "same", name, bias });
      return maxPool(relu(normalise(linear as Images, `${name}Norm`)), 2) as Images;
    };
    const second = layer(layer(input("x", "f32", [32, 1, 28, 28]), 8, "first"), 16, "second");
    return trained(dense(reshape(second, [32, 16 * 49]), 10, { name: "logits" }), 32) as never;
  });

describe("a normalisation of channels", () => {
  it.each([
    ["of a layer", oneLayer(), 12, 2.38],
    ["with a variance", oneLayer(ofVariance), 12, 2.38],
    ["of a layer without a bias", oneLayer(ofSquares, [32, 28, 16], adam, false), 12, 2.76],
    ["of two layers with pools", twoLayers(), 14, 2.17],
    ["of two layers with pools and without biases", twoLayers(normalised, false), 14, 2.17],
    ["of groups of them", twoLayers(inGroups), 19, 2.77],
  ])("%s trains in few passes over memory", (_, graph, dispatches, most) => {
    const { train } = report(compileWithFacts(graph)).entryPoints;
    expect(train.dispatches).toBeLessThanOrEqual(dispatches);
    expect(train.rangeBytes / train.idealBytes).toBeLessThanOrEqual(most);
  });

  it("is right", async () => {
    await expectRight(oneLayer(ofSquares, [9, 16, 4], gradientDescent as never));
  });
});

describe("moments of a long row", () => {
  const rows = (build: (x: Images) => Value): Graph =>
    model("rows", () => ({ run: { y: build(input("x", "f32", [4096, 3]) as Images) } }));
  const kept = { axes: [0], keepAxes: true } as const;
  const unitColumns = (x: Images): Value => unit(x, kept);
  const after = (build: (x: Images) => Value): string => printGraph(runPasses(derive(rows(build)), [splitSums]));

  it("are out of those of its parts, which are known with their sums", () => {
    expect(after(unitColumns)).toContain("256 · ");
    expect(after((x) => sum(square(sub(x, mul(mean(x, kept), 2))), { axis: 0 }))).not.toContain("256 · ");
    // Only one of the sums has parts.
    const graph = derive(
      model("halves", () => {
        const x = sum(input("x", "f32", [2609, 3, 2]), { axis: 2 }) as Images;
        return { run: { y: sum(square(sub(x, mean(x, kept))), { axis: 0 }) } };
      }),
    );
    expect(runPasses(graph, [splitSums])).toBe(graph);
  });

  it("are as exact as rows are, whose mean is far away", async () => {
    const offset = 1e4;
    for (const build of [unitColumns, (x: Images): Value => unitColumns(mul(x, 1.5) as Images)]) {
      const module = await loadModel(rows(build));
      const x = Float32Array.from({ length: 3 * 4096 }, (_, i) => offset + Math.fround(Math.sin(i * i)));
      const { y } = (await module.run({ x }).read()) as { y: Float32Array };
      // What is multiplied by 1.5 is rounded itself, by up to 2⁻¹¹.
      const most = build === unitColumns ? 1e-5 : 2e-3;
      for (let row = 0; row < 3; row++) {
        const wanted = unitRow([...x.filter((_, i) => i % 3 === row)]);
        const worst = wanted.map((each, i) => Math.abs(y[3 * i + row] - each));
        expect(Math.max(...worst)).toBeLessThan(most);
      }
    }
  });
});

describe("factors of a long sum", () => {
  const along = { axis: 1 } as const;
  const graph = (build: (x: Images, g: Images) => Readonly<Record<string, Value>>): Graph =>
    derive(
      model("rows", () => ({
        run: build(input("x", "f32", [8, 4096]) as Images, input("g", "f32", [8, 1]) as Images),
      })),
    );
  const isPulled = (before: Graph): boolean => runPasses(before, [pullFactors]) !== before;

  it("come out where they are the same for all of its terms, and what is left is added up anyway", () => {
    const sums = (x: Images, g: Images): Readonly<Record<string, Value>> => {
      const all = mul(x, g) as Images;
      return { all: sum(all, along), apart: sum(tanh(all), along) };
    };
    expect(isPulled(graph((x, g) => ({ ...sums(x, g), total: sum(x, along) })))).toBe(true);
    expect(isPulled(graph((x, g) => ({ ...sums(x, g), total: sum(x, { axis: 0 }) })))).toBe(false);
    expect(isPulled(graph(sums))).toBe(false);
  });

  it("come out of deviations from a mean, and all is what it was", async () => {
    const before = graph((x, g) => {
      const part = mul(x, tanh(x)) as Images;
      const all = mul(part, g) as Images;
      const rest = tanh(sub(all, mean(all, { ...along, keepAxes: true })));
      return { total: sum(part, along), all: sum(all, along), rest };
    });
    const after = printGraph(runPasses(before, [pullFactors]));
    expect(after).toMatch(/rest = tanh\(\(.* - \(total \/ 4096\)\[:, _\]\) · g\)/);
    await expectRight(before);
  });
});
