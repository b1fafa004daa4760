/// What a model file reports while it runs: the names that values take from its variables, and where they stand.
import { activeBuilder, noteUpdates, withNames, type Builder } from "./build.ts";
import { atPlace, type Place } from "./diagnostic.ts";
import { isUpdate } from "./graph.ts";
import { freePath, takePaths } from "./naming.ts";
import { isValue, type Value } from "./value.ts";
import { noteList } from "./written.ts";

/** Evaluates the initialiser of variable `name`: layers made in it, and its value, take the name. */
export function named<T>(name: string, place: Place, action: () => T): T {
  const self = activeBuilder();
  if (!self) return atPlace(place, action);
  const outer = self.scopes.at(-1);
  const path = freePath(outer ? `${outer.path}.${name}` : name, self.paths);
  self.scopes.push({ path, owners: [] });
  try {
    const result = placed(place, action);
    if (isValue(result) && !self.names.has(result)) takePaths(self.scopes, self.paths);
    noteName(result, path, self);
    return result;
  } finally {
    self.scopes.pop();
  }
}

/** Evaluates an expression at a place of the model file: values made in it have that place, and so do errors. */
export function placed<T>(place: Place, action: () => T): T {
  const self = activeBuilder();
  const result = atPlace(place, () => (self ? withNames(self, action) : action()));
  if (self && isValue(result)) notePlace(result, place, self);
  if (self) noteList(self.written, result, place);
  return result;
}

/** An object literal of the model file, and the places of its keys. */
export function keyed<T extends object>(record: T, places: ReadonlyMap<string, Place>): T {
  activeBuilder()?.written.keys.set(record, places);
  if (isUpdate(record)) noteUpdates(undefined, [record]);
  return record;
}

/** Gives a value a name from outside its initialiser, for example in `const [a, b] = …`. */
export function noteName(candidate: unknown, path: string, self: Builder | undefined = activeBuilder()): void {
  if (self && isValue(candidate) && !self.names.has(candidate)) self.names.set(candidate, path);
}

/** The value and what it was made of, as far as that has no place yet. */
function notePlace(value: Value, place: Place, self: Builder): void {
  const pending = [value];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (self.places.has(next)) continue;
    self.places.set(next, place);
    pending.push(...next.operands);
  }
}
