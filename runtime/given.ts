/// What was given in the place of something else, in messages of what no browser loads unless a module asks for it.

import { show } from "./errors.ts";

/** True for what is to be awaited. */
export const isPromise = (value: unknown): boolean =>
  typeof (value as { then?: unknown } | null | undefined)?.then === "function";

const articled = (name: string): string => `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;

/** The name of a value's built-in class, whichever window or worker it is from: `Map`, `Float32Array`; `Object` of a record. */
export const classOf = (value: unknown): string => Object.prototype.toString.call(value).slice("[object ".length, -1);

/** How messages name a typed array. */
export const describeArray = (name: string, length: number): string => `${articled(name)} of length ${length}`;

/** The kind of a value that is too long to be written, otherwise the value. */
function shownGiven(value: unknown): string {
  if (isPromise(value)) return "a promise";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return show(value);
  const [name, { length }] = [classOf(value), value as { readonly length?: number }];
  if (ArrayBuffer.isView(value) && length !== undefined) return describeArray(name, length);
  return name === "Object" ? "a record" : articled(name);
}

/** Message and help about something that is not what `must` says. */
export function givenInstead(what: string, must: string, found: unknown, help?: string): readonly [string, string?] {
  return [`${what} must be ${must}: found ${shownGiven(found)}`, isPromise(found) ? "await it" : help];
}
