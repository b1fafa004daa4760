/// Running entry points: one call writes its inputs, replays a flat table of dispatches and submits once.

import type { Binding, Dispatch, EntryPoint, InputSlot, Program } from "./abi.ts";
import { runtimeErrors } from "./errors.ts";
import type { Gate } from "./gate.ts";
import type { CheckedInput } from "./inputs.ts";
import { checkInputs, checkSettings, isOnGpu } from "./inputs.ts";
import type { CompiledKernel } from "./pipelines.ts";
import { bindDispatch } from "./pipelines.ts";
import type { Place, Slot } from "./readback.ts";
import { createRing, outputSlot } from "./readback.ts";
import { stepMaker } from "./step.ts";
import { slotBytes } from "./tensor.ts";
import type { InputValue, OutputBuffer, TypedArray } from "./types.ts";

/** What the entry points of one module share. */
export interface Context {
  readonly device: GPUDevice;
  readonly program: Program;
  readonly gate: Gate;
  /** The program's buffers, by index; whatever comes after them goes with the module too. */
  readonly memory: GPUBuffer[];
  kernels: readonly CompiledKernel[];
  /** Calls so far of entry points that write states. */
  steps: number;
}

/** A callable entry point. */
export interface Run {
  (inputs?: Readonly<Record<string, InputValue>>, settings?: Readonly<Record<string, number>>): object;
  /** What a call is made of. */
  readonly [replayKey]: Replay;
}

/** Inputs of which some are on the GPU, and the error that WebGPU finds in them, once it is asked. */
export interface Asked {
  readonly given: readonly CheckedInput[];
  error?: Promise<Error | null>;
}

/** No inputs on the GPU: always the same, so that nothing is bound again. */
export const none: readonly CheckedInput[] = [];

/** Where a callable entry point keeps its `Replay`. */
export const replayKey = Symbol();

/** An entry point that records and submits. */
export interface Replay {
  readonly context: Context;
  readonly name: string;
  readonly entry: EntryPoint;
  /** What the settings buffer holds, as text; empty where that is not known. */
  held: string;
  /** Records one step, on the module's own buffers or with what calls were given on the GPU. */
  encode(encoder: GPUCommandEncoder, outputs: Place, given: readonly CheckedInput[]): void;
  /** Submits `count` steps that `record` records, as one call; `asked` is there when they use buffers of the caller. */
  submit(asked: Asked | undefined, count: number, record: (encoder: GPUCommandEncoder, outputs: Place) => void): object;
}

/** Bind groups by the places of what a dispatch sees, one level each. */
interface GroupNode {
  group?: GPUBindGroup;
  readonly next: WeakMap<GPUBuffer, Record<number, GroupNode>>;
}

/** One line of the table. */
interface Launch {
  readonly pipeline: GPUComputePipeline;
  readonly workgroups: Dispatch["workgroups"];
  /** The bind group for a place of the outputs, then those of inputs, of which some may be on the GPU. */
  groupFor(places: readonly (TypedArray | OutputBuffer)[]): GPUBindGroup;
}

/** An entry point whose outputs and inputs have places. */
interface Seen extends Pick<EntryPoint, "dispatches"> {
  readonly inputs: readonly Pick<InputSlot, "buffer" | "offset" | "shape">[];
}

