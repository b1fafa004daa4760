/// A whole model: entry points over shared states, and the side table of names and places.
import type { Dim } from "./dim.ts";
import type { Place } from "./diagnostic.ts";
import { remembering } from "./intern.ts";
import { isValue, postorder, type Value } from "./value.ts";

/** A compiled function in the making: what it returns and which states it writes. */
export interface EntryPoint {
  readonly name: string;
  readonly outputs: readonly NamedValue[];
  readonly updates: readonly Update[];
}

export interface NamedValue {
  readonly name: string;
  readonly value: Value;
}

/** After a call, `state` (a state leaf) holds `value`. All updates of an entry point happen at once. */
export interface Update {
  readonly state: Value;
  readonly value: Value;
}

/** True for what has the parts of an update. */
export function isUpdate(candidate: unknown): candidate is Update {
  const { state, value } = (candidate ?? {}) as Partial<Update>;
  return isValue(state) && isValue(value);
}

/** What is known about a value besides its mathematics. */
export interface Note {
  /** Name in the user's model, for example `hidden` or `hidden.weight`; unique in its graph. */
  readonly name?: string;
  /** What else the user calls it: `slope`, of a derivative that is named after what it is one of. Unique as well. */
  readonly aliases?: readonly string[];
  /** Where the user wrote it. */
  readonly place?: Place;
  /** Of a derivative: which half of a step it belongs to. A loss may be made of derivatives, which are forward then. */
  readonly derivative?: "forward" | "backward";
  /** Of an input: numbers of classes of the one-hots that the model makes of it. The runtime checks labels from the host. */
  readonly classes?: readonly Dim[];
}

/** What an optimizer gave, or the model file has written, of which no entry point takes anything: nothing changes by it. */
export interface UnusedUpdates {
  /** The function that gave it: `adam`; undefined for `{ state, value }`. */
  readonly by: string | undefined;
  /** What the first of the states is called; undefined for one of another model. */
  readonly state: string | undefined;
  /** Optimizers whose updates entry points return. */
  readonly beside: readonly string[];
  readonly place?: Place | undefined;
}

/** A model as a graph. Values are immutable and shared between entry points; names are a side table. */
export interface Graph {
  readonly name: string;
  readonly entryPoints: readonly EntryPoint[];
  /** Inputs in order of declaration, then settings: leaves that a caller gives. */
  readonly inputs: readonly Value[];
  /** States in order of creation. */
  readonly states: readonly Value[];
  readonly notes: ReadonlyMap<Value, Note>;
  /** What the user wrote, and forgot to return. */
  readonly unused?: readonly UnusedUpdates[];
}

/** Every value that the graph computes or names as a result, outputs first, then updates, entry point by entry point. */
export function graphRoots(graph: Graph): readonly Value[] {
  return graph.entryPoints.flatMap(entryPointRoots);
}

/** The values that one entry point computes. */
export function entryPointRoots(entry: EntryPoint): readonly Value[] {
  return [...entry.outputs.map((output) => output.value), ...entry.updates.map((update) => update.value)];
}

/** All values of a graph, operands before users. */
export const graphValues = remembering((graph: Graph): readonly Value[] => postorder(graphRoots(graph)));

/** All values of a graph and of the bodies of its loops: those that names and places are kept for. */
export function livingValues(graph: Graph): ReadonlySet<Value> {
  const alive = new Set<Value>([...graph.inputs, ...graph.states]);
  const pending = [graphRoots(graph)];
  for (let roots = pending.pop(); roots; roots = pending.pop()) {
    for (const value of postorder(roots)) {
      if (value.op.kind === "scan" && !alive.has(value)) pending.push(value.op.inner(value.attrs));
      alive.add(value);
    }
  }
  return alive;
}
