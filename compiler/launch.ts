/// Planned kernels → dispatches: text, bindings and workgroups of each, and what it costs.
import type { Graph } from "../ir/graph.ts";
import type { Value } from "../ir/value.ts";
import type { Dispatch, Loop } from "../runtime/abi.ts";
import { dispatchSize } from "./errors.ts";
import { bytesOf } from "./half.ts";
import type { KernelTable } from "./kernel-table.ts";
import { describeContraction } from "./lower/contraction-shape.ts";
import { contractNames } from "./lower/contract.ts";
import { kernelHeader, kernelName } from "./lower/header.ts";
import { mostWorkgroups, type GridExtent, type Kernel, type SharedModule } from "./lower/kernel.ts";
import { lower } from "./lower/lower.ts";
import { sharedThreads } from "./lower/rows.ts";
import type { Together } from "./merge.ts";
import { tensorsOf, type LoopPlan, type PlannedStep } from "./plan.ts";
import { writeGroup, type BoundTensors } from "./wgsl/group.ts";
import { createModuleNamer } from "./wgsl/names.ts";
import { writeKernel } from "./wgsl/write.ts";

/** What is known about one launch, for reports. */
export interface LaunchFacts {
  readonly name: string;
  readonly workgroups: readonly [number, number, number];
  readonly flops: number;
  /** The same with what threads beyond the edges of results compute before they stop. */
  readonly paddedFlops: number;
  /** Bytes of all tensors that the kernel binds. */
  readonly bytes: number;
  /** How often it is launched: once, or for every place of a loop. */
  readonly times: number;
  /** The kernels that run side by side in it. */
  readonly steps: readonly PlannedStep[];
}

/** Where a tensor lies. */
export interface Location {
  readonly buffer: number;
  readonly offset: number;
}

/** What launches must know about the program around them. */
export interface Surroundings {
  readonly entry: string;
  readonly notes: Graph["notes"];
  readonly locations: ReadonlyMap<Value, Location>;
  readonly settings: ReadonlyMap<Value, string>;
  readonly settingsBuffer: number | undefined;
  readonly placesBuffer: number | undefined;
  readonly kernels: KernelTable;
  /** Tensors in half precision. */
  readonly halves?: ReadonlySet<Value>;
  stateOf(value: Value): Value | undefined;
  /** What a buffer is called. */
  labelOf(buffer: number): string;
}

