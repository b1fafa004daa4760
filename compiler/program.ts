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
import { createKernelTable, type KernelTable } from "./kernel-table.ts";
import {
  allDispatches,
  bytesOf,
  launchGroups,
  placeBytes,
  roundTo16,
  type LaunchFacts,
  type Location,
} from "./launch.ts";
import { sideBySide, type Together } from "./merge.ts";
import { planEntry, type EntryPlan, type PlannedStep } from "./plan.ts";
import { allocate, roundUp, type Arena, type Interval } from "./schedule/allocate.ts";
import { storageType } from "./wgsl/write.ts";

/** What is known about one entry point, for reports. */
export interface EntryFacts {
  readonly name: string;
  readonly plan: EntryPlan;
  readonly launches: readonly LaunchFacts[];
  readonly arenaBytes: number;
  readonly arenaLowerBound: number;
}

/** A program and what is known about it. */
export interface Assembly {
  readonly program: Program;
  readonly facts: readonly EntryFacts[];
}

/** States of one buffer together stay within WebGPU's default limits. */
const mostStateBytes = 128 * 1024 * 1024;

/**
 * The program of a graph whose sizes are bound and whose derivatives are expanded. `refused` is told what kernels did not
 * take in.
 */
export function assemble(graph: Graph, refused?: Lessons["refused"]): Assembly {
  const buffers: BufferPlan[] = [];
  const add = (label: string, role: BufferPlan["role"], bytes: number): number =>
    // Whole vectors, where tensors of a buffer are bound together.
    buffers.push({ label, role, bytes: role === "input" ? bytes : roundTo16(bytes) }) - 1;
  const locations = new Map<Value, Location>();
  const states = placeStates(graph, add, locations);
  const plans = graph.entryPoints
    .map((entry) => planEntry(entry, graph.notes, refused))
    .map((plan) => ({ plan, ...packed(plan, sum(graph.states)) }));
  const arenaBytes = Math.max(0, ...plans.map(({ arena }) => arena.bytes));
  const arena = arenaBytes > 0 ? add("arena", "arena", arenaBytes) : -1;
  const places = Math.max(0, ...plans.map(({ plan }) => mostPlaces(plan.steps)));
  const placesBuffer = places > 0 ? add("places", "places", 256 * (places - 1) + placeBytes) : undefined;
  const kernels = createKernelTable(graph.entryPoints.length > 1);
  const entryPoints: Record<string, EntryPoint> = {};
  const facts: EntryFacts[] = [];
  for (const { plan, groups, arena: placed } of plans) {
    const local = new Map(locations);
    for (const [value, offset] of placed.offsets) local.set(value, { buffer: arena, offset });
    const { entry, launches } = assembleEntry(graph, plan, groups, buffers, add, local, kernels, placesBuffer);
    entryPoints[plan.entry.name] = entry;
    const { bytes, lowerBound } = placed;
    facts.push({ name: plan.entry.name, plan, launches, arenaBytes: bytes, arenaLowerBound: lowerBound });
  }
  const program = { abi: abiVersion, name: graph.name, buffers, states, kernels: kernels.all, entryPoints };
  return { program: { ...program, limits: limitsOf(buffers, entryPoints) }, facts };
}

/** The dispatches of an entry point and their memory. Kernels bind whole buffers where these can be bound. */
function packed({ steps, outputs }: EntryPlan, stateBytes: number): { groups: readonly Together[]; arena: Arena } {
  const pack = (bindsBuffers: boolean) => {
    const groups = sideBySide(steps, new Set(outputs), bindsBuffers);
    return { groups, arena: allocate(intervalsOf(groups, outputs)) };
  };
  const whole = pack(true);
  return Math.max(whole.arena.bytes, stateBytes, sum(outputs)) <= mostStateBytes ? whole : pack(false);
}

const sum = (tensors: readonly Value[]): number =>
  tensors.reduce((total, tensor) => roundUp(total) + bytesOf(tensor), 0);

