/// How long each dispatch of a program takes on a device, by itself.
import type { Dispatch, Program, Variant } from "../../runtime/abi.ts";
import { openClock, timeOfOne } from "../../runtime/clock.ts";
import { createBuffers, planBuffers, writeConstants } from "../../runtime/memory.ts";
import { initialValue } from "../../runtime/params.ts";
import { bindDispatch, compileKernels, type CompiledKernel } from "../../runtime/pipelines.ts";
import { elementCount, toArray } from "../../runtime/tensor.ts";
import { randomStream } from "../check/random.ts";
import { allDispatches } from "../launch.ts";

/** Times dispatches of one program. */
export interface Profiler {
  /** Milliseconds of each dispatch of an entry point in order, those of loops at their first place. */
  timesOf(entryPoint: string): Promise<readonly number[]>;
  /** The same for what may take the place of each dispatch, of those that are `possible`: the sums of their dispatches. */
  variantTimesOf(
    entryPoint: string,
    possible: (dispatch: Dispatch) => readonly Variant[],
  ): Promise<readonly (readonly VariantTime[])[]>;
  destroy(): void;
}

/** What takes a dispatch's place, and how long it takes. */
export interface VariantTime {
  readonly name: string;
  readonly milliseconds: number;
}

/** So many passes are timed, and the median counts. */
export const passes = 5;

/** Loads a program, with random inputs. `device` need not have timestamps: then the wait for the queue is timed. */
export async function openProfiler(device: GPUDevice, program: Program, seed = 0): Promise<Profiler> {
  const { buffers, checked } = createBuffers(device, planBuffers(program));
  const [kernels] = await Promise.all([compileKernels(device, program), checked]);
  writeConstants(device, program, buffers);
  writeStates(device, program, buffers, seed);
  for (const name of Object.keys(program.entryPoints)) writeInputs(device, program, name, buffers, seed);
  const clock = openClock(device);
  const timeOf = async (dispatch: Dispatch, kernel: CompiledKernel): Promise<number> => {
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
      for (const dispatch of dispatches) times.push(await timeOf(dispatch, kernels[dispatch.kernel]));
      return times;
    },
    async variantTimesOf(entryPoint, possible) {
      const all: VariantTime[][] = [];
      for (const dispatch of program.entryPoints[entryPoint].dispatches.flatMap(allDispatches)) {
        const times: VariantTime[] = [];
        for (const { name, dispatches } of possible(dispatch)) {
          const own = dispatches.map((each) => program.variants![each.kernel]);
          const compiled = await compileKernels(device, { kernels: own });
          let milliseconds = 0;
          for (const [at, each] of dispatches.entries()) milliseconds += await timeOf(each, compiled[at]);
          times.push({ name, milliseconds });
        }
        all.push(times);
      }
      return all;
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
