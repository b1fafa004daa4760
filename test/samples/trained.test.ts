/// The digits sample with its real module: what a checkpoint must bring back.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCheckpoint, saveCheckpoint } from "chainrule/runtime";
import { afterAll, expect, test } from "vitest";
import { synthesizeDigits } from "../../samples/digits/data/synthesize.ts";
import { countCorrect, fit } from "../../samples/digits/fit.ts";
import type { FitOptions, Trainable } from "../../samples/digits/fit.ts";
import { createDigits, type Digits } from "../../samples/digits/generated/digits.gen.ts";
import { readPosition } from "../../samples/digits/resume.ts";
import { testDevice } from "../gpu.ts";

const folder = mkdtempSync(join(tmpdir(), "chainrule-digits-"));
afterAll(() => rmSync(folder, { recursive: true }));

const batchSize = 64;
// Four steps an epoch, with examples left over.
const dataset = synthesizeDigits("train", 270, 1);

/** Trains to the end of `epochs`, from where the module's state stands; returns the loss of every step. */
async function lossesOf(digits: Digits, epochs: number): Promise<readonly number[]> {
  const losses: Promise<number>[] = [];
  const recorded: Trainable = {
    train(batch, settings) {
      const step = digits.train(batch, settings);
      losses.push(step.loss);
      return step;
    },
  };
  const { step: firstStep, key } = readPosition(await digits.readState());
  const progress = { update: () => {}, stop: () => {} };
  const options: FitOptions = { dataset, batchSize, epochs, learningRate: 1e-3, key, firstStep, progress };
  await fit(recorded, options);
  return Promise.all(losses);
}

test("a resumed run repeats the losses of a run that never stopped, to the bit", async () => {
  const device = await testDevice();
  const whole = await createDigits({ device, seed: 3 });
  const losses = await lossesOf(whole, 3);
  const weights = await whole.readParams();
  whole.destroy();
  expect(losses).toHaveLength(12);
  expect(losses[11]).toBeLessThan(losses[0]);

  const path = join(folder, "stopped.safetensors");
  const first = await createDigits({ device, seed: 3 });
  const before = await lossesOf(first, 1);
  await saveCheckpoint(path, await first.readState());
  first.destroy();
  // The state decides: the seed of the second run is another one.
  const second = await createDigits({ device, seed: 8, state: await loadCheckpoint(path) });
  const after = await lossesOf(second, 3);
  expect([...before, ...after]).toEqual(losses);
  expect(await second.readParams()).toEqual(weights);
  second.destroy();
});

test("a saved state reads the test images as it did before it was saved", async () => {
  const device = await testDevice();
  const path = join(folder, "saved.safetensors");
  const held = synthesizeDigits("test", 150, 1);
  const trained = await createDigits({ device, seed: 3 });
  const untaught = await countCorrect(trained, held, batchSize);
  await lossesOf(trained, 10);
  const correct = await countCorrect(trained, held, batchSize);
  await saveCheckpoint(path, await trained.readState());
  trained.destroy();
  expect(correct).toBeGreaterThan(untaught);
  const loaded = await createDigits({ device, state: await loadCheckpoint(path) });
  expect(await countCorrect(loaded, held, batchSize)).toBe(correct);
  loaded.destroy();
});
