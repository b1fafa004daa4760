/// Checkpoints as safetensors files (Node only).

import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { runtimeError } from "../errors.ts";
import type { StateRecord } from "../types.ts";
import { encodeState, toStates } from "./checkpoint.ts";
import type { Safetensor } from "./safetensors.ts";
import { decodeSafetensors } from "./safetensors.ts";

/** A folder's entry is on disk only when the folder is synced; some systems cannot, and then the rename has to do. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/**
 * Writes what `readState()` gave to a safetensors file. The file at `path` is the old or the new one, never a part: the
 * bytes go to a temporary file beside it, onto the disk, and only then to its name.
 *
 * Errors `checkpoint-state` for what is no record of tensors, such as a promise, or has data that are not of their type and
 * shape, and `checkpoint-write`.
 */
export async function saveCheckpoint(path: string, state: StateRecord): Promise<void> {
  const bytes = encodeState(state, "what saveCheckpoint() writes", "saveCheckpoint(path, await module.readState())");
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
  return toStates(tensors, path);
}
