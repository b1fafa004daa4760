/// Loss scaling: what a step does with it, in float64 and on a device whose activations are halves.
import { describe, expect, it } from "vitest";
import { adam, div, exp, grad, gradientDescent, input, matmul, mean, model, mul, param, sgd } from "chainrule";
import { square, sub, sum, tanh, values } from "chainrule";
import type { Graph, OptimizerOptions, Update, Value } from "chainrule";
import type { DynamicLossScale } from "chainrule";
import { checkOnDevice } from "../../compiler/check/index.ts";
import { openDeviceModule } from "../../compiler/cli/device.ts";
import { compile, compileWithFacts } from "../../compiler/compile.ts";
import { gradientDocument } from "../../compiler/explain/document.ts";
import { explainGradient } from "../../compiler/explain/gradient.ts";
import { explanationText } from "../../compiler/explain/text.ts";
import { explainValue, valueDocument } from "../../compiler/explain/value.ts";
import { derive } from "../../compiler/passes/all.ts";
import { printGraph } from "../../ir/print.ts";
import { load } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";
import type { AnyModule } from "./planning.ts";

type Optimizer = (loss: Value, options?: OptimizerOptions) => readonly Update[];

const optimizers = { gradientDescent, sgd, adam } as unknown as Readonly<Record<string, Optimizer>>;

const eights = (value: number): number[][] => Array.from({ length: 8 }, () => Array.from({ length: 8 }, () => value));

/** A regression with a hidden layer of 8 and a batch of 16; slopes are as small or large as the square of `size`. */
function regression(train: (loss: Value) => readonly Update[], size = 1): Graph {
  return model("regression", () => {
    const x = input("x", "f32", [16, 8]);
    const y = input("y", "f32", [16, 8]);
    const v = param([8, 8], { name: "v", init: values(eights(0.01)) });
    const w = param([8, 8], { name: "w", init: values(eights(size)) });
    const loss = mean(square(sub(matmul(tanh(matmul(x, v)), w), y)));
    return { train: { loss, update: train(loss) } };
  });
}

const data = { x: new Float32Array(128).fill(1), y: new Float32Array(128).fill(0) };

async function loadHalves(graph: Graph): Promise<AnyModule> {
  return load<AnyModule>(compile(graph, { storage: "f16" }), { device: await testDevice() });
}

async function stateOf(module: AnyModule, name: string): Promise<number> {
  return (await module.readState())[name].data[0];
}

describe("a loss scale that is given", () => {
  it.each([0, -1, NaN, Infinity, 1e39, 1e-50])(
    "is refused where float32 has no such number above 0: %d",
    (lossScale) => {
      const build = (): Graph => regression((loss) => optimizers.sgd(loss, { lossScale }));
      expect(build).toThrow(expect.objectContaining({ code: "loss-scale" }));
    },
  );

  it.each(Object.keys(optimizers))("leaves the steps of %s as they are", async (name) => {
    const optimizer = optimizers[name];
    const device = await testDevice();
    const scaled = regression((loss) => optimizer(loss, { lossScale: 1024 }));
    const plain = compile(regression((loss) => optimizer(loss)));
    // The interpreter runs the model with the scale, the device the one without.
    const { kernels } = await checkOnDevice(scaled, () => openDeviceModule(plain, { device }));
    expect(kernels.filter(({ ok }) => !ok)).toEqual([]);
    expect(kernels.length).toBeGreaterThan(2);
  });

  it("keeps slopes that vanish in half precision", async () => {
    const moved = async (lossScale?: number): Promise<number> => {
      const train = (loss: Value): readonly Update[] =>
        optimizers.gradientDescent(loss, { learningRate: 1e6, ...(lossScale && { lossScale }) });
      const module = await loadHalves(regression(train, 1e-4));
      await module.train(data).read();
      const after = await stateOf(module, "v");
      module.destroy();
      return after - 0.01;
    };
    const hidden = Math.tanh(0.08);
    const wanted = -1e6 * (16 * 8) * (2 / 128) * (8 * hidden * 1e-4) * 1e-4 * (1 - hidden ** 2);
    expect(await moved()).toBeCloseTo(0, 6);
    expect(Math.abs((await moved(2 ** 16)) / wanted - 1)).toBeLessThan(2e-3);
  });

  it("is printed as what it does", () => {
    const graph = regression((loss) => optimizers.gradientDescent(loss, { lossScale: 1024 }));
    expect(printGraph(derive(graph)).split("entry train")[1]).toMatchInlineSnapshot(`
      "
        v1 = tanh(x @ v)
        v2 = v1 @ w - y
        output loss = mean(v2²)  # f32
        v3 = 16 · v2
        ∂scaledLoss/∂w = v1ᵀ @ v3
        ∂loss/∂w = ∂scaledLoss/∂w / 1024
        ∂scaledLoss/∂v = xᵀ @ (v3 @ wᵀ · (1 - v1²))
        ∂loss/∂v = ∂scaledLoss/∂v / 1024
        update v ← v - learningRate · ∂loss/∂v
        update w ← w - learningRate · ∂loss/∂w
      "
    `);
  });

  it.each([1024, {}])("has one update for all parameters: %j", (lossScale) => {
    const graph = regression((loss) => optimizers.adam(loss, { lossScale }));
    const text = printGraph(derive(graph));
    expect(text).toContain("\n  for θ in v, w\n    update adam.m.θ ← ");
    expect(text).toMatch(/update adam\.v\.θ ← .*0\.001 · ∂loss\/∂θ²/);
    expect(text.match(/^ *update (?:v|w) /gm)).toBeNull();
  });

  it("is in the explanation of a gradient, which is that of the scaled loss over the scale", () => {
    const graph = regression((loss) => optimizers.gradientDescent(loss, { lossScale: 1024 }));
    const text = explanationText(gradientDocument(explainGradient(graph, "loss", "w")!));
    expect(text).toContain("\n  scaledLoss = 1024 · loss\n");
    expect(text).toMatch(/The gradient, as it is compiled[^]*\n {2}∂loss\/∂w = ∂scaledLoss\/∂w \/ 1024\n/);
    const alone = explanationText(valueDocument(explainValue(graph, "∂loss/∂w")));
    expect(alone).toContain("\n  ∂loss/∂w = ∂scaledLoss/∂w / 1024\n");
  });
});

