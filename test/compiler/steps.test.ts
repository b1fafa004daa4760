/// Training with compiled programs on the device: what a step may do, and that nothing is lost between steps.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  accuracy,
  adam,
  dense,
  dot,
  input,
  model,
  mul,
  param,
  relu,
  softmax,
  softmaxCrossEntropy,
  sub,
  gradientDescent,
} from "chainrule";
import { compile } from "../../compiler/compile.ts";
import { load, openDevice, type LoadOptions, type StateRecord } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";
import type { AnyModule } from "./planning.ts";
import { noise } from "./symbolic.ts";

const [batch, pixels, classes] = [32, 64, 10];

const program = compile(
  model("small-digits", () => {
    const image = input("image", "f32", ["batch", pixels]);
    const label = input("label", "i32", ["batch"]);
    const hidden = relu(dense(image, 24));
    const logits = dense(hidden, classes);
    const loss = softmaxCrossEntropy(logits, label);
    return {
      predict: { probabilities: softmax(logits) },
      train: { loss, accuracy: accuracy(logits, label), update: adam(loss, { learningRate: 0.01 }) },
    };
  }),
  { dims: { batch } },
);

/** One batch: an image is the pattern of its class and noise; the same for the same step. */
function batchOf(step: number): { readonly image: Float32Array; readonly label: Int32Array } {
  const patterns = noise(99);
  const pattern = Float32Array.from({ length: classes * pixels }, patterns);
  const next = noise(step + 1);
  const label = Int32Array.from({ length: batch }, () => Math.floor((next() + 1) * 5) % classes);
  const image = Float32Array.from({ length: batch * pixels }, (_, i) => {
    return 0.5 * pattern[label[Math.floor(i / pixels)] * pixels + (i % pixels)] + 0.5 * next();
  });
  return { image, label };
}

const batches = Array.from({ length: 200 }, (_, step) => batchOf(step));

const open = async (options: LoadOptions = {}): Promise<AnyModule> =>
  load<AnyModule>(program, { device: await testDevice(), ...options });

/** Trains from one step to another and reads every loss. */
async function train(
  module: AnyModule,
  from: number,
  to: number,
  settings?: Record<string, number>,
): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < to; step++) losses.push(await module.train(batches[step], settings).loss);
  return losses;
}

/** Counts calls of `device` by name until `stop`. */
function countCalls(device: GPUDevice): { readonly counts: Record<string, number>; stop(): void } {
  const counts: Record<string, number> = {};
  const watched: [object, string][] = [];
  for (const target of [device.queue, device]) {
    const names = new Set<string>();
    for (let shape: object = target; shape !== Object.prototype; shape = Object.getPrototypeOf(shape) as object) {
      Object.getOwnPropertyNames(shape).forEach((name) => names.add(name));
    }
    for (const name of names) {
      if (!/^(create|submit|write|import)/.test(name)) continue;
      const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      watched.push([target, name]);
      Object.defineProperty(target, name, {
        configurable: true,
        value: (...args: unknown[]) => ((counts[name] = (counts[name] ?? 0) + 1), Reflect.apply(method, target, args)),
      });
    }
  }
  return { counts, stop: () => watched.forEach(([target, name]) => Reflect.deleteProperty(target, name)) };
}

