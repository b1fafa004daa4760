/// Many steps in one submit, from batches that lie on the GPU. Only modules that ask for it load this file.

import type { InputSlot } from "./abi.ts";
import { runtimeError, runtimeErrors } from "./errors.ts";
import { givenInstead } from "./given.ts";
import type { CheckedInput } from "./inputs.ts";
import { checkInputs, checkSettings, isOnGpu } from "./inputs.ts";
import { copySourceUsage, stagingUsage } from "./memory.ts";
import type { Replay, Run } from "./run.ts";
import { none, replayKey } from "./run.ts";
import { arrayType, describeSlot, slotBytes } from "./tensor.ts";
import type { InputValue, TypedArray } from "./types.ts";

/** The entry points of a module, by name. */
type EntryName<Module> = {
  [Name in keyof Module]: Module[Name] extends (...given: never[]) => { readonly accepted: Promise<void> }
    ? Name
    : never;
}[keyof Module];

/** Inputs of many steps: what one step takes, batch after batch. A number would be no ring. */
export type Ring<Inputs> = { readonly [Name in keyof Inputs]: Exclude<Inputs[Name], number> };

/** Settings of many steps: one for all of them, or one for each. */
export type Schedule<Settings> = {
  readonly [Name in keyof Settings]: Settings[Name] | readonly number[] | Float32Array;
};

/** Enqueues `count` steps in one submit, as one call: gives the outputs of the last. */
export type Steps<Entry> = Entry extends (inputs: infer Inputs, settings?: infer Settings) => infer Result
  ? (count: number, inputs: Ring<Inputs>, settings?: Schedule<NonNullable<Settings>>) => Result
  : never;

/** A ring of batches, checked: where batch 0 lies, and how many there are. */
interface Batches {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly count: number;
}

/** Batches that a value holds; what is neither an array of the slot's kind nor on the GPU is refused later. */
function batchCount(entry: string, slot: InputSlot, value: unknown): number {
  const isArray = value instanceof arrayType(slot.dtype);
  const bytes = isArray ? value.byteLength : (value as { readonly size?: unknown } | null | undefined)?.size;
  if (typeof bytes !== "number") return 1;
  const count = bytes / slotBytes(slot);
  if (count >= 1 && Number.isInteger(count)) return count;
  const [unit, name] = isArray ? [4, "elements"] : [1, "bytes"];
  const must = `a multiple of ${slotBytes(slot) / unit} ${name} (batches of ${describeSlot(slot)})`;
  throw runtimeErrors["input-length"](entry, slot.name, must, `${bytes / unit}`);
}

/** Rings of the same length, so that step i takes batch i of each; what is the same in every step is one batch. */
function checkCounts({ entry: { inputs }, name }: Replay, counts: readonly number[]): void {
  const longest = Math.max(...counts);
  const other = counts.findIndex((count) => count > 1 && count < longest);
  if (other < 0) return;
  const must = `as many batches as \`${inputs[counts.indexOf(longest)]!.name}\`, ${longest}, or one`;
  throw runtimeErrors["input-length"](name, inputs[other]!.name, must, `${counts[other]!}`);
}

const isList = (given: unknown): given is ArrayLike<number> => Array.isArray(given) || ArrayBuffer.isView(given);

function checkSchedule(replay: Replay, count: number, settings: Readonly<Record<string, unknown>>): Float32Array {
  const { entry, name } = replay;
  const width = entry.settings.length;
  const values = new Float32Array(count * width);
  for (const [setting, given] of Object.entries(settings)) {
    if (!isList(given) || given.length === count) continue;
    const must = `one number for all steps or an array of ${count}, one for each`;
    throw runtimeError("setting-value", `\`${setting}\` of \`${name}\` must be ${must}: found ${given.length} numbers`);
  }
  for (let step = 0; step < count; step++) {
    const own = Object.entries(settings).map(([key, given]) => [key, isList(given) ? given[step] : given]);
    values.set(checkSettings(name, entry, Object.fromEntries(own) as Record<string, number>), step * width);
  }
  return values;
}

/** Memory for what comes from the CPU, kept from call to call, and freed with the module. */
function createStaging({ context }: Replay): (bytes: number) => GPUBuffer {
  const { device, memory } = context;
  let at: number | undefined;
  return (bytes) => {
    const held = at === undefined ? undefined : memory[at]!;
    if (held && held.size >= bytes) return held;
    // Steps that were submitted keep what they read.
    held?.destroy();
    at ??= memory.length;
    return (memory[at] = device.createBuffer({ label: "steps", size: bytes, usage: stagingUsage }));
  };
}

