import { describe, expect, it } from "vitest";
import { synthesizeDigits } from "../../samples/digits/data/synthesize.ts";
import { countCorrect, fit, stepsPerEpoch } from "../../samples/digits/fit.ts";
import type { FitOptions, Trainable } from "../../samples/digits/fit.ts";
import { readPosition } from "../../samples/digits/resume.ts";

const dataset = synthesizeDigits("train", 100, 3);
const silent = { update: () => {}, stop: () => {} };
const options: FitOptions = {
  dataset,
  batchSize: 16,
  epochs: 3,
  learningRate: 0.5,
  key: [1, 2],
  firstStep: 0,
  progress: silent,
};

/** A module that writes down the labels and one pixel of every batch that it is given. */
function recorder(): { readonly module: Trainable; readonly seen: string[] } {
  const seen: string[] = [];
  const train: Trainable["train"] = ({ image, label }, { learningRate }) => {
    seen.push(`${learningRate} ${label.join("")} ${image[100]}`);
    const loss = Promise.resolve(seen.length);
    return { accepted: Promise.resolve(), loss, accuracy: Promise.resolve(0.5) };
  };
  return { module: { train }, seen };
}

describe("fit", () => {
  it("takes every full batch of every epoch, in another order each time", async () => {
    const { module, seen } = recorder();
    await fit(module, options);
    expect(seen.length).toBe(18);
    expect(new Set(seen).size).toBe(18);
  });

  it.each([1, 5, 6, 7, 12, 17, 18])("resumed at step %i sees what an uninterrupted run sees", async (firstStep) => {
    const [whole, rest] = [recorder(), recorder()];
    await fit(whole.module, options);
    await fit(rest.module, { ...options, firstStep });
    expect(rest.seen).toEqual(whole.seen.slice(firstStep));
  });

  it("reports each step, and at the end of an epoch the mean of its readings", async () => {
    const reports: string[] = [];
    const progress = {
      ...silent,
      update: (step: number, metrics?: { readonly loss: number }) =>
        void reports.push(`${step} ${metrics?.loss ?? "-"}`),
    };
    await fit(recorder().module, { ...options, epochs: 1, progress });
    // Read after steps 1 and 6: the mean of losses 1 and 6.
    expect(reports).toEqual(["1 -", "2 -", "3 -", "4 -", "5 -", "6 3.5"]);
  });

  it("passes on the error of a reading", async () => {
    // Getters, as in the runtime: what nobody reads is not there to be rejected.
    const step = {
      accepted: Promise.resolve(),
      get loss() {
        return Promise.reject(new Error("lost"));
      },
      get accuracy() {
        return Promise.resolve(0);
      },
    };
    const broken: Trainable = { train: () => step };
    await expect(fit(broken, options)).rejects.toThrow("lost");
  });

  it("refuses data that fill no batch", () => {
    expect(() => stepsPerEpoch(dataset, 101)).toThrow("expected at least one batch of 101 images, found 100");
  });
});

describe("countCorrect", () => {
  it("counts every image once, the last partial batch included, and no padding", async () => {
    // Says the class 0 for an image of zeros, as padding is, and the right class for the others.
    let from = 0;
    const predict = async ({ image }: { readonly image: Float32Array }) => {
      const probabilities = new Float32Array(16 * 10);
      for (let row = 0; row < 16; row++) {
        const blank = image.subarray(row * 256, (row + 1) * 256).every((grey) => grey === 0);
        probabilities[row * 10 + (blank ? 0 : dataset.labels[from + row])] = 1;
      }
      from += 16;
      return { probabilities };
    };
    expect(await countCorrect({ predict }, dataset, 16)).toBe(100);
  });
});

describe("readPosition", () => {
  const key = { data: Uint32Array.of(7, 8) };

  it("finds the step and the key by the ends of their names", () => {
    expect(readPosition({ "adam.step": { data: Float32Array.of(12) }, key })).toEqual({ step: 12, key: [7, 8] });
    expect(readPosition({ step: { data: [0] }, "digits.key": key, stepper: { data: [3] } }).step).toBe(0);
  });

  it.each([
    [{ key }, "expected one state named `step` or `….step`, found none among key"],
    [{ "a.step": key, "b.step": key, key }, "found a.step, b.step"],
    [{ "a.step": { data: [1.5] }, key }, "expected a whole number of steps in the state, found 1.5"],
    [{ "a.step": { data: [] }, key }, "found undefined"],
  ])("refuses a state that does not say where it stands", (state, message) => {
    expect(() => readPosition(state)).toThrow(message);
  });
});