describe("a loss scale that finds its size", () => {
  it("is halved where slopes overflow, leaves that step out, and is doubled after steps without", async () => {
    const options = { learningRate: 1e-6, lossScale: { initial: 2 ** 20, doubledAfter: 3 } };
    const module = await loadHalves(regression((loss) => optimizers.adam(loss, options), 8));
    const scales: number[] = [];
    const steps: number[] = [];
    const weights: number[] = [];
    for (let call = 0; call < 12; call++) {
      const { loss } = (await module.train(data).read()) as { loss: number };
      expect(Number.isFinite(loss)).toBe(true);
      scales.push(await stateOf(module, "adam.lossScale"));
      steps.push(await stateOf(module, "adam.step"));
      weights.push(await stateOf(module, "w"));
    }
    module.destroy();
    const first = steps.indexOf(1);
    expect(first).toBeGreaterThan(3);
    // Halved in every step that is left out, and nothing else changes there.
    expect(scales.slice(0, first)).toEqual(scales.slice(0, first).map((_, call) => 2 ** (19 - call)));
    expect(new Set(weights.slice(0, first))).toEqual(new Set([8]));
    expect(steps.slice(first, first + 4)).toEqual([1, 2, 3, 3]);
    expect(scales.slice(first, first + 4)).toEqual([1, 1, 2, 1].map((by) => by * scales[first]));
    expect(weights[first]).toBeLessThan(8);
  });

  it.each(["sgd", "adam", "gradientDescent"])("is known to stay above 0 under %s: no warning", (name) => {
    for (const lossScale of [{}, { initial: 1 }, { initial: 2 ** 24 }, { initial: 3.5, doubledAfter: 1 }]) {
      const graph = regression((loss) => optimizers[name](loss, { lossScale }));
      expect(compileWithFacts(graph).warnings.map(({ message }) => message)).toEqual([]);
    }
  });

  it.each<[DynamicLossScale, RegExp]>([
    [{ initial: 0.25 }, /initial must be a number from 1 to 16777216: found 0.25/],
    [{ initial: 2 ** 30, doubledAfter: 1 }, /initial must be a number from 1 to 16777216: found 1073741824/],
    [{ initial: NaN }, /initial must be .*: found NaN/],
    [{ initial: 1e39 }, /initial must be .*: found 1e\+39/],
    [{ doubledAfter: 0.5 }, /doubledAfter must be an integer from 1 to 16777216: found 0.5/],
    [{ doubledAfter: 2.5 }, /doubledAfter must be an integer/],
    [{ doubledAfter: 2 ** 24 + 2 }, /doubledAfter must be an integer/],
    [{ doubledAfter: Infinity }, /doubledAfter must be an integer/],
  ])("is refused outside its limits: %j", (lossScale, message) => {
    const build = (): Graph => regression((loss) => optimizers.adam(loss, { lossScale }));
    expect(build).toThrow(expect.objectContaining({ code: "loss-scale", message: expect.stringMatching(message) }));
  });

  it("stays inside its limits", async () => {
    const scalesAfter = async (initial: number, targets: readonly number[]): Promise<readonly number[]> => {
      const lossScale = { initial, doubledAfter: 1 };
      const graph = regression((loss) => optimizers.gradientDescent(loss, { lossScale }));
      const module = await load<AnyModule>(compile(graph), { device: await testDevice() });
      const scales: number[] = [];
      for (const y of targets) {
        await module.train({ ...data, y: new Float32Array(128).fill(y) }).read();
        scales.push(await stateOf(module, "gradientDescent.lossScale"));
      }
      module.destroy();
      return scales;
    };
    expect(await scalesAfter(1.5, [Infinity, Infinity, 0])).toEqual([1, 1, 2]);
    expect(await scalesAfter(1, [Infinity, 0])).toEqual([1, 2]);
    expect(await scalesAfter(2 ** 23 + 1, [0, 0, Infinity])).toEqual([2 ** 24, 2 ** 24, 2 ** 23]);
  });

  it("is a factor that the parameter has no part in: other quotients are no ∂loss/∂s", () => {
    const graph = model("scaled", () => {
      const s = param([], { name: "s" });
      const loss = sum(square(mul(input("x", "f32", [3]), exp(s))));
      return { run: { loss, other: div(grad(mul(s, loss), s), s) } };
    });
    expect(printGraph(derive(graph))).not.toContain("∂loss/∂s");
  });

  it("agrees with the interpreter in every state", async () => {
    const graph = regression((loss) => optimizers.sgd(loss, { lossScale: { initial: 256 } }));
    const device = await testDevice();
    const { kernels } = await checkOnDevice(graph, (program) => openDeviceModule(program, { device }));
    expect(kernels.filter(({ ok }) => !ok)).toEqual([]);
  });
});
