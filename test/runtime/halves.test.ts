/// Kernels that read halves: what their text is on devices with and without `shader-f16`, of one adapter and of another.
import { create } from "webgpu";
import { afterAll, describe, expect, it } from "vitest";
import { dense, input, model, relu, type Graph, type Tensor } from "chainrule";
import { compile } from "../../compiler/compile.ts";
import { load, openDevice } from "../../runtime/index.ts";
import { requestGpu } from "../../runtime/node.ts";
import { textFor } from "../../runtime/quads.ts";
import { kinds } from "../compiler/half.ts";
import type { AnyModule } from "../compiler/planning.ts";
import { testDevice } from "../gpu.ts";

const featureSets: readonly (readonly GPUFeatureName[])[] = [
  [],
  ["subgroups"],
  ["shader-f16"],
  ["subgroups", "shader-f16"],
];

const on = (features: readonly string[], wgsl: string): string =>
  textFor({ features: new Set(features) as unknown as GPUSupportedFeatures }, wgsl);

const inHalves = (graph: Graph) => compile(graph, { storage: "f16" });
const graphs = Object.entries(kinds).map(([name, make]) => [name, make()] as const);

const programs = graphs.map(([, graph]) => inHalves(graph));
const kernels = programs.flatMap((program) => program.kernels);

/** An adapter of Dawn that computes nothing, has every feature, and reads each text as any other does. */
const idle = create(["backend=null"]);
const idleAdapter = async (): Promise<GPUAdapter> => (await idle.requestAdapter())!;

describe("the text of kernels that read halves", () => {
  const texts = kernels.map(({ wgsl }) => wgsl).filter((wgsl) => wgsl.includes("read_hal"));

  it("reads them as f16 where a device has it, and unpacks them where it has not", () => {
    expect(texts.length).toBeGreaterThan(5);
    expect(texts.join()).toMatch(/= .*read_half\(/);
    expect(texts.join()).toMatch(/= .*read_halves\(/);
    for (const wgsl of texts) {
      const [packed, native] = [on(["subgroups"], wgsl), on(["subgroups", "shader-f16"], wgsl)];
      expect(packed).toBe(wgsl);
      expect(packed).toContain("unpack2x16float");
      expect(packed.replace(/\/\/.*/g, "")).not.toContain("f16>");
      expect(native).toMatch(/^enable f16;$/m);
      expect(native).toContain("bitcast<vec");
      expect(native).not.toMatch(/unpack2x16float|\/\/\+/);
    }
  });

  it("differs in nothing but what reads them", () => {
    for (const { wgsl } of kernels) {
      const lines = [wgsl, on(["subgroups", "shader-f16"], wgsl)].map((text) => text.split("\n"));
      const others = lines[0].filter((line, at) => line !== lines[1][at]);
      expect(lines[1].length).toBe(lines[0].length);
      for (const line of others) expect(line).toMatch(/^( +return .*; )?\/\/\+ /);
    }
  });

  it.each(featureSets.map((features) => ({ features })))(
    "is valid without a warning: $features",
    async ({ features }) => {
      const device = await (await idleAdapter()).requestDevice({ requiredFeatures: features });
      for (const { wgsl } of kernels) {
        const code = textFor(device, wgsl);
        const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
        expect(messages.map(({ message }) => `${message}\n${code}`)).toEqual([]);
      }
      device.destroy();
    },
  );

  it("has names that look like it left alone", () => {
    const named = (name: string) => `// ${name}\n//${name}\n  let x = a / b; // ${name}\n`;
    for (const name of ["x //+ }", "//+ }", " //+ discard;"]) expect(on(["shader-f16"], named(name))).toBe(named(name));
  });
});

describe("a program in halves", () => {
  let plain: GPUDevice | undefined;
  afterAll(() => plain?.destroy());

  it.each(graphs)("of %s is the same bits on a device without features, which a user brings", async (_, graph) => {
    plain ??= await (await (await requestGpu()).requestAdapter())!.requestDevice();
    expect([...plain.features].filter((feature) => ["subgroups", "shader-f16"].includes(feature))).toEqual([]);
    const program = inHalves(graph);
    const results = [];
    for (const device of [plain, await testDevice()]) {
      const module = await load<AnyModule>(program, { device, seed: 1 });
      const inputs = program.entryPoints.train!.inputs.map(({ name, dtype, shape }) => {
        const size = shape.reduce((product, extent) => product * extent, 1);
        const wave = Float32Array.from({ length: size }, (_, i) => Math.sin(i * i));
        return [name, dtype === "f32" ? wave : Int32Array.from(wave, (x) => 2 + 2 * x)] as const;
      });
      const losses = [];
      for (let step = 0; step < 3; step++) losses.push(await module.train(Object.fromEntries(inputs)).loss);
      results.push([losses, await module.readParams()]);
      module.destroy();
    }
    expect(results[0]).toEqual(results[1]);
  });

  it.each(["//+ }", "x //+ y", "read_halves(", "f16", "vec4<f16>"])(
    "may have a tensor that is called %s",
    async (name) => {
      const named = model("names", () => {
        const x: Tensor<"f32", [8, 16]> = input(name, "f32", [8, 16]);
        const hidden = relu(dense(x, 32, { name: `${name} hidden` }));
        return { train: { [`${name} result`]: dense(hidden, 4, { name: `${name} head` }) } };
      });
      const program = inHalves(named);
      expect(program.kernels.some(({ wgsl }) => wgsl.includes("read_halves("))).toBe(true);
      const device = await (await idleAdapter()).requestDevice({ requiredFeatures: ["shader-f16"] });
      (await load(program, { device })).destroy();
      device.destroy();
    },
  );
});

describe("a device that is opened for a program", () => {
  it("has shader-f16 where the adapter has it", async () => {
    const adapter = await idleAdapter();
    expect(adapter.features.has("shader-f16")).toBe(true);
    const module = await load<AnyModule>(programs[0], { adapter });
    expect(module.device.features.has("shader-f16")).toBe(true);
    module.destroy();
  });

  it("is not asked for it where the adapter has it not", async () => {
    const adapter = await idleAdapter();
    const { limits, info } = adapter;
    const asked: GPUDeviceDescriptor[] = [];
    const requestDevice = (descriptor: GPUDeviceDescriptor): Promise<GPUDevice> => {
      asked.push(descriptor);
      return adapter.requestDevice(descriptor);
    };
    const without = { features: new Set(["subgroups"]), limits, info, requestDevice } as unknown as GPUAdapter;
    const opened = await openDevice({}, { adapter: without });
    expect(asked.map(({ requiredFeatures }) => requiredFeatures)).toEqual([["subgroups"]]);
    opened.close();
  });

  it("is what the tests run on: with it wherever the adapter has it", async () => {
    const adapter = (await (await requestGpu()).requestAdapter())!;
    const device = await testDevice();
    expect(device.features.has("shader-f16")).toBe(adapter.features.has("shader-f16"));
  });
});
