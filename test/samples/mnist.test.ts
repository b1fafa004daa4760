/// The sample on MNIST itself, where it is at hand.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadMnist } from "../../samples/digits/data/idx.ts";
import { countCorrect, fit } from "../../samples/digits/fit.ts";
import { createDigits } from "../../samples/digits/generated/mnist.gen.ts";
import { readPosition } from "../../samples/digits/resume.ts";
import { testDevice } from "../gpu.ts";

const mnist = join(process.env.CHAINRULE_DATA ?? join(import.meta.dirname, "../../../shared/data"), "mnist");
if (!existsSync(mnist)) console.log(`skipped: no MNIST in ${mnist} (set CHAINRULE_DATA)`);

describe.skipIf(!existsSync(mnist))("the digits network on MNIST", () => {
  it("reads at least 94 % of the test images after one epoch", { timeout: 300_000 }, async () => {
    const { train, test } = await loadMnist(mnist);
    const digits = await createDigits({ device: await testDevice(), seed: 1 });
    const { key } = readPosition(await digits.readState());
    const progress = { update: () => {}, stop: () => {} };
    const once = { batchSize: 64, epochs: 1, learningRate: 1e-3, firstStep: 0 };
    await fit(digits, { dataset: train, key, progress, ...once });
    expect((await countCorrect(digits, test, once.batchSize)) / test.count).toBeGreaterThan(0.94);
    digits.destroy();
  });
});
