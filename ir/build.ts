/// The ambient builder: what `input`, `param` and layers register with while model() runs its function, and the names
/// that values take from the variables of the model file. The one place with module-level state.
import { atPlace, CompileError, nameSubjects, type Place } from "./diagnostic.ts";
import { duplicateName, outsideModel } from "./errors.ts";
import type { Note } from "./graph.ts";
import type { Initializer } from "./initializer.ts";
import { glorot, zeros } from "./initializer.ts";
import { normalizeDim } from "./ops/layout.ts";
import { inputOp, settingOp, stateOp, type StateIdentity } from "./ops/leaf.ts";
import type { DType } from "./type.ts";
import { apply, type Value } from "./value.ts";

/** One evaluation of the initialiser of a variable. */
interface Scope {
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

interface StateRecord {
  readonly value: Value;
  readonly owner: Owner | undefined;
  /** Name within the owner, for example `weight`. */
  readonly local: string | undefined;
  /** The parameter that this state accompanies (a moment). */
  readonly of: Value | undefined;
}

interface Builder {
  readonly inputs: Value[];
  readonly settings: Value[];
  readonly states: StateRecord[];
  readonly owners: Owner[];
  readonly scopes: Scope[];
  readonly names: Map<Value, string>;
  readonly places: Map<Value, Place>;
}

let current: Builder | undefined;

function builder(what: string): Builder {
  if (!current) throw outsideModel(what);
  return current;
}

/** What a finished build leaves: leaves in order, and the names and places of values. */
export interface Built<T> {
  readonly result: T;
  readonly inputs: readonly Value[];
  readonly states: readonly Value[];
  readonly notes: Map<Value, Note>;
}

/** Runs `define` with a fresh builder, then settles all names. `outputs` names results that have no name yet. */
export function build<T>(define: () => T, outputs: (result: T) => Iterable<readonly [string, Value]>): Built<T> {
  const outer = current;
  const self: Builder = {
    inputs: [],
    settings: [],
    states: [],
    owners: [],
    scopes: [],
    names: new Map(),
    places: new Map(),
  };
  current = self;
  try {
    const result = withNames(self, define);
    const rest = [...outputs(result)];
    for (const [name, value] of rest) if (!self.names.has(value)) self.names.set(value, name);
    const notes = settleNames(self);
    const inputs = [...self.inputs, ...self.settings];
    return { result, inputs, states: self.states.map((state) => state.value), notes };
  } finally {
    current = outer;
  }
}

function withNames<T>(self: Builder, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof CompileError) nameSubjects(error, (subject) => self.names.get(subject as Value));
    throw error;
  }
}

/** A tensor that the caller gives at every call. Sizes are numbers, names, or polynomials in names. */
export function input(
  name: string,
  dtype: DType,
  shape: readonly (number | string)[],
  options: { readonly distribution?: boolean } = {},
): Value {
  const self = builder("input");
  const identity = { name, dtype, shape: shape.map(normalizeDim), ...options };
  const value = apply(inputOp, [], { identity });
  self.inputs.push(value);
  self.names.set(value, name);
  return value;
}

/** A scalar hyperparameter (f32) that the caller may change at every call; `value` is its default. */
export function setting(name: string, value: number): Value {
  const self = builder("setting");
  const leaf = apply(settingOp, [], { identity: { name, value } });
  self.settings.push(leaf);
  return leaf;
}

/** Options of a parameter or state. */
export interface StateOptions {
  /** Its name; otherwise the variable that holds it. */
  readonly name?: string;
  readonly init?: Initializer;
  readonly dtype?: DType;
}

/** Options of a parameter. */
export interface ParamOptions extends StateOptions {
  /** False freezes it: optimizers leave it out unless asked by name. */
  readonly trainable?: boolean;
}

/** How a layer or optimizer names what it keeps. */
export interface StateName {
  readonly owner: Owner;
  readonly local: string;
  readonly of?: Value;
}

/** A trainable tensor (f32) kept between calls. Without `init`: Glorot uniform, or zeros for a vector or scalar. */
export function param(shape: readonly (number | string)[], options: ParamOptions = {}, name?: StateName): Value {
  const init = options.init ?? (shape.length > 1 ? glorot() : zeros());
  return addState("param", shape, { ...options, init }, true, options.trainable ?? true, name);
}

/** A tensor kept between calls that no optimizer trains: a counter, a running mean. Starts at zero. */
export function state(shape: readonly (number | string)[], options: StateOptions = {}, name?: StateName): Value {
  return addState("state", shape, options, false, false, name);
}

