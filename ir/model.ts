/// A model: named entry points over shared parameters and states.
import { build, isValue, type Built, type GivenUpdates } from "./build.ts";
import { noteClasses } from "./classes.ts";
import {
  emptyModel,
  entryPointRecord,
  entryPointValue,
  foreignValue,
  notAState,
  reservedName,
  stateUpdate,
  updatedTwice,
} from "./errors.ts";
import { atPlace, type Place } from "./diagnostic.ts";
import {
  entryPointRoots,
  isUpdate,
  type EntryPoint,
  type Graph,
  type NamedValue,
  type UnusedUpdates,
  type Update,
} from "./graph.ts";
import { callback, checkArgument, text } from "./options.ts";
import { add } from "./ops/arithmetic.ts";
import { checkVisible } from "./naming.ts";
import { scanLeak } from "./ops/errors.ts";
import { inputOp, settingOp, stateOp, type StateIdentity } from "./ops/leaf.ts";
import { settleTraining } from "./training.ts";
import { formatType, sameType } from "./type.ts";
import { postorder, type Op, type Value } from "./value.ts";
import { placeOfKey, placeOfList, type Written } from "./written.ts";

/** What an optimizer returns: new values for states. Several may be given as an array, also with updates between them. */
export type Updates = readonly Update[];

/** What an entry point returns: values by name; `update` writes states. */
export interface EntryPointRecord {
  readonly [name: string]: Value | Updates | readonly (Update | Updates)[];
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
  const help = 'model("tiny", () => ({ predict: { output } }))';
  checkArgument("model", "the name", name, { ...text, help });
  checkArgument("model", "what defines it", define, { ...callback, help });
  const built = build(define, function* (entries) {
    for (const record of fieldsOf(entries).map(([, each]) => each)) {
      for (const [key, value] of fieldsOf(record)) if (isValue(value)) yield [key, value] as const;
    }
  });
  checkVisible("a model", name);
  if (!isRecord(built.result))
    throw entryPointRecord(`model "${name}" must return a record of entry points`, describe(built.result));
  const declared = fieldsOf(built.result).map(([entry, record]) =>
    atPlace(placeOfKey(built.written, built.result, entry), () => entryPoint(entry, record, built)),
  );
  if (declared.length === 0) throw emptyModel(`model "${name}"`);
  checkSteps(declared, built);
  checkLeaves(declared, built);
  const unused = unusedUpdates(declared, built);
  const settled = settleTraining(declared, built.notes);
  const entryPoints = settled.entryPoints.map((entry) => drawAnew(entry, built.draw));
  const notes = noteClasses(settled.notes, postorder(entryPoints.flatMap(entryPointRoots)));
  const { inputs, states } = built;
  return { name, entryPoints, inputs, states, notes, ...(unused.length > 0 && { unused }) };
}

/**
 * Updates of which nothing is returned, nor part of what is. The value of one that the model file has written may be needed
 * in any case: its state keeps what it was where nothing else is returned for it.
 */
