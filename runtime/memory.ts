/// The buffers of a program, created once at load.

import type { BufferPlan, Program } from "./abi.ts";
import { runtimeErrors } from "./errors.ts";
import { toArray } from "./tensor.ts";

// WebGPU's flags as numbers: a device may be passed in where the globals GPUBufferUsage and GPUMapMode do not exist. Sums of
// them are written out, since bundlers keep a sum that nobody uses.

/** `GPUMapMode.READ`. */
export const mapModeRead = 0x1;

/** The usage that a GPU buffer given as an input must have. */
export const storageUsage = 0x80;

/** The usage that a GPU buffer must have to be copied from. */
export const copySourceUsage = 0x4;

/** Usage flags of a buffer for reading back: MAP_READ and COPY_DST. */
export const readbackUsage = 0x9;

/** Usage flags of a buffer from which others are filled: COPY_SRC and COPY_DST. */
export const stagingUsage = 0xc;

/** Usage flags of a buffer that stands for any that a kernel binds: STORAGE and UNIFORM. */
export const scratchUsage = 0xc0;

/** UNIFORM and COPY_DST for what every thread reads alike, else STORAGE, COPY_SRC and COPY_DST. */
const usageOf = (role: BufferPlan["role"]): number => (role === "settings" || role === "places" ? 0x48 : 0x8c);

/** A buffer to create; errors name it. */
export interface BufferRequest extends GPUBufferDescriptor {
  readonly label: string;
}

/** Buffers just created; they hold zeros. */
export interface NewBuffers {
  readonly buffers: GPUBuffer[];
  /** Settles when the device knows whether it has room: error `out-of-memory`, after which all are destroyed. */
  readonly checked: Promise<void>;
  /** Destroys them, with what was added to `buffers` since. */
  free(): void;
}

/** Creates buffers, all or none. */
export function createBuffers(device: GPUDevice, requests: readonly BufferRequest[]): NewBuffers {
  device.pushErrorScope("validation");
  device.pushErrorScope("out-of-memory");
  const buffers = requests.map((request) => device.createBuffer(request));
  const free = (): void => buffers.forEach((buffer) => buffer.destroy());
  const errors = Promise.all([device.popErrorScope(), device.popErrorScope()]);
  const checked = errors.then((found) => {
    const error = found.find(Boolean);
    if (!error) return;
    free();
    const bytes = requests.reduce((sum, { size }) => sum + size, 0);
    throw runtimeErrors["out-of-memory"]([...new Set(requests.map(({ label }) => label))], bytes, error.message);
  });
  return { buffers, checked, free };
}

/** What to create for a program's buffers, in order. */
export const planBuffers = (program: Program): BufferRequest[] =>
  program.buffers.map(({ label, role, bytes }) => ({ label, size: bytes, usage: usageOf(role) }));

/** Fills the constant buffers, and those that count places: 64 words each. */
export function writeConstants(device: GPUDevice, program: Program, buffers: readonly GPUBuffer[]): void {
  program.buffers.forEach(({ role, bytes, values }, index) => {
    const places = role === "places" && new Uint32Array(bytes / 4).map((_, word) => word >> 6);
    const contents = values ? toArray(values.dtype, values.data.map(Number)) : places;
    if (contents) device.queue.writeBuffer(buffers[index]!, 0, contents);
  });
}
