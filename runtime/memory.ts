/// The buffers of a program, created once at load.

import type { BufferPlan, Program } from "./abi.ts";
import { runtimeErrors } from "./errors.ts";
import { toArray } from "./tensor.ts";

// WebGPU's flags as numbers: a device may be passed in where the globals GPUBufferUsage and GPUMapMode do not exist.
const mapRead = 0x1;
const copySource = 0x4;
const copyTarget = 0x8;
const uniform = 0x40;
const storage = 0x80;

/** `GPUMapMode.READ`. */
export const mapModeRead = 0x1;

/** The usage that a GPU buffer given as an input must have. */
export const storageUsage = storage;

/** The usage that a GPU buffer must have to be copied from. */
export const copySourceUsage = copySource;

/** Usage flags of a buffer for reading back. */
export const readbackUsage = mapRead | copyTarget;

/** Usage flags of a buffer from which others are filled. */
export const stagingUsage = copySource | copyTarget;

const usages: Readonly<Record<BufferPlan["role"], number>> = {
  state: storage | copySource | copyTarget,
  arena: storage,
  input: storage | copyTarget,
  output: storage | copySource,
  settings: uniform | copyTarget,
  constant: storage | copyTarget,
  places: uniform | copyTarget,
};

/** Buffers just created; they hold zeros. */
export interface NewBuffers {
  readonly buffers: GPUBuffer[];
  /** Settles when the device knows whether it has room: error `out-of-memory`, after which all are destroyed. */
  readonly checked: Promise<void>;
}

/** Creates buffers, all or none. */
export function createBuffers(device: GPUDevice, requests: readonly GPUBufferDescriptor[]): NewBuffers {
  device.pushErrorScope("validation");
  device.pushErrorScope("out-of-memory");
  const buffers = requests.map((request) => device.createBuffer(request));
  const errors = Promise.all([device.popErrorScope(), device.popErrorScope()]);
  const checked = errors.then((found) => {
    const error = found.find(Boolean);
    if (!error) return;
    for (const buffer of buffers) buffer.destroy();
    const bytes = requests.reduce((sum, request) => sum + request.size, 0);
    throw runtimeErrors["out-of-memory"](requests.map((request) => request.label).join(", "), bytes, error.message);
  });
  return { buffers, checked };
}

/** What to create for a program's buffers, in order. */
export const planBuffers = (program: Program): GPUBufferDescriptor[] =>
  program.buffers.map(({ label, role, bytes }) => ({ label, size: bytes, usage: usages[role] }));

/** Fills the constant buffers, and those that count places: 64 words each. */
export function writeConstants(device: GPUDevice, program: Program, buffers: readonly GPUBuffer[]): void {
  program.buffers.forEach(({ role, bytes, values }, index) => {
    const places = role === "places" && new Uint32Array(bytes / 4).map((_, word) => word >> 6);
    const contents = values ? toArray(values.dtype, values.data.map(Number)) : places;
    if (contents) device.queue.writeBuffer(buffers[index]!, 0, contents);
  });
}
