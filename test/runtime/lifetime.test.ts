import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDevice } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";
import { codeOf, messageOf } from "./codes.ts";
import { createDoubling, createTraining } from "./modules.ts";

const x = Float32Array.of(1, 1, 1, 1);
const label = Int32Array.of(0, 0);
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);

beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", note);
});
afterEach(async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

describe("destroy", () => {
  test("afterwards every use says so, and the shared device lives on", async () => {
    const device = await testDevice();
    const module = await createTraining({ device });
    const other = await createDoubling({ device });
    const state = await module.readState();
    const step = module.train({ x });
    module.destroy();
    module.destroy();
    for (const use of [
      () => module.train({ x }),
      () => module.predict({ x, label }),
      () => module.readParams(),
      () => module.readState(),
      () => module.writeParams({}),
      () => module.writeState(state),
      () => step.total,
      () => step.read(),
      () => step.accepted,
    ]) {
      expect(await codeOf(use)).toBe("destroyed");
    }
    expect([...(await other.double({ x })).doubled]).toEqual([2, 2, 2, 2]);
    other.destroy();
  });

  test("promises that wait are told", async () => {
    const module = await createTraining({ device: await testDevice(), maxInFlight: 2 });
    const steps = [module.train({ x }), module.train({ x })];
    const pending = [steps[0]!.total, steps[1]!.read(), steps[1]!.accepted, module.readState()];
    const codes = pending.map((promise) => codeOf(() => promise));
    module.destroy();
    expect(await Promise.all(codes)).toEqual(["destroyed", "destroyed", "destroyed", "destroyed"]);
  });

  test("a device that is shared keeps nothing of a module that is gone", async () => {
    const { device } = await openDevice();
    const gone = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const module = await createTraining({ device });
        await module.train({ x }).total;
        module.destroy();
        return new WeakRef(module);
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    setFlagsFromString("--expose-gc");
    (runInNewContext("gc") as () => void)();
    expect(gone.filter((each) => each.deref()).length).toBeLessThanOrEqual(1);
    device.destroy();
  });

  test("buffers are freed", async () => {
    const device = await testDevice();
    const create = device.createBuffer.bind(device);
    const live = new Set<GPUBuffer>();
    Object.defineProperty(device, "createBuffer", {
      configurable: true,
      value: (descriptor: GPUBufferDescriptor) => {
        const buffer = create(descriptor);
        const destroy = buffer.destroy.bind(buffer);
        live.add(buffer);
        Object.defineProperty(buffer, "destroy", { value: () => (live.delete(buffer), destroy()) });
        return buffer;
      },
    });
    const module = await createTraining({ device });
    await module.readState();
    await module.train({ x }).read();
    // Two entry points, of which each of 8 calls in flight has a place for outputs: the first is the program's. And one
    // to read them from.
    expect(live.size).toBe(7 + 2 * 7 + 1);
    module.destroy();
    expect(live.size).toBe(0);
    Reflect.deleteProperty(device, "createBuffer");
  });
});

describe("a lost device", () => {
  test("pending promises and later calls say so, with the way out", async () => {
    const { device } = await openDevice();
    const module = await createTraining({ device, maxInFlight: 2 });
    const state = await module.readState();
    const steps = [module.train({ x }), module.train({ x })];
    const pending = [steps[0]!.total, steps[1]!.accepted, module.readParams()].map((promise) => codeOf(() => promise));
    device.destroy();
    expect(await Promise.all(pending)).toEqual(["device-lost", "device-lost", "device-lost"]);
    for (const use of [
      () => module.train({ x }),
      () => module.readState(),
      () => module.writeParams({}),
      () => steps[1]!.total,
      () => steps[1]!.accepted,
    ]) {
      expect(await codeOf(use)).toBe("device-lost");
    }
    expect(await messageOf(() => module.train({ x }))).toMatchInlineSnapshot(`
      "error[device-lost]: the GPU device must live: it was lost (destroyed: device was destroyed)
        help: load it again with the last checkpoint"
    `);
    module.destroy();
    const again = await createTraining({ device: await testDevice(), state });
    expect(await again.train({ x }).total).toBe(8);
    again.destroy();
  });

  test("calls in the same turn as the loss fail when they are awaited", async () => {
    const { device } = await openDevice();
    const module = await createTraining({ device });
    device.destroy();
    const step = module.train({ x });
    expect(await codeOf(() => step.total)).toBe("device-lost");
    expect(await codeOf(() => module.readState())).toBe("device-lost");
  });

  test("loading on a lost device", async () => {
    const { device } = await openDevice();
    device.destroy();
    expect(await codeOf(() => createTraining({ device }))).toBe("device-lost");
  });

  test("losing the device while loading", async () => {
    const { device } = await openDevice();
    const loading = codeOf(() => createTraining({ device }));
    device.destroy();
    expect(await loading).toBe("device-lost");
  });

  test("a loss that nobody waits for makes no noise", async () => {
    const { device } = await openDevice();
    const module = await createTraining({ device });
    for (let index = 0; index < 4; index++) module.train({ x });
    device.destroy();
    await device.lost;
    expect(await codeOf(() => module.train({ x }))).toBe("device-lost");
  });
});
