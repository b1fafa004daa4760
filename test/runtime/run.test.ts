import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice, stepsOf } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";
import { codeOf } from "./codes.ts";
import type { Training } from "./modules.ts";
import { createDoubling, createTraining } from "./modules.ts";

const x = Float32Array.of(1, 1, 1, 1);
const label = Int32Array.of(0, 2);

describe("calling", () => {
  let module: Training;
  beforeAll(async () => {
    module = await createTraining({ device: await testDevice() });
  });
  afterAll(() => module.destroy());

  test("a step changes the states and gives its outputs; scalars are numbers", async () => {
    const step = module.train({ x });
    expect(await step.total).toBe(8);
    expect([...(await step.weights)]).toEqual([0.5, 1.5, 2.5, 3.5]);
    expect(module.steps).toBe(1);
  });

  test("a setting holds for its call alone", async () => {
    expect(await module.train({ x }, { rate: 0 }).total).toBe(8);
    expect(await module.train({ x }, { rate: 0.25 }).total).toBe(7);
    expect(await module.train({ x }).total).toBe(5);
    expect(await module.train({ x }, { rate: -0.5 }).read()).toMatchObject({ total: 7 });
  });

  test("an entry point that writes no state is awaited itself; a step is not", async () => {
    const { scaled, classes } = await module.predict({ x: Float32Array.of(2, 2, 2, 2), label });
    expect(scaled).toBeInstanceOf(Float32Array);
    expect([...scaled]).toEqual([0.5, 2.5, 4.5, 6.5]);
    expect([...classes]).toEqual([0, 2]);
    const step = await module.train({ x }, { rate: 0 });
    expect("then" in step).toBe(false);
    expect(module.steps).toBe(6);
  });

  test("outputs are fresh copies", async () => {
    const step = module.train({ x }, { rate: 0 });
    const first = await step.weights;
    first.fill(9);
    expect([...(await step.weights)]).toEqual([0.25, 1.25, 2.25, 3.25]);
  });

  test("a view into a larger array is written as the view", async () => {
    const { scaled } = await module.predict({ x: new Float32Array([9, 1, 2, 3, 4, 9]).subarray(1, 5), label });
    expect([...scaled]).toEqual([0.25, 2.5, 6.75, 13]);
  });

  test("many calls without a read, read in the end", async () => {
    let step = module.train({ x }, { rate: 0.125 });
    for (let index = 1; index < 40; index++) {
      await step.accepted;
      step = module.train({ x }, { rate: 0.125 });
    }
    expect([...(await step.weights)]).toEqual([-4.75, -3.75, -2.75, -1.75]);
    module.writeParams({ weight: [1, 2, 3, 4] });
    expect(await module.train({ x }, { rate: 0 }).total).toBe(10);
  });
});

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

describe("wrong calls", () => {
  let module: Training;
  beforeAll(async () => {
    module = await createTraining({ device: await testDevice() });
  });
  afterAll(() => module.destroy());

  const wrong: readonly [string, unknown, unknown, string][] = [
    ["a missing input", {}, undefined, "input-missing"],
    ["no inputs", undefined, undefined, "input-missing"],
    ["an unknown input", { x, y: x }, undefined, "input-unknown"],
    ["a wrong array type", { x: new Float64Array(4) }, undefined, "input-type"],
    ["a plain array", { x: [1, 2, 3, 4] }, undefined, "input-type"],
    ["a number for a vector", { x: 1 }, undefined, "input-type"],
    ["null", { x: null }, undefined, "input-type"],
    ["a wrong length", { x: new Float32Array(5) }, undefined, "input-length"],
    ["an unknown setting", { x }, { speed: 1 }, "setting-unknown"],
    ["a setting that is NaN", { x }, { rate: NaN }, "setting-value"],
    ["a setting that is no number", { x }, { rate: "0.1" }, "setting-value"],
    ["a setting that is infinite as a float32", { x }, { rate: -1e39 }, "setting-value"],
  ];
  test.each(wrong)("%s", async (_name, inputs, settings, code) => {
    expect(await codeOf(() => module.train(inputs as { x: Float32Array }, settings as { rate: number }))).toBe(code);
  });

  test("class indices", async () => {
    expect(await codeOf(() => module.predict({ x, label: Int32Array.of(0, 3) }))).toBe("input-class");
    expect(await codeOf(() => module.predict({ x, label: Int32Array.of(-1, 0) }))).toBe("input-class");
    expect(() => module.predict({ x, label: Int32Array.of(0, 3) })).toThrowErrorMatchingInlineSnapshot(
      `[ChainruleError: error[input-class]: \`label\` of \`predict\` must be in [0, 3): element 1 is 3]`,
    );
  });

  test("a wrong call changes nothing and takes no place", async () => {
    for (let index = 0; index < 20; index++) await codeOf(() => module.train({ x: new Float32Array(5) }));
    expect(await module.train({ x }, { rate: 0 }).total).toBe(10);
  });

  test("messages say what must hold, what was found and what to do", () => {
    expect(() => module.train({ x: new Float32Array(5) })).toThrowErrorMatchingInlineSnapshot(
      `[ChainruleError: error[input-length]: \`x\` of \`train\` must have 4 elements (f32[4]): found 5]`,
    );
    expect(() => module.train({} as { x: Float32Array })).toThrowErrorMatchingInlineSnapshot(
      `[ChainruleError: error[input-missing]: \`train\` must be given \`x\`, f32[4]: it is missing]`,
    );
    expect(() => module.train({ x: "4" as unknown as number })).toThrowErrorMatchingInlineSnapshot(
      `[ChainruleError: error[input-type]: \`x\` of \`train\` must be a Float32Array or a GPUBuffer: found string "4"]`,
    );
  });
});

