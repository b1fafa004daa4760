/// Clocks for what runs on a device: the adapter's own, or the time until its queue is idle.

import { mapModeRead, readbackUsage } from "./memory.ts";

/** Times compute passes. */
export interface Clock {
  /** Milliseconds that one compute pass takes. */
  time(record: (pass: GPUComputePassEncoder) => void): Promise<number>;
  destroy(): void;
}

/** Work is repeated in one pass until it takes so many milliseconds: clocks of adapters tick every 0.1 ms. */
const longEnough = 5;

/** It is repeated at most so often. */
const most = 1024;

/** What takes so many milliseconds is timed once. */
const verySlow = 100;

/**
 * Milliseconds of one of many repetitions, the median of so many passes; the first run warms up. Whether a pass is long
 * enough is asked of the median too: a single pass may be long because the machine did something else.
 */
export async function timeOfOne(run: (times: number) => Promise<number>, passes: number): Promise<number> {
  const first = Math.min(await run(1), await run(1));
  if (first > verySlow) return first;
  for (let times = 1, taken = first; ; times *= 2, taken = await run(times)) {
    if (taken < longEnough && times < most) continue;
    const measured: number[] = [];
    for (let pass = 0; pass < passes; pass++) measured.push(await run(times));
    const median = measured.sort((a, b) => a - b)[passes >> 1]!;
    if (median >= longEnough / 2 || times >= most) return median / times;
  }
}

const resolveUsage = 0x200 | 0x4;

/** The adapter's clock where the device has feature `timestamp-query`, or the time until the queue is idle. */
export function openClock(device: GPUDevice): Clock {
  if (!device.features.has("timestamp-query"))
    return { time: (record) => timeQueue(device, record), destroy: () => {} };
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 });
  const resolved = device.createBuffer({ size: 16, usage: resolveUsage });
  const read = device.createBuffer({ size: 16, usage: readbackUsage });
  const timestampWrites = { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
  return {
    async time(record) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass({ timestampWrites });
      record(pass);
      pass.end();
      encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, read, 0, 16);
      device.queue.submit([encoder.finish()]);
      await read.mapAsync(mapModeRead);
      const [begin, end] = new BigUint64Array(read.getMappedRange().slice(0));
      read.unmap();
      return Number(end! - begin!) / 1e6;
    },
    destroy() {
      querySet.destroy();
      resolved.destroy();
      read.destroy();
    },
  };
}

async function timeQueue(device: GPUDevice, record: (pass: GPUComputePassEncoder) => void): Promise<number> {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  record(pass);
  pass.end();
  const commands = encoder.finish();
  await device.queue.onSubmittedWorkDone();
  const start = performance.now();
  device.queue.submit([commands]);
  await device.queue.onSubmittedWorkDone();
  return performance.now() - start;
}
