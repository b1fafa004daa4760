/// Assembles the program: buffers and offsets, kernels as text, dispatches as tables. Types come from runtime/abi.ts.
import { entryPointRoots, type EntryPoint as GraphEntry, type Graph } from "../ir/graph.ts";
import type { InputIdentity, SettingIdentity, StateIdentity } from "../ir/ops/leaf.ts";
import { inputOp, settingOp } from "../ir/ops/leaf.ts";
import { elementCount } from "../ir/type.ts";
import { postorder, type Value } from "../ir/value.ts";
import { abiVersion } from "../runtime/abi.ts";
import type { BufferPlan, EntryPoint, InputSlot, Program, Slot, StateSlot } from "../runtime/abi.ts";
import type { Lessons } from "./cluster/partition.ts";
import { emptyTensor } from "./errors.ts";
import { classExtents } from "../ir/classes.ts";
import { plainInitializer } from "./initialize.ts";
import { bytesOf, roundTo16 } from "./bytes.ts";
import { createKernelTable, type KernelTable } from "./kernel-table.ts";
import type { Storage, Stored } from "./half.ts";
import {
  allDispatches,
  launchGroups,
  placeBytes,
  type LaunchFacts,
  type Location,
  type Surroundings,
} from "./launch.ts";
import { withinBudget } from "./memory.ts";
import { targetTensor } from "./lower/kernel.ts";
import { mostBufferBytes, packed, placed, type MemoryFacts, type Packing } from "./pack.ts";
import { planEntry, stepsInside, type EntryPlan, type PlannedStep, type Together } from "./plan.ts";
import { createSigner } from "./signature.ts";
import { roundUp } from "./schedule/allocate.ts";
import { storageType } from "./wgsl/bound.ts";

/** What is known about one entry point, for reports. */
export interface EntryFacts {
  readonly name: string;
  readonly plan: EntryPlan;
  /** Its dispatches in the order in which they run; with a memory budget some steps are in several. */
  readonly groups: readonly Together[];
  readonly launches: readonly LaunchFacts[];
  readonly arenaBytes: number;
  readonly arenaLowerBound: number;
  /** With `storage` f16: tensors in half precision, and why others of the arena are not. */
  readonly stored?: Pick<Stored, "halves" | "wide">;
  /** With `memoryBudget`: what it took. */
  readonly memory?: MemoryFacts;
}

/** What tensors between kernels may take. */
export interface MemoryOptions {
  readonly storage?: Storage;
  readonly memoryBudget?: number;
}

/** A program and what is known about it. */
export interface Assembly {
  readonly program: Program;
  readonly facts: readonly EntryFacts[];
}

/**
 * The program of a graph whose sizes are bound and whose derivatives are expanded. `refused` is told what kernels did not
 * take in; `storage` says what activations are kept as, and `memoryBudget` how many bytes all arenas may take.
 */
export function assemble(
  graph: Graph,
  refused?: Lessons["refused"],
  { storage = "f32", memoryBudget }: MemoryOptions = {},
): Assembly {
  const buffers: BufferPlan[] = [];
  const add = (label: string, role: BufferPlan["role"], bytes: number): number =>
    // Whole vectors, where tensors of a buffer are bound together.
    buffers.push({ label, role, bytes: role === "input" ? bytes : roundTo16(bytes) }) - 1;
  const locations = new Map<Value, Location>();
  const signer = createSigner();
  const unbounded = graph.entryPoints
    .map((entry) => planEntry(entry, graph.notes, refused))
    .map((plan) => packed(plan, graph, storage, signer));
  const plans = memoryBudget === undefined ? unbounded : withinBudget(unbounded, memoryBudget, graph.notes, signer);
  const states = placeStates(graph, plans, add, locations);
  const addArena = (label: string, bytes: number): number => (bytes > 0 ? add(label, "arena", bytes) : -1);
  const arena = addArena("arena", Math.max(0, ...plans.map(({ whole }) => whole.bytes)));
  const halfArena = addArena("halves", Math.max(0, ...plans.map(({ half }) => half.bytes)));
  const places = Math.max(0, ...plans.map(({ plan }) => mostPlaces(plan.steps)));
  const placesBuffer = places > 0 ? add("places", "places", 256 * (places - 1) + placeBytes) : undefined;
  const table = (): KernelTable => createKernelTable(graph.entryPoints.length > 1);
  const shared = { signer, kernels: table(), variants: table(), placesBuffer };
  const entryPoints: Record<string, EntryPoint> = {};
  const facts: EntryFacts[] = [];
  for (const packing of plans) {
    const { whole, half, stored, lowerBound, memory, shares } = packing;
    const { plan, groups, moved } = placed(packing);
    const local = new Map(locations);
    for (const [value, offset] of whole.offsets) local.set(value, { buffer: arena, offset });
    for (const [value, offset] of half.offsets) local.set(value, { buffer: halfArena, offset });
    const { entry, launches } = assembleEntry(
      graph,
      { plan, groups, moved, halves: stored.halves, shares },
      buffers,
      add,
      local,
      shared,
    );
    entryPoints[plan.entry.name] = entry;
    const arenaFacts = { arenaBytes: whole.bytes + half.bytes, arenaLowerBound: lowerBound };
    facts.push({
      name: plan.entry.name,
      plan,
      groups,
      launches,
      ...arenaFacts,
      ...(storage === "f16" && { stored }),
      ...(memory && { memory }),
    });
  }
  const [kernels, variants] = [shared.kernels.finish(), shared.variants.finish()];
  const others = variants.length > 0 && { variants };
  const program = { abi: abiVersion, name: graph.name, buffers, states, kernels, ...others, entryPoints };
  return { program: { ...program, limits: limitsOf(buffers, entryPoints) }, facts };
}

