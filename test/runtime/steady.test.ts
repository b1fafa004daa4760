import { expect, test } from "vitest";
import { openDevice } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";
import { codeOf } from "./codes.ts";
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

test("a step creates nothing but its command encoder, and submits once; so does a read after steps without", async () => {
  const device = await testDevice();
  const queue = device.queue;
  expect(device.queue).toBe(queue);
  const module = await createTraining({ device });
  const own = device.createBuffer({ size: 16, usage: 0x88 });
  module.train({ x: own }, { rate: 1 });
  await module.train({ x: new Float32Array(4) }, { rate: 2 }).total;
  let reads = 0;
  let wasRead = true;
  const go = async (steps: number): Promise<void> => {
    for (let index = 0; index < steps; index++) {
      const step = module.train({ x: index % 2 ? new Float32Array(4) : own }, { rate: 2 });
      await step.accepted;
      const isRead = index % 3 === 0;
      if (isRead) await step.total;
      // One is copied in its step when what was before it was read.
      if (isRead && !wasRead) reads++;
      wasRead = isRead;
    }
  };
  // Buffers to read from are made at the first reads.
  await go(12);
  const counts = countCalls(device);
  reads = 0;
  const steps = 30;
  await go(steps);
  const { createCommandEncoder, submit, onSubmittedWorkDone, writeBuffer, pushErrorScope, popErrorScope, ...others } =
    counts;
  expect(others).toEqual({});
  // The queue is asked how far it is once in half of the 8 calls that may be in flight.
  expect([createCommandEncoder, submit, onSubmittedWorkDone]).toEqual([
    steps + reads,
    steps + reads,
    Math.floor((steps + 2) / 4),
  ]);
  // Unchanged settings are not written, nor are inputs that stay on the GPU.
  expect(writeBuffer).toBe(steps / 2);
  expect([pushErrorScope, popErrorScope]).toEqual([steps / 2, steps / 2]);
  module.destroy();
});

