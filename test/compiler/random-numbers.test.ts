// Random numbers on a device: the interpreter's bits, masks that nothing stores, and runs that can be resumed.
import { describe, expect, it } from "vitest";
import { residuals } from "../../compiler/autodiff/residuals.ts";
import { compile, compileWithFacts } from "../../compiler/compile.ts";
import { openDeviceModule } from "../../compiler/cli/device.ts";
import { derive } from "../../compiler/passes/all.ts";
import {
  adam,
  constant,
  dense,
  dropout,
  evaluate,
  input,
  mean,
  model,
  mul,
  randomBits,
  randomKey,
  randomNormal,
  randomUniform,
  reshape,
  setting,
  sgd,
  softmaxCrossEntropy,
  square,
  sub,
  tanh,
  transpose,
  type Graph,
  type Tensor,
} from "../../ir/index.ts";
import { load, type LoadedModule, type StateRecord, type Step } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";
import { expectRight } from "./agree.ts";

const shapes = [[], [5], [8], [3, 5], [4, 12], [2, 3, 8]] as const;

describe("a rate of dropout", () => {
  it("stays at least 0 and below 1 in calls too", async () => {
    const graph = model("dropping", () => {
      const loss = mean(square(dropout(dense(input("x", "f32", [4, 3]), 3), 0.5)));
      return { train: { loss, update: sgd(loss) } };
    });
    type Train = { train(inputs: { x: Float32Array }, settings: { dropoutRate: number }): Step<{ loss: number }> };
    const module = await load<LoadedModule & Train>(compile(graph), { device: await testDevice() });
    const train = (dropoutRate: number) => module.train({ x: new Float32Array(12) }, { dropoutRate });
    for (const rate of [1.5, 1, -0.1, 0.99999999]) {
      expect(() => train(rate)).toThrow(`\`dropoutRate\` of \`train\` must be in [0,1): found ${rate}`);
    }
    for (const rate of [0, 0.9]) expect(await train(rate).loss).toBeGreaterThanOrEqual(0);
    module.destroy();
  });
});

describe("bits on the device", () => {
  const drawn = (): Graph =>
    model("drawn", () => {
      const step = input("step", "u32", []);
      const key = (): ReturnType<typeof randomKey> => randomKey({ seed: 2 ** 45 + 987654321, draw: step });
      const bits = shapes.map((shape, i) => [`bits${i}`, randomBits(key(), shape)] as const);
      const units = shapes.map((shape, i) => [`unit${i}`, randomUniform(key(), shape)] as const);
      const turned = transpose(reshape(randomBits(key(), [6, 8]), [4, 12]));
      return { draw: { ...Object.fromEntries([...bits, ...units]), turned } };
    });
  it("are those of the interpreter, in every shape and layout", async () => {
    const graph = drawn();
    const module = await openDeviceModule(compile(graph), { device: await testDevice() });
    for (const step of [0, 1, 4294967295]) {
      const found = await module.run("draw", {}, { step: [step] });
      const expected = evaluate(graph, { step: [step] }).outputs;
      for (const [name, numbers] of Object.entries(expected))
        expect([...Array.from(found.outputs[name])]).toEqual([...numbers]);
    }
    module.destroy();
  });
  it("stay in their range, and make normal numbers", async () => {
    const graph = model("ranges", () => {
      const [low, high] = [setting("low", -0.3), setting("high", 0.7)];
      const key = randomKey({ seed: 11, draw: constant(3, "u32") });
      const ranged = randomUniform(key, [4096], { low, high });
      return { draw: { ranged, normal: randomNormal(key, [4096]) } };
    });
    await expectRight(graph);
    const module = await openDeviceModule(compile(graph), { device: await testDevice() });
    const { outputs } = await module.run("draw", {}, {});
    const ranged = Array.from(outputs.ranged);
    expect(Math.min(...ranged)).toBeGreaterThanOrEqual(Math.fround(-0.3));
    expect(Math.max(...ranged)).toBeLessThan(Math.fround(0.7));
    module.destroy();
  });
});

/** A classifier with two dropouts, one on its input. */
function classifier(): Graph {
  return model("classifier", () => {
    const image = input("image", "f32", ["batch", 12]);
    const label = input("label", "i32", ["batch"]);
    const first = dropout(image, 0.2);
    const hidden = tanh(dense(first, 16));
    const logits = dense(dropout(hidden, 0.4), 4);
    const loss = softmaxCrossEntropy(logits, label);
    return { predict: { logits }, train: { loss, update: adam(loss as Tensor<"f32", readonly []>) } };
  });
}

describe("dropout", () => {
  it("is right on the device and against differences", async () => {
    await expectRight(classifier(), { batch: 6 });
  });
  it("stores no mask and keeps none for backward", () => {
    const { program, derived } = compileWithFacts(classifier(), { dims: { batch: 64 } });
    const train = derived.entryPoints.find((entry) => entry.name === "train")!;
    const kept = residuals(derived, train);
    expect(kept.filter(({ value }) => value.type.dtype === "bool" || value.type.dtype === "u32")).toEqual([]);
    const masks = program.kernels.flatMap(({ wgsl }) => wgsl.match(/read(_write)?> \w*mask\w*/g) ?? []);
    expect(masks).toEqual([]);
    expect(program.kernels.some(({ wgsl }) => wgsl.includes("threefry"))).toBe(true);
  });
  it("is no part of a plain entry point", () => {
    const derived = derive(classifier());
    const program = compile(classifier(), { dims: { batch: 2 } });
    expect(program.entryPoints.predict.settings ?? []).toEqual([]);
    expect(derived.entryPoints[0].updates).toEqual([]);
  });
});

describe("a run that is resumed", () => {
  type Training = LoadedModule & { train(inputs: object): Step<Record<string, number>> };
  const noisy = (): Graph =>
    model("noisy", () => {
      const x = input("x", "f32", [4, 3]);
      const loss = mean(square(sub(dense(dropout(x, 0.5), 2), mul(0.1, randomNormal(randomKey(), [4, 2])))));
      return { train: { loss, update: sgd(loss as Tensor<"f32", readonly []>) } };
    });
  const x = Float32Array.from({ length: 12 }, (_, i) => Math.sin(i));
  async function run(steps: number, options: { seed?: number; state?: StateRecord }) {
    const module = await load<Training>(compile(noisy()), { device: await testDevice(), ...options });
    const losses: number[] = [];
    for (let step = 0; step < steps; step++) losses.push(await module.train({ x }).loss);
    const state = await module.readState();
    module.destroy();
    return { losses, state };
  }
  it("repeats one that was not interrupted, to the bit; another seed does not", async () => {
    const whole = await run(6, { seed: 5 });
    const half = await run(3, { seed: 5 });
    const rest = await run(3, { state: half.state });
    expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
    expect(rest.state).toEqual(whole.state);
    expect([...whole.state["random.draw"].data]).toEqual([6]);
    expect(new Set(whole.losses).size).toBe(6);
    expect((await run(6, { seed: 6 })).losses).not.toEqual(whole.losses);
  });
});
