/// Kernels of a model whose `batch` is not bound: the size is a field of a uniform, and everything else is as ever.
import { beforeAll, describe, expect, it } from "vitest";
import { entryPointRoots, type Graph } from "../../../ir/graph.ts";
import { settingOp, type SettingIdentity } from "../../../ir/ops/leaf.ts";
import { postorder, type Value } from "../../../ir/value.ts";
import { lower } from "../../../compiler/lower/lower.ts";
import type { Kernel } from "../../../compiler/lower/kernel.ts";
import { planEntry } from "../../../compiler/plan.ts";
import { writeKernel } from "../../../compiler/wgsl/write.ts";
import digits from "../../../samples/digits/model.ts";
import { testDevice } from "../../gpu.ts";
import { finalGraph } from "../planning.ts";

interface FreeKernel {
  readonly kernel: Kernel;
  readonly wgsl: string;
}

/** Cluster, order, lower and write one entry point, every named size free. */
function writeFree(graph: Graph, entryName: string): readonly FreeKernel[] {
  const entry = graph.entryPoints.find(({ name }) => name === entryName)!;
  const settings = postorder(entryPointRoots(entry)).filter(({ op }) => op === settingOp);
  const context = {
    notes: graph.notes,
    extentOf: extentOf(),
    shares: () => false,
    settings: new Map(settings.map((leaf) => [leaf, (leaf.attrs.identity as SettingIdentity).name])),
    sizes: ["batch", "pixels"],
  };
  return planEntry(entry, graph.notes).steps.map((step, position) => {
    const targets = (value: Value) => step.targets.get(value) ?? [];
    const around = { stateOf: () => undefined, isExact: () => true };
    const surroundings = { notes: graph.notes, name: `kernel${position}`, targets, ...around };
    const kernel = lower(step.traffic, surroundings);
    return { kernel, wgsl: writeKernel(kernel, context, [`kernel ${position}`]).wgsl };
  });
}

/** A buffer for every tensor. */
function extentOf() {
  const known = new Map<Value, number>();
  const bufferOf = (tensor: Value): number => known.get(tensor) ?? (known.set(tensor, known.size), known.size - 1);
  return (tensor: Value) => ({ buffer: bufferOf(tensor), from: 0, to: 0 });
}

describe.each(["predict", "train"])("%s of digits with batch and pixels free", (entry) => {
  let kernels: readonly FreeKernel[];
  beforeAll(() => void (kernels = writeFree(finalGraph(digits), entry)));

  it("has as many kernels as with sizes bound", () => {
    const bound = finalGraph(digits, { batch: 64, pixels: 256 });
    const steps = planEntry(
      bound.entryPoints.find(({ name }) => name === entry)!,
      bound.notes,
    ).steps;
    expect(kernels).toHaveLength(steps.length);
  });

  it("reads the size from the uniform `sizes`, and from nowhere else", () => {
    const reading = kernels.filter(({ wgsl }) => /\bsizes\.batch\b/.test(wgsl));
    expect(reading.length).toBeGreaterThanOrEqual(kernels.length / 2);
    for (const { wgsl } of kernels) {
      const code = wgsl.replace(/\/\/.*$/gm, "");
      expect(code.includes("sizes.")).toBe(code.includes("var<uniform> sizes: Sizes;"));
      expect(code).not.toMatch(/NaN|undefined|\[object/);
      expect(code.replace(/\bsizes\.\w+|struct Sizes.*/g, "")).not.toMatch(/\bbatch\s*:|\bpixels\b/);
    }
  });

  it("gives grids in named sizes", () => {
    const extents = kernels.flatMap(({ kernel }) => kernel.grid.map(({ extent }) => extent));
    expect(extents.some((extent) => typeof extent === "string" && extent.includes("batch"))).toBe(true);
  });

  it("is accepted by the device", async () => {
    const device = await testDevice();
    for (const { wgsl } of kernels) {
      const module = device.createShaderModule({ code: wgsl });
      const { messages } = await module.getCompilationInfo();
      expect(messages.filter(({ type }) => type === "error").map(({ message }) => `${message}\n${wgsl}`)).toEqual([]);
      await device.createComputePipelineAsync({ layout: "auto", compute: { module, entryPoint: "main" } });
    }
  });
});
