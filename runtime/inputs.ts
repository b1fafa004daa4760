/// Checking and writing what a caller passes to an entry point. Everything is checked before anything is written.

import type { EntryPoint, InputSlot } from "./abi.ts";
import { runtimeErrors, show } from "./errors.ts";
import { storageUsage } from "./memory.ts";
import { arrayType, describeSlot, elementCount, slotBytes, toArray } from "./tensor.ts";
import type { InputValue, OutputBuffer, TypedArray } from "./types.ts";

/** An input ready for the queue: elements to write, or a buffer to bind in place of the module's own. */
export type CheckedInput = TypedArray | GivenBuffer;

/** Where the input `name` lies on the GPU; `whole` is the buffer that was given as it is. */
interface GivenBuffer extends OutputBuffer {
  readonly name: string;
  readonly whole: Watched | undefined;
}

const isBuffer = (value: object): value is GPUBuffer => "usage" in value;

/** True for an input that stays on the GPU. */
export const isOnGpu = <Place extends OutputBuffer>(input: TypedArray | Place): input is Place => "size" in input;

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return `${typeof value} ${show(value)}`;
  return value.constructor?.name ?? "object";
}

const isLiving = Symbol();

/** A buffer that was given. WebGPU does not tell whether it is destroyed, so its `destroy` notes that. */
interface Watched extends GPUBuffer {
  [isLiving]?: boolean;
}

function watched(buffer: Watched): Watched {
  if (buffer[isLiving] === undefined) {
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      buffer[isLiving] = false;
      return destroy();
    };
    buffer[isLiving] = true;
  }
  return buffer;
}

function checkBuffer(entry: string, slot: InputSlot, value: GPUBuffer | OutputBuffer): GivenBuffer {
  const bytes = slotBytes(slot);
  const whole = isBuffer(value) ? watched(value) : undefined;
  const { buffer, offset = 0, size } = whole ? { buffer: whole, size: whole.size } : (value as OutputBuffer);
  if (size !== bytes || !(offset >= 0 && offset % 256 === 0 && offset + size <= buffer.size)) {
    const found = `${size} bytes at ${offset} of ${buffer.size}`;
    throw runtimeErrors["input-length"](
      entry,
      slot.name,
      `${bytes} bytes (${describeSlot(slot)}) at a multiple of 256`,
      found,
    );
  }
  if (!(buffer.usage & storageUsage)) {
    throw runtimeErrors["input-type"](entry, slot.name, "a buffer with usage STORAGE", `usage ${buffer.usage}`);
  }
  return { name: slot.name, buffer, offset, size, whole };
}

function checkClasses(entry: string, { name, classes }: InputSlot, values: TypedArray): void {
  if (classes === undefined) return;
  const index = values.findIndex((value) => !(value >= 0 && value < classes));
  if (index >= 0) throw runtimeErrors["input-class"](entry, name, classes, index, values[index]!);
}

function checkInput(entry: string, slot: InputSlot, value: InputValue): CheckedInput {
  const scalar = !slot.shape.length;
  const type = arrayType(slot.dtype);
  let array: TypedArray;
  if (scalar && typeof value === "number" && (slot.dtype === "f32" || Number.isInteger(value))) {
    array = toArray(slot.dtype, [value]);
  } else if (value instanceof type) {
    array = value;
  } else if (typeof value === "object" && value !== null && "size" in value && (isBuffer(value) || "buffer" in value)) {
    return checkBuffer(entry, slot, value);
  } else {
    const tensor = `${slot.dtype === "i32" ? "an" : "a"} ${type.name} or a GPUBuffer`;
    const must = scalar ? `a number (${slot.dtype}) or ${tensor}` : tensor;
    throw runtimeErrors["input-type"](entry, slot.name, must, describe(value));
  }
  if (array.length !== elementCount(slot.shape)) {
    const must = `${elementCount(slot.shape)} elements (${describeSlot(slot)})`;
    throw runtimeErrors["input-length"](entry, slot.name, must, `${array.length}`);
  }
  checkClasses(entry, slot, array);
  // Dawn in Node cannot write from memory that is shared between threads: slice() copies it.
  return array.buffer instanceof ArrayBuffer ? array : array.slice();
}

/** The names under which something was given; what is no record, such as a number, a path or a promise, is one itself. */
export const namesIn = (given: object): string[] =>
  Object(given) !== given || "then" in given ? [String(given)] : Object.keys(given);

/** Throws what `unknown` makes of the first name that is not among those of `slots`. */
export function checkNames(
  given: object,
  slots: readonly { readonly name: string }[],
  unknown: (name: string, known: readonly string[]) => Error,
): void {
  const known = slots.map(({ name }) => name);
  for (const key of namesIn(given)) if (!known.includes(key)) throw unknown(key, known);
}

/**
 * Checks the inputs of one call, in the order of the entry point's slots; `last` is what the call before it was given,
 * and the answer when these are the same buffers. Errors `input-…`.
 */
export function checkInputs(
  name: string,
  entry: Pick<EntryPoint, "inputs">,
  inputs: Readonly<Record<string, InputValue>> = {},
  last?: readonly CheckedInput[],
): readonly CheckedInput[] {
  const isSame = (one: CheckedInput): boolean =>
    isOnGpu(one) && one.whole === inputs[one.name] && !!one.whole?.[isLiving];
  if (last?.length === Object.keys(inputs).length && last.every(isSame)) return last;
  const check = (slot: InputSlot): CheckedInput => {
    const value = inputs[slot.name];
    if (value === undefined) throw runtimeErrors["input-missing"](name, slot.name, describeSlot(slot));
    return checkInput(name, slot, value);
  };
  const checked = entry.inputs.map(check);
  checkNames(inputs, entry.inputs, (key, known) => runtimeErrors["input-unknown"](name, key, known));
  return checked;
}

/** Checks the settings of one call and puts all values in order into `values`, defaults included. Errors `setting-…`. */
export function checkSettings(
  name: string,
  entry: EntryPoint,
  settings: Readonly<Record<string, number>> = {},
  values = new Float32Array(entry.settings.length),
): Float32Array<ArrayBuffer> {
  checkNames(settings, entry.settings, (key, known) => runtimeErrors["setting-unknown"](name, key, known));
  entry.settings.forEach((setting, index) => {
    const value = settings[setting.name] ?? setting.value;
    values[index] = value;
    const { range } = setting;
    const [least, below] = range ?? [-1e99, 1e99];
    // As the float32 that it is on the GPU: 1e39 is infinite there.
    if (typeof value !== "number" || !(values[index]! >= least && values[index]! < below))
      throw runtimeErrors["setting-value"](name, setting.name, value, range);
  });
  return values;
}