function unusedUpdates(
  entryPoints: readonly EntryPoint[],
  { written, updates: given, notes }: Built<unknown>,
): readonly UnusedUpdates[] {
  const reached = new Set(postorder(entryPoints.flatMap(entryPointRoots)));
  const updated = new Set(entryPoints.flatMap(({ updates }) => updates.map(({ state }) => state)));
  const isUsed = ({ by, updates }: GivenUpdates): boolean =>
    updates.some(({ state, value }) => reached.has(value) && (by !== undefined || updated.has(state)));
  const beside = [...new Set(given.filter(isUsed).flatMap(({ by }) => by ?? []))];
  return given
    .filter((each) => !isUsed(each))
    .map(({ by, updates }) => {
      const [first] = updates;
      const place = written.lists.get(updates) ?? placeOfKey(written, first, "state");
      return { by, state: notes.get(first.state)?.name, beside, place };
    });
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

/** Whatever is given or kept is declared in this model: to another one's there would be no numbers. */
function checkLeaves(entryPoints: readonly EntryPoint[], { inputs, states, draw, notes }: Built<unknown>): void {
  const own = new Set([...inputs, ...states, draw]);
  const isForeign = (value: Value): boolean => declaredOps.includes(value.op) && !own.has(value);
  for (const { name, outputs, updates } of entryPoints) {
    const named = [...outputs.map(({ value }) => value), ...updates.flatMap(({ state, value }) => [value, state])];
    const order = postorder(named);
    const found = order.find(isForeign);
    if (!found) continue;
    const reader = order.find(({ operands }) => operands.includes(found));
    atPlace(reader && notes.get(reader)?.place, () => {
      throw foreignValue(name, found.op.name, (found.attrs.identity as { readonly name: string }).name);
    });
  }
}

/** What a model declares. */
const declaredOps: readonly Op[] = [inputOp, settingOp, stateOp];

/** A training entry point that draws random numbers draws others at its next call. */
function drawAnew(entry: EntryPoint, draw: Value): EntryPoint {
  const { updates } = entry;
  const reads = updates.length > 0 && postorder(entryPointRoots(entry)).includes(draw);
  return reads ? { ...entry, updates: [...updates, { state: draw, value: add(draw, 1) }] } : entry;
}

function entryPoint(name: string, record: unknown, { notes, result, written }: Built<unknown>): EntryPoint {
  if (reserved.has(name)) throw reservedName("an entry point", name);
  checkVisible("an entry point", name);
  if (!isRecord(record))
    throw entryPointRecord(
      `entry point ${JSON.stringify(name)} must be a record of values`,
      describe(record),
      fieldsOf(result).some(([key, value]) => key === "update" && areUpdates(value)),
    );
  const outputs: NamedValue[] = [];
  const updates: Update[] = [];
  for (const [key, value] of fieldsOf(record)) {
    atPlace(placeOfKey(written, record, key), () => {
      if (key === "update") updates.push(...checkedUpdates(value, name, notes, written));
      else if (!isValue(value)) throw entryPointValue(name, key, describe(value), areUpdates(value));
      else if (reserved.has(key)) throw reservedName("an output", key);
      else {
        checkVisible("an output", key, notes.get(value)?.place);
        outputs.push({ name: key, value });
      }
    });
  }
  if (outputs.length + updates.length === 0) throw emptyModel(`entry point "${name}"`);
  return { name, outputs, updates };
}

function checkedUpdates(given: unknown, entry: string, notes: Graph["notes"], written: Written): Updates {
  if (!areUpdates(given)) throw entryPointValue(entry, "update", describe(given), false);
  const updates = (given as readonly Update[]).flat() as Updates;
  const seen = new Map<Value, Update>();
  const placeOf = (update: Update): Place | undefined => placeOfList(written, given, update);
  for (const update of updates) {
    const { state, value } = update;
    const [name = "a value", first] = [notes.get(state)?.name, seen.get(state)];
    atPlace(placeOf(update), () => {
      if (state.op !== stateOp) throw notAState(notes.get(state)?.name, state.type);
      if (first) throw updatedTwice(name, entry, (state.attrs.identity as StateIdentity).parameter, placeOf(first));
      // An expression says where its type comes from; what is declared may be as it should, and the update is not.
      atPlace(value.op.kind === "leaf" ? undefined : notes.get(value)?.place, () => {
        if (!sameType(state.type, value.type)) throw stateUpdate(name, state.type, value.type);
      });
    });
    seen.set(state, update);
  }
  return updates;
}

/** True for what optimizers return, also several of them. */
function areUpdates(candidate: unknown): boolean {
  const flat: readonly unknown[] = Array.isArray(candidate) ? candidate.flat() : [];
  return flat.length > 0 && flat.every(isUpdate);
}

/** What is in a list of updates and is none. */
function describeElement(element: unknown): string {
  const { state, value } = (isRecord(element) ? element : {}) as Partial<Record<keyof Update, unknown>>;
  if (state === undefined && value === undefined) return describe(element);
  return isValue(state) ? `an update whose value is ${describe(value)}` : `an update of ${describe(state)}`;
}

/** True for an object that may be written `{ … }`. */
function isRecord(candidate: unknown): candidate is object {
  const isObject = typeof candidate === "object" && candidate !== null && !Array.isArray(candidate);
  return isObject && !isValue(candidate) && !isPromise(candidate);
}

function isPromise(candidate: object): boolean {
  return "then" in candidate && typeof candidate.then === "function";
}

/** Keys and what they hold; none of what is no record. */
function fieldsOf(candidate: unknown): readonly (readonly [string, unknown])[] {
  return isRecord(candidate) ? Object.entries(candidate) : [];
}

function describe(value: unknown): string {
  if (isValue(value)) return formatType(value.type);
  if (areUpdates(value)) return "the result of an optimizer";
  if (Array.isArray(value)) {
    const elements: readonly unknown[] = value.flat();
    return elements.length === 0
      ? "an empty array"
      : `an array with ${describeElement(elements.find((each) => !isUpdate(each)))}`;
  }
  if (typeof value === "object" && value !== null && isPromise(value))
    return "a promise: the function must not be async";
  const article = typeof value === "object" ? "an" : "a";
  return value === null ? "null" : value === undefined ? "nothing" : `${article} ${typeof value}`;
}
