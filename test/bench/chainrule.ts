/// chainrule as a contender: the program that the compiler wrote, loaded by the runtime. Inputs lie on the GPU, as they do
/// for the others.
import { readFileSync } from "node:fs";
import { load, type InputValue, type LoadedModule, type Program, type Step } from "chainrule/runtime";
import { auto } from "chainrule/tuning";
import type { Arrays, Contender } from "./contender.ts";

type Outputs = Readonly<Record<string, number | Float32Array>>;
type Module = LoadedModule & Readonly<Record<string, (inputs: Record<string, InputValue>) => Step<Outputs>>>;

function upload(device: GPUDevice, values: Float32Array | Int32Array): GPUBuffer {
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ size: values.byteLength, usage });
  device.queue.writeBuffer(buffer, 0, values as Float32Array<ArrayBuffer>);
  return buffer;
}

const parameterOf = (moment: string): string => moment.slice("adam.m.".length);

/** Loads the program of a task. */
export const chainrule: Contender = async (task, numbers) => {
  const program = JSON.parse(readFileSync(task.program, "utf8")) as Program;
  const params = numbers.parameters;
  const module = await load<Module>(program, { params, variants: auto });
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
};
