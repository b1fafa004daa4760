/// Attributes as JSON, which has no NaN, infinity or −0: these are `{ "$number": "NaN" }`. The body of a loop is
/// `{ "$body": 0 }`, the place of the body among the graph's, and the rule of a derivative `{ "$rule": 0 }`.
import type { SuppliedDerivative } from "../../ir/ops/derivative.ts";
import type { ScanBody } from "../../ir/ops/scan.ts";
import type { Attrs } from "../../ir/value.ts";
import { graphData } from "../errors.ts";

/** What JSON can hold. */
export type JsonData = number | string | boolean | null | readonly JsonData[] | { readonly [key: string]: JsonData };

/** The attributes of a value as JSON. Throws `graph-data` for what is no data, such as a function. */
export function writeAttributes(attrs: Attrs, bodies: readonly ScanBody[]): JsonData {
  return write(attrs, bodies);
}

/** The closed parts that attributes refer to, by their places. */
export interface PartsAt {
  body(place: number): ScanBody;
  rule(place: number): SuppliedDerivative;
}

/** What `writeAttributes` wrote. */
export function readAttributes(data: JsonData, parts: PartsAt): Attrs {
  return read(data, parts) as Attrs;
}

/** The attributes of a formula whose derivative is a rule at this place. */
export function ruleAttributes(place: number): JsonData {
  return { identity: { $rule: place } };
}

function write(part: unknown, bodies: readonly ScanBody[]): JsonData {
  if (typeof part === "number") {
    const isPlain = Number.isFinite(part) && !Object.is(part, -0);
    return isPlain ? part : { $number: Object.is(part, -0) ? "-0" : String(part) };
  }
  if (typeof part === "string" || typeof part === "boolean" || part === null) return part;
  if (Array.isArray(part)) return part.map((each) => write(each, bodies));
  if (ArrayBuffer.isView(part)) return write([...(part as unknown as Iterable<number>)], bodies);
  if (typeof part !== "object") throw graphData("attributes that are data", typeof part);
  const place = bodies.findIndex((body) => body === part);
  if (place >= 0) return { $body: place };
  const entries = Object.entries(part as Attrs).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, write(each, bodies)]));
}

function read(part: JsonData, parts: PartsAt): unknown {
  if (typeof part !== "object" || part === null) return part;
  if (Array.isArray(part)) return (part as readonly JsonData[]).map((each) => read(each, parts));
  const entries = Object.entries(part);
  if (entries.length === 1 && entries[0][0] === "$number") return Number(entries[0][1]);
  if (entries.length === 1 && entries[0][0] === "$body") return parts.body(Number(entries[0][1]));
  if (entries.length === 1 && entries[0][0] === "$rule") return parts.rule(Number(entries[0][1]));
  return Object.fromEntries(entries.map(([key, each]) => [key, read(each, parts)]));
}