/** Bytes of a uniform buffer. */
export function roundTo16(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

/** Bytes of the place of a loop, as a kernel sees it; places lie 256 bytes apart, as WebGPU aligns bindings. */
export const placeBytes = 16;

/** The dispatches of a loop, each once. */
export function allDispatches(entry: Dispatch | Loop): readonly Dispatch[] {
  return "times" in entry ? entry.dispatches.flatMap(allDispatches) : [entry];
}

/** What steps come to. */
export interface Launched {
  readonly dispatches: readonly (Dispatch | Loop)[];
  readonly launches: readonly LaunchFacts[];
}

/** The dispatches of planned steps; `depth` says how many loops are around them. */
export function launchSteps(steps: readonly PlannedStep[], around: Surroundings, depth = 0): Launched {
  return join(steps.map((step) => launchStep(step, around, depth)));
}

/** The dispatches of steps that run side by side. */
export function launchGroups(groups: readonly Together[], around: Surroundings): Launched {
  return join(
    groups.map((group) =>
      group.steps.length === 1 ? launchStep(group.steps[0], around, 0) : launchGroup(group, around),
    ),
  );
}

function join(parts: readonly Launched[]): Launched {
  return {
    dispatches: parts.flatMap(({ dispatches }) => dispatches),
    launches: parts.flatMap(({ launches }) => launches),
  };
}

function launchStep(step: PlannedStep, around: Surroundings, depth: number): Launched {
  return step.loop ? launchLoop(step.loop, around, depth) : launch(step, around, depth);
}

function launchLoop({ times, reverse, first, each, aliases, notes }: LoopPlan, around: Surroundings, depth: number) {
  const locations = new Map(around.locations);
  for (const [leaf, tensor] of aliases) locations.set(leaf, locations.get(tensor)!);
  const inside: Surroundings = { ...around, notes, locations, stateOf: () => undefined };
  const before = launchSteps(first, inside, depth);
  const { dispatches, launches } = launchSteps(each, inside, depth + 1);
  const repeated = launches.map((facts) => ({ ...facts, times: facts.times * times }));
  return {
    dispatches: [...before.dispatches, { times, reverse, dispatches }],
    launches: [...before.launches, ...repeated],
  };
}

/** A kernel of a step, the comment above it, and the bytes of the tensors that it binds. */
function prepare(step: PlannedStep, name: string, { notes, stateOf, halves }: Surroundings, shared?: SharedModule) {
  const targets = (value: Value) => step.targets.get(value) ?? [];
  const kernel = lower(step.traffic, { notes, stateOf, name, targets, shared });
  const bytes = sumBytes(tensorsOf(step), halves);
  return { kernel, header: kernelHeader(step, notes, stateOf, kernel, bytes), bytes };
}

const sumBytes = (tensors: ReadonlySet<Value>, halves: Surroundings["halves"]): number =>
  [...tensors].reduce((total, tensor) => total + bytesOf(tensor, halves), 0);

function launch(step: PlannedStep, around: Surroundings, depth: number): Launched {
  const { entry, notes, locations, settings, kernels, halves } = around;
  const wanted = kernelName(step, notes);
  const { kernel: lowered, header, bytes } = prepare(step, wanted, around);
  const bufferOf = (tensor: Value): number => locations.get(tensor)!.buffer;
  const written = writeKernel(lowered, { bufferOf, settings, sizes: [], halves }, header);
  const bindings: Dispatch["bindings"][number][] = written.tensors.map(({ tensor }) => ({
    ...locations.get(tensor)!,
    bytes: bytesOf(tensor, halves),
  }));
  const access = written.tensors.map((each): "read" | "read_write" | "uniform" => each.access);
  if (written.usesSettings) {
    bindings.push(settingsBinding(around));
    access.push("uniform");
  }
  if (written.usesPlace) {
    const stride = { depth: depth - 1, bytes: 256 };
    bindings.push({ buffer: around.placesBuffer!, offset: 0, bytes: placeBytes, step: stride });
    access.push("uniform");
  }
  const kernel = kernels.add({ name: kernels.unique(wanted, entry), wgsl: written.wgsl, bindings: access });
  const { name } = kernels.all[kernel];
  const workgroups = lowered.grid.map(workgroupCount) as unknown as Dispatch["workgroups"];
  const largest = Math.max(...workgroups);
  if (largest > mostWorkgroups) throw dispatchSize(name, largest, mostWorkgroups);
  const facts = {
    name,
    workgroups,
    flops: lowered.flops as number,
    paddedFlops: paddedFlops(step, lowered),
    bytes,
    times: 1,
    steps: [step],
  };
  return { dispatches: [{ kernel, workgroups, bindings }], launches: [facts] };
}

const settingsBinding = ({ settingsBuffer, settings }: Surroundings): Dispatch["bindings"][number] => ({
  ...{ buffer: settingsBuffer!, offset: 0, bytes: roundTo16(4 * settings.size) },
});

function launchGroup({ steps, apart }: Together, around: Surroundings): Launched {
  const { entry, notes, locations, settings, kernels, labelOf, halves } = around;
  const holdsProduct = steps.some(({ traffic }) => traffic.cluster.kind === "contract");
  const names = createModuleNamer(holdsProduct ? contractNames : undefined);
  const module: SharedModule = { names, tensorNames: new Map(), arrays: new Map(), apart };
  const wantedNames = steps.map((step) => kernelName(step, notes));
  const parts = steps.map((step, i) => prepare(step, names.outside(wantedNames[i]), around, module));
  const locationOf = (tensor: Value): Location => locations.get(tensor)!;
  const written = writeGroup(parts, sharedThreads, { module, settings, locationOf, labelOf, halves });
  const bindings = [
    ...written.bindings.map((each) => rangeOf(each, locationOf, halves)),
    ...(written.usesSettings ? [settingsBinding(around)] : []),
  ];
  const access = [
    ...written.bindings.map((each) => each.access),
    ...(written.usesSettings ? ["uniform" as const] : []),
  ];
  const wanted = groupName(wantedNames);
  const kernel = kernels.add({ name: kernels.unique(wanted, entry), wgsl: written.wgsl, bindings: access });
  const workgroups = [written.workgroups, 1, 1] as const;
  const facts = {
    name: kernels.all[kernel].name,
    workgroups,
    flops: parts.reduce((total, part) => total + (part.kernel.flops as number), 0),
    paddedFlops: parts.reduce((total, { kernel }, i) => total + paddedFlops(steps[i], kernel), 0),
    bytes: sumBytes(new Set(steps.flatMap((step) => [...tensorsOf(step)])), halves),
    times: 1,
    steps,
  };
  return { dispatches: [{ kernel, workgroups, bindings }], launches: [facts] };
}

/** `updates` where all are, else the first name and how many there are besides. */
function groupName(names: readonly string[]): string {
  return names.every((name) => name.startsWith("update_")) ? "updates" : `${names[0]}_and_${names.length - 1}_more`;
}

/** The range of a buffer that holds the tensors. */
function rangeOf(
  { tensors, isVector }: BoundTensors,
  locationOf: (tensor: Value) => Location,
  halves: Surroundings["halves"],
) {
  const { buffer } = locationOf(tensors[0]);
  const offset = Math.min(...tensors.map((tensor) => locationOf(tensor).offset));
  const bytes = Math.max(...tensors.map((tensor) => locationOf(tensor).offset + bytesOf(tensor, halves))) - offset;
  return { buffer, offset, bytes: isVector ? roundTo16(bytes) : bytes };
}

/**
 * Flops of all threads, also those beyond the edges: they compute products and go over rows, but return before what is
 * computed element by element.
 */
function paddedFlops({ traffic: { cluster } }: PlannedStep, { flops, grid }: Kernel): number {
  const padding = (each: GridExtent): number => (workgroupCount(each) * each.per) / (each.extent as number);
  const all = flops as number;
  const product = [...cluster.members].find(({ op }) => op.kind === "contraction");
  const beyond = product ? productFlops(product) : cluster.kind === "map" ? 0 : all;
  return grid.reduce((padded, each) => padded * padding(each), beyond) + (all - beyond);
}

/** Flops of a contraction without what follows it. */
function productFlops(value: Value): number {
  const { batchCount, rowCount, columnCount, length } = describeContraction(value);
  return (
    2 * [batchCount, rowCount, columnCount, length].reduce<number>((total, extent) => total * (extent as number), 1)
  );
}

function workgroupCount({ extent, per }: GridExtent): number {
  return Math.ceil((extent as number) / per);
}
