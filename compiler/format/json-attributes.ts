/// Attributes as JSON, which has no NaN, infinity or −0: these are `{ "$number": "nan" }`.
import type { Attrs } from "../../ir/value.ts";
import { graphData } from "../errors.ts";

/** What JSON can hold. */
export type JsonData = number | string | boolean | null | readonly JsonData[] | { readonly [key: string]: JsonData };

/** The attributes of a value as JSON. Throws `graph-data` for what is no data, such as a function. */
export function writeAttributes(attrs: Attrs): JsonData {
  return write(attrs);
}

/** What `writeAttributes` wrote. */
export function readAttributes(data: JsonData): Attrs {
  return read(data) as Attrs;
}

function write(part: unknown): JsonData {
  if (typeof part === "number") {
    const isPlain = Number.isFinite(part) && !Object.is(part, -0);
    return isPlain ? part : { $number: Object.is(part, -0) ? "-0" : String(part) };
  }
  if (typeof part === "string" || typeof part === "boolean" || part === null) return part;
  if (Array.isArray(part)) return part.map(write);
  if (ArrayBuffer.isView(part)) return write([...(part as unknown as Iterable<number>)]);
  if (typeof part !== "object") throw graphData("attributes that are data", typeof part);
  const entries = Object.entries(part as Attrs).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, write(each)]));
}

function read(part: JsonData): unknown {
  if (typeof part !== "object" || part === null) return part;
  if (Array.isArray(part)) return (part as readonly JsonData[]).map(read);
  const entries = Object.entries(part);
  if (entries.length === 1 && entries[0][0] === "$number") return Number(entries[0][1]);
  return Object.fromEntries(entries.map(([key, each]) => [key, read(each)]));
}
