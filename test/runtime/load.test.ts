import { expect, test } from "vitest";
import { testDevice } from "../gpu.ts";
import { createDoubling } from "./modules.ts";

test("a vector is doubled", async () => {
  const doubling = await createDoubling({ device: await testDevice() });
  const { doubled } = await doubling.double({ x: Float32Array.of(1, 2, 3, 4) });
  expect([...doubled]).toEqual([2, 4, 6, 8]);
  doubling.destroy();
});