/** Puts what comes from the CPU into `staging`, from byte `start`; gives where every ring lies. */
function placeBatches(
  { context: { device }, entry }: Replay,
  checked: readonly CheckedInput[],
  counts: readonly number[],
  staging: GPUBuffer | undefined,
  start: number,
): readonly Batches[] {
  let offset = start;
  return checked.map((input, index) => {
    const count = counts[index]!;
    if (isOnGpu(input)) return { buffer: input.buffer, offset: input.offset, count };
    device.queue.writeBuffer(staging!, offset, input as Float32Array<ArrayBuffer>);
    const batches = { buffer: staging!, offset, count };
    offset += count * slotBytes(entry.inputs[index]!);
    return batches;
  });
}

/** What an entry point of a module replays. Error `option-value`, which lists the entry points. */
function replayOf(module: unknown, name: PropertyKey): Replay {
  const members = Object.entries((module ?? {}) as Readonly<Record<string, Partial<Run> | null | undefined>>);
  const entries = members.filter(([, member]) => member?.[replayKey]);
  if (entries.length === 0)
    throw runtimeError(
      "option-value",
      ...givenInstead("`module`", "a loaded module", module, 'stepsOf(await createNetwork(), "train")'),
    );
  const found = entries.find(([entry]) => entry === name)?.[1]?.[replayKey];
  if (found) return found;
  const names = entries.map(([entry]) => entry);
  throw runtimeError(
    "option-value",
    ...givenInstead("`name`", `an entry point of the module: ${names.join(", ")}`, name),
  );
}

/**
 * Many steps of an entry point in one submit: `stepsOf(module, "train")` gives a function that enqueues `count` steps and
 * gives the last one's outputs. The states are, to the bit, those after as many single steps.
 *
 * Each input holds whole batches, one after the other, in a typed array or in a GPU buffer with usage STORAGE and
 * COPY_SRC; step i takes batch i, and after the last the first again. One batch is the same for every step, and all other
 * inputs have equally many. A setting is one number, or an array of `count`.
 * All are one call for `maxInFlight`; the device has the work of `count` steps at once, so that `count` should keep it
 * busy for less than the second or two after which systems reset it.
 * Errors: those of a call, `option-value` for `module`, `name` and `count`, `setting-value` for an array of another length.
 */
export function stepsOf<Module, Name extends EntryName<Module>>(module: Module, name: Name): Steps<Module[Name]> {
  const replay = replayOf(module, name);
  const { context, entry, encode, submit } = replay;
  const { memory } = context;
  const width = 4 * entry.settings.length;
  const staging = createStaging(replay);
  const run = (count: number, inputs: Record<string, InputValue> = {}, settings: Record<string, unknown> = {}) => {
    context.gate.checkRoom();
    if (!Number.isInteger(count) || count < 1)
      throw runtimeError(
        "option-value",
        ...givenInstead("`count`", "an integer of at least 1", count, "steps(count, inputs, settings)"),
      );
    const counts = entry.inputs.map((slot) => batchCount(replay.name, slot, inputs[slot.name]));
    checkCounts(replay, counts);
    const rings = entry.inputs.map((slot, index) => ({ ...slot, shape: [counts[index]!, ...slot.shape] }));
    const checked = checkInputs(replay.name, { inputs: rings }, inputs);
    checked.forEach((input, index) => {
      // Batches are copied from their ring.
      if (!isOnGpu(input) || input.buffer.usage & copySourceUsage) return;
      const found = `usage ${input.buffer.usage}`;
      const slot = entry.inputs[index]!;
      throw runtimeErrors["input-type"](replay.name, slot.name, "a buffer with usage STORAGE and COPY_SRC", found);
    });
    const schedule = checkSchedule(replay, count, settings);
    const uploads = checked.filter((input): input is TypedArray => !isOnGpu(input));
    const bytes = uploads.reduce((sum, { byteLength }) => sum + byteLength, schedule.byteLength);
    // Memory that is not there shows as a buffer that is not valid, and so with the call.
    const source = bytes > 0 ? staging(bytes) : undefined;
    if (width > 0) context.device.queue.writeBuffer(source!, 0, schedule as Float32Array<ArrayBuffer>);
    const batches = placeBatches(replay, checked, counts, source, schedule.byteLength);
    // The next call writes its settings whatever becomes of these.
    replay.held = "";
    return submit({ given: checked }, count, (encoder, outputs) => {
      for (let step = 0; step < count; step++) {
        if (width > 0) encoder.copyBufferToBuffer(source!, step * width, memory[entry.settingsBuffer!]!, 0, width);
        batches.forEach(({ buffer, offset, count: ring }, index) => {
          const slot = entry.inputs[index]!;
          const size = slotBytes(slot);
          encoder.copyBufferToBuffer(buffer, offset + (step % ring) * size, memory[slot.buffer]!, slot.offset, size);
        });
        encode(encoder, outputs, none);
      }
    });
  };
  return run as unknown as Steps<Module[Name]>;
}
