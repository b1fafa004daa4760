/// The XOR sample in a real headless browser: its generated module and the runtime, bundled, unchanged.
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createXor } from "../../samples/xor/generated/xor.gen.ts";
import { cases, trainXor, type XorRun } from "../../samples/xor/fit.ts";
import { testDevice } from "../gpu.ts";
import { hasBrowser, withPage } from "../runtime/browser.ts";

const steps = 200;

const trainInNode = async (): Promise<XorRun> => {
  const device = await testDevice();
  return trainXor(() => createXor({ device }), steps);
};

describe("XOR", () => {
  it("is learned in Node: all four outputs are right", async () => {
    const { losses, outputs } = await trainInNode();
    expect(outputs.map(Math.round)).toEqual(cases.map(({ y }) => y));
    expect(losses).toHaveLength(steps);
    expect(losses[steps - 1]).toBeLessThan(losses[0] / 10);
  });

  it.skipIf(!hasBrowser)("is learned in a browser along the same losses as in Node", async () => {
    const entry = fileURLToPath(new URL("fixtures/xor-page.ts", import.meta.url));
    const seen = await withPage(entry, (page) =>
      page.evaluate((count) => (globalThis as unknown as { run(steps: number): Promise<XorRun> }).run(count), steps),
    );
    const here = await trainInNode();
    expect(seen.adapter).toMatch(/\w/);
    expect(seen.outputs.map(Math.round)).toEqual(cases.map(({ y }) => y));
    expect(seen.losses).toHaveLength(steps);
    const distances = seen.losses.map((loss, step) => Math.abs(loss - here.losses[step]));
    expect(Math.max(...distances)).toBeLessThan(1e-4);
  });
});
