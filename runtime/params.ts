/// States: their first values, checkpoints and weights.

import type { Program, StateSlot } from "./abi.ts";
import { runtimeErrors } from "./errors.ts";
import { checkNames, namesIn } from "./inputs.ts";
import { createBuffers, mapModeRead, readbackUsage } from "./memory.ts";
import { normal, seedKey, threefry, uniform } from "./random.ts";
import type { Context } from "./run.ts";
import { arrayType, copySlot, describeSlot, elementCount, toArray } from "./tensor.ts";
import type { ParamRecord, StateRecord, TypedArray } from "./types.ts";

/**
 * The first values of a state, or undefined where they are zeros: `count` elements from element `start`, or all.
 */
export function initialValue(
  { init, dtype, shape }: StateSlot,
  seed: number,
  start = 0,
  count = elementCount(shape),
): TypedArray | undefined {
  const values = new (arrayType(dtype))(Math.min(count, elementCount(shape) - start));
  const key = seedKey(seed);
  switch (init?.tag) {
    case "constant":
      return values.fill(init.value);
    case "uniform":
      return values.map((_, index) => uniform(threefry(key, [start + index, init.site]), init.low, init.high));
    case "normal":
      return values.map((_, index) => normal(threefry(key, [start + index, init.site]), init.mean, init.deviation));
    case "values":
      return toArray(dtype, init.values.slice(start, start + count));
    case "key":
      return toArray(dtype, key);
    default:
      return init satisfies undefined;
  }
}

/** The program's parameters. */
export const parametersOf = (program: Program): StateSlot[] => program.states.filter((slot) => slot.parameter);

/** Pairs given weights with their slots. Errors `param-unknown`, `state-value`. */
export function checkParams(program: Program, params: ParamRecord): [StateSlot, TypedArray][] {
  const slots = parametersOf(program);
  checkNames(params, slots, (key, known) => runtimeErrors["param-unknown"](key, known));
  return Object.entries(params).map(([name, values]) => {
    const slot = slots.find((candidate) => candidate.name === name)!;
    const count = elementCount(slot.shape);
    if (values?.length !== count) {
      throw runtimeErrors["state-value"](name, `${count} numbers (${describeSlot(slot)})`, `${values?.length}`);
    }
    return [slot, toArray(slot.dtype, values)];
  });
}

/** Pairs a checkpoint with the program's slots. Errors `state-mismatch`, `state-value`. */
export function checkState({ states }: Program, state: StateRecord): [StateSlot, TypedArray][] {
  const names = states.map((slot) => slot.name);
  const found = namesIn(state);
  const missing = names.filter((name) => !found.includes(name));
  const extra = found.filter((name) => !names.includes(name));
  if (missing.length || extra.length) throw runtimeErrors["state-mismatch"](missing, extra);
  return states.map((slot) => {
    const tensor = state[slot.name]!;
    const { dtype, shape, data } = tensor;
    const [must, given] = [slot, tensor].map(describeSlot);
    if (given !== must || data.length !== elementCount(shape) || !(data instanceof arrayType(dtype))) {
      throw runtimeErrors["state-value"](slot.name, must, `${given} with ${data.length} elements`);
    }
    return [slot, data];
  });
}

/** Writes states before the next call. */
export function writeStates({ device, memory }: Context, values: readonly (readonly [StateSlot, TypedArray])[]): void {
  for (const [{ buffer, offset }, array] of values) {
    device.queue.writeBuffer(memory[buffer]!, offset, array as Float32Array<ArrayBuffer>);
  }
}

/** Copies states as they are after the calls enqueued so far: one copy and one mapping a buffer, one submit. */
export async function readStates<Slot extends StateSlot>(
  context: Context,
  slots: readonly Slot[],
): Promise<(readonly [Slot, TypedArray])[]> {
  const { device, gate, memory, program } = context;
  gate.check();
  const used = [...new Set(slots.map((slot) => slot.buffer))];
  const requests = used.map((index) => {
    const { label, bytes: size } = program.buffers[index]!;
    return { label, size, usage: readbackUsage };
  });
  const { buffers, checked, free } = createBuffers(device, requests);
  // Submitted before anything is awaited: later calls must not show in the copy.
  const encoder = device.createCommandEncoder();
  used.forEach((index, at) => encoder.copyBufferToBuffer(memory[index]!, 0, buffers[at]!, 0, requests[at]!.size));
  device.queue.submit([encoder.finish()]);
  try {
    await gate.guard(checked);
    await gate.guard(Promise.all(buffers.map((buffer) => buffer.mapAsync(mapModeRead))));
    const ranges = buffers.map((buffer) => buffer.getMappedRange());
    return slots.map((slot) => [slot, copySlot(slot, ranges[used.indexOf(slot.buffer)]!)]);
  } finally {
    free();
  }
}
