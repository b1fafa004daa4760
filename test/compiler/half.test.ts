/// `--storage f16`: tensors of the arena in half precision, on a device against the interpreter in float64.
import { describe, expect, it } from "vitest";
import type { Graph } from "chainrule";
import { checkOnDevice } from "../../compiler/check/index.ts";
import { openDeviceModule } from "../../compiler/cli/device.ts";
import { compile, compileWithFacts } from "../../compiler/compile.ts";
import { testDevice } from "../gpu.ts";
import { kinds } from "./half.ts";

/** A half has eleven bits; where a sum cancels, an entry is compared with a hundredth of the largest. */
const tolerance = 2e-2;

const storedOf = (graph: Graph) => compileWithFacts(graph, { storage: "f16" }).entries[0].stored!;

describe("activations in half precision", () => {
  it.each(Object.entries(kinds))("%s agrees with the interpreter", async (_, make) => {
    const graph = make();
    const halves = compile(graph, { storage: "f16" });
    const device = await testDevice();
    const { kernels } = await checkOnDevice(graph, () => openDeviceModule(halves, { device }));
    expect(kernels.filter(({ worst }) => !(worst <= tolerance))).toEqual([]);
    expect(kernels.length).toBeGreaterThan(0);
    expect(storedOf(graph).halves.size).toBeGreaterThan(0);
    // Rounded they are: in float32 the same model is much nearer.
    expect(Math.max(...kernels.map(({ worst }) => worst))).toBeGreaterThan(1e-4);
  });
});
