/// Planned kernels → text: those that run side by side as one; and what a launch of it costs.
import type { Graph } from "../ir/graph.ts";
import type { Value } from "../ir/value.ts";
import { bytesOf, sumBytes } from "./bytes.ts";
import type { Shares } from "./cluster/bindings.ts";
import type { SquareEdge } from "./lower/contraction/tile.ts";
import { extentsOf } from "./lower/contraction-shape.ts";
import { contractNames } from "./lower/contract.ts";
import { kernelHeader } from "./lower/header.ts";
import {
  nameTensors,
  targetTensor,
  type GridExtent,
  type Kernel,
  type LowerContext,
  type SharedModule,
} from "./lower/kernel.ts";
import { lower } from "./lower/lower.ts";
import { retarget } from "./lower/retarget.ts";
import { sharedThreads } from "./lower/rows.ts";
import { tensorsOf, type PlannedStep, type Together } from "./plan.ts";
import type { Signer } from "./signature.ts";
import type { BoundTensors, Lying } from "./wgsl/bound.ts";
import { writeGroup, type Part } from "./wgsl/group.ts";
import { createModuleNamer } from "./wgsl/names.ts";
import { writeKernel } from "./wgsl/write.ts";

/** A kernel as text, and its costs. */
export interface MadeKernel {
  readonly wgsl: string;
  /** What it binds, in order; after that the settings and the place of a loop, where it reads them. */
  readonly bindings: readonly BoundTensors[];
  readonly usesSettings: boolean;
  readonly usesPlace: boolean;
  readonly workgroups: readonly [number, number, number];
  readonly flops: number;
  /** The same with what threads beyond the edges of results compute before they stop. */
  readonly paddedFlops: number;
}

/** What text must know about the program around it. */
export interface ProgramView {
  readonly notes: Graph["notes"];
  readonly signer: Signer;
  /** Where tensors lie. */
  readonly locations: ReadonlyMap<Value, { readonly buffer: number; readonly offset: number }>;
  /** Tensors in half precision. */
  readonly halves?: ReadonlySet<Value>;
  /** Tensors that lie side by side, to be bound as one where there are too many. */
  readonly shares: Shares;
  /** Settings of the entry point and their names, in the order of the uniform buffer. */
  readonly settings: ReadonlyMap<Value, string>;
  /** The state that takes a value at the end of the call. */
  stateOf(value: Value): Value | undefined;
  /** What a buffer is called. */
  labelOf(buffer: number): string;
}

/**
 * The kernel of steps that run side by side; each has a name. `bindsBuffers` where single tensors would be too many; with an
 * edge, one contraction in squares.
 */
export function makeKernel(
  group: Together,
  names: readonly string[],
  bindsBuffers: boolean,
  around: ProgramView,
  edge?: SquareEdge,
): MadeKernel {
  const [step, ...others] = group.steps;
  return others.length === 0 && !group.isLeft
    ? makeOne(step, names[0], around, edge)
    : makeMany(group, names, bindsBuffers, around);
}

/** What lowering must know of a step. */
function contextOf(
  step: PlannedStep,
  name: string,
  { notes, stateOf, halves }: ProgramView,
  shared?: SharedModule,
): LowerContext {
  const targets: LowerContext["targets"] = (value) => step.targets.get(value) ?? [];
  const isExact = (tensor: Value): boolean => !halves?.has(tensor);
  return { notes, stateOf, name, targets, isExact, shared, holdsResults: step.over !== undefined };
}

/** The kernel of a step, whose results lie where the step has them. */
function lowered(step: PlannedStep, context: LowerContext, edge?: SquareEdge): Kernel {
  const kernel = lower(step.traffic, context, edge);
  const { over } = step;
  if (!over) return kernel;
  const own = [...step.traffic.loads, ...[...step.targets.values()].flat().map(targetTensor)];
  return retarget(kernel, kernel.name, new Map(own.map((tensor) => [tensor, over.get(tensor) ?? tensor])));
}

/** The comment above a kernel. */
function headerOf(step: PlannedStep, kernel: Kernel, { notes, stateOf, halves }: ProgramView): readonly string[] {
  const header = kernelHeader(step, notes, stateOf, kernel, sumBytes(tensorsOf(step), halves));
  return [...header, ...placeLines(step, kernel)];
}

/** Says which results are written into tensors that the kernel reads. */
function placeLines({ over = new Map() }: PlannedStep, { tensorNames }: Kernel): readonly string[] {
  return [...over].map(
    ([result, operand]) => `${tensorNames.get(result)!} takes the place of ${tensorNames.get(operand)!}`,
  );
}

