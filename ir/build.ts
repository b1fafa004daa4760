/// The ambient builder: what `input`, `param` and layers register with while model() runs its function. The one place with
/// module-level state.
import { CompileError, nameSubjects, type Place } from "./diagnostic.ts";
import { outsideModel } from "./errors.ts";
import type { Note, Update } from "./graph.ts";
import { glorot, zeros } from "./initializer.ts";
import { settleNames, takePaths, type Owner, type PartRecord, type Records } from "./naming.ts";
import type { Scope, StateRecord } from "./naming.ts";
import { normalizeDim } from "./ops/axis.ts";
import { inputOp, settingOp, stateOp, type SettingIdentity, type StateIdentity } from "./ops/leaf.ts";
import { randomStates, startRandom, type RandomRecord, type RandomSite } from "./random-key.ts";
import type { Scalar } from "./static.ts";
import { checkInput, checkSelection, checkSetting, checkStateOptions, checkValues } from "./state-options.ts";
import type { ParamOptions, StateName, StateOptions } from "./state-options.ts";
import { noteClosed, startSteps, traceWithin, type LoopPlace, type StepRecord } from "./steps.ts";
import type { DType, Shape } from "./type.ts";
import { apply, postorder, type Tensor, type Value } from "./value.ts";
import { startWritten, type Written } from "./written.ts";

/** What a model has declared so far. */
export interface Builder extends Records {
  readonly inputs: Value[];
  readonly settings: Value[];
  readonly settingOwners: Map<Value, Owner>;
  readonly states: StateRecord[];
  readonly owners: Owner[];
  readonly parts: PartRecord[];
  readonly scopes: Scope[];
  /** Paths of variables that something is named after. */
  readonly paths: Set<string>;
  readonly random: RandomRecord;
  readonly names: Map<Value, string>;
  readonly places: Map<Value, Place>;
  readonly steps: StepRecord;
  readonly written: Written;
  /** What optimizers gave and the model file has written, in their order. */
  readonly updates: GivenUpdates[];
}

/** Updates for an entry point to return, and the optimizer that gave them; undefined for what the model file has written. */
export interface GivenUpdates {
  readonly by: string | undefined;
  readonly updates: readonly Update[];
}

export type { Owner } from "./naming.ts";
export type { ParamOptions, StateOptions } from "./state-options.ts";
export { isValue } from "./value.ts";

let current: Builder | undefined;

/** What is built now, if anything is. */
export const activeBuilder = (): Builder | undefined => current;

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
  /** The counter that training entry points advance where they read it. */
  readonly draw: Value;
  /** What steps of loops computed → what stands for it in the loop. */
  readonly inSteps: StepRecord["closed"];
  /** Where records and lists of updates stand. */
  readonly written: Written;
  readonly updates: readonly GivenUpdates[];
}

/** Runs `define` with a fresh builder, then settles all names. `outputs` names results that have no name yet. */
export function build<T>(define: () => T, outputs: (result: T) => Iterable<readonly [string, Value]>): Built<T> {
  const outer = current;
  const self: Builder = {
    ...{ inputs: [], settings: [], states: [], owners: [], parts: [], scopes: [] },
    ...{ settingOwners: new Map<Value, Owner>(), paths: new Set<string>(), random: startRandom() },
    ...{ names: new Map<Value, string>(), places: new Map<Value, Place>() },
    ...{ steps: startSteps(), written: startWritten(), updates: [] },
  };
  current = self;
  try {
    const result = withNames(self, define);
    for (const [name, value] of outputs(result)) if (!self.names.has(value)) self.names.set(value, name);
    // The random key: what dropout and its like draw from.
    self.states.push(...randomStates(self.random, self.states.length > 0));
    if (self.states.length > 0) self.names.set(self.random.key, "key");
    const [notes, inputs] = [settleNames(self), [...self.inputs, ...self.settings]];
    const states = self.states.map((state) => state.value);
    const { random, steps, written, updates } = self;
    return { result, inputs, states, notes, draw: random.draw, inSteps: steps.closed, written, updates };
  } finally {
    current = outer;
  }
}

/** Has errors say what the values that they are about are called so far. */
export function withNames<T>(self: Builder, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof CompileError) nameSubjects(error, (subject) => self.names.get(subject as Value));
    throw error;
  }
}

/** A tensor that the caller gives at every call. Sizes are numbers, names, or polynomials in names. */
export function input<D extends DType, const S extends Shape>(
  name: string,
  dtype: D,
  shape: S,
  options?: { readonly distribution?: boolean },
): Tensor<D, S>;
export function input(
  name: string,
  dtype: DType,
  shape: readonly (number | string)[],
  options: { readonly distribution?: boolean } = {},
): Value {
  const self = builder("input");
  checkInput(name, dtype, shape, options);
  const identity = { name, dtype, shape: shape.map(normalizeDim), ...options };
  const value = apply(inputOp, [], { identity });
  self.inputs.push(value);
  self.names.set(value, name);
  return value;
}

