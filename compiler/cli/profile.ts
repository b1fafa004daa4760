/// How long each dispatch of a program takes on a device, by itself.
import type { Dispatch, Program } from "../../runtime/abi.ts";
import { openClock, timeOfOne } from "../../runtime/clock.ts";
import { createBuffers, planBuffers, writeConstants } from "../../runtime/memory.ts";
import { initialValue } from "../../runtime/params.ts";
import { bindDispatch, compileKernels } from "../../runtime/pipelines.ts";
import { elementCount, toArray } from "../../runtime/tensor.ts";
import { randomStream } from "../check/random.ts";
import { allDispatches } from "../launch.ts";

/** Times dispatches of one program. */
export interface Profiler {
  /** Milliseconds of each dispatch of an entry point in order, those of loops at their first place. */
  timesOf(entryPoint: string): Promise<readonly number[]>;
  destroy(): void;
}

/** So many passes are timed, and the median counts. */
const passes = 5;

/** Loads a program, with random inputs. `device` need not have timestamps: then the wait for the queue is timed. */
export async function openProfiler(device: GPUDevice, program: Program, seed = 0): Promise<Profiler> {
  const { buffers, checked } = createBuffers(device, planBuffers(program));
  const [kernels] = await Promise.all([compileKernels(device, program), checked]);
  writeConstants(device, program, buffers);
  writeStates(device, program, buffers, seed);
  for (const name of Object.keys(program.entryPoints)) writeInputs(device, program, name, buffers, seed);
  const clock = openClock(device);
  const timeOf = async (dispatch: Dispatch): Promise<number> => {
    const kernel = kernels[dispatch.kernel];
    const group = bindDispatch(device, kernel, dispatch, ({ buffer, offset }) => ({ buffer: buffers[buffer], offset }));
    const run = (times: number) =>
      clock.time((pass) => {
        pass.setPipeline(kernel.pipeline);
        pass.setBindGroup(0, group);
        for (let turn = 0; turn < times; turn++) pass.dispatchWorkgroups(...dispatch.workgroups);
      });
    return timeOfOne(run, passes);
  };
  return {
    async timesOf(entryPoint) {
      const times: number[] = [];
      const dispatches = program.entryPoints[entryPoint].dispatches.flatMap(allDispatches);
      for (const dispatch of dispatches) times.push(await timeOf(dispatch));
      return times;
    },
    destroy() {
      for (const buffer of buffers) buffer.destroy();
      clock.destroy();
    },
  };
}

function writeStates(device: GPUDevice, program: Program, buffers: readonly GPUBuffer[], seed: number): void {
  for (const slot of program.states) {
    const value = initialValue(slot, seed);
    if (value) device.queue.writeBuffer(buffers[slot.buffer], slot.offset, value as Float32Array<ArrayBuffer>);
  }
}

function writeInputs(
  device: GPUDevice,
  program: Program,
  entryPoint: string,
  buffers: readonly GPUBuffer[],
  seed: number,
): void {
  const random = randomStream(seed);
  for (const { dtype, shape, classes = 2, buffer, offset } of program.entryPoints[entryPoint].inputs) {
    const draw = dtype === "f32" ? () => random.normal() : () => random.integer(classes);
    const values = toArray(dtype, Array.from({ length: elementCount(shape) }, draw));
    device.queue.writeBuffer(buffers[buffer], offset, values as Float32Array<ArrayBuffer>);
  }
}
