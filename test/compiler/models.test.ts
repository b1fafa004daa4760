/// Whole models on a device against the interpreter, and their gradients against differences.
import { describe, expect, it } from "vitest";
import * as cr from "chainrule";
import { checkAllGradients, checkOnDevice, type OpenModule } from "../../compiler/check/index.ts";
import { openDeviceModule } from "../../compiler/cli/device.ts";
import { testDevice } from "../gpu.ts";
import digits from "../../samples/digits/model.ts";
import xor from "../../samples/xor/model.ts";

const open: OpenModule = async (program) => openDeviceModule(program, { device: await testDevice() });

async function expectRight(model: cr.Graph, dims: Record<string, number> = {}): Promise<void> {
  const gradients = checkAllGradients(model, { dims });
  const { kernels } = await checkOnDevice(model, open, { dims });
  expect([...gradients, ...kernels].filter((each) => !each.ok)).toEqual([]);
  expect(kernels.length).toBeGreaterThan(0);
}

describe("models agree with the interpreter", () => {
  it("digits", () => expectRight(digits, { batch: 8, pixels: 20 }));
  it("xor", () => expectRight(xor));
  for (const batch of [1, 5, 37]) it(`digits with batch ${batch}`, () => expectRight(digits, { batch, pixels: 21 }));
});
