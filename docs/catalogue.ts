/// What the reference pages are made of, found in the sources themselves: a new error code or op appears by itself.
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as exported from "../ir/index.ts";
import type { ErrorKind } from "../ir/diagnostic.ts";
import type { Op } from "../ir/value.ts";
import { checkpointErrorDocs, runtimeErrorDocs } from "../runtime/error-docs.ts";

/** Root of the repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** One error code and its meaning. */
export interface ErrorEntry {
  readonly code: string;
  readonly doc: string;
}

/** A part of the error catalogue. */
export interface ErrorSection {
  readonly title: string;
  readonly errors: readonly ErrorEntry[];
}

/** Every error code, by who raises it. */
export async function errorSections(): Promise<readonly ErrorSection[]> {
  const documented = (docs: Readonly<Record<string, string>>): readonly ErrorEntry[] =>
    Object.entries(docs).map(([code, doc]) => ({ code, doc }));
  return [
    { title: "The language", errors: await errorKinds("ir") },
    { title: "The compiler", errors: await errorKinds("compiler") },
    { title: "The runtime", errors: documented(runtimeErrorDocs) },
    { title: "Checkpoints", errors: documented(checkpointErrorDocs) },
  ];
}

/** The codes that the files `errors.ts` below a folder define, in their order. */
export async function errorKinds(folder: string): Promise<readonly ErrorEntry[]> {
  const exports = await exportsOf(folder, (name) => /(^|[\\/])errors\.ts$/.test(name));
  return exports
    .filter((each): each is ErrorKind<readonly unknown[]> => typeof each === "function" && "code" in each)
    .map(({ code, doc }) => ({ code, doc }));
}

/** The warnings of `compile`, in their order. */
export async function warningKinds(): Promise<readonly ErrorEntry[]> {
  const exports = await exportsOf("compiler/lint", (name) => name === "warnings.ts");
  return exports.filter(isKind).map(({ code, doc }) => ({ code, doc }));
}

/** True for entries of catalogues: functions that make a message and document its code. */
function isKind(each: unknown): each is ErrorEntry {
  return typeof each === "function" && "code" in each && "doc" in each;
}

/** Every op, in the order of files and of their exports; an op that several names share is there once. */
export async function ops(): Promise<readonly Op[]> {
  const found = new Set<Op>();
  for (const each of await exportsOf("ir/ops", () => true)) {
    const op = isOp(each) ? each : hasOp(each) ? each.op : undefined;
    if (op) found.add(op);
  }
  return [...found];
}

/** Words of the language that make an op of another name, by that name. */
const otherWords: Readonly<Record<string, readonly (keyof typeof exported)[]>> = {
  broadcast: ["broadcastTo"],
  select: ["where"],
  state: ["param", "state"],
};

/** The exported words that make an op; none where the compiler alone does. */
export function wordsOf({ name }: Op): readonly string[] {
  return otherWords[name] ?? (name in exported ? [name] : []);
}

async function exportsOf(folder: string, wanted: (name: string) => boolean): Promise<readonly unknown[]> {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => name.endsWith(".ts") && wanted(name)).sort();
  const values: unknown[] = [];
  for (const file of files) {
    const module = (await import(pathToFileURL(join(root, folder, file)).href)) as Record<string, unknown>;
    values.push(...Object.values(module));
  }
  return values;
}

function isOp(candidate: unknown): candidate is Op {
  return typeof candidate === "object" && candidate !== null && "kind" in candidate && "infer" in candidate;
}

function hasOp(candidate: unknown): candidate is { readonly op: Op } {
  return typeof candidate === "function" && "op" in candidate && isOp(candidate.op);
}
