/// What tests of contractions in squares have in common.
import { expect } from "vitest";
import type { Graph } from "chainrule";
import { checkOnDevice, type OpenModule } from "../../../compiler/check/index.ts";
import { openDeviceModule } from "../../../compiler/cli/device.ts";
import { withVariants } from "../../../runtime/tuning.ts";
import { testDevice } from "../../gpu.ts";

/** Runs a model with contractions in squares of an edge, which its device would not choose, and compares every result. */
export async function expectSquares(graph: Graph, edge: 64 | 128): Promise<void> {
  let taken = 0;
  const open: OpenModule = async (program) => {
    const chosen = withVariants(program, ({ variants = [] }) => {
      const variant = variants.find(({ name }) => name === `squares of ${edge}`);
      taken += variant ? 1 : 0;
      return variant;
    });
    return openDeviceModule(chosen, { device: await testDevice() });
  };
  const { kernels } = await checkOnDevice(graph, open);
  expect(kernels.filter((each) => !each.ok)).toEqual([]);
  expect(kernels.length).toBeGreaterThan(0);
  expect(taken).toBeGreaterThan(0);
}
