/// What was given in the place of something else, in messages of what no browser loads unless a module asks for it.

import { show } from "./errors.ts";

/** True for what is to be awaited. */
export const isPromise = (value: unknown): boolean =>
  typeof (value as { then?: unknown } | null | undefined)?.then === "function";

/** The kind of a value that is too long to be written, otherwise the value. */
function shownGiven(value: unknown): string {
  if (isPromise(value)) return "a promise";
  if (ArrayBuffer.isView(value)) return "a typed array";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "a record" : show(value);
}

/** Message and help about something that is not what `must` says. */
export function givenInstead(what: string, must: string, found: unknown, help?: string): readonly [string, string?] {
  return [`${what} must be ${must}: found ${shownGiven(found)}`, isPromise(found) ? "await it" : help];
}
