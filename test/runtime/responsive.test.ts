import { expect, test } from "vitest";
import type { Program } from "../../runtime/abi.ts";
import { load, type LoadOptions } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";
import { createTraining } from "./modules.ts";
import { training } from "./programs.ts";

type Watched = Record<string, (...values: unknown[]) => unknown>;

/** Calls `note` with the arguments of a method from now on; the result puts the method back. */
function watch(target: object, method: string, note: (...values: never[]) => void): () => void {
  const watched = target as Watched;
  const own = watched[method]!.bind(target);
  Object.defineProperty(target, method, {
    configurable: true,
    value: (...values: unknown[]) => {
      note(...(values as never[]));
      return own(...values);
    },
  });
  return () => Reflect.deleteProperty(target, method);
}

test("pipelines are made asynchronously", async () => {
  const device = await testDevice();
  const labels: string[] = [];
  const blocking: string[] = [];
  const undo = [
    watch(device, "createComputePipelineAsync", ({ label }: GPUComputePipelineDescriptor) => labels.push(label!)),
    watch(device, "createComputePipeline", () => blocking.push("compute")),
  ];
  const module = await createTraining({ device });
  for (const each of undo) each();
  expect(labels).toEqual(training.kernels.map(({ name }) => name));
  expect(blocking).toEqual([]);
  module.destroy();
});

/** `training` with so many weights. */
function withWeights(elements: number): Program {
  const weight = training.states[0]!;
  return {
    ...training,
    buffers: [{ ...training.buffers[0]!, bytes: 4 * elements }, ...training.buffers.slice(1)],
    states: [{ ...weight, shape: [elements], init: { tag: "normal", mean: 0, deviation: 1, site: 1 } }],
  };
}

/** The most elements that are written, and the most kernels that are sent to the driver, in one turn of the event loop. */
async function mostInATurn(program: Program, options: LoadOptions) {
  const device = await testDevice();
  let turn = 0;
  let open = true;
  const count = (): void => {
    turn++;
    if (open) setImmediate(count);
  };
  setImmediate(count);
  const [written, kernels] = [new Map<number, number>(), new Map<number, number>()];
  const add = (to: Map<number, number>, amount: number): unknown => to.set(turn, (to.get(turn) ?? 0) + amount);
  const undo = [
    watch(device.queue, "writeBuffer", (_buffer: GPUBuffer, _offset: number, data: Float32Array) =>
      add(written, data.length),
    ),
    watch(device, "createShaderModule", () => add(kernels, 1)),
  ];
  const module = await load(program, { device, ...options });
  open = false;
  for (const each of undo) each();
  const total = [...written.values()].reduce((sum, each) => sum + each, 0);
  return { module, total, written: Math.max(...written.values()), kernels: Math.max(...kernels.values()) };
}

test("the thread is free between kernels, and between parts of large states", async () => {
  const elements = 2 ** 20;
  const { module, total, written, kernels } = await mostInATurn(withWeights(elements), {});
  expect(total).toBeGreaterThanOrEqual(elements);
  expect(written).toBeLessThan(elements / 4);
  expect(kernels).toBe(1);
  module.destroy();
});

test.each(["params", "state"] as const)(
  "the thread is free between parts of large %s that are given",
  async (option) => {
    const elements = 5 * 2 ** 20;
    const data = Float32Array.from({ length: elements }, (_, index) => index);
    const tensor = { dtype: "f32", shape: [elements], data } as const;
    const options = option === "params" ? { params: { weight: data } } : { state: { weight: tensor } };
    const { module, total, written } = await mostInATurn(withWeights(elements), options);
    expect(total).toBeGreaterThanOrEqual(elements);
    expect(written).toBeLessThan(elements / 3);
    const { weight } = await module.readParams();
    expect(Buffer.compare(Buffer.from(weight!.buffer), Buffer.from(data.buffer))).toBe(0);
    module.destroy();
  },
);

test("parts of a state are the numbers of the whole", async () => {
  const { initialValue } = await import("../../runtime/params.ts");
  const slot = { ...training.states[3]!, shape: [1000] };
  const whole = initialValue(slot, 7)!;
  const parts = [0, 300, 600, 900].flatMap((start) => [...initialValue(slot, 7, start, 300)!]);
  expect(parts).toEqual([...whole]);
});