/**
 * A scalar hyperparameter (f32) that the caller may change at every call; `value` is its default. Where several have one
 * name, that of the layer that it is `of` comes first. With a `range` calls refuse values that are not at least its first
 * number and below its second.
 */
export function setting(name: string, value: number, of?: Owner, range?: SettingIdentity["range"]) {
  const self = builder("setting");
  checkSetting(name, value, range);
  const leaf = apply(settingOp, [], { identity: { name, value, ...(range && { range }) } });
  self.settings.push(leaf);
  if (of) self.settingOwners.set(leaf, of);
  return leaf as Tensor<"f32", Scalar>;
}

/** A trainable tensor (f32) kept between calls. Without `init`: Glorot uniform, or zeros for a vector or scalar. */
export function param<const S extends Shape>(shape: S, options?: ParamOptions, name?: StateName): Tensor<"f32", S>;
export function param(shape: readonly (number | string)[], options: ParamOptions = {}, name?: StateName): Value {
  checkStateOptions("param", shape, options);
  const init = options.init ?? (shape.length > 1 ? glorot() : zeros());
  return addState("param", shape, { ...options, init }, true, options.trainable ?? true, name);
}

/** A tensor kept between calls that no optimizer trains: a counter, a running mean. Starts at zero. */
export function state<const S extends Shape, D extends DType = "f32">(
  shape: S,
  options?: StateOptions<D>,
  name?: StateName,
): Tensor<D, S>;
export function state(shape: readonly (number | string)[], options: StateOptions = {}, name?: StateName): Value {
  checkStateOptions("state", shape, options);
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
  checkValues(options.init, shape, options.name ?? name?.local ?? self.scopes.at(-1)?.path ?? what);
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

/** A new place that draws: its number, and the key and counter of the model, which become states of it if `kept`. */
export function randomSite(kept: boolean): RandomSite {
  const { random, names, steps } = builder("randomKey");
  if (kept) random.words.forEach((word, position) => names.set(word, `key.${position}`));
  random.kept ||= kept;
  return { site: random.sites++, words: random.words, draw: random.draw, loops: [...steps.around] };
}

/** Runs the step of a loop once: what draws in it draws anew at every place. */
export function duringStep<T>(loop: LoopPlace, step: () => T): T {
  return current ? traceWithin(current.steps, loop, step) : step();
}

/** What a step computed gives its names to what stands for it in the loop; `moving` differs from step to step. */
export function closeStep(closed: ReadonlyMap<Value, Value>, moving: ReadonlySet<Value>): void {
  if (current) noteClosed(current, closed, moving);
}

/**
 * Trainable parameters that values depend on, in order of creation; with `frozen`, those that are not trained as well.
 * Outside a model: in the order in which the values use them.
 */
export function parametersOf(
  values: Value | readonly Value[],
  options: { readonly frozen?: boolean } = {},
): readonly Value[] {
  checkSelection(values, options);
  const found = postorder([values].flat()).filter((value) => {
    if (value.op !== stateOp) return false;
    const { parameter, trainable } = value.attrs.identity as StateIdentity;
    return parameter && (trainable || (options.frozen ?? false));
  });
  const created = new Map(current?.states.map(({ value }, position) => [value, position]));
  return found.toSorted((a, b) => (created.get(a) ?? 0) - (created.get(b) ?? 0));
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
  if (scope) takePaths(self.scopes, self.paths);
  return record;
}

/** Names what a layer or optimizer computes on the way: `hidden.linear`, `objective`. The user's own name wins. */
export function part(value: Value, of: Owner, local?: string): Value {
  builder(of.kind).parts.push({ value, owner: of, local });
  return value;
}

/** Notes what is for an entry point to return: a model that forgets that is warned of. */
export function noteUpdates(by: string | undefined, updates: readonly Update[]): readonly Update[] {
  if (updates.every(({ state }) => state.op === stateOp)) current?.updates.push({ by, updates });
  return updates;
}

/** Name of the variable whose initialiser is being evaluated, for messages. */
export function variableName(): string | undefined {
  return current?.scopes.at(-1)?.path;
}

/** True while a model is built. */
export function isBuilding(): boolean {
  return current !== undefined;
}

/** Runs what only tries something out: it declares nothing, and names and places nothing. */
export function aside<T>(action: () => T): T {
  const outer = current;
  current = undefined;
  try {
    return action();
  } finally {
    current = outer;
  }
}

/** The name a value has so far, for messages. */
export function nameOf(value: Value): string | undefined {
  return current?.names.get(value);
}
