import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testDevice } from "../gpu.ts";
import { codeOf } from "./codes.ts";
import type { Training } from "./modules.ts";
import { createTraining } from "./modules.ts";

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
    ["a learning rate for settings", { x }, 0.1, "setting-unknown"],
    ["a promise of settings", { x }, Promise.resolve({ rate: 1 }), "setting-unknown"],
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

  const within: unknown[] = [];
  within.push(within);
  test.each([
    ["0.1", '"0.1"'],
    [[0.1], "[0.1]"],
    [[0.1, 0.2], "[0.1,0.2]"],
  ])("a setting that is no number is shown as it is written: %j", (rate, found) => {
    expect(() => module.train({ x }, { rate: rate as never })).toThrow(
      `\`rate\` of \`train\` must be a finite number: found ${found}`,
    );
  });

  test.each([
    ["an array of floats", () => Float32Array.of(0.5, 2), "[0.5,2]"],
    ["big integers", () => [1n], "[1]"],
    ["an array within itself", () => [1, within], "[1,]"],
  ])("%s has no JSON, and is shown", (_name, rate, found) => {
    expect(() => module.train({ x }, { rate: rate() as never })).toThrow(
      `\`rate\` of \`train\` must be a finite number: found ${found}`,
    );
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
      [ChainruleError: error[too-many-steps]: at most 3 calls may be in flight: found one more
        help: await \`step.accepted\` before the next call, or raise maxInFlight]
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
