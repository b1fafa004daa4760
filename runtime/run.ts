/// Running entry points: one call writes its inputs, replays a flat table of dispatches and submits once.

import type { Binding, Dispatch, EntryPoint, Program } from "./abi.ts";
import { runtimeErrors } from "./errors.ts";
import type { Gate } from "./gate.ts";
import type { CheckedInput } from "./inputs.ts";
import { checkInputs, checkSettings, isOnGpu } from "./inputs.ts";
import type { CompiledKernel } from "./pipelines.ts";
import { bindDispatch } from "./pipelines.ts";
import { createRing, outputRange } from "./readback.ts";
import { stepMaker } from "./step.ts";
import { slotBytes } from "./tensor.ts";
import type { InputValue } from "./types.ts";

/** What the entry points of one module share. */
export interface Context {
  readonly device: GPUDevice;
  readonly program: Program;
  readonly gate: Gate;
  /** The program's buffers, by index. */
  readonly memory: readonly GPUBuffer[];
  readonly kernels: readonly CompiledKernel[];
  /** What each settings buffer holds, by index of the buffer. */
  readonly settings: Map<number, readonly number[]>;
  /** Calls so far of entry points that write states. */
  steps: number;
}

/** A callable entry point. */
export type Run = (
  inputs?: Readonly<Record<string, InputValue>>,
  settings?: Readonly<Record<string, number>>,
) => object;

/** Bind groups by the buffers that stand for a dispatch's inputs, one level an input. */
interface GroupNode {
  group?: GPUBindGroup;
  readonly next: WeakMap<GPUBuffer, Map<number, GroupNode>>;
}

/** One line of the table. */
interface Launch {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly workgroups: Dispatch["workgroups"];
  /** The bind group for inputs of which some stay on the GPU. */
  readonly groupFor: (inputs: readonly CheckedInput[]) => GPUBindGroup;
}

/** Index of the input that a binding sees, or -1. */
function inputOf(entry: EntryPoint, binding: Binding): number {
  return entry.inputs.findIndex((slot) => {
    const distance = binding.offset - slot.offset;
    return slot.buffer === binding.buffer && distance >= 0 && distance < slotBytes(slot);
  });
}

/** Dispatches in the order in which they run: those of a loop once for each place, with the ranges that they see there. */
function inOrder(entries: EntryPoint["dispatches"], places: readonly number[] = []): readonly Dispatch[] {
  return entries.flatMap((entry) => {
    if ("times" in entry) {
      const { times, reverse, dispatches } = entry;
      const turns = Array.from({ length: times }, (_, turn) => (reverse ? times - 1 - turn : turn));
      return turns.flatMap((place) => inOrder(dispatches, [...places, place]));
    }
    const moved = entry.bindings.map((binding) => {
      const { step, offset } = binding;
      return step ? { ...binding, offset: offset + places[step.depth]! * step.bytes } : binding;
    });
    // One that does not move is the same every time, and bound once.
    return moved.some(({ step }) => step) ? { ...entry, bindings: moved } : entry;
  });
}

function prepareLaunch(context: Context, entry: EntryPoint, dispatch: Dispatch): Launch {
  const { device, memory } = context;
  const kernel = context.kernels[dispatch.kernel]!;
  const own = ({ buffer, offset }: Pick<Binding, "buffer" | "offset">) => ({ buffer: memory[buffer]!, offset });
  const group = bindDispatch(device, kernel, dispatch, own);
  const seen = [...new Set(dispatch.bindings.map((binding) => inputOf(entry, binding)))].filter((index) => index >= 0);
  const root: GroupNode = { next: new WeakMap() };
  const groupFor = (inputs: readonly CheckedInput[]): GPUBindGroup => {
    if (!seen.some((index) => isOnGpu(inputs[index]!))) return group;
    let node = root;
    for (const index of seen) {
      const input = inputs[index]!;
      const { buffer, offset } = isOnGpu(input) ? input : own(entry.inputs[index]!);
      let offsets = node.next.get(buffer);
      if (!offsets) node.next.set(buffer, (offsets = new Map()));
      let child = offsets.get(offset);
      if (!child) offsets.set(offset, (child = { next: new WeakMap() }));
      node = child;
    }
    node.group ??= bindDispatch(device, kernel, dispatch, (binding) => {
      const index = inputOf(entry, binding);
      const input = inputs[index];
      if (!input || !isOnGpu(input)) return own(binding);
      return { buffer: input.buffer, offset: input.offset + binding.offset - entry.inputs[index]!.offset };
    });
    return node.group;
  };
  return { pipeline: kernel.pipeline, group, workgroups: dispatch.workgroups, groupFor };
}

