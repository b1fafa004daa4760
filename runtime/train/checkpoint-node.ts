/// Checkpoints as safetensors files (Node only).

import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { StorageType } from "../abi.ts";
import { runtimeError } from "../errors.ts";
import { givenInstead, isPromise } from "../given.ts";
import type { StateRecord, StateTensor, TypedArray } from "../types.ts";
import type { Safetensor } from "./safetensors.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

const fileTypes = { f32: "F32", i32: "I32", u32: "U32" } as const satisfies Record<StorageType, Safetensor["dtype"]>;

// The text says what the file is to whoever opens it with another tool.
const metadata = { format: "chainrule-state" };

/** A folder's entry is on disk only when the folder is synced; some systems cannot, and then the rename has to do. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/** Throws for what is no record of tensors; one that is empty is that of a program without states, a promise or a map is none. */
function checkGiven(state: unknown): asserts state is StateRecord {
  const what = "what saveCheckpoint() writes";
  const help = "saveCheckpoint(path, await module.readState())";
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

/**
 * Writes what `readState()` gave to a safetensors file. The file at `path` is the old or the new one, never a part: the
 * bytes go to a temporary file beside it, onto the disk, and only then to its name.
 *
 * Errors `checkpoint-state` for what is no record of tensors, such as a promise, and `checkpoint-write`.
 */
export async function saveCheckpoint(path: string, state: StateRecord): Promise<void> {
  checkGiven(state);
  const tensors = Object.entries(state).map(
    ([name, { dtype, shape, data }]) => [name, { dtype: fileTypes[dtype], shape, data }] as const,
  );
  const bytes = encodeSafetensors(Object.fromEntries(tensors), metadata);
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  try {
    const handle = await open(temporary, "wx");
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw runtimeError("checkpoint-write", `a checkpoint must be writable at ${path}: ${reasonOf(error)}`);
  }
}

/** What went wrong, in a line, without a code of its own: it becomes part of another message. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^error\[[^\]]*\]: /, "").split("\n")[0]!;
}

function toState(path: string, name: string, { dtype, shape, data }: Safetensor): StateTensor {
  const type = (Object.keys(fileTypes) as StorageType[]).find((candidate) => fileTypes[candidate] === dtype);
  if (type) return { dtype: type, shape, data: data as TypedArray };
  throw runtimeError("checkpoint-type", `states must be F32, I32 or U32: \`${name}\` in ${path} is ${dtype}`);
}

/**
 * Reads a checkpoint for `load(program, { state })`.
 *
 * Errors `checkpoint-missing`, `checkpoint-corrupt` (with the reason from `decodeSafetensors`), `checkpoint-type`.
 */
export async function loadCheckpoint(path: string): Promise<StateRecord> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw runtimeError("checkpoint-missing", `a checkpoint must be readable at ${path}: ${reasonOf(error)}`);
  });
  let tensors: Readonly<Record<string, Safetensor>>;
  try {
    ({ tensors } = decodeSafetensors(bytes));
  } catch (error) {
    const { code = "" } = error as { readonly code?: string };
    const foreign = /^safetensors-header-(too-large|utf8|json)$/.test(code);
    const must = foreign ? "is not a safetensors file" : "must be a whole safetensors file";
    const help = "it was not written by saveCheckpoint(), or only in part: go back to an earlier one";
    throw runtimeError("checkpoint-corrupt", `${path} ${must}: ${reasonOf(error)}`, help);
  }
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toState(path, name, tensor)]));
}
