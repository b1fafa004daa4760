import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { load, type LoadedModule, type Step } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";
import small from "./models/small.ts";
import { installProbe } from "./probe.ts";
import { drawInput } from "./task.ts";

type Module = LoadedModule & {
  readonly train: (inputs: Record<string, Float32Array | Int32Array>) => Step<{ readonly loss: number }>;
};

describe("a step", () => {
  test("makes no object on the GPU, and is one submit of the program's dispatches", async () => {
    const device = await testDevice();
    const program = compile(small);
    const probe = installProbe();
    const module = await load<Module>(program, { device });
    expect(probe.created).toBeGreaterThan(program.kernels.length);
    const inputs = Object.fromEntries(program.entryPoints.train.inputs.map((slot) => [slot.name, drawInput(slot)]));
    await module.train(inputs).loss;
    const before = probe.created;
    probe.reset();
    const steps = 50;
    for (let step = 0; step < steps; step++) await module.train(inputs).loss;
    const { dispatches } = program.entryPoints.train;
    expect(probe.counts).toMatchObject({ submits: steps, dispatches: steps * dispatches.length, created: 0 });
    expect(probe.created).toBe(before);
    probe.remove();
    module.destroy();
  });
});
