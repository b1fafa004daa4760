/// The samples with activations in half precision: they learn what they learn in float32, and as repeatably.
import { expect, test } from "vitest";
import type { Graph } from "chainrule";
import { compile, compileWithFacts } from "../../compiler/compile.ts";
import type { Storage } from "../../compiler/half.ts";
import { loadModel } from "../../compiler/load/index.ts";
import { load } from "../../runtime/index.ts";
import { synthesizeDigits } from "../../samples/digits/data/synthesize.ts";
import { countCorrect, fit } from "../../samples/digits/fit.ts";
import type { Digits } from "../../samples/digits/generated/digits.gen.ts";
import { readPosition } from "../../samples/digits/resume.ts";
import { cases, trainXor, type Xor } from "../../samples/xor/fit.ts";
import { testDevice } from "../gpu.ts";

const batchSize = 64;
/** Quick steps learn in a few seconds what the sample learns in its ten epochs. */
const [images, epochs, learningRate] = process.env.CHAINRULE_WHOLE_DIGITS ? [10_000, 10, 1e-3] : [4_000, 3, 5e-3];
const heldOut = 2_000;

/** How many images of those held out are read right after training. */
async function accuracyOf(graph: Graph, storage: Storage): Promise<number> {
  const program = compile(graph, { dims: { batch: batchSize, pixels: 256 }, storage });
  const digits = await load<Digits>(program, { device: await testDevice(), seed: 1 });
  const { key } = readPosition(await digits.readState());
  const progress = { update: () => {}, stop: () => {} };
  const dataset = synthesizeDigits("train", images, 1);
  await fit(digits, { dataset, batchSize, epochs, learningRate, key, firstStep: 0, progress });
  const correct = await countCorrect(digits, synthesizeDigits("test", heldOut, 1), batchSize);
  digits.destroy();
  return correct / heldOut;
}

test("digits are read as well as in float32", { timeout: 300_000 }, async () => {
  const graph = await loadModel("samples/digits/model.ts", { typeCheck: false });
  const whole = await accuracyOf(graph, "f32");
  const half = await accuracyOf(graph, "f16");
  console.log(`held-out accuracy: ${whole} in float32, ${half} with activations in half precision`);
  expect(whole).toBeGreaterThan(0.9);
  expect(Math.abs(half - whole)).toBeLessThanOrEqual(0.005);
});

test("XOR is learnt, and every run is the same to the bit", async () => {
  const graph = await loadModel("samples/xor/model.ts", { typeCheck: false });
  const { program, entries } = compileWithFacts(graph, { storage: "f16" });
  expect(entries.every(({ stored }) => stored!.halves.size > 0)).toBe(true);
  const device = await testDevice();
  const run = () => trainXor(() => load<Xor & { readStep: never }>(program, { device, seed: 2 }) as never, 1000);
  const [first, second] = [await run(), await run()];
  expect(first.outputs.map(Math.round)).toEqual(cases.map(({ y }) => y));
  expect(first.outputs.every((output, i) => Math.abs(output - cases[i].y) < 0.2)).toBe(true);
  expect(second.losses).toEqual(first.losses);
  expect(second.outputs).toEqual(first.outputs);
});
