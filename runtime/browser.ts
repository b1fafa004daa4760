/// Where WebGPU comes from in a browser (`#platform` outside Node).

import { runtimeError, runtimeErrors } from "./errors.ts";
import type { StateRecord, VariantCache } from "./types.ts";

/** What to do when there is no adapter. */
export const adapterHelp = "update the browser or the GPU driver, and turn hardware acceleration on";

/** Finds WebGPU. Error `no-webgpu`. */
export async function requestGpu(): Promise<GPU> {
  const { navigator } = globalThis as { readonly navigator?: { readonly gpu?: GPU } };
  if (navigator?.gpu) return navigator.gpu;
  throw runtimeErrors["no-webgpu"](
    "navigator.gpu is missing",
    "use a browser of https://caniuse.com/webgpu, on https or localhost",
  );
}

const noFiles = (path: string) =>
  runtimeError(
    "checkpoint-platform",
    `checkpoint files need Node: ${path}`,
    "encodeCheckpoint(await module.readState()) gives its bytes",
  );

/** Checkpoint files are for Node: error `checkpoint-platform`. */
export async function saveCheckpoint(path: string, _state: StateRecord): Promise<void> {
  throw noFiles(path);
}

/** Checkpoint files are for Node: error `checkpoint-platform`. */
export async function loadCheckpoint(path: string): Promise<StateRecord> {
  throw noFiles(path);
}

/** What of `localStorage` is used. */
interface Texts {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** Choices between variants, remembered in `localStorage`. What it has no room for, or must not keep, is timed again. */
export function tuningCache(): VariantCache {
  const storage = <T>(use: (storage: Texts) => T): T | undefined => {
    try {
      return use((globalThis as unknown as { readonly localStorage: Texts }).localStorage);
    } catch {
      return undefined;
    }
  };
  return {
    get: (key) => storage((each) => each.getItem(`chainrule/${key}`)) ?? undefined,
    set: (key, value) => storage((each) => each.setItem(`chainrule/${key}`, value)),
  };
}

/** Browsers wait without asking. */
export function resting<T>(work: Promise<T>): Promise<T> {
  return work;
}