function addState(
  what: string,
  shape: readonly (number | string)[],
  options: StateOptions,
  parameter: boolean,
  trainable: boolean,
  name: StateName | undefined,
): Value {
  const self = builder(what);
  const identity: StateIdentity = {
    name: options.name ?? name?.local ?? what,
    dtype: options.dtype ?? "f32",
    shape: shape.map(normalizeDim),
    parameter,
    trainable,
    initializer: options.init ?? zeros(),
  };
  const value = apply(stateOp, [], { identity });
  self.states.push({ value, owner: name?.owner, local: options.name ?? name?.local, of: name?.of });
  return value;
}

/**
 * Registers a layer or optimizer of a kind (`dense`, `adam`) that will name states: after the variable that holds it
 * (layers), or after its kind (optimizers).
 */
export function owner(kind: string, explicit: string | undefined, after: "variable" | "kind"): Owner {
  const self = builder(kind);
  const scope = after === "variable" ? self.scopes.at(-1) : undefined;
  const record: Owner = { kind, explicit, scope, after };
  self.owners.push(record);
  scope?.owners.push(record);
  return record;
}

/** The name a value has so far, for messages. */
export function nameOf(value: Value): string | undefined {
  return current?.names.get(value);
}

/** Evaluates the initialiser of variable `name`: layers made in it, and its value, take the name. */
export function named<T>(name: string, place: Place, action: () => T): T {
  const self = current;
  if (!self) return atPlace(place, action);
  const outer = self.scopes.at(-1);
  self.scopes.push({ path: outer ? `${outer.path}.${name}` : name, owners: [] });
  try {
    const result = placed(place, action);
    noteName(result, self.scopes.at(-1)!.path, self);
    return result;
  } finally {
    self.scopes.pop();
  }
}

/** Evaluates an expression at a place of the model file: values made in it have that place, and so do errors. */
export function placed<T>(place: Place, action: () => T): T {
  const self = current;
  const result = atPlace(place, () => (self ? withNames(self, action) : action()));
  if (self && isValue(result)) notePlace(result, place, self);
  return result;
}

/** Gives a value a name from outside its initialiser, for example in `const [a, b] = …`. */
export function noteName(candidate: unknown, path: string, self: Builder | undefined = current): void {
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

/** True for values of the graph, false for anything else that a model file may compute with. */
export function isValue(candidate: unknown): candidate is Value {
  return typeof candidate === "object" && candidate !== null && "op" in candidate && "operands" in candidate;
}

/** Final names: explicit ones as they are (twice is an error), automatic ones made unique by a counter. */
function settleNames(self: Builder): Map<Value, Note> {
  const taken = new Map<string, string>();
  const final = new Map<Value, string>();
  const claim = (name: string, what: string): string => {
    const first = taken.get(name);
    if (first !== undefined) throw duplicateName(name, first, what);
    taken.set(name, what);
    return name;
  };
  const unique = (name: string, what: string): string => {
    let candidate = name;
    for (let count = 1; taken.has(candidate); count++) candidate = `${name}_${count}`;
    taken.set(candidate, what);
    return candidate;
  };
  for (const value of self.inputs) final.set(value, claim(self.names.get(value)!, "an input"));
  const owners = nameOwners(self, claim, unique);
  for (const { value, owner, local } of self.states.filter((state) => !state.of)) {
    const variable = self.names.get(value);
    const what = (value.attrs.identity as StateIdentity).parameter ? "a parameter" : "a state";
    const name = owner ? `${owners.get(owner)}.${local}` : (local ?? variable);
    final.set(value, local === undefined ? unique(name ?? "param", what) : claim(name!, what));
  }
  for (const { value, owner, local, of } of self.states.filter((state) => state.of)) {
    final.set(value, claim(`${owners.get(owner!)}.${local}.${final.get(of!)}`, "a state"));
  }
  for (const value of self.settings) {
    const { name } = value.attrs.identity as { name: string };
    final.set(value, unique(name, "a setting"));
  }
  for (const [value, name] of self.names) if (!final.has(value)) final.set(value, unique(name, "a value"));
  const notes = new Map<Value, Note>();
  for (const [value, name] of final) notes.set(value, { name, place: self.places.get(value) });
  for (const [value, place] of self.places) if (!notes.has(value)) notes.set(value, { place });
  return notes;
}

type Naming = (name: string, what: string) => string;

/** `hidden` for the only layer in the initialiser of `hidden`, `hidden_0`, `hidden_1` for several, else `dense_0`. */
function nameOwners(self: Builder, claim: Naming, unique: Naming): Map<Owner, string> {
  const names = new Map<Owner, string>();
  const counts = new Map<string, number>();
  for (const each of self.owners) {
    const { kind, explicit, scope, after } = each;
    if (explicit !== undefined) {
      names.set(each, claim(explicit, `a ${kind} layer`));
    } else if (scope) {
      const several = scope.owners.length > 1;
      names.set(each, reserve(several ? `${scope.path}_${scope.owners.indexOf(each)}` : scope.path));
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