function makeOne(step: PlannedStep, name: string, around: ProgramView, edge?: SquareEdge): MadeKernel {
  const kernel = lowered(step, contextOf(step, name, around), edge);
  const context = { ...lyingIn(around), settings: around.settings, sizes: [] };
  const written = writeKernel(kernel, context, headerOf(step, kernel, around));
  return {
    wgsl: written.wgsl,
    bindings: written.bindings,
    usesSettings: written.usesSettings,
    usesPlace: written.usesPlace,
    workgroups: kernel.grid.map(workgroupCount) as unknown as MadeKernel["workgroups"],
    flops: kernel.flops as number,
    paddedFlops: paddedFlops(step, kernel),
  };
}

/** Where tensors lie, for who binds them. */
function lyingIn({ locations, halves, shares }: ProgramView): Lying {
  const extentOf = (tensor: Value) => {
    const { buffer, offset } = locations.get(tensor)!;
    return { buffer, from: offset, to: offset + bytesOf(tensor, halves) };
  };
  return { extentOf, shares, halves };
}

function makeMany(
  { steps, apart }: Together,
  wanted: readonly string[],
  bindsBuffers: boolean,
  around: ProgramView,
): MadeKernel {
  const { settings, labelOf } = around;
  const holdsProduct = steps.some(({ traffic }) => traffic.cluster.kind === "contract");
  const names = createModuleNamer(holdsProduct ? contractNames : undefined);
  const module: SharedModule = { names, tensorNames: new Map(), arrays: new Map(), apart };
  const parts = partsOf(steps, wanted, bindsBuffers, module, around);
  const written = writeGroup(parts, sharedThreads, { ...lyingIn(around), module, settings, labelOf });
  return {
    wgsl: written.wgsl,
    bindings: written.bindings,
    usesSettings: written.usesSettings,
    usesPlace: written.usesPlace,
    workgroups: [written.workgroups, 1, 1],
    flops: parts.reduce((total, { kernel }) => total + (kernel.flops as number), 0),
    paddedFlops: parts.reduce((total, { kernel }, i) => total + paddedFlops(steps[i], kernel), 0),
  };
}

/**
 * The kernels of steps that share a module. A step that is like one before it, with tensors in the same buffers, has that
 * one's with its own tensors: one function will stand for both.
 */
function partsOf(
  steps: readonly PlannedStep[],
  wanted: readonly string[],
  bindsBuffers: boolean,
  module: SharedModule,
  around: ProgramView,
): readonly Part[] {
  const known = new Map<string, { readonly part: Part; readonly tensors: readonly Value[] }>();
  return steps.map((step, i): Part => {
    const context = contextOf(step, module.names.outside(wanted[i]), around, module);
    const { text, tensors } = around.signer.of(step);
    const key = `${text}\n${tensors.map((tensor) => around.locations.get(tensor)!.buffer).join()}`;
    const first = bindsBuffers ? known.get(key) : undefined;
    const like = first && { part: first.part, tensors: new Map(first.tensors.map((each, at) => [each, tensors[at]])) };
    if (like) nameTensors(step.traffic, context, module.names.outside);
    const kernel = like ? retarget(like.part.kernel, context.name, like.tensors) : lowered(step, context);
    const part = { kernel, header: () => headerOf(step, kernel, around), ...(like && { like }) };
    if (!first) known.set(key, { part, tensors });
    return part;
  });
}

/**
 * Flops of all threads, also those beyond the edges: they compute products and go over rows, but return before what is
 * computed element by element.
 */
function paddedFlops({ traffic: { cluster } }: PlannedStep, { flops, grid, beyond = 1 }: Kernel): number {
  const all = flops as number;
  const product = [...cluster.members].find(({ op }) => op.kind === "contraction");
  if (product) return all + productFlops(product) * (beyond - 1);
  if (cluster.kind === "map") return all;
  const padding = (each: GridExtent): number => (workgroupCount(each) * each.per) / (each.extent as number);
  return grid.reduce((padded, each) => padded * padding(each), all);
}

/** Flops of a contraction without what follows it. */
function productFlops(value: Value): number {
  const { batchCount, rowCount, columnCount, length } = extentsOf(value);
  return (
    2 * [batchCount, rowCount, columnCount, length].reduce<number>((total, extent) => total * (extent as number), 1)
  );
}

function workgroupCount({ extent, per }: GridExtent): number {
  return Math.ceil((extent as number) / per);
}
