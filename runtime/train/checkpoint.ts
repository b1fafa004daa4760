/// Checkpoints as bytes, as safetensors files hold them: in Node they are files, in a browser they lie where a page puts
/// them.

import type { StorageType } from "../abi.ts";
import { runtimeError } from "../errors.ts";
import { givenInstead, isPromise } from "../given.ts";
import type { StateRecord, StateTensor, TypedArray } from "../types.ts";
import type { Safetensor } from "./safetensors.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

const fileTypes = { f32: "F32", i32: "I32", u32: "U32" } as const satisfies Record<StorageType, Safetensor["dtype"]>;

// The text says what the file is to whoever opens it with another tool.
const metadata = { format: "chainrule-state" };

/** Throws for what is no record of tensors; one that is empty is that of a program without states, a promise or a map is none. */
function checkGiven(state: unknown, what: string, help: string): asserts state is StateRecord {
  const isRecord = Object.prototype.toString.call(state) === "[object Object]";
  if (!isRecord || isPromise(state))
    throw runtimeError("checkpoint-state", ...givenInstead(what, "a record of tensors by names", state, help));
  for (const [name, tensor] of Object.entries(state as Readonly<Record<string, Partial<StateTensor> | null>>)) {
    const { dtype, shape, data } = tensor ?? {};
    const known = typeof dtype === "string" && Object.hasOwn(fileTypes, dtype);
    if (!known || !Array.isArray(shape) || !ArrayBuffer.isView(data))
      throw runtimeError(
        "checkpoint-state",
        ...givenInstead(`\`${name}\` of ${what}`, "{ dtype, shape, data }", tensor, help),
      );
  }
}

/** The bytes of a checkpoint; errors call it `what`, and `help` says how it is made. */
export function encodeState(state: StateRecord, what: string, help: string): Uint8Array {
  checkGiven(state, what, help);
  const tensors = Object.entries(state).map(
    ([name, { dtype, shape, data }]) => [name, { dtype: fileTypes[dtype], shape, data }] as const,
  );
  return encodeSafetensors(Object.fromEntries(tensors), metadata);
}

function toState(where: string, name: string, { dtype, shape, data }: Safetensor): StateTensor {
  const type = (Object.keys(fileTypes) as StorageType[]).find((candidate) => fileTypes[candidate] === dtype);
  if (type) return { dtype: type, shape, data: data as TypedArray };
  throw runtimeError("checkpoint-type", `states must be F32, I32 or U32: \`${name}\` in ${where} is ${dtype}`);
}

/** The states among tensors of a file; the error calls it `where`. */
export const toStates = (tensors: Readonly<Record<string, Safetensor>>, where: string): StateRecord =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toState(where, name, tensor)]));

/**
 * The bytes of what `readState()` gave, as `saveCheckpoint` writes them: for a download, or a database of the browser.
 *
 * Error `checkpoint-state` for what is no record of tensors, such as a promise.
 */
export function encodeCheckpoint(state: StateRecord): Uint8Array {
  return encodeState(state, "what encodeCheckpoint() takes", "encodeCheckpoint(await module.readState())");
}

/**
 * A checkpoint for `load(program, { state })` from its bytes.
 *
 * Errors `safetensors-…` with what is wrong with the bytes, and `checkpoint-type`.
 */
export function decodeCheckpoint(bytes: Uint8Array): StateRecord {
  return toStates(decodeSafetensors(bytes).tensors, "the checkpoint");
}
