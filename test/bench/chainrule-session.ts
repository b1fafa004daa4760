/// chainrule's steps, once a module is loaded: in a process of Node and in a page. Inputs lie on the GPU, as they do for the
/// others.
import type { InputValue, LoadedModule, Step } from "chainrule/runtime";
import type { Arrays, Session } from "./contender.ts";
import type { Numbers, Task } from "./task.ts";

type Outputs = Readonly<Record<string, number | Float32Array>>;

/** A module of any workload. */
export type Module = LoadedModule & Readonly<Record<string, (inputs: Record<string, InputValue>) => Step<Outputs>>>;

function upload(device: GPUDevice, values: Float32Array | Int32Array): GPUBuffer {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ size: values.byteLength, usage });
  device.queue.writeBuffer(buffer, 0, values as Float32Array<ArrayBuffer>);
  return buffer;
}

const parameterOf = (moment: string): string => moment.slice("adam.m.".length);

/** Steps of a module. */
export function sessionOf(module: Module, task: Task, numbers: Numbers): Session {
  const { device } = module;
  const inputs = Object.fromEntries(
    Object.entries(numbers.inputs).map(([name, values]) => [name, upload(device, values)]),
  );
  const entry = module[task.training ? "train" : "run"];
  const last: { step?: Step<Outputs> } = {};
  return {
    device,
    async step() {
      last.step = entry(inputs);
      await last.step.accepted;
    },
    async finish() {
      if (task.training) return (await last.step!.read()).loss as number;
      await device.queue.onSubmittedWorkDone();
      return 0;
    },
    async state() {
      if (!task.training) return { result: Object.values(await last.step!.read())[0] as Float32Array };
      const states = Object.entries(await module.readState());
      const moments = states.filter(([name]) => name.startsWith("adam.m."));
      return Object.fromEntries(moments.map(([name, { data }]) => [parameterOf(name), data])) as Arrays;
    },
  };
}
