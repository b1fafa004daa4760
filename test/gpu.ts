/// A device for tests.

import { afterAll } from "vitest";
import type { OpenDevice } from "../runtime/device.ts";
import { openDevice } from "../runtime/device.ts";

// One device a test file: vitest runs every file in its own module graph.
let opened: Promise<OpenDevice> | undefined;

/** The device that all tests of a file share, with WebGPU's default limits; it is destroyed after the file's last test. */
export async function testDevice(): Promise<GPUDevice> {
  opened ??= openDevice();
  return (await opened).device;
}

afterAll(async () => (await opened)?.close());
