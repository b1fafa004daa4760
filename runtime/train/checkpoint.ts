/// Checkpoints as bytes, as safetensors files hold them: in Node they are files, in a browser they lie where a page puts
/// them.

import type { StorageType } from "../abi.ts";
import { runtimeError } from "../errors.ts";
import { classOf, describeArray, givenInstead, isPromise } from "../given.ts";
import { arrayType, describeSlot, elementCount } from "../tensor.ts";
import type { StateRecord, StateTensor, TypedArray } from "../types.ts";
import type { Safetensor } from "./safetensors.ts";
import { decodeSafetensors, encodeSafetensors, isCount } from "./safetensors.ts";

const fileTypes = { f32: "F32", i32: "I32", u32: "U32" } as const satisfies Record<StorageType, Safetensor["dtype"]>;

// The text says what the file is to whoever opens it with another tool.
const metadata = { format: "chainrule-state" };

const isRecord = (value: unknown): boolean => classOf(value) === "Object" && !isPromise(value);

/** The part of a tensor that is not as it must be, what it must be, and what is there; undefined for a whole tensor. */
function wrongPart(tensor: unknown): readonly [part: string, must: string, found: unknown] | undefined {
  if (!isRecord(tensor)) return ["", "{ dtype, shape, data }", tensor];
  const { dtype, shape, data } = tensor as Partial<StateTensor>;
  if (typeof dtype !== "string" || !Object.hasOwn(fileTypes, dtype)) return [".dtype", '"f32", "i32" or "u32"', dtype];
  if (!Array.isArray(shape)) return [".shape", "an array of extents", shape];
  // Of a copy: in an array with holes, these would be left out.
  const at = Array.from<unknown>(shape).findIndex((extent) => !isCount(extent));
  if (at >= 0) return [`.shape[${at}]`, "an integer of at least 0", shape[at]];
  const [array, length] = [arrayType(dtype).name, elementCount(shape)];
  if (classOf(data) === array && data?.length === length) return undefined;
  return [".data", `${describeArray(array, length)}, for ${describeSlot({ dtype, shape })}`, data];
}

/** Throws for what is no record of tensors; one that is empty is that of a program without states, a promise or a map is none. */
function checkGiven(state: unknown, what: string, help: string): asserts state is StateRecord {
  const refuse = (...wrong: readonly [what: string, must: string, found: unknown]) =>
    runtimeError("checkpoint-state", ...givenInstead(...wrong, help));
  if (!isRecord(state)) throw refuse(what, "a record of tensors by names", state);
  for (const [name, tensor] of Object.entries(state as object)) {
    const wrong = wrongPart(tensor);
    if (!wrong) continue;
    const [part, must, found] = wrong;
    throw refuse(`\`${name}${part}\` of ${what}`, must, found);
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
 * Error `checkpoint-state` for what is no record of tensors, such as a promise, and for a tensor whose data are not of its
 * type and shape.
 */
export function encodeCheckpoint(state: StateRecord): Uint8Array {
  return encodeState(state, "what encodeCheckpoint() takes", "encodeCheckpoint(await module.readState())");
}

/**
 * A checkpoint for `load(program, { state })` from its bytes: what `encodeCheckpoint` gave, or the buffer that
 * `await response.arrayBuffer()` gives.
 *
 * Errors `safetensors-…` with what is wrong with the bytes, and `checkpoint-type`.
 */
export function decodeCheckpoint(bytes: Uint8Array | ArrayBuffer): StateRecord {
  return toStates(decodeSafetensors(bytes).tensors, "the checkpoint");
}
