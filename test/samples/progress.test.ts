import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { createProgress } from "../../samples/digits/progress.ts";

describe("progress", () => {
  it("prints one line for each epoch where there is no terminal", () => {
    const stream = new PassThrough();
    let time = 0;
    const progress = createProgress({ epochs: 3, stepsPerEpoch: 4, firstStep: 2, stream, now: () => time });
    for (let step = 3; step <= 12; step++) {
      time += 10_000;
      progress.update(step, step === 4 ? { loss: 0.51234, accuracy: 0.951 } : undefined);
    }
    progress.stop();
    expect(String(stream.read()).split("\n")).toEqual([
      "epoch 1/3 · step 4/12 · loss 0.5123 · acc 95.1 % · 0 steps/s · 1:20 left",
      "epoch 2/3 · step 8/12 · loss 0.5123 · acc 95.1 % · 0 steps/s · 0:40 left",
      "epoch 3/3 · step 12/12 · loss 0.5123 · acc 95.1 % · 0 steps/s · 0:00 left",
      "",
    ]);
  });

  it("draws a bar with every figure on a terminal of 80 columns", () => {
    let time = 0;
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
    const progress = createProgress({ epochs: 10, stepsPerEpoch: 937, stream, now: () => time });
    time = 20_000;
    progress.update(9370, { loss: 0.25, accuracy: 0.987 });
    progress.stop();
    expect(String(stream.read())).toMatch(
      /█ epoch 10\/10 step 9370\/9370 loss 0.2500 acc 98.7 % 469 steps\/s 0:00 left/,
    );
  });
});
