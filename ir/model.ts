/// A model: named entry points over shared parameters and states.
import { build, isValue, type Built } from "./build.ts";
import { noteClasses } from "./classes.ts";
import { emptyModel, entryPointValue, reservedName, stateUpdate } from "./errors.ts";
import { atPlace, type Place } from "./diagnostic.ts";
import { entryPointRoots, type EntryPoint, type Graph, type NamedValue, type Update } from "./graph.ts";
import { add } from "./ops/arithmetic.ts";
import { checkVisible } from "./naming.ts";
import { scanLeak } from "./ops/errors.ts";
import { stateOp } from "./ops/leaf.ts";
import { settleTraining } from "./training.ts";
import { formatType, sameType } from "./type.ts";
import { postorder, type Value } from "./value.ts";

/** What an optimizer returns: new values for states. Several may be given as an array. */
export type Updates = readonly Update[];

/** What an entry point returns: values by name; `update` writes states. */
export interface EntryPointRecord {
  readonly [name: string]: Value | Updates | readonly Updates[];
}

/** Names that the generated module uses itself. */
const reserved = new Set([
  ...["readParams", "readState", "writeParams", "writeState", "destroy", "adapter", "device", "steps", "then"],
  ...["accepted", "buffers", "read", "constructor", "prototype", "__proto__"],
]);

/**
 * Defines a model. `define` builds the graph with inputs, layers and losses and returns the entry points:
 * `{ predict: { probabilities }, train: { loss, update: adam(loss) } }`. It runs once, at once.
 */
export function model(name: string, define: () => Readonly<Record<string, EntryPointRecord>>): Graph {
  const built = build(define, function* (entries) {
    for (const record of Object.values(entries)) {
      for (const [key, value] of Object.entries(record)) if (isValue(value)) yield [key, value] as const;
    }
  });
  const declared = Object.entries(built.result).map(([entry, record]) => entryPoint(entry, record, built.notes));
  checkVisible("a model", name);
  if (declared.length === 0) throw emptyModel(`model "${name}"`);
  checkSteps(declared, built);
  const settled = settleTraining(declared, built.notes);
  const entryPoints = settled.entryPoints.map((entry) => drawAnew(entry, built.draw));
  const notes = noteClasses(settled.notes, postorder(entryPoints.flatMap(entryPointRoots)));
  return { name, entryPoints, inputs: built.inputs, states: built.states, notes };
}

/** Nothing that belongs to a step of a loop is used outside it: there it has no number. */
function checkSteps(entryPoints: readonly EntryPoint[], { inSteps, notes }: Built<unknown>): void {
  if (inSteps.size === 0) return;
  const nameOf = (value: Value): string | undefined => notes.get(inSteps.get(value) ?? value)?.name;
  const leak = (value: Value, reader: string | undefined, place: Place | undefined): never =>
    atPlace(place, () => {
      throw scanLeak(nameOf(value), reader);
    });
  for (const reader of postorder(entryPoints.flatMap(entryPointRoots))) {
    const leaked = inSteps.has(reader) ? undefined : reader.operands.find((operand) => inSteps.has(operand));
    if (leaked) leak(leaked, nameOf(reader), notes.get(reader)?.place);
  }
  for (const entry of entryPoints) {
    for (const { name, value } of entry.outputs) if (inSteps.has(value)) leak(value, name, notes.get(value)?.place);
    for (const { state, value } of entry.updates)
      if (inSteps.has(value)) leak(value, notes.get(state)?.name, notes.get(value)?.place);
  }
}

/** A training entry point that draws random numbers draws others at its next call. */
function drawAnew(entry: EntryPoint, draw: Value): EntryPoint {
  const { updates } = entry;
  const reads = updates.length > 0 && postorder(entryPointRoots(entry)).includes(draw);
  return reads ? { ...entry, updates: [...updates, { state: draw, value: add(draw, 1) }] } : entry;
}

function entryPoint(name: string, record: EntryPointRecord, notes: Graph["notes"]): EntryPoint {
  if (reserved.has(name)) throw reservedName("an entry point", name);
  checkVisible("an entry point", name);
  const outputs: NamedValue[] = [];
  const updates: Update[] = [];
  for (const [key, value] of Object.entries(record)) {
    if (key === "update") updates.push(...checkedUpdates(value, name, notes));
    else if (!isValue(value)) throw entryPointValue(name, key, describe(value));
    else if (reserved.has(key)) throw reservedName("an output", key);
    else {
      checkVisible("an output", key, notes.get(value)?.place);
      outputs.push({ name: key, value });
    }
  }
  if (outputs.length + updates.length === 0) throw emptyModel(`entry point "${name}"`);
  return { name, outputs, updates };
}

function checkedUpdates(value: unknown, entry: string, notes: Graph["notes"]): Updates {
  const updates = Array.isArray(value) ? (value.flat() as Updates) : [];
  if (updates.length === 0) throw entryPointValue(entry, "update", describe(value));
  const seen = new Set<Value>();
  for (const { state, value: next } of updates) {
    const name = notes.get(state)?.name ?? "a value";
    if (state.op !== stateOp) throw stateUpdate(name, "a value that is no state");
    if (!sameType(state.type, next.type)) throw stateUpdate(name, formatType(next.type));
    if (seen.has(state)) throw stateUpdate(name, `two updates in entry point "${entry}"`);
    seen.add(state);
  }
  return updates;
}

function describe(value: unknown): string {
  return isValue(value) ? formatType(value.type) : value === null ? "null" : typeof value;
}
