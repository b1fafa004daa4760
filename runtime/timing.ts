/// How long dispatches take on a device, on memory of their own.

import type { Dispatch, Kernel } from "./abi.ts";
import { openClock, timeOfOne } from "./clock.ts";
import { createBuffers, scratchUsage } from "./memory.ts";
import { bindDispatch, compileKernels } from "./pipelines.ts";

/** So many passes are timed, and the median counts. */
const passes = 3;

/** Milliseconds that dispatches take together; each binding has memory of its own, with zeros, which is freed. */
export async function timeDispatches(
  device: GPUDevice,
  dispatches: readonly Dispatch[],
  kernels: readonly Kernel[],
): Promise<number> {
  const own = dispatches.map(({ kernel }) => kernels[kernel]!);
  const requests = dispatches.flatMap(({ bindings }, at) =>
    bindings.map(({ bytes }) => ({ label: own[at]!.name, size: Math.ceil(bytes / 4) * 4, usage: scratchUsage })),
  );
  const { buffers, checked, free } = createBuffers(device, requests);
  const clock = openClock(device);
  try {
    const [compiled] = await Promise.all([compileKernels(device, { kernels: own }), checked]);
    let next = 0;
    const launches = dispatches.map((dispatch, at) => {
      const group = bindDispatch(device, compiled[at]!, dispatch, () => ({ buffer: buffers[next++]!, offset: 0 }));
      return { pipeline: compiled[at]!.pipeline, group, workgroups: dispatch.workgroups };
    });
    const run = (times: number): Promise<number> =>
      clock.time((pass) => {
        for (let turn = 0; turn < times; turn++) {
          for (const { pipeline, group, workgroups } of launches) {
            pass.setPipeline(pipeline);
            pass.setBindGroup(0, group);
            pass.dispatchWorkgroups(...workgroups);
          }
        }
      });
    return await timeOfOne(run, passes);
  } finally {
    free();
    clock.destroy();
  }
}