describe("back-pressure", () => {
  test("one call too many throws, and `accepted` makes room", async () => {
    const module = await createTraining({ device: await testDevice(), maxInFlight: 3 });
    const steps = [0, 1, 2].map(() => module.train({ x }));
    expect(await codeOf(() => module.train({ x }))).toBe("too-many-steps");
    expect(() => module.predict({ x, label })).toThrowErrorMatchingInlineSnapshot(`
      [ChainruleError: error[too-many-steps]: at most 3 calls may be in flight: this is one more
        help: await \`step.accepted\` (or an output) before the next call, or raise maxInFlight]
    `);
    await steps[2]!.accepted;
    expect(await module.train({ x }).total).toBe(2);
    module.destroy();
  });

  test("reads under way count as in flight and are never overwritten", async () => {
    const module = await createTraining({ device: await testDevice(), maxInFlight: 2 });
    const totals: Promise<number>[] = [];
    for (let index = 0; index < 30; index++) {
      const step = module.train({ x: Float32Array.of(1, 0, 0, 0) }, { rate: 1 });
      totals.push(step.total);
      await step.accepted;
    }
    expect(await Promise.all(totals)).toEqual(Array.from({ length: 30 }, (_, index) => 9 - index));
    module.destroy();
  });

  test.each([
    [2, 2],
    [2, 8],
    [4, 4],
  ])("%i loops share one module in which %i calls may be in flight", async (loops, maxInFlight) => {
    const module = await createTraining({ device: await testDevice(), maxInFlight });
    const loop = async () => {
      for (let index = 0; index < 20; index++) await module.train({ x }, { rate: 0 }).accepted;
    };
    const results = await Promise.allSettled(Array.from({ length: loops }, loop));
    expect(results.map((result) => result.status)).toEqual(Array.from({ length: loops }, () => "fulfilled"));
    module.destroy();
  });

  test("an output that is asked for in time is read, whatever is called in the same turn", async () => {
    const module = await createTraining({ device: await testDevice(), maxInFlight: 4 });
    const first = module.train({ x });
    await module.train({ x }).total;
    const asked = first.total;
    for (let index = 0; index < 3; index++) module.train({ x });
    expect(await codeOf(() => module.train({ x }))).toBe("too-many-steps");
    expect(await asked).toBe(8);
    module.destroy();
  });

  test("a read that is over takes the place of no other output", async () => {
    const module = await createTraining({ device: await testDevice(), maxInFlight: 3 });
    const steps = [0, 1, 2].map(() => module.train({ x }, { rate: 0 }));
    await steps[2]!.accepted;
    const first = steps[0]!.read();
    module.train({ x }, { rate: 0 });
    await first;
    await module.device.queue.onSubmittedWorkDone();
    module.train({ x }, { rate: 0 });
    expect(await steps[2]!.total).toBe(10);
    module.destroy();
  });

  test("outputs are readable for maxInFlight later calls, then they have expired", async () => {
    const module = await createTraining({ device: await testDevice(), maxInFlight: 3 });
    const steps: ReturnType<Training["train"]>[] = [];
    for (let index = 0; index < 4; index++) {
      const step = module.train({ x });
      await step.accepted;
      steps.push(step);
    }
    expect(await codeOf(() => steps[0]!.total)).toBe("output-expired");
    expect(await codeOf(() => steps[0]!.read())).toBe("output-expired");
    expect(await Promise.all(steps.slice(1).map((step) => step.total))).toEqual([6, 4, 2]);
    for (let index = 0; index < 4; index++) await module.train({ x }).accepted;
    expect(await steps[1]!.weights).toEqual(Float32Array.of(0, 1, 2, 3));
    module.destroy();
  });
});
