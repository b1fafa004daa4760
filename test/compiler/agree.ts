/// What a model must do to be right: agree with the interpreter on a device, and its gradients with differences.
import { expect } from "vitest";
import type { Graph } from "chainrule";
import { checkAllGradients, checkOnDevice, type OpenModule } from "../../compiler/check/index.ts";
import { openDeviceModule } from "../../compiler/cli/device.ts";
import { testDevice } from "../gpu.ts";

const open: OpenModule = async (program) => openDeviceModule(program, { device: await testDevice() });

/** Checks every gradient in float64, and every result and updated state of every entry point on the device. */
export async function expectRight(graph: Graph, dims: Record<string, number> = {}): Promise<void> {
  expect(checkAllGradients(graph, { dims }).filter((each) => !each.ok)).toEqual([]);
  await expectRightOnDevice(graph, dims);
}

/** Checks every result and updated state of every entry point on the device alone: of large tensors that takes less time. */
export async function expectRightOnDevice(graph: Graph, dims: Record<string, number> = {}): Promise<void> {
  const { kernels } = await checkOnDevice(graph, open, { dims });
  expect(kernels.filter((each) => !each.ok)).toEqual([]);
  expect(kernels.length).toBeGreaterThan(0);
}
