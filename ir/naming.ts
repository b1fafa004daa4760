/// Names of a finished model: what the user wrote stays as it is, what nobody named counts up.
import type { Place } from "./diagnostic.ts";
import { duplicateName, nameCharacters } from "./errors.ts";
import type { Note } from "./graph.ts";
import type { StateIdentity } from "./ops/leaf.ts";
import type { Value } from "./value.ts";

/** One evaluation of the initialiser of a variable. */
export interface Scope {
  readonly path: string;
  readonly owners: Owner[];
}

/** What states are named after: a layer or an optimizer. Its own name is settled when the model is complete. */
export interface Owner {
  readonly kind: string;
  readonly explicit: string | undefined;
  readonly scope: Scope | undefined;
  readonly after: "variable" | "kind";
}

/** A state and what its name is made of. */
export interface StateRecord {
  readonly value: Value;
  readonly owner: Owner | undefined;
  /** Name within the owner, for example `weight`. */
  readonly local: string | undefined;
  /** The parameter that this state accompanies (a moment). */
  readonly of: Value | undefined;
}

/** A value that a layer or optimizer names, where the user did not: `hidden.linear`. */
export interface PartRecord {
  readonly value: Value;
  readonly owner: Owner;
  /** Name within the owner; without one the value has the owner's. */
  readonly local: string | undefined;
}

/** What the builder has noted when a model is complete. */
export interface Records {
  readonly inputs: readonly Value[];
  readonly settings: readonly Value[];
  readonly settingOwners: ReadonlyMap<Value, Owner>;
  readonly states: readonly StateRecord[];
  readonly owners: readonly Owner[];
  readonly parts: readonly PartRecord[];
  readonly names: ReadonlyMap<Value, string>;
  readonly places: ReadonlyMap<Value, Place>;
}

/** Final names: explicit ones as they are (twice is an error), automatic ones made unique by a counter. */
export function settleNames(self: Records): Map<Value, Note> {
  const taken = new Map<string, Claim>();
  const final = new Map<Value, string>();
  const claim: Naming = (name, what, value) => {
    const [first, second] = [taken.get(name), { what, place: value && self.places.get(value) }];
    if (first) throw namedTwice(name, first, second);
    taken.set(name, second);
    return name;
  };
  const unique: Naming = (name, what, value) => {
    let candidate = name;
    for (let count = 1; taken.has(candidate); count++) candidate = `${name}_${count}`;
    taken.set(candidate, { what, place: value && self.places.get(value) });
    return candidate;
  };
  for (const value of self.inputs) final.set(value, claim(self.names.get(value)!, "an input", value));
  const owners = nameOwners(self, claim, unique);
  for (const { value, owner, local } of self.states.filter((state) => !state.of)) {
    const variable = self.names.get(value);
    const what = (value.attrs.identity as StateIdentity).parameter ? "a parameter" : "a state";
    const name = owner ? `${owners.get(owner)}.${local}` : (local ?? variable);
    final.set(value, local === undefined ? unique(name ?? "param", what, value) : claim(name!, what, value));
  }
  for (const { value, owner, local, of } of self.states.filter((state) => state.of)) {
    final.set(value, claim(`${owners.get(owner!)}.${local}.${final.get(of!)}`, "a state"));
  }
  const settingName = (value: Value): string => (value.attrs.identity as { name: string }).name;
  for (const value of self.settings) {
    const name = settingName(value);
    const own = owners.get(self.settingOwners.get(value)!);
    const isAlone = self.settings.every((other) => other === value || settingName(other) !== name);
    final.set(value, unique(own === undefined || isAlone ? name : `${own}.${name}`, "a setting"));
  }
  for (const [value, name] of self.names) if (!final.has(value)) final.set(value, unique(name, "a value"));
  for (const { value, owner, local } of self.parts) {
    const own = owners.get(owner)!;
    if (!final.has(value)) final.set(value, unique(local === undefined ? own : `${own}.${local}`, "a value"));
  }
  for (const [value, name] of final) {
    checkVisible("a value", name, self.places.get(value));
  }
  const notes = new Map<Value, Note>();
  for (const [value, name] of final) notes.set(value, { name, place: self.places.get(value) });
  for (const [value, place] of self.places) if (!notes.has(value)) notes.set(value, { place });
  return notes;
}

/**
 * Line breaks, other control characters, marks that turn the direction of a text or take no room, and halves of
 * characters. Joiners may stand between visible ones.
 */
const hidden = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** Room without ink: spaces, fillers, the empty braille cell, and joiners of nothing. */
const blank = /^[\s\u115f\u1160\u200c\u200d\u2800\u3164\uffa0]*$/u;

/** Throws `name-characters` for a name that cannot be written in every place where names are. */
export function checkVisible(what: string, name: string, place?: Place): void {
  if (!blank.test(name) && name.search(hidden) < 0) return;
  const shown = JSON.stringify(name).replace(hidden, (found) => `\\u{${found.codePointAt(0)!.toString(16)}}`);
  const error = nameCharacters(what, shown);
  throw place ? Object.assign(error, { place }) : error;
}

/** A variable that is set again, as in a loop, counts up as a whole: `h_1` holds `h_1.hidden`. */
export function freePath(path: string, taken: ReadonlySet<string>): string {
  let free = path;
  for (let count = 1; taken.has(free); count++) free = `${path}_${count}`;
  return free;
}

/** Something has a name from the variables that are being set: whoever sets one of them again has another. */
export function takePaths(scopes: readonly Scope[], taken: Set<string>): void {
  for (const { path } of scopes) taken.add(path);
}

/** Who has a name, and where that was declared. */
interface Claim {
  readonly what: string;
  readonly place: Place | undefined;
}

type Naming = (name: string, what: string, value?: Value) => string;

/** The error at the later of two declarations; names are not claimed in the order of the file. */
function namedTwice(name: string, claimed: Claim, next: Claim): Error {
  const [a, b] = [claimed.place, next.place];
  const swapped =
    a !== undefined && b !== undefined && a.file === b.file && (a.line - b.line || a.column - b.column) > 0;
  const [first, second] = swapped ? [next, claimed] : [claimed, next];
  return Object.assign(duplicateName(name, first.what, second.what, first.place), { place: second.place });
}

/** `hidden` for the only layer in the initialiser of `hidden`, `hidden.0`, `hidden.1` for several, else `dense_0`. */
function nameOwners(self: Records, claim: Naming, unique: Naming): Map<Owner, string> {
  const names = new Map<Owner, string>();
  const counts = new Map<string, number>();
  const scopes = new Map<Scope, string>();
  for (const each of self.owners) {
    const { kind, explicit, scope, after } = each;
    if (explicit !== undefined) {
      const kept = self.states.find((state) => state.owner === each)?.value;
      names.set(each, claim(explicit, `${/^[aeiou]/i.test(kind) ? "an" : "a"} ${kind} layer`, kept));
    } else if (scope) {
      if (!scopes.has(scope)) scopes.set(scope, reserve(scope.path));
      const own = scopes.get(scope)!;
      const several = scope.owners.length > 1;
      names.set(each, several ? reserve(`${own}.${scope.owners.indexOf(each)}`) : own);
    } else {
      names.set(each, reserve(after === "kind" ? kind : `${kind}_${nextCount(kind)}`));
    }
  }
  return names;

  function nextCount(kind: string): number {
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    return count;
  }

  // A layer's name is a prefix, so it may equal the name of the value that the layer computes.
  function reserve(name: string): string {
    return unique(`layer ${name}`, "a layer").slice("layer ".length);
  }
}