test("outputs are copied where they are read: in the step where each step is, else by the read", async () => {
  const { device } = await openDevice();
  const module = await createTraining({ device });
  const copies: number[] = [];
  const create = device.createCommandEncoder.bind(device);
  Object.defineProperty(device, "createCommandEncoder", {
    value: () => {
      const encoder = create();
      const copy = encoder.copyBufferToBuffer.bind(encoder) as (...given: unknown[]) => void;
      const at = copies.push(0) - 1;
      const counted = (...given: unknown[]): void => (copies[at]!++, copy(...given));
      return Object.defineProperty(encoder, "copyBufferToBuffer", { value: counted });
    },
  });
  const x = Float32Array.of(1, 0, 0, 0);
  const ahead = Array.from({ length: 5 }, () => module.train({ x }, { rate: 1 }));
  expect(copies).toEqual([0, 0, 0, 0, 0]);
  // Each has its own, although later ones were there before any was read.
  expect(await Promise.all(ahead.map(({ total }) => total))).toEqual([9, 8, 7, 6, 5]);
  expect(copies.splice(0)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
  for (let index = 0; index < 3; index++) expect(await module.train({ x }, { rate: 1 }).total).toBe(4 - index);
  expect(copies.splice(0)).toEqual([1, 1, 1]);
  for (let index = 0; index < 3; index++) await module.train({ x }, { rate: 0 }).accepted;
  expect(copies).toEqual([1, 0, 0]);
  module.destroy();
  device.destroy();
});

test("whoever waits for the queue before all places are taken again finds them free", async () => {
  const { device } = await openDevice();
  const module = await createTraining({ device, maxInFlight: 8 });
  for (let round = 0; round < 3; round++) {
    for (let index = 0; index < 8; index++) module.train({ x: new Float32Array(4) });
    await device.queue.onSubmittedWorkDone();
  }
  expect(module.steps).toBe(24);
  // One before a round, and a number of places that is not even.
  await module.train({ x: new Float32Array(4) }).total;
  for (let index = 0; index < 8; index++) module.train({ x: new Float32Array(4) });
  await module.readState();
  const three = await createTraining({ device, maxInFlight: 3 });
  for (let round = 0; round < 2; round++) {
    const steps = [0, 1, 2].map(() => three.train({ x: new Float32Array(4) }));
    await Promise.all([...steps, steps[2]!].map(({ accepted }) => accepted));
    await device.queue.onSubmittedWorkDone();
  }
  three.destroy();
  module.destroy();
  device.destroy();
});

test("buffers that the step before was given too are not looked at again", async () => {
  const device = await testDevice();
  const module = await createTraining({ device });
  const [own, other] = [0, 1].map(() => device.createBuffer({ size: 16, usage: 0x88 })) as [GPUBuffer, GPUBuffer];
  const { usage } = own;
  let looks = 0;
  Object.defineProperty(own, "usage", { get: () => (looks++, usage) });
  for (let index = 0; index < 5; index++) await module.train({ x: own }).accepted;
  expect(looks).toBe(1);
  await module.train({ x: other }).accepted;
  await module.train({ x: own }).accepted;
  expect(looks).toBe(2);
  const large = device.createBuffer({ size: 1024, usage: 0x88 });
  await module.train({ x: { buffer: large, offset: 256, size: 16 } }).accepted;
  expect(await codeOf(() => module.train({ x: large }))).toBe("input-length");
  expect(await codeOf(() => module.train({ x: own, y: own } as never))).toBe("input-unknown");
  expect(await codeOf(() => module.train({ y: own } as never))).toBe("input-missing");
  module.destroy();
});

test("WebGPU is asked about a caller's buffers at the first of the steps that are given them", async () => {
  const { device } = await openDevice();
  const module = await createTraining({ device });
  const own = device.createBuffer({ size: 16, usage: 0x88 });
  const counts = countCalls(device);
  for (let index = 0; index < 5; index++) await module.train({ x: own }, { rate: index }).accepted;
  expect(counts).toMatchObject({ pushErrorScope: 1, popErrorScope: 1, submit: 5 });
  module.destroy();
  device.destroy();
});

test("buffers to read from are made where as many reads as never before are under way, and kept", async () => {
  const { device } = await openDevice();
  const module = await createTraining({ device });
  const counts = countCalls(device);
  const x = new Float32Array(4);
  const readTogether = (count: number) => Promise.all(Array.from({ length: count }, () => module.train({ x }).total));
  for (const count of [1, 1, 5, 4, 5]) await readTogether(count);
  expect(counts.createBuffer).toBe(5);
  // What was copied for nobody is free again when its place is.
  for (let index = 0; index < 20; index++) await module.train({ x }).accepted;
  await device.queue.onSubmittedWorkDone();
  await readTogether(5);
  expect(counts.createBuffer).toBe(5);
  module.destroy();
  device.destroy();
});

test("a read for which the device has no room says so, and no step is lost by it", async () => {
  const { device } = await openDevice();
  device.addEventListener("uncapturederror", (event) => event.preventDefault());
  const module = await createTraining({ device });
  const create = device.createBuffer.bind(device);
  Object.defineProperty(device, "createBuffer", {
    configurable: true,
    value: (request: GPUBufferDescriptor) => {
      Reflect.deleteProperty(device, "createBuffer");
      return create({ ...request, size: 2 ** 50 });
    },
  });
  const x = Float32Array.of(1, 0, 0, 0);
  expect(await codeOf(() => module.train({ x }, { rate: 1 }).total)).toBe("out-of-memory");
  const totals: number[] = [];
  for (let index = 0; index < 20; index++) totals.push(await module.train({ x }, { rate: 1 }).total);
  expect(totals).toEqual(totals.map((_, index) => 8 - index));
  module.destroy();
  device.destroy();
});