function writeInputs({ device, memory }: Context, entry: EntryPoint, inputs: readonly CheckedInput[]): boolean {
  let onGpu = false;
  entry.inputs.forEach((slot, index) => {
    const input = inputs[index]!;
    if (isOnGpu(input)) onGpu = true;
    else device.queue.writeBuffer(memory[slot.buffer]!, slot.offset, input as Float32Array<ArrayBuffer>);
  });
  return onGpu;
}

function writeSettings(context: Context, { settingsBuffer }: EntryPoint, values: readonly number[]): void {
  if (settingsBuffer === undefined) return;
  const held = context.settings.get(settingsBuffer);
  if (held && values.every((value, index) => value === held[index])) return;
  context.device.queue.writeBuffer(context.memory[settingsBuffer]!, 0, new Float32Array(values));
  context.settings.set(settingsBuffer, values);
}

/**
 * Makes an entry point callable. `ringBuffers` are as many as calls may be in flight, or none without outputs.
 *
 * One encoding is thrown away here, so that what WebGPU's validation finds shows at load and not in a step: run this in an
 * error scope.
 */
export function prepareEntry(
  context: Context,
  name: string,
  entry: EntryPoint,
  ringBuffers: readonly GPUBuffer[],
): Run {
  const { device, gate, memory } = context;
  const range = outputRange(entry);
  const ring = createRing(gate, name, range, range && memory[range.buffer], ringBuffers);
  const makeStep = stepMaker(gate, entry, ring, range, memory);
  const known = new Map<Dispatch, Launch>();
  const launches = inOrder(entry.dispatches).map((dispatch) => {
    const launch = known.get(dispatch) ?? prepareLaunch(context, entry, dispatch);
    known.set(dispatch, launch);
    return launch;
  });
  const encode = (encoder: GPUCommandEncoder, given?: readonly CheckedInput[]): void => {
    const pass = encoder.beginComputePass();
    for (const { pipeline, group, workgroups, groupFor } of launches) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, given ? groupFor(given) : group);
      pass.dispatchWorkgroups(...workgroups);
    }
    pass.end();
  };
  const rehearsal = device.createCommandEncoder();
  encode(rehearsal);
  rehearsal.finish();

  return (inputs, settings) => {
    gate.checkRoom();
    const checked = checkInputs(name, entry, inputs);
    const values = checkSettings(name, entry, settings);
    const onGpu = writeInputs(context, entry, checked);
    writeSettings(context, entry, values);
    // Only a caller's buffer can be invalid here (another device's, or bound twice): its call reports it.
    if (onGpu) device.pushErrorScope("validation");
    const encoder = device.createCommandEncoder();
    encode(encoder, onGpu ? checked : undefined);
    const call = ring.begin(encoder);
    device.queue.submit([encoder.finish()]);
    if (onGpu) {
      call.checked = device.popErrorScope().then((error) => {
        if (error) throw runtimeErrors["input-type"](name, "inputs", "GPU buffers fit to bind", error.message);
      });
      call.checked.catch(() => {});
    }
    const done = () => ring.release(call);
    device.queue.onSubmittedWorkDone().then(done, done);
    if (entry.updates) context.steps++;
    return makeStep(call);
  };
}
