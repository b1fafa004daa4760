/// What each error code means, in one sentence: for the generated docs, apart from the code that a browser loads.

import type { runtimeErrors } from "./errors.ts";

/** Code → meaning, for every error of the runtime. */
export const runtimeErrorDocs: Readonly<Record<keyof typeof runtimeErrors, string>> = {
  "no-webgpu": "There is no WebGPU here: an old browser, a page without https, or Node without the package `webgpu`.",
  "no-adapter": "WebGPU is there but found no adapter: no driver, or a blocked one.",
  "device-request": "The adapter refused to give a device, for example because it has given one already.",
  "abi-version": "The module was compiled for another version of the runtime.",
  "limit-exceeded": "The program needs more of a WebGPU limit than the adapter or the given device has.",
  "out-of-memory": "The device has no room for the program's buffers.",
  "kernel-invalid": "WebGPU refused a kernel or a dispatch; the message is the shader compiler's or the validation's.",
  "option-value": "An option of `load()` has a value that makes no sense.",
  "option-unknown": "`load()` or `create…()` was given an option that does not exist.",
  "input-missing": "A call was not given one of its inputs.",
  "input-unknown": "A call was given an input that the entry point does not have.",
  "input-type":
    "An input has the wrong element type, is neither array nor GPU buffer, or is a buffer that cannot be bound.",
  "input-length": "An input has the wrong number of elements, or a GPU buffer the wrong size or offset.",
  "input-class": "A class index lies outside [0, classes).",
  "setting-unknown": "A call was given a setting that the entry point does not have.",
  "setting-value": "A setting is not a finite number.",
  "too-many-steps": "A call was made while `maxInFlight` calls were in flight.",
  "output-expired": "An output was asked for after its place in the ring had been used again.",
  "state-mismatch": "A checkpoint's names are not exactly the program's.",
  "param-unknown": "Weights were given for a parameter that the program does not have.",
  "state-value": "A state or a parameter was given with the wrong type, shape or length.",
  "device-lost":
    "The GPU device was lost (a driver reset, a sleeping laptop, `device.destroy()`), and with it the states.",
  destroyed: "A module was used after its `destroy()`.",
};

/** Code → meaning, for the errors of checkpoint files (`train/`). */
export const checkpointErrorDocs = {
  "checkpoint-platform": "There are no files here: checkpoints are saved and loaded in Node.",
  "checkpoint-missing": "There is no readable file at the path.",
  "checkpoint-corrupt": "The file is not a whole safetensors file; the message holds the reason.",
  "checkpoint-type": "The file holds a tensor of a type that no state has.",
  "checkpoint-state":
    "What was to be saved is no record of tensors (a promise of one, or a module in its place), or a tensor's data are not of its type and shape.",
  "checkpoint-write": "The checkpoint could not be written; a file that was there before is untouched.",
  "safetensors-bytes":
    "What was to be read is neither a `Uint8Array` nor an `ArrayBuffer`: a promise of one, or a response.",
  "safetensors-header-too-small": "A file has fewer than 8 bytes.",
  "safetensors-header-too-large": "A file states a header of more than 100 MB: as a rule it is not a safetensors file.",
  "safetensors-header-length": "A file ends before its header does.",
  "safetensors-header-utf8": "A header is not UTF-8.",
  "safetensors-header-json": "A header is not JSON, or not JSON of this format.",
  "safetensors-duplicate": "A name comes twice in a header, or would: a tensor to write is named as the metadata are.",
  "safetensors-offset": "A tensor's bytes do not begin where the one before it ends: a hole or an overlap.",
  "safetensors-overflow": "A tensor's size does not fit 64 bits.",
  "safetensors-misaligned": "A tensor of a type below 8 bits does not fill whole bytes.",
  "safetensors-tensor-info": "A tensor's offsets do not fit its type and shape.",
  "safetensors-incomplete": "The tensors end before the file does, or after it.",
  "safetensors-type": "A tensor to write has a type that the format does not know.",
  "safetensors-length": "A tensor to write has another number of bytes than its type and shape say.",
} as const;
