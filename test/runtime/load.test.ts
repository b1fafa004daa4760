import { describe, expect, test } from "vitest";
import type { Program } from "../../runtime/abi.ts";
import { load, openDevice } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";
import { codeOf, messageOf } from "./codes.ts";
import { createDoubling, createTraining } from "./modules.ts";
import { doubling, training } from "./programs.ts";

const x = Float32Array.of(1, 1, 1, 1);

describe("loading", () => {
  test("a vector is doubled, on a device of its own", async () => {
    const module = await createDoubling();
    expect([...(await module.double({ x: Float32Array.of(1, 2, 3, 4) })).doubled]).toEqual([2, 4, 6, 8]);
    expect(module.adapter).toMatch(/^\S.*$/);
    if (module.adapter.includes("SwiftShader")) expect(module.adapter).toContain("software");
    module.destroy();
    expect((await module.device.lost).reason).toBe("destroyed");
  });

  test("progress counts every kernel, by name", async () => {
    const seen: { readonly done: number; readonly total: number; readonly name: string }[] = [];
    const module = await createTraining({ device: await testDevice(), onProgress: (at) => seen.push(at) });
    expect(seen.map(({ done, total }) => [done, total])).toEqual([1, 2, 3].map((done) => [done, 3]));
    expect(seen.map(({ name }) => name).sort()).toEqual(["scale", "total", "update"]);
    module.destroy();
  });

  test("what onProgress throws, load() throws", async () => {
    const thrown = new Error("no bar");
    const onProgress = (): void => {
      throw thrown;
    };
    await expect(createTraining({ device: await testDevice(), onProgress })).rejects.toBe(thrown);
  });

  test("an adapter may be passed in", async () => {
    const { requestGpu } = await import("../../runtime/node.ts");
    const gpu = await requestGpu();
    const adapter = (await gpu.requestAdapter())!;
    const module = await createDoubling({ adapter });
    expect([...(await module.double({ x })).doubled]).toEqual([2, 2, 2, 2]);
    module.destroy();
    expect(await codeOf(() => createDoubling({ adapter }))).toBe("device-request");
    expect(gpu).toBeDefined();
  });
});

describe("states", () => {
  test("initial values come from the seed alone", async () => {
    const device = await testDevice();
    const modules = await Promise.all([1, 1, 2].map((seed) => createTraining({ device, seed })));
    const [one, same, other] = await Promise.all(modules.map((module) => module.readState()));
    expect(Object.keys(one!)).toEqual(["weight", "count", "key", "noise"]);
    expect(one).toEqual(same);
    expect(one!.noise).not.toEqual(other!.noise);
    expect(one!.key).toEqual({ dtype: "u32", shape: [2], data: Uint32Array.of(1, 0) });
    expect(one!.count).toEqual({ dtype: "u32", shape: [], data: Uint32Array.of(0) });
    for (const module of modules) module.destroy();
  });

  test("a run that goes on from a checkpoint equals one that was never stopped", async () => {
    const device = await testDevice();
    const whole = await createTraining({ device, seed: 3 });
    const input = (step: number) => ({ x: Float32Array.from([0.1, 0.7, 1.3, -0.2], (value) => value * (step + 1)) });
    for (let step = 0; step < 3; step++) await whole.train(input(step)).accepted;
    const checkpoint = await whole.readState();
    for (let step = 3; step < 6; step++) await whole.train(input(step)).accepted;
    const resumed = await createTraining({ device, state: checkpoint });
    for (let step = 3; step < 6; step++) await resumed.train(input(step)).accepted;
    expect(await resumed.readState()).toEqual(await whole.readState());
    expect((await resumed.readState()).count!.data[0]).toBe(6);
    whole.writeState(checkpoint);
    expect(await whole.readState()).toEqual(checkpoint);
    whole.destroy();
    resumed.destroy();
  });

  test("a copy shows the calls before it and none after it", async () => {
    const module = await createTraining({ device: await testDevice() });
    module.train({ x });
    const copy = module.readParams();
    module.train({ x });
    expect([...(await copy).weight]).toEqual([0.5, 1.5, 2.5, 3.5]);
    expect([...(await module.readParams()).weight]).toEqual([0, 1, 2, 3]);
    expect(Object.keys(await copy)).toEqual(["weight", "noise"]);
    module.destroy();
  });

  test("given weights replace the initial ones", async () => {
    const device = await testDevice();
    const module = await createTraining({ device, params: { weight: [4, 4, 4, 4] } });
    const plain = await createTraining({ device });
    const params = await module.readParams();
    expect([...params.weight]).toEqual([4, 4, 4, 4]);
    expect(params.noise).toEqual((await plain.readParams()).noise);
    module.writeParams({ noise: new Float64Array(16).fill(0.5) });
    expect((await module.readParams()).noise).toEqual(new Float32Array(16).fill(0.5));
    module.destroy();
    plain.destroy();
  });

  test("wrong weights and checkpoints", async () => {
    const device = await testDevice();
    const module = await createTraining({ device });
    const state = await module.readState();
    const { count, ...partial } = state;
    const wrongShape = { ...state, noise: { ...state.noise!, shape: [8, 2] } };
    const wrongType = { ...state, weight: { ...state.weight!, data: Uint32Array.of(1, 2, 3, 4) } };
    expect(await codeOf(() => createTraining({ device, params: { bias: [1] } }))).toBe("param-unknown");
    expect(await codeOf(() => createTraining({ device, params: { count: [1] } }))).toBe("param-unknown");
    expect(await codeOf(() => createTraining({ device, params: { weight: [1] } }))).toBe("state-value");
    expect(await codeOf(() => module.writeParams({ weight: [1, 2, 3] }))).toBe("state-value");
    expect(await codeOf(() => createTraining({ device, state: partial }))).toBe("state-mismatch");
    expect(await codeOf(() => module.writeState({ ...state, other: count! }))).toBe("state-mismatch");
    expect(await codeOf(() => module.writeState(wrongShape))).toBe("state-value");
    expect(await codeOf(() => module.writeState(wrongType))).toBe("state-value");
    expect(await messageOf(() => createTraining({ device, state: partial }))).toMatchInlineSnapshot(`
      "error[state-mismatch]: a checkpoint must hold the program's states: missing count; unknown none
        help: load weights alone with \`params\`"
    `);
    const given = async (other: unknown): Promise<string> =>
      (await messageOf(() => createTraining({ device, ...(other as object) })))
        .replace(/missing .*; /, "")
        .split("\n")[0]!;
    const must = "error[state-mismatch]: a checkpoint must hold the program's states:";
    expect(await given({ state: Promise.resolve(state) })).toBe(`${must} unknown [object Promise]`);
    expect(await given({ state: "last.safetensors" })).toBe(`${must} unknown last.safetensors`);
    for (const nothing of [null, 0, false]) expect(await given({ state: nothing })).toBe(`${must} unknown ${nothing}`);
    expect(await given({ state: undefined })).toBe("no error");
    expect(await given({ params: "w.safetensors" })).toMatch(/^error\[param-unknown\].*: found `w\.safetensors`$/);
    expect(await module.readState()).toEqual(state);
    module.destroy();
  });
});

