/// Where a model file writes what its entry points are made of: records by their keys, and lists of updates.
import type { Place } from "./diagnostic.ts";

/** What a build knows of places of things that are no values. */
export interface Written {
  readonly keys: WeakMap<object, ReadonlyMap<string, Place>>;
  readonly lists: WeakMap<object, Place>;
}

/** Nothing is known yet. */
export function startWritten(): Written {
  return { keys: new WeakMap(), lists: new WeakMap() };
}

/** A list has the place of the innermost expression that gives it: that of the optimizer, for updates. */
export function noteList({ lists }: Written, candidate: unknown, place: Place): void {
  if (Array.isArray(candidate) && !lists.has(candidate)) lists.set(candidate, place);
}

/** Where a record has a key; undefined where the model file does not write it out. */
export function placeOfKey({ keys }: Written, record: object, key: string): Place | undefined {
  return keys.get(record)?.get(key);
}

/** Where the list stands in which one of the things in `given` is; lists may be nested. */
export function placeOfList(written: Written, given: unknown, member: unknown): Place | undefined {
  if (!Array.isArray(given)) return undefined;
  const inner: unknown = given.find((each) => Array.isArray(each) && each.flat(Infinity).includes(member));
  return placeOfList(written, inner, member) ?? written.lists.get(given);
}