function slot(name: string, value: Value, location: Location): Slot {
  return { name, dtype: storageType(value.type.dtype), shape: value.type.shape as readonly number[], ...location };
}

type AddBuffer = (label: string, role: BufferPlan["role"], bytes: number) => number;

function placeStates(graph: Graph, add: AddBuffer, locations: Map<Value, Location>): readonly StateSlot[] {
  const groups: { values: Value[]; bytes: number }[] = [];
  const offsets = new Map<Value, number>();
  for (const state of graph.states) {
    const name = graph.notes.get(state)?.name ?? "state";
    if (elementCount(state.type.shape) === 0) throw emptyTensor(name, state.type.shape);
    let group = groups.at(-1);
    if (!group || roundUp(group.bytes) + bytesOf(state) > mostStateBytes)
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
    return { ...slot(name, state, locations.get(state)!), parameter, init };
  });
}

/** Lifetimes of the tensors that an entry point keeps in the arena. */
function intervalsOf(groups: readonly Together[], outputs: readonly Value[]): readonly Interval[] {
  const end = new Map<Value, number>();
  const returned = new Set(outputs);
  const steps = groups.flatMap((group, time) => group.steps.map((step) => ({ step, time })));
  for (const { step, time } of steps) for (const value of step.traffic.loads) end.set(value, time);
  return steps.flatMap(({ step, time: start }) => [
    ...ownTensors(step).flatMap((value) =>
      returned.has(value) ? [] : [{ value, bytes: bytesOf(value), start, end: end.get(value) ?? start }],
    ),
    // What a loop keeps for itself lives as long as it runs.
    ...innerTensors(step).map((value) => ({ value, bytes: bytesOf(value), start, end: start })),
  ]);
}

/** Values that a step writes into tensors of their own. */
function ownTensors({ targets }: PlannedStep): readonly Value[] {
  return [...targets.values()].flat().flatMap(({ value, state, row }) => (state || row ? [] : [value]));
}

function innerTensors({ loop }: PlannedStep): readonly Value[] {
  if (!loop) return [];
  const steps = [...loop.first, ...loop.each];
  return [...loop.inner, ...steps.flatMap((step) => [...ownTensors(step), ...innerTensors(step)])];
}

/** Most places of any loop. */
function mostPlaces(steps: readonly PlannedStep[]): number {
  return Math.max(0, ...steps.map(({ loop }) => (loop ? Math.max(loop.times, mostPlaces(loop.each)) : 0)));
}

function assembleEntry(
  graph: Graph,
  plan: EntryPlan,
  groups: readonly Together[],
  buffers: readonly BufferPlan[],
  add: AddBuffer,
  locations: Map<Value, Location>,
  kernels: KernelTable,
  placesBuffer: number | undefined,
): { readonly entry: EntryPoint; readonly launches: readonly LaunchFacts[] } {
  const { entry } = plan;
  const used = new Set(postorder(entryPointRoots(entry)));
  const inputs = placeInputs(graph, entry, used, add, locations);
  const settings = nameSettings(graph, used);
  const settingsBuffer =
    settings.size > 0 ? add(`${entry.name} settings`, "settings", roundTo16(4 * settings.size)) : undefined;
  const outputs = placeOutputs(plan, add, locations);
  const surroundings = { entry: entry.name, settings, settingsBuffer, placesBuffer, kernels };
  const stateOf = (value: Value): Value | undefined => plan.updates.get(value)?.[0];
  const { dispatches, launches } = launchGroups(groups, {
    ...surroundings,
    ...{ notes: graph.notes, stateOf, locations, labelOf: (buffer) => buffers[buffer].label },
  });
  const compiled: EntryPoint = {
    inputs,
    settings: [...settings].map(([leaf, name]) => ({ name, value: (leaf.attrs.identity as SettingIdentity).value })),
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
