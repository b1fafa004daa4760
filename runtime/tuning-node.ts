/// Choices between variants, remembered in a file.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import type { VariantCache } from "./types.ts";

function readAll(path: string): Record<string, string> {
  try {
    const all: unknown = JSON.parse(readFileSync(path, "utf8"));
    return typeof all === "object" && all !== null ? (all as Record<string, string>) : {};
  } catch {
    // Not there yet, or not whole: what it held is timed again.
    return {};
  }
}

const defaultPath = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "chainrule/variants.json");

/**
 * Choices between variants, remembered in a JSON file: `chainrule/variants.json` in the user's folder of caches. What cannot be
 * written there is timed again.
 */
export function tuningCache(path: string = defaultPath()): VariantCache {
  return {
    get: (key) => {
      const all = readAll(path);
      return Object.hasOwn(all, key) ? String(all[key]) : undefined;
    },
    set: (key, value) => {
      const text = JSON.stringify({ ...readAll(path), [key]: value }, null, 2);
      // Processes may write at the same time: each replaces the whole file.
      const own = `${path}.${process.pid}`;
      try {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(own, `${text}\n`);
        renameSync(own, path);
      } catch {
        if (existsSync(own)) rmSync(own);
      }
    },
  };
}
