/// The runtime of compiled models: `load(program)` gives a module that trains and infers on WebGPU.

import type { EntryPoint, Program, StateSlot } from "./abi.ts";
import { abiVersion } from "./abi.ts";
import type { OpenDevice } from "./device.ts";
import { openDevice } from "./device.ts";
import { runtimeErrors } from "./errors.ts";
import type { Gate } from "./gate.ts";
import { openGate } from "./gate.ts";
import { createBuffers, planBuffers, writeConstants } from "./memory.ts";
import { checkParams, checkState, initialValue, parametersOf, readStates, writeStates } from "./params.ts";
import { compileKernels, validated } from "./pipelines.ts";
import type { Context, Run } from "./run.ts";
import { prepareEntry } from "./run.ts";
import { elementCount } from "./tensor.ts";
import type { LoadedModule, LoadOptions, ParamRecord, TypedArray } from "./types.ts";

export { loadCheckpoint, saveCheckpoint } from "#platform";
export { abiVersion } from "./abi.ts";
export type * from "./abi.ts";
export { describeAdapter, openDevice } from "./device.ts";
export type { OpenDevice } from "./device.ts";
export { runtimeError, runtimeErrors } from "./errors.ts";
export type { RuntimeError } from "./errors.ts";
export { threefry } from "./random.ts";
export { stepsOf } from "./steps.ts";
export type { Ring, Schedule, Steps } from "./steps.ts";
export { decodeCheckpoint, encodeCheckpoint } from "./train/checkpoint.ts";
export { decodeSafetensors, encodeSafetensors } from "./train/safetensors.ts";
export type { Safetensor, SafetensorsFile, SafetensorType } from "./train/safetensors.ts";
export type * from "./types.ts";

const knownOptions = "device adapter params state seed maxInFlight variants onProgress".split(" ");

/** Values of states that are given at load. */
type GivenStates = ReadonlyMap<StateSlot, TypedArray>;

/** Checks the options, and tells how many calls may be in flight and which states are given. */
function checkOptions(program: Program, options: LoadOptions): readonly [number, GivenStates] {
  const { params = {}, state, seed = 0, maxInFlight = 8 } = options;
  if (program.abi !== abiVersion) throw runtimeErrors["abi-version"](program.abi, abiVersion);
  for (const key in options) if (!knownOptions.includes(key)) throw runtimeErrors["option-unknown"](key, knownOptions);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw runtimeErrors["option-value"]("seed", "an integer in [0, 2^53)", seed);
  }
  if (!Number.isInteger(maxInFlight) || maxInFlight < 1) {
    throw runtimeErrors["option-value"]("maxInFlight", "an integer of at least 1", maxInFlight);
  }
  for (const name of ["onProgress", "variants"] as const) {
    const given = options[name];
    if (given !== undefined && typeof given !== "function") {
      throw runtimeErrors["option-value"](name, "a function", given);
    }
  }
  return [
    maxInFlight,
    new Map([...(state !== undefined ? checkState(program, state) : []), ...checkParams(program, params)]),
  ];
}

async function writeFirstStates(context: Context, given: GivenStates, seed?: number): Promise<void> {
  const { device, gate, program } = context;
  for (const slot of program.states) {
    const own = given.get(slot);
    // So many copies, or random numbers, take some milliseconds; then whatever else the thread has to do gets its turn.
    const count = own ? 2 ** 20 : 2 ** 16;
    for (let start = 0; start < elementCount(slot.shape); start += count) {
      const values = own?.subarray(start, start + count) ?? initialValue(slot, seed ?? 0, start, count);
      if (!values) break;
      writeStates(context, [[{ ...slot, offset: slot.offset + 4 * start }, values]]);
      await device.queue.onSubmittedWorkDone();
      gate.check();
    }
  }
}

function moduleMembers(context: Context, { adapter }: OpenDevice, destroy: () => void): LoadedModule {
  const { gate, program } = context;
  return {
    adapter,
    device: context.device,
    get steps() {
      return context.steps;
    },
    async readParams() {
      const values = await readStates(context, parametersOf(program));
      return Object.fromEntries(values.map(([{ name }, data]) => [name, data]));
    },
    async readState() {
      const values = await readStates(context, program.states);
      return Object.fromEntries(values.map(([{ name, dtype, shape }, data]) => [name, { dtype, shape, data }]));
    },
    writeParams(params) {
      gate.check();
      writeStates(context, checkParams(program, params as ParamRecord));
    },
    writeState(state) {
      gate.check();
      writeStates(context, checkState(program, state));
    },
    destroy,
  };
}

async function build(
  given: Program,
  options: LoadOptions,
  states: GivenStates,
  opened: OpenDevice,
  gate: Gate,
): Promise<LoadedModule> {
  const { device } = opened;
  const program = (await options.variants?.(given, device)) ?? given;
  const plan = planBuffers(program);
  const { buffers, checked, free } = createBuffers(device, plan);
  try {
    const context: Context = { device, program, gate, memory: buffers, kernels: [], steps: 0 };
    const fill = async (): Promise<void> => {
      await checked;
      gate.check();
      writeConstants(device, program, buffers);
      await writeFirstStates(context, states, options.seed);
    };
    const [kernels] = await Promise.all([compileKernels(device, program, options.onProgress), fill()]);
    context.kernels = kernels;
    const runs: Record<string, Run> = {};
    const prepare = async ([name, entry]: [string, EntryPoint]): Promise<void> => {
      const output = plan[entry.outputs[0]?.buffer ?? -1];
      const { buffers: places, checked } = createBuffers(device, output ? Array(gate.limit - 1).fill(output) : []);
      buffers.push(...places);
      await checked;
      const make = () => prepareEntry(context, name, entry, places);
      runs[name] = await validated(device, name, make);
    };
    await Promise.all(Object.entries(program.entryPoints).map(prepare));
    const module = moduleMembers(context, opened, () => {
      gate.fail(runtimeErrors.destroyed);
      free();
      opened.close();
    });
    return Object.assign(module, runs);
  } catch (error) {
    // What still fills buffers must not go on with those that are freed.
    gate.fail(() => error as Error);
    free();
    throw error;
  }
}

/**
 * Loads a compiled program: opens a device, creates every buffer, compiles every kernel and sets the states.
 *
 * `Module` is the type that the generated module declares: one method an entry point, beside `LoadedModule`.
 * Errors: `abi-version`, `option-unknown`, `option-value`, `param-unknown`, `state-mismatch`, `state-value`, `no-webgpu`,
 * `no-adapter`, `limit-exceeded`, `device-request`, `out-of-memory`, `kernel-invalid`, `device-lost`.
 */
export async function load<Module = LoadedModule<Record<string, TypedArray>>>(
  program: Program,
  options: LoadOptions = {},
): Promise<Module> {
  const [depth, states] = checkOptions(program, options);
  const opened = await openDevice(program.limits, options);
  const gate = openGate(opened.device, depth);
  try {
    return (await gate.guard(build(program, options, states, opened, gate))) as Module;
  } catch (error) {
    opened.close();
    throw error;
  }
}
