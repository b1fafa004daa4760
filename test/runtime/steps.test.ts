import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { adam, dense, dropout, input, model, relu, softmaxCrossEntropy } from "../../ir/index.ts";
import { load, stepsOf, type LoadedModule, type Step } from "../../runtime/index.ts";
import { drawInput } from "../bench/task.ts";
import { installProbe } from "../bench/probe.ts";
import { testDevice } from "../gpu.ts";
import { codeOf, messageOf } from "./codes.ts";
import type { Training } from "./modules.ts";
import { createTraining } from "./modules.ts";

const [batch, width, classes, ring] = [4, 6, 3, 3];

interface Classifier extends LoadedModule {
  train(
    inputs: { readonly x: Float32Array | GPUBuffer; readonly label: Int32Array | GPUBuffer },
    settings?: { readonly learningRate?: number },
  ): Step<{ readonly loss: number }>;
}

/** Random masks, moments and counters: everything that a step may leave behind. */
const program = compile(
  model("classifier", () => {
    const x = input("x", "f32", [batch, width]);
    const hidden = dropout(relu(dense(x, 8)), 0.3);
    const loss = softmaxCrossEntropy(dense(hidden, classes), input("label", "i32", [batch]));
    return { train: { loss, update: adam(loss) } };
  }),
);

const x = drawInput({ name: "x", shape: [ring * batch, width] }) as Float32Array<ArrayBuffer>;
const label = drawInput({ name: "label", shape: [ring * batch], classes }) as Int32Array<ArrayBuffer>;
const rates = [0.1, 0.01, 0.02, 0.5, 0.001, 0.3, 0.04];

/** Steps one by one over the same batches. */
async function oneByOne(module: Classifier, count: number): Promise<number> {
  let loss = NaN;
  for (let step = 0; step < count; step++) {
    const at = (step % ring) * batch;
    const inputs = { x: x.slice(at * width, (at + batch) * width), label: label.slice(at, at + batch) };
    loss = await module.train(inputs, { learningRate: rates[step] }).loss;
  }
  return loss;
}