describe("programs and devices that do not fit", () => {
  test("another ABI version is refused with both numbers", async () => {
    expect(await messageOf(() => load({ ...doubling, abi: 999 }))).toMatchInlineSnapshot(`
      "error[abi-version]: program and runtime must have one ABI version: program 999, runtime 3
        help: recompile the model with the installed chainrule"
    `);
  });

  test.each([
    ["seed", { seed: 1.5 }],
    ["seed", { seed: -1 }],
    ["maxInFlight", { maxInFlight: 0 }],
    ["onProgress", { onProgress: 5 as never }],
  ])("option %s: %o", async (_name, options) => {
    expect(await codeOf(() => createDoubling(options))).toBe("option-value");
  });

  test("limits are requested, and checked against adapter and device", async () => {
    const needs = (limits: Program["limits"]): Program => ({ ...doubling, limits });
    const device = await testDevice();
    const huge = needs({ maxBufferSize: 2 ** 50 });
    expect(await messageOf(() => load(huge, { device }))).toMatch(
      /^error\[limit-exceeded\].*maxBufferSize of 1125899906842624: it allows \d+\n {2}help/,
    );
    expect(await codeOf(() => load(huge))).toBe("limit-exceeded");
    expect(await codeOf(() => load(needs({ maxUnknown: 1 }), { device }))).toBe("limit-exceeded");
    expect(await codeOf(() => load(needs({ maxBufferSize: 1 }), { adapter: {} as never }))).toBe("limit-exceeded");
    expect(await codeOf(() => createDoubling({ adapter: {} as never }))).toBe("device-request");
    const opened = await openDevice({ maxStorageBuffersPerShaderStage: 9 });
    expect(opened.device.limits.maxStorageBuffersPerShaderStage).toBeGreaterThanOrEqual(9);
    opened.close();
  });

  test("a kernel that does not compile is named, with the compiler's message and place", async () => {
    const device = await testDevice();
    const [kernel] = doubling.kernels;
    const broken = { ...doubling, kernels: [{ ...kernel!, wgsl: kernel!.wgsl.replace("2.0 *", "two *") }] };
    expect(await messageOf(() => load(broken, { device }))).toMatchInlineSnapshot(`
      "error[kernel-invalid]: kernel \`double\` must be valid on this device
        help: report this:
      Error while parsing WGSL: :4:97 error: unresolved value 'two'
      @compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) { doubled[id.x] = two * x[id.x]; }
                                                                                                      ^^^


       - While calling [Device].CreateShaderModule([ShaderModuleDescriptor ""double""]).
      "
    `);
    const swapped = { ...doubling, kernels: [{ ...kernel!, bindings: ["read_write", "read"] as const }] };
    expect(await messageOf(() => load(swapped, { device }))).toContain("kernel `double`");
    const fewer = { ...doubling, kernels: [{ ...kernel!, bindings: ["read"] as const }] };
    expect(await codeOf(() => load(fewer, { device }))).toBe("kernel-invalid");
  });

  test("a dispatch that binds a buffer both ways is refused at load", async () => {
    const { double } = doubling.entryPoints;
    const dispatch = {
      ...double!.dispatches[0]!,
      bindings: [0, 0].map((buffer) => ({ buffer, offset: 0, bytes: 16 })),
    };
    const program = { ...doubling, entryPoints: { double: { ...double!, dispatches: [dispatch] } } };
    expect(await messageOf(() => load(program, { device: undefined }))).toMatch(/error\[kernel-invalid\].*`double`/);
  });

  test("buffers that do not fit", async () => {
    const buffers = doubling.buffers.map((plan) => ({ ...plan, bytes: 2 ** 40 }));
    expect(await codeOf(async () => load({ ...doubling, buffers }, { device: await testDevice() }))).toBe(
      "out-of-memory",
    );
  });

  test("the device is still good after all that", async () => {
    const module = await createDoubling({ device: await testDevice() });
    expect([...(await module.double({ x })).doubled]).toEqual([2, 2, 2, 2]);
    module.destroy();
    expect(training.abi).toBe(doubling.abi);
  });
});
