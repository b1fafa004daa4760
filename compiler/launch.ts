/// Planned kernels → dispatches: bindings and workgroups of each, and what it costs. What was made for one layer serves all
/// that are alike.
import type { Graph } from "../ir/graph.ts";
import type { Value } from "../ir/value.ts";
import type { Dispatch, Loop, Needs } from "../runtime/abi.ts";
import { bytesOf, roundTo16, sumBytes } from "./bytes.ts";
import { noneShares, type Shares } from "./cluster/bindings.ts";
import { mostBindings } from "./cluster/partition.ts";
import { dispatchSize } from "./errors.ts";
import type { KernelTable } from "./kernel-table.ts";
import { kernelName } from "./lower/header.ts";
import { mostWorkgroups } from "./lower/kernel.ts";
import { makeKernel, type MadeKernel } from "./make-kernel.ts";
import { tensorsOf, type LoopPlan, type PlannedStep, type Together } from "./plan.ts";
import type { Signer } from "./signature.ts";
import { variantsOf, type PlannedVariant } from "./variants.ts";

/** What is known about one launch, for reports. */
export interface LaunchFacts {
  readonly name: string;
  readonly workgroups: readonly [number, number, number];
  readonly flops: number;
  /** The same with what threads beyond the edges of results compute before they stop. */
  readonly paddedFlops: number;
  /** Bytes of all tensors that the kernel binds. */
  readonly bytes: number;
  /** Bytes of the ranges that it binds: those of tensors, and what lies between them. */
  readonly rangeBytes: number;
  /** How often it is launched: once, or for every place of a loop. */
  readonly times: number;
  /** What may take its place on some adapters. */
  readonly variants?: readonly string[];
  /** The kernels that run side by side in it. */
  readonly steps: readonly PlannedStep[];
}

/** Where a tensor lies. */
export interface Location {
  readonly buffer: number;
  readonly offset: number;
}