describe("steps in one submit", () => {
  let [many, single]: [Classifier, Classifier] = [undefined!, undefined!];
  const open = async (): Promise<Classifier> => load<Classifier>(program, { device: await testDevice(), seed: 4 });
  beforeAll(async () => {
    [many, single] = [await open(), await open()];
  });
  afterAll(() => [many, single].forEach((module) => module.destroy()));

  test("that are refused leave the settings of later calls alone", async () => {
    const [one, other] = [await open(), await open()];
    const batches = { x: x.slice(0, batch * width), label: label.slice(0, batch) };
    const buffer = one.device.createBuffer({ size: x.byteLength, usage: GPUBufferUsage.STORAGE });
    for (const module of [one, other]) {
      await module.train(batches, { learningRate: 0.5 }).loss;
      if (module === one) {
        const refused = codeOf(() => stepsOf(one, "train")(2, { x: buffer, label }, { learningRate: 0.25 }));
        expect(await refused).toBe("input-type");
      }
      await module.train(batches, { learningRate: 0.25 }).loss;
    }
    expect(await one.readState()).toEqual(await other.readState());
    for (const each of [buffer, one, other]) each.destroy();
  });

  test("take a schedule as an array of floats; a name that is no entry point is refused", async () => {
    const module = await open();
    const rate = Float32Array.of(0.1, 0.2);
    await stepsOf(module, "train")(2, { x, label }, { learningRate: rate }).accepted;
    expect(module.steps).toBe(2);
    module.destroy();
  });

  test("say what the module, its entry point and the number of steps must be", async () => {
    const steps = stepsOf(many, "train") as (...given: unknown[]) => unknown;
    const messages = await Promise.all(
      [
        () => stepsOf(Promise.resolve(many) as never, "train" as never),
        () => stepsOf(undefined as never, "train" as never),
        () => stepsOf("train" as never, "train" as never),
        () => stepsOf(many, "trian" as never),
        () => stepsOf(many, "readState" as never),
        () => stepsOf(many, undefined as never),
        () => steps({ x, label }, 10),
        () => steps("10", { x, label }),
      ].map(messageOf),
    );
    expect(messages.join("\n")).toMatchInlineSnapshot(`
      "error[option-value]: \`module\` must be a loaded module: found a promise
        help: await it
      error[option-value]: \`module\` must be a loaded module: found undefined
        help: stepsOf(await createNetwork(), "train")
      error[option-value]: \`module\` must be a loaded module: found "train"
        help: stepsOf(await createNetwork(), "train")
      error[option-value]: \`name\` must be an entry point of the module: train: found "trian"
      error[option-value]: \`name\` must be an entry point of the module: train: found "readState"
      error[option-value]: \`name\` must be an entry point of the module: train: found undefined
      error[option-value]: \`count\` must be an integer of at least 1: found a record
        help: steps(count, inputs, settings)
      error[option-value]: \`count\` must be an integer of at least 1: found "10"
        help: steps(count, inputs, settings)"
    `);
  });

  test("leave what as many single steps leave, to the bit, with a rate for each", async () => {
    const loss = await oneByOne(single, rates.length);
    const run = stepsOf(many, "train");
    expect(await run(rates.length, { x, label }, { learningRate: rates }).loss).toBe(loss);
    expect(await many.readState()).toEqual(await single.readState());
    expect(many.steps).toBe(rates.length);
  });

  test("go on from steps and single steps, with batches on the GPU", async () => {
    const device = await testDevice();
    const upload = (values: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer>): GPUBuffer => {
      const buffer = device.createBuffer({ size: values.byteLength, usage: 0x4 | 0x8 | 0x80 });
      device.queue.writeBuffer(buffer, 0, values);
      return buffer;
    };
    const onGpu = { x: upload(x), label: upload(label) };
    const run = stepsOf(many, "train");
    await run(5, onGpu, { learningRate: rates.slice(0, 5) }).loss;
    expect(await codeOf(() => many.train(onGpu))).toBe("input-length");
    await oneByOne(single, 5);
    await oneByOne(many, 1);
    await oneByOne(single, 1);
    expect(await many.readState()).toEqual(await single.readState());
    for (const each of Object.values(onGpu)) each.destroy();
  });

  test("are one submit and one wait, and make no object after the first", async () => {
    const run = stepsOf(many, "train");
    await run(4, { x, label }).loss;
    const probe = installProbe();
    const { dispatches } = program.entryPoints.train!;
    for (let call = 0; call < 5; call++) await run(4, { x, label }).loss;
    expect(probe.counts).toMatchObject({ submits: 5, dispatches: 20 * dispatches.length, created: 0 });
    probe.remove();
  });

  test("count as one call in flight", async () => {
    const run = stepsOf(many, "train");
    const steps = Array.from({ length: 8 }, () => run(2, { x, label }));
    expect(await codeOf(() => run(2, { x, label }))).toBe("too-many-steps");
    await steps.at(-1)!.loss;
  });

  test.each([
    ["no steps", 0, { x, label }, {}, "option-value"],
    ["half a step", 1.5, { x, label }, {}, "option-value"],
    ["half a batch", 2, { x: x.slice(3), label }, {}, "input-length"],
    ["less than a batch", 2, { x: x.slice(0, 5), label }, {}, "input-length"],
    ["batches of different numbers", 2, { x, label: label.slice(batch) }, {}, "input-length"],
    ["a missing input", 2, { x }, {}, "input-missing"],
    ["a class that is none, in a later batch", 2, { x, label: label.with(9, classes) }, {}, "input-class"],
    ["too few rates", 3, { x, label }, { learningRate: [1, 2] }, "setting-value"],
    ["a rate that is none", 2, { x, label }, { learningRate: [1, NaN] }, "setting-value"],
    ["a setting that is none", 2, { x, label }, { rate: 1 }, "setting-unknown"],
  ])("%s", async (_, count, inputs, settings, code) => {
    const before = await many.readState();
    expect(await codeOf(() => stepsOf(many, "train")(count, inputs as never, settings as never))).toBe(code);
    expect(await many.readState()).toEqual(before);
  });

  test("say how many settings there are and how many there must be", () => {
    expect(() => stepsOf(many, "train")(3, { x, label }, { learningRate: [1, 2] })).toThrow(
      "`learningRate` of `train` must be one number for all steps or an array of 3, one for each: found 2 numbers",
    );
  });

  test("say that a ring may hold any number of whole batches", () => {
    const take = (given: object) => () => stepsOf(many, "train")(2, { x, label, ...given });
    const start = "`x` of `train` must have a multiple of";
    expect(take({ x: x.slice(0, 36) })).toThrow(`${start} 24 elements (batches of f32[4, 6]): found 36`);
    expect(take({ x: x.slice(0, 0) })).toThrow(`${start} 24 elements (batches of f32[4, 6]): found 0`);
    const buffer = many.device.createBuffer({ size: 144, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
    expect(take({ x: buffer })).toThrow(`${start} 96 bytes (batches of f32[4, 6]): found 144`);
    buffer.destroy();
    expect(take({ label: label.slice(0, 5) })).toThrow(
      "must have a multiple of 4 elements (batches of i32[4]): found 5",
    );
    expect(take({ x: Float64Array.from(x) })).toThrow("must be a Float32Array or a GPUBuffer: found Float64Array");
  });

  test("take one batch for every step beside a ring", async () => {
    const { loss } = stepsOf(many, "train")(ring, { x, label: label.slice(0, batch) });
    expect(Number.isFinite(await loss)).toBe(true);
  });

  test("after destroy() say so", async () => {
    const module = await open();
    const run = stepsOf(module, "train");
    module.destroy();
    expect(await codeOf(() => run(1, { x, label }))).toBe("destroyed");
  });
});

test("types: entry points, rings and schedules", async () => {
  const module = await createTraining({ device: await testDevice() });
  const run = stepsOf(module, "train");
  const weights: Promise<Float32Array> = run(2, { x: Float32Array.of(1, 1, 1, 1) }, { rate: [1, 0.5] }).weights;
  expect([...(await weights)]).toEqual([-0.5, 0.5, 1.5, 2.5]);
  // @ts-expect-error: no entry point has this name.
  expect(() => stepsOf(module, "readParams")(1, {})).toThrow();
  // @ts-expect-error: the setting is called rate.
  expect(await codeOf(() => run(1, { x: new Float32Array(4) }, { speed: 1 }))).toBe("setting-unknown");
  // @ts-expect-error: a number is no batch.
  expect(await codeOf(() => run(1, { x: 1 }))).toBe("input-type");
  const both: ReturnType<Training["predict"]> = stepsOf(module, "predict")(1, {
    x: new Float32Array(4),
    label: Int32Array.of(0, 1),
  });
  expect([...(await both).classes]).toEqual([0, 1]);
  module.destroy();
});
