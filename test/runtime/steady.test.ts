import { expect, test } from "vitest";
import { testDevice } from "../gpu.ts";
import { createTraining } from "./modules.ts";

/** Counts the calls of `device` and its queue by method name from now on. */
function countCalls(device: GPUDevice): Record<string, number> {
  const counts: Record<string, number> = {};
  const watch = (target: object): void => {
    for (let shape = target; shape && shape !== Object.prototype; shape = Object.getPrototypeOf(shape) as object) {
      for (const name of Object.getOwnPropertyNames(shape)) {
        const method = Object.getOwnPropertyDescriptor(shape, name)?.value as unknown;
        if (typeof method !== "function" || name === "constructor" || Object.hasOwn(target, name)) continue;
        Object.defineProperty(target, name, {
          value: (...args: unknown[]) => {
            counts[name] = (counts[name] ?? 0) + 1;
            return Reflect.apply(method, target, args) as unknown;
          },
        });
      }
    }
  };
  watch(device.queue);
  watch(device);
  return counts;
}

test("a step creates nothing but its command encoder, and submits once", async () => {
  const device = await testDevice();
  const queue = device.queue;
  expect(device.queue).toBe(queue);
  const module = await createTraining({ device });
  const own = device.createBuffer({ size: 16, usage: 0x88 });
  module.train({ x: own }, { rate: 1 });
  await module.train({ x: new Float32Array(4) }, { rate: 2 }).total;
  const counts = countCalls(device);
  const steps = 30;
  for (let index = 0; index < steps; index++) {
    const step = module.train({ x: index % 2 ? new Float32Array(4) : own }, { rate: 2 });
    await step.accepted;
    if (index % 3 === 0) await step.total;
  }
  const { createCommandEncoder, submit, onSubmittedWorkDone, writeBuffer, pushErrorScope, popErrorScope, ...others } =
    counts;
  expect(others).toEqual({});
  expect([createCommandEncoder, submit, onSubmittedWorkDone]).toEqual([steps, steps, steps]);
  // Unchanged settings are not written, nor are inputs that stay on the GPU.
  expect(writeBuffer).toBe(steps / 2);
  expect([pushErrorScope, popErrorScope]).toEqual([steps / 2, steps / 2]);
  module.destroy();
});