describe("two hundred steps", () => {
  let module: AnyModule;
  const read: { step: number; loss: number; accuracy: number }[] = [];
  let counts: Record<string, number>;
  beforeAll(async () => {
    const device = await testDevice();
    const queue = device.queue;
    module = await open({ seed: 3 });
    const counter = countCalls(device);
    for (let step = 0; step < batches.length; step++) {
      const call = module.train(batches[step]);
      await call.accepted;
      if (step % 20 === 0 || step === batches.length - 1) {
        read.push({ step, loss: await call.loss, accuracy: await call.accuracy });
      }
    }
    counter.stop();
    expect(device.queue).toBe(queue);
    counts = counter.counts;
  });
  afterAll(() => module.destroy());

  it("create no GPU object but an encoder each, write two inputs and submit once, as does reading after steps unread", () => {
    const { createCommandEncoder, submit, writeBuffer, ...others } = counts;
    // The buffer that all reads are made from, one after the other.
    expect(others).toEqual({ createBuffer: 1 });
    expect([createCommandEncoder, submit]).toEqual([200 + read.length, 200 + read.length]);
    // The learning rate is written at load or once.
    expect(writeBuffer).toBeLessThanOrEqual(2 * 200 + 1);
    expect(module.steps).toBe(200);
  });

  it("bring the loss down and the accuracy up", () => {
    expect(read[0].loss).toBeGreaterThan(1.5);
    expect(read.at(-1)!.loss).toBeLessThan(0.1);
    expect(read.at(-1)!.accuracy).toBeGreaterThan(0.95);
    for (let i = 1; i < 4; i++) expect(read[i].loss).toBeLessThan(read[i - 1].loss);
  });

  it("teach it what `predict` then answers", async () => {
    const { image, label } = batchOf(1000);
    const { probabilities } = (await module.predict({ image })) as { probabilities: Float32Array };
    const answers = Array.from(label, (_, row) => {
      const scores = [...probabilities.subarray(row * classes, (row + 1) * classes)];
      expect(scores.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      return scores.indexOf(Math.max(...scores));
    });
    const right = answers.filter((answer, row) => answer === label[row]).length;
    expect(right / batch).toBeGreaterThan(0.95);
  });
});

describe("steps", () => {
  it("repeat bit for bit from the same seed, and differ from another", async () => {
    const [a, b, c] = await Promise.all([open({ seed: 1 }), open({ seed: 1 }), open({ seed: 2 })]);
    const losses = await train(a, 0, 20);
    expect(await train(b, 0, 20)).toEqual(losses);
    expect(await train(c, 0, 20)).not.toEqual(losses);
    for (const module of [a, b, c]) module.destroy();
  });

  it("take the learning rate of their own call", async () => {
    const [still, slow, fast] = await Promise.all([open(), open(), open()]);
    const before = await still.readParams();
    const first = batches[0];
    const change = async (module: AnyModule, learningRate: number) => {
      await module.train(first, { learningRate }).loss;
      const after = await module.readParams();
      return after["dense_0.weight"].map((each, i) => each - before["dense_0.weight"][i]);
    };
    const none = await change(still, 0);
    expect(none.every((each) => each === 0)).toBe(true);
    const [little, much] = [await change(slow, 0.001), await change(fast, 0.1)];
    little.forEach((each, i) => expect(100 * each).toBeCloseTo(much[i], 3));
    for (const module of [still, slow, fast]) module.destroy();
  });

  it("of several modules on one device do not disturb each other", async () => {
    const line = compile(
      model("line", () => {
        const x = input("x", "f32", [4]);
        const w = param([4], { name: "w" });
        const loss = sub(1, dot(x, w));
        return { train: { loss: mul(loss, loss), update: gradientDescent(mul(loss, loss), { learningRate: 0.1 }) } };
      }),
    );
    const alone = await open({ seed: 4 });
    const losses = await train(alone, 0, 10);
    alone.destroy();
    const [one, two] = await Promise.all([open({ seed: 4 }), load<AnyModule>(line, { device: await testDevice() })]);
    const x = Float32Array.of(1, 0, -1, 0.5);
    const together: number[] = [];
    const others: number[] = [];
    for (let step = 0; step < 10; step++) {
      const [a, b] = [one.train(batches[step]), two.train({ x })];
      together.push(await a.loss);
      others.push(await b.loss);
    }
    expect(together).toEqual(losses);
    // The residual shrinks by 1 − 2α|x|² = 0.55 a step.
    others.forEach((loss, step) => expect(loss).toBeCloseTo(0.55 ** (2 * step), 5));
    for (const module of [one, two]) module.destroy();
  });
});

describe("going on", () => {
  let uninterrupted: number[];
  beforeAll(async () => {
    const module = await open({ seed: 8 });
    uninterrupted = await train(module, 0, 60);
    module.destroy();
  });

  it("from a saved state repeats the losses of a run that never stopped", async () => {
    const first = await open({ seed: 8 });
    expect(await train(first, 0, 30)).toEqual(uninterrupted.slice(0, 30));
    const state = await first.readState();
    first.destroy();
    const second = await open({ seed: 123, state });
    expect(await train(second, 30, 60)).toEqual(uninterrupted.slice(30));
    second.destroy();
  });

  it("in the same module from an earlier state repeats it too", async () => {
    const module = await open({ seed: 8 });
    await train(module, 0, 10);
    const state = await module.readState();
    await train(module, 10, 30);
    module.writeState(state);
    expect(await train(module, 10, 40)).toEqual(uninterrupted.slice(10, 40));
    module.destroy();
  });

  it("after the device was lost, on a new one, repeats them bit by bit", async () => {
    const { device } = await openDevice();
    const module = await open({ device, seed: 8 });
    let state: StateRecord | undefined;
    for (let step = 0; step < 25; step++) {
      await module.train(batches[step]).loss;
      if (step === 19) state = await module.readState();
    }
    const pending = module.train(batches[25]).loss.then(
      () => "a loss",
      (error: { readonly code?: string }) => error.code,
    );
    device.destroy();
    expect(await pending).toBe("device-lost");
    expect(() => module.train(batches[26])).toThrow(/the GPU device must live/);
    const again = await open({ state });
    expect(await train(again, 20, 60)).toEqual(uninterrupted.slice(20));
    again.destroy();
  });
});