/** A kernel in the table that serves wherever tensors are used in the same way. */
export interface Reusable extends Omit<MadeKernel, "wgsl" | "bindings"> {
  readonly kernel: number;
  /** What it binds: tensors by their numbers in its signature. */
  readonly bindings: readonly { readonly tensors: readonly number[]; readonly isVector: boolean }[];
  /** What may take its place, of kernels in the table of variants. */
  readonly variants?: readonly { readonly name: string; readonly parts: readonly Reusable[] }[];
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
  /** Kernels that only some adapters need. */
  readonly variants: KernelTable;
  /** Tensors in half precision. */
  readonly halves?: ReadonlySet<Value>;
  readonly signer: Signer;
  /** Kernels of the entry point so far, by what tells them apart. */
  readonly made: Map<string, Reusable>;
  /** Tensors that lie side by side, which a kernel of too many binds as one. */
  readonly shares: Shares;
  stateOf(value: Value): Value | undefined;
  /** What a buffer is called. */
  labelOf(buffer: number): string;
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

/** Offsets of tensors that have another place in some dispatches than in others. */
export type OtherOffsets = ReadonlyMap<Together, ReadonlyMap<Value, number>>;

/** The dispatches of steps that run side by side; `depth` says how many loops are around them. */
export function launchGroups(
  groups: readonly Together[],
  around: Surroundings,
  moved?: OtherOffsets,
  depth = 0,
): Launched {
  return join(
    groups.map((group) => {
      const [{ loop }] = group.steps;
      const there = moved?.get(group);
      const surroundings = there ? { ...around, locations: movedTo(around.locations, there) } : around;
      return loop ? launchLoop(loop, surroundings, depth) : launch(group, surroundings, depth);
    }),
  );
}

/** Where tensors lie when some have moved within their buffers. */
function movedTo(locations: Surroundings["locations"], offsets: ReadonlyMap<Value, number>): Map<Value, Location> {
  const all = new Map(locations);
  for (const [value, offset] of offsets) all.set(value, { ...locations.get(value)!, offset });
  return all;
}

function join(parts: readonly Launched[]): Launched {
  return {
    dispatches: parts.flatMap(({ dispatches }) => dispatches),
    launches: parts.flatMap(({ launches }) => launches),
  };
}

function launchLoop({ times, reverse, first, each, aliases, notes }: LoopPlan, around: Surroundings, depth: number) {
  const locations = new Map(around.locations);
  for (const [leaf, tensor] of aliases) locations.set(leaf, locations.get(tensor)!);
  const inside: Surroundings = { ...around, notes, locations, shares: noneShares, stateOf: () => undefined };
  const before = launchGroups(first, inside, undefined, depth);
  const { dispatches, launches } = launchGroups(each, inside, undefined, depth + 1);
  const repeated = launches.map((facts) => ({ ...facts, times: facts.times * times }));
  return {
    dispatches: [...before.dispatches, { times, reverse, dispatches }],
    launches: [...before.launches, ...repeated],
  };
}

/** Kernels that run side by side, one of them or more, as a dispatch. */
function launch(group: Together, around: Surroundings, depth: number): Launched {
  const { steps } = group;
  const { kernels, signer, made, notes, halves } = around;
  const { text, tensors } = signer.ofAll(steps);
  const names = steps.map((step) => kernelName(step, notes));
  const key = `${group.isLeft ? "left of others\n" : ""}${text}\n${placesText(tensors, around)}`;
  const known = made.get(key);
  const reusable = known ?? make(group, names, tensors, around);
  if (known) kernels.likewise(known.kernel, names);
  else made.set(key, reusable);
  const { kernel, workgroups, flops, paddedFlops } = reusable;
  const name = kernels.nameOf(kernel, names, around.entry);
  const largest = Math.max(...workgroups);
  if (largest > mostWorkgroups) throw dispatchSize(name, largest, mostWorkgroups);
  const bytes = sumBytes(new Set(steps.flatMap((step) => [...tensorsOf(step)])), halves);
  const dispatch = dispatchOf(reusable, tensors, around, depth);
  const rangeBytes = dispatch.bindings.reduce((sum, range) => sum + range.bytes, 0);
  return {
    dispatches: [dispatch],
    launches: [
      {
        ...{ name, workgroups, flops, paddedFlops, bytes, rangeBytes, times: 1, steps },
        ...(reusable.variants && { variants: reusable.variants.map((each) => each.name) }),
      },
    ],
  };
}

/** A kernel, bound to tensors, and what may take its place. */
function dispatchOf(reusable: Reusable, tensors: readonly Value[], around: Surroundings, depth: number): Dispatch {
  const { kernel, workgroups, variants } = reusable;
  const bindings: Dispatch["bindings"][number][] = reusable.bindings.map(({ tensors: bound, isVector }) =>
    rangeOf(
      bound.map((number) => tensors[number]),
      isVector,
      around,
    ),
  );
  if (reusable.usesSettings) bindings.push(settingsBinding(around));
  if (reusable.usesPlace) {
    const stride = { depth: depth - 1, bytes: 256 };
    bindings.push({ buffer: around.placesBuffer!, offset: 0, bytes: placeBytes, step: stride });
  }
  const others = variants?.map(({ name, parts }) => ({
    name,
    dispatches: parts.map((part) => dispatchOf(part, tensors, around, depth)),
  }));
  return { kernel, workgroups, bindings, ...(others && { variants: others }) };
}

/** A kernel that was not there yet, and what may take its place. */
function make(group: Together, names: readonly string[], tensors: readonly Value[], around: Surroundings): Reusable {
  const made = makeKernel(group, names, tensors.length > mostBindings, around);
  const variants = variantsOf(group).map(({ name, parts }) => ({
    name,
    parts: parts.map((part) => makePart(part, tensors, around)),
  }));
  return { ...keep(made, names, tensors, around.kernels, around), ...(variants.length > 0 && { variants }) };
}

/** One of the kernels that take another's place. */
function makePart(part: PlannedVariant["parts"][number], tensors: readonly Value[], around: Surroundings): Reusable {
  const { group, edge, needs } = part;
  const names = group.steps.map((step) => kernelName(step, around.notes) + (edge ? `_squares_${edge}` : ""));
  const bound = around.signer.ofAll(group.steps).tensors.length;
  const made = makeKernel(group, names, bound > mostBindings, around, edge);
  return keep(made, names, tensors, around.variants, around, needs);
}

/** Puts a kernel into a table. */
function keep(
  { wgsl, bindings, ...costs }: MadeKernel,
  names: readonly string[],
  tensors: readonly Value[],
  table: KernelTable,
  { entry }: Surroundings,
  needs?: Needs,
): Reusable {
  const access = bindings.map((each) => each.access);
  if (costs.usesSettings) access.push("uniform");
  if (costs.usesPlace) access.push("uniform");
  const kernel = table.add({ wgsl, bindings: access, ...(needs && { needs }) }, names, entry);
  const numbers = new Map(tensors.map((tensor, number) => [tensor, number]));
  const numbered = bindings.map((each) => ({
    tensors: each.tensors.map((tensor) => numbers.get(tensor)!),
    isVector: each.isVector,
  }));
  return { ...costs, kernel, bindings: numbered };
}

/**
 * What the text of a kernel shows of where tensors lie: which share a buffer, and which are halves; the place of each, if
 * buffers are bound whole.
 */
function placesText(tensors: readonly Value[], { locations, halves }: Surroundings): string {
  const buffers: number[] = [];
  const places = tensors.map((tensor) => {
    const { buffer, offset } = locations.get(tensor)!;
    const known = buffers.indexOf(buffer);
    const number = known < 0 ? buffers.push(buffer) - 1 : known;
    return `${tensors.length > mostBindings ? `${buffer}:${offset}` : number}${halves?.has(tensor) ? "h" : ""}`;
  });
  return places.join();
}

const settingsBinding = ({ settingsBuffer, settings }: Surroundings): Dispatch["bindings"][number] => ({
  ...{ buffer: settingsBuffer!, offset: 0, bytes: roundTo16(4 * settings.size) },
});

/** The range of a buffer that holds the tensors. Several end with whole vectors; the buffer of an input ends with its one. */
function rangeOf(tensors: readonly Value[], isVector: boolean, { locations, halves }: Surroundings) {
  const places = tensors.map((tensor) => locations.get(tensor)!);
  const offset = Math.min(...places.map((place) => place.offset));
  const bytes = Math.max(...tensors.map((tensor, i) => places[i].offset + bytesOf(tensor, halves))) - offset;
  return { buffer: places[0].buffer, offset, bytes: isVector && tensors.length > 1 ? roundTo16(bytes) : bytes };
}