function slot(name: string, value: Value, location: Location): Slot {
  return { name, dtype: storageType(value.type.dtype), shape: value.type.shape as readonly number[], ...location };
}

type AddBuffer = (label: string, role: BufferPlan["role"], bytes: number) => number;

/** What one dispatch writes lies together, so that it binds few bytes beside them. */
function placeStates(
  graph: Graph,
  plans: readonly Packing[],
  add: AddBuffer,
  locations: Map<Value, Location>,
): readonly StateSlot[] {
  const order = writtenOrder(plans);
  const groups: { values: Value[]; bytes: number }[] = [];
  const offsets = new Map<Value, number>();
  for (const state of graph.states.toSorted((x, y) => (order.get(x) ?? -1) - (order.get(y) ?? -1))) {
    const name = graph.notes.get(state)?.name ?? "state";
    if (elementCount(state.type.shape) === 0) throw emptyTensor(name, state.type.shape);
    let group = groups.at(-1);
    if (!group || roundUp(group.bytes) + bytesOf(state) > mostBufferBytes)
      groups.push((group = { values: [], bytes: 0 }));
    offsets.set(state, roundUp(group.bytes));
    group.bytes = roundUp(group.bytes) + bytesOf(state);
    group.values.push(state);
  }
  groups.forEach(({ values, bytes }, position) => {
    const buffer = add(groups.length === 1 ? "states" : `states ${position}`, "state", bytes);
    for (const value of values) locations.set(value, { buffer, offset: offsets.get(value)! });
  });
  return graph.states.map((state, site) => {
    const { parameter, initializer } = state.attrs.identity as StateIdentity;
    const name = graph.notes.get(state)!.name!;
    const init = plainInitializer(initializer, state.type.shape as readonly number[], site, name);
    return { ...slot(name, state, locations.get(state)!), parameter, ...(init && { init }) };
  });
}

/** For each state the first dispatch that writes it. */
function writtenOrder(plans: readonly Packing[]): ReadonlyMap<Value, number> {
  const order = new Map<Value, number>();
  plans
    .flatMap(({ stored }) => stored.groups)
    .forEach(({ steps }, time) => {
      const written = steps.flatMap(({ targets }) => [...targets.values()].flat().map(targetTensor));
      for (const tensor of written) if (!order.has(tensor)) order.set(tensor, time);
    });
  return order;
}

/** Most places of any loop. */
function mostPlaces(steps: readonly PlannedStep[]): number {
  return Math.max(0, ...steps.map(({ loop }) => (loop ? Math.max(loop.times, mostPlaces(stepsInside(loop))) : 0)));
}