/** Index of the input that a binding sees, or -1. */
function inputOf(entry: Seen, binding: Binding): number {
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

function prepareLaunch(context: Context, entry: Seen, dispatch: Dispatch): Launch {
  const { device, memory } = context;
  const kernel = context.kernels[dispatch.kernel]!;
  const own = ({ buffer, offset }: Pick<Binding, "buffer" | "offset">) => ({ buffer: memory[buffer]!, offset });
  const seen = [...new Set(dispatch.bindings.map((binding) => inputOf(entry, binding)))].filter((index) => index >= 0);
  const root: GroupNode = { next: new WeakMap() };
  const groupFor: Launch["groupFor"] = (places) => {
    const given = (index: number): { readonly buffer: GPUBuffer; readonly offset: number } => {
      const place = places[index];
      return place && isOnGpu(place) ? place : own(entry.inputs[index]!);
    };
    let node = root;
    for (const index of seen) {
      const { buffer, offset } = given(index);
      if (!node.next.has(buffer)) node.next.set(buffer, {});
      node = node.next.get(buffer)![offset] ??= { next: new WeakMap() };
    }
    return (node.group ??= bindDispatch(device, kernel, dispatch, (binding) => {
      const index = inputOf(entry, binding);
      if (index < 0) return own(binding);
      const { buffer, offset } = given(index);
      return { buffer, offset: offset + binding.offset - entry.inputs[index]!.offset };
    }));
  };
  return { ...dispatch, ...kernel, groupFor };
}

/** Writes what comes from the CPU; true when some input is on the GPU. */
function writeInputs({ device, memory }: Context, { inputs }: EntryPoint, given: readonly CheckedInput[]): boolean {
  given.forEach((input, index) => {
    const { buffer, offset } = inputs[index]!;
    if (!isOnGpu(input)) device.queue.writeBuffer(memory[buffer]!, offset, input as Float32Array<ArrayBuffer>);
  });
  return given.some(isOnGpu);
}

/** The table of dispatches, bound once. */
function prepareTable(context: Context, entry: Seen): Replay["encode"] {
  const known = new Map<Dispatch, Launch>();
  const launches = inOrder(entry.dispatches).map((dispatch) => {
    const launch = known.get(dispatch) ?? prepareLaunch(context, entry, dispatch);
    known.set(dispatch, launch);
    return launch;
  });
  return (encoder, outputs, given) => {
    if (outputs.given !== given) outputs.groups = launches.map(({ groupFor }) => groupFor([outputs, ...given]));
    outputs.given = given;
    const pass = encoder.beginComputePass();
    let last: GPUComputePipeline | undefined;
    launches.forEach(({ pipeline, workgroups }, index) => {
      if (pipeline !== last) pass.setPipeline((last = pipeline));
      pass.setBindGroup(0, outputs.groups![index]!);
      pass.dispatchWorkgroups(...workgroups);
    });
    pass.end();
  };
}

/**
 * Makes an entry point callable. Its outputs have a place for each call that may be in flight: the first is the program's, others
 * are taken from `rings`.
 *
 * One encoding is thrown away here, so that what WebGPU's validation finds shows at load and not in a step: run this in an
 * error scope.
 */
export function prepareEntry(context: Context, name: string, entry: EntryPoint, rings: GPUBuffer[]): Run {
  const { device, gate, memory } = context;
  const { queue } = device;
  const output = outputSlot(entry);
  const slots = Array.from({ length: gate.limit }, (_, slot): Slot => {
    return {
      open: 0,
      place: { buffer: rings[slot - 1] ?? memory[output.buffer]!, offset: 0, size: slotBytes(output) },
    };
  });
  const ring = createRing(context, name, slots);
  const makeStep = stepMaker(gate, entry, ring);
  // All outputs are one more that has a place.
  const encode = prepareTable(context, { ...entry, inputs: [output, ...entry.inputs] });
  const rehearsal = device.createCommandEncoder();
  for (const { place } of slots) encode(rehearsal, place, none);
  rehearsal.finish();

  let last: Asked | undefined;
  const answer = (error: GPUError | null): Error | null => {
    if (!error) return null;
    // It may be over by the next call: a buffer was mapped.
    last = undefined;
    return runtimeErrors["input-type"](name, "inputs", "GPU buffers fit to bind", error.message);
  };
  const submit: Replay["submit"] = (asked, count, record) => {
    // Only a caller's buffer can be invalid here (another device's, or bound twice): its call reports it. Asking costs as
    // much as several dispatches do, so those of the call before are not asked about again.
    const isNew = asked && !asked.error;
    if (isNew) device.pushErrorScope("validation");
    const call = ring.submit(record);
    if (isNew) asked.error = device.popErrorScope().then(answer, () => null);
    call.error = asked?.error;
    gate.submitted(call);
    if (entry.updates) context.steps += count;
    return makeStep(call);
  };

  const values = checkSettings(name, entry);
  const defaults = values.join();
  const replay: Replay = { context, name, entry, held: "", encode, submit };
  const run = (inputs?: Readonly<Record<string, InputValue>>, settings?: Readonly<Record<string, number>>): object => {
    gate.checkRoom();
    const given = checkInputs(name, entry, inputs, last?.given);
    if (settings || replay.held !== defaults) {
      checkSettings(name, entry, settings, values);
      if (replay.held !== (replay.held = values.join())) queue.writeBuffer(memory[entry.settingsBuffer!]!, 0, values);
    }
    const asked = given === last?.given ? last : writeInputs(context, entry, given) ? { given } : undefined;
    last = asked;
    return submit(asked, 1, (encoder, outputs) => encode(encoder, outputs, asked?.given ?? none));
  };
  return Object.assign(run, { [replayKey]: replay });
}
