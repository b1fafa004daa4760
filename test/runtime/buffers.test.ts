/// Buffers of the caller as inputs, and outputs that stay on the GPU.
import { describe, expect, test } from "vitest";
import { openDevice, stepsOf } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";
import { codeOf } from "./codes.ts";
import { createDoubling, createTraining } from "./modules.ts";

const x = Float32Array.of(1, 1, 1, 1);
const label = Int32Array.of(0, 0);

describe("inputs and outputs on the GPU", () => {
  const STORAGE = 0x80;
  const COPY_DST = 0x8;
  const buffer = (device: GPUDevice, values: Float32Array<ArrayBuffer>, usage = STORAGE | COPY_DST): GPUBuffer => {
    const made = device.createBuffer({ size: values.byteLength, usage });
    device.queue.writeBuffer(made, 0, values);
    return made;
  };

  test("a buffer stands for an input, one call after another, mixed with arrays", async () => {
    const device = await testDevice();
    const module = await createTraining({ device });
    const twos = buffer(device, Float32Array.of(2, 2, 2, 2));
    const threes = buffer(device, Float32Array.of(3, 3, 3, 3));
    for (let round = 0; round < 2; round++) {
      expect([...(await module.predict({ x: twos, label })).scaled]).toEqual([2, 4, 6, 8]);
      expect([...(await module.predict({ x: threes, label })).scaled]).toEqual([3, 6, 9, 12]);
      expect([...(await module.predict({ x, label })).scaled]).toEqual([1, 2, 3, 4]);
    }
    module.destroy();
    for (const own of [twos, threes]) own.destroy();
  });

  test("an output on the GPU is another module's input", async () => {
    const device = await testDevice();
    const [training, doubling] = await Promise.all([createTraining({ device }), createDoubling({ device })]);
    const step = training.train({ x }, { rate: 0 });
    expect(step.buffers.weights).toMatchObject({ offset: 256, size: 16 });
    const { doubled } = await doubling.double({ x: step.buffers.weights });
    expect([...doubled]).toEqual([2, 4, 6, 8]);
    training.destroy();
    expect([...(await doubling.double({ x })).doubled]).toEqual([2, 2, 2, 2]);
    doubling.destroy();
  });

  test("a buffer's size and usage are checked, and what only WebGPU can see comes with the read", async () => {
    const device = await testDevice();
    const module = await createTraining({ device });
    const short = buffer(device, Float32Array.of(2, 2));
    const copyOnly = buffer(device, Float32Array.of(1, 2, 3, 4), COPY_DST);
    const gone = buffer(device, Float32Array.of(1, 2, 3, 4));
    gone.destroy();
    expect(await codeOf(() => module.train({ x: short }))).toBe("input-length");
    expect(await codeOf(() => module.train({ x: copyOnly }))).toBe("input-type");
    const large = buffer(device, new Float32Array(128));
    for (const offset of [NaN, -256, 128, 512]) {
      expect(await codeOf(() => module.train({ x: { buffer: large, offset, size: 16 } }))).toBe("input-length");
    }
    expect(await module.train({ x: { buffer: large, size: 16 } as never }).total).toBe(10);
    const step = module.train({ x: gone });
    expect(await codeOf(() => step.total)).toBe("input-type");
    expect(await codeOf(() => step.accepted)).toBe("input-type");
    expect(await module.train({ x }, { rate: 0 }).total).toBe(10);
    module.destroy();
  });

  test("a buffer that is destroyed between two steps comes with the read of the second, and leaves the rest alone", async () => {
    const { device } = await openDevice();
    const module = await createTraining({ device });
    const [own, other] = [0, 1].map(() => buffer(device, new Float32Array(4))) as [GPUBuffer, GPUBuffer];
    const first = module.train({ x: own });
    own.destroy();
    const second = module.train({ x: own });
    const third = module.train({ x: other });
    expect(await first.total).toBe(10);
    expect(await codeOf(() => second.total)).toBe("input-type");
    expect(await codeOf(() => second.accepted)).toBe("input-type");
    expect(await third.total).toBe(10);
    expect(await codeOf(() => module.train({ x: own }).read())).toBe("input-type");
    for (let step = 0; step < 3; step++) expect(await module.train({ x: other }).total).toBe(10);
    expect(await module.train({ x }, { rate: 0 }).total).toBe(10);
    module.destroy();
    device.destroy();
  });

  test("buffers that could not be bound are asked about again, and what steps in one submit were given counts for them alone", async () => {
    const { device } = await openDevice();
    const module = await createTraining({ device });
    const mapped = device.createBuffer({ size: 16, usage: STORAGE | COPY_DST, mappedAtCreation: true });
    expect(await codeOf(() => module.train({ x: mapped }).total)).toBe("input-type");
    mapped.unmap();
    expect(await module.train({ x: mapped }).total).toBe(10);
    const ring = buffer(device, new Float32Array(8), STORAGE | COPY_DST | 0x4);
    const many = stepsOf(module, "train");
    expect(await many(2, { x: ring }).total).toBe(10);
    const gone = buffer(device, new Float32Array(4));
    gone.destroy();
    expect(await codeOf(() => module.train({ x: gone }).total)).toBe("input-type");
    expect(await many(2, { x: ring }).total).toBe(10);
    expect(await codeOf(() => module.train({ x: gone }).total)).toBe("input-type");
    ring.destroy();
    const own = buffer(device, new Float32Array(4));
    expect(await module.train({ x: own }).total).toBe(10);
    expect(await codeOf(() => many(2, { x: ring }).total)).toBe("input-type");
    expect(await module.train({ x: own }).total).toBe(10);
    module.destroy();
    device.destroy();
  });

  test("an error that somebody else makes on the device is not taken for one of steps", async () => {
    const { device } = await openDevice();
    const module = await createTraining({ device });
    const own = buffer(device, new Float32Array(4));
    const other = await createTraining({ device });
    await module.train({ x: own }).total;
    const before = module.train({ x: own });
    const gone = buffer(device, new Float32Array(4));
    gone.destroy();
    const failing = other.train({ x: gone });
    device.createBuffer({ size: 16, usage: 0 });
    expect(await codeOf(() => failing.total)).toBe("input-type");
    expect(await before.total).toBe(10);
    await before.accepted;
    for (let step = 0; step < 3; step++) expect(await module.train({ x: own }).total).toBe(10);
    other.destroy();
    module.destroy();
    device.destroy();
  });
});