function assembleEntry(
  graph: Graph,
  { plan, groups, moved, halves, shares }: ReturnType<typeof placed> & Pick<Stored, "halves"> & Pick<Packing, "shares">,
  buffers: readonly BufferPlan[],
  add: AddBuffer,
  locations: Map<Value, Location>,
  shared: Pick<Surroundings, "signer" | "kernels" | "variants" | "placesBuffer">,
): { readonly entry: EntryPoint; readonly launches: readonly LaunchFacts[] } {
  const { entry } = plan;
  const used = new Set(postorder(entryPointRoots(entry)));
  const inputs = placeInputs(graph, entry, used, add, locations);
  const settings = nameSettings(graph, used);
  const settingsBuffer =
    settings.size > 0 ? add(`${entry.name} settings`, "settings", roundTo16(4 * settings.size)) : undefined;
  const outputs = placeOutputs(plan, add, locations);
  const surroundings = { entry: entry.name, settings, settingsBuffer, halves, shares, made: new Map(), ...shared };
  const stateOf = (value: Value): Value | undefined => plan.updates.get(value)?.[0];
  const labelOf = (buffer: number): string => buffers[buffer].label;
  const around = { ...surroundings, notes: graph.notes, stateOf, locations, labelOf };
  const { dispatches, launches } = launchGroups(groups, around, moved);
  const compiled: EntryPoint = {
    inputs,
    settings: [...settings].map(([leaf, name]) => ({ ...(leaf.attrs.identity as SettingIdentity), name })),
    ...(settingsBuffer === undefined ? {} : { settingsBuffer }),
    outputs,
    updates: entry.updates.length > 0,
    dispatches,
  };
  return { entry: compiled, launches };
}

/** Settings of an entry point: under their own name where it is the only one of that name, else their graph's name. */
function nameSettings(graph: Graph, used: ReadonlySet<Value>): ReadonlyMap<Value, string> {
  const settings = graph.inputs.filter((leaf) => leaf.op === settingOp && used.has(leaf));
  const plain = settings.map((setting) => (setting.attrs.identity as SettingIdentity).name);
  const isOnly = (name: string): boolean => plain.indexOf(name) === plain.lastIndexOf(name);
  return new Map(settings.map((leaf, i) => [leaf, isOnly(plain[i]) ? plain[i] : graph.notes.get(leaf)!.name!]));
}

function placeInputs(
  graph: Graph,
  entry: GraphEntry,
  used: ReadonlySet<Value>,
  add: AddBuffer,
  locations: Map<Value, Location>,
): readonly InputSlot[] {
  return graph.inputs
    .filter((leaf) => leaf.op === inputOp && used.has(leaf))
    .map((leaf) => {
      const { name } = leaf.attrs.identity as InputIdentity;
      if (elementCount(leaf.type.shape) === 0) throw emptyTensor(name, leaf.type.shape);
      const location = { buffer: add(`${entry.name}.${name}`, "input", bytesOf(leaf)), offset: 0 };
      locations.set(leaf, location);
      const extents = classExtents(leaf, used, graph.notes) as readonly number[];
      return { ...slot(name, leaf, location), ...(extents.length === 0 ? {} : { classes: Math.min(...extents) }) };
    });
}

function placeOutputs({ entry, outputs }: EntryPlan, add: AddBuffer, locations: Map<Value, Location>): readonly Slot[] {
  if (outputs.length === 0) return [];
  let bytes = 0;
  const offsets = new Map<Value, number>();
  for (const value of outputs) {
    if (offsets.has(value)) continue;
    offsets.set(value, roundUp(bytes));
    bytes = roundUp(bytes) + bytesOf(value);
  }
  const buffer = add(`${entry.name} outputs`, "output", bytes);
  for (const [value, offset] of offsets) locations.set(value, { buffer, offset });
  return entry.outputs.map(({ name }, i) => slot(name, outputs[i], locations.get(outputs[i])!));
}

/** Limits above WebGPU's defaults. */
function limitsOf(
  buffers: readonly BufferPlan[],
  entries: Readonly<Record<string, EntryPoint>>,
): Record<string, number> {
  const limits: Record<string, number> = {};
  const largestBuffer = Math.max(0, ...buffers.map((buffer) => buffer.bytes));
  const bindings = Object.values(entries).flatMap((entry) =>
    entry.dispatches.flatMap(allDispatches).flatMap((dispatch) => dispatch.bindings),
  );
  const largestBinding = Math.max(0, ...bindings.map((binding) => binding.bytes));
  if (largestBuffer > 256 * 1024 * 1024) limits.maxBufferSize = largestBuffer;
  if (largestBinding > 128 * 1024 * 1024) limits.maxStorageBufferBindingSize = largestBinding;
  return limits;
}
