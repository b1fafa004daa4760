/// How long each dispatch of a program takes on a device, by itself.
import type { Dispatch, Program } from "../../runtime/abi.ts";
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

/** Dispatches are repeated in one pass until it takes so many milliseconds: clocks of adapters tick every 0.1 ms. */
const longEnough = 5;

/** So many passes are timed, and the median counts; one that takes a tenth of a second is timed once. */
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
    return repeat(run);
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

/** The median time of one of many; the first run warms up. */
async function repeat(run: (times: number) => Promise<number>): Promise<number> {
  await run(1);
  const first = await run(1);
  if (first > 100) return first;
  let times = 1;
  for (let taken = first; taken < longEnough && times < 1024; taken = await run(times)) times *= 2;
  const measured: number[] = [];
  for (let pass = 0; pass < passes; pass++) measured.push(await run(times));
  return measured.toSorted((a, b) => a - b)[passes >> 1] / times;
}

interface Clock {
  /** Milliseconds that one compute pass takes. */
  time(record: (pass: GPUComputePassEncoder) => void): Promise<number>;
  destroy(): void;
}

/** The adapter's clock, or the time until the queue is idle where it has none. */
function openClock(device: GPUDevice): Clock {
  if (!device.features.has("timestamp-query"))
    return { time: (record) => timeQueue(device, record), destroy: () => {} };
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 });
  const resolved = device.createBuffer({ size: 16, usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC });
  const read = device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
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
      await read.mapAsync(GPUMapMode.READ);
      const [begin, end] = new BigUint64Array(read.getMappedRange().slice(0));
      read.unmap();
      return Number(end - begin) / 1e6;
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
