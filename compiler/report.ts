/// What a compiled model costs: figures that hold on every machine.
import type { Place } from "../ir/diagnostic.ts";
import type { EntryPoint, Graph } from "../ir/graph.ts";
import { elementCount } from "../ir/type.ts";
import type { Program } from "../runtime/abi.ts";
import type { Compilation } from "./compile.ts";
import { storageReport, type StorageReport } from "./half-report.ts";
import { idealBytes } from "./ideal.ts";
import { kernelPlaces, tensorPlaces } from "./kernel-places.ts";
import { keptForBackward, type Kept } from "./kept.ts";
import { allDispatches, type LaunchFacts } from "./launch.ts";
import { memoryReport, type MemoryReport } from "./memory-report.ts";
import type { EntryFacts } from "./program.ts";
import type { ContractCounts } from "./rewrite/contracts.ts";
import { refusedPairs, type RefusedPair } from "./why.ts";

/** The report of a model; its JSON form is stable. */
export interface Report {
  readonly entryPoints: Readonly<Record<string, EntryReport>>;
  readonly parameters: readonly ParameterReport[];
  /** How many rewrites rest on each promise about floats. */
  readonly contracts: ContractCounts;
}

/** Costs of one call of an entry point. */
export interface EntryReport {
  readonly dispatches: number;
  readonly submits: number;
  readonly passes: number;
  readonly flops: number;
  /** The same with what threads beyond the edges of results compute before they stop. */
  readonly paddedFlops: number;
  /** Bytes of the tensors that the dispatches bind, summed. */
  readonly bytes: number;
  /** The same with what lies between tensors that a dispatch of many binds as one range of a buffer. */
  readonly rangeBytes: number;
  /** Bytes of operands and results of contractions, and of inputs, states and outputs once; as `storage` keeps them. */
  readonly idealBytes: number;
  readonly arenaBytes: number;
  /** The largest sum of intermediate bytes alive at once. */
  readonly arenaLowerBound: number;
  readonly pipelines: number;
  readonly wgslBytes: number;
  readonly kernels: readonly KernelReport[];
  /** Forward values that stay in memory for the backward part. */
  readonly residuals: readonly ResidualReport[];
  /** How float tensors of the arena are kept; only with `storage` f16. */
  readonly storage?: StorageReport;
  /** What a memory budget took; only with one. */
  readonly memory?: MemoryReport;
  /** Why neighbouring kernels are two; only where it was asked for. */
  readonly refused?: readonly RefusedPair[];
}

/** One launch. */
export interface KernelReport {
  readonly name: string;
  readonly dispatch: readonly [number, number, number];
  /** How often a call launches it: more than once in a loop. Flops and bytes are those of one launch. */
  readonly times: number;
  readonly flops: number;
  readonly bytes: number;
  /** What takes its place on adapters that it suits. */
  readonly variants?: readonly string[];
  /** The line of the model that it computes; of several kernels side by side, that of the first that has one. */
  readonly place?: Place;
}

/** A forward value that a kernel writes and one of the backward part reads. */
export interface ResidualReport {
  /** A name of the model, a letter that others refer to, or a formula. */
  readonly name: string;
  /** What a letter stands for. */
  readonly formula?: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** The line of the model that it comes from; undefined without source. */
  readonly place?: Place;
}

/** One parameter. */
export interface ParameterReport {
  readonly name: string;
  readonly shape: readonly number[];
  readonly count: number;
}

/** Bytes that halves spare; told of the graph that kernels were planned for, whose tensors are known to be halves. */
function spared(entry: EntryPoint, stored: EntryFacts["stored"]): number {
  return stored ? idealBytes(entry) - idealBytes(entry, stored) : 0;
}

/** The figures of a compiled model; with `why` also why neighbouring kernels are two. */
export function report({ program, contracted, ready, planned, entries, contracts }: Compilation, why = false): Report {
  const refused = why ? refusedPairs(ready) : undefined;
  const entryPoints = Object.fromEntries(
    entries.map((entry) => {
      const { stored } = entry;
      return [
        entry.name,
        {
          ...entryReport(program, planned, {
            ...entry,
            idealBytes: idealBytes(entryNamed(contracted, entry.name)) - spared(entryNamed(ready, entry.name), stored),
          }),
          residuals: keptForBackward(planned, entry).map(residualReport),
          ...(stored && { storage: storageReport(stored, ready.notes, tensorPlaces(planned.notes, entry.plan)) }),
          ...(entry.memory && {
            memory: memoryReport(entry.memory, ready.notes, kernelPlaces(planned.notes, entry.plan)),
          }),
          ...(refused && { refused: refused.get(entry.name)! }),
        },
      ];
    }),
  );
  const parameters = program.states
    .filter((state) => state.parameter)
    .map(({ name, shape }) => ({ name, shape, count: elementCount(shape) as number }));
  return { entryPoints, parameters, contracts };
}

const entryNamed = ({ entryPoints }: Graph, name: string): EntryPoint =>
  entryPoints.find((each) => each.name === name)!;

function residualReport({ value, name, formula, place, bytes }: Kept): ResidualReport {
  const shape = value.type.shape as readonly number[];
  return { name, ...(formula !== undefined && { formula }), shape, bytes, ...(place && { place }) };
}

function entryReport(
  program: Program,
  planned: Graph,
  facts: EntryFacts & { readonly idealBytes: number },
): Omit<EntryReport, "residuals" | "refused" | "storage" | "memory"> {
  const { name, launches, arenaBytes, arenaLowerBound, idealBytes } = facts;
  const kernels = new Set(
    program.entryPoints[name].dispatches.flatMap(allDispatches).map((dispatch) => program.kernels[dispatch.kernel]),
  );
  const find = kernelPlaces(planned.notes, facts.plan);
  const total = (pick: (launch: LaunchFacts) => number): number =>
    launches.reduce((sum, each) => sum + pick(each) * each.times, 0);
  return {
    dispatches: total(() => 1),
    submits: 1,
    passes: 1,
    flops: total((launch) => launch.flops),
    paddedFlops: total((launch) => launch.paddedFlops),
    bytes: total((launch) => launch.bytes),
    rangeBytes: total((launch) => launch.rangeBytes),
    idealBytes,
    arenaBytes,
    arenaLowerBound,
    pipelines: kernels.size,
    wgslBytes: [...kernels].reduce((sum, kernel) => sum + new TextEncoder().encode(kernel.wgsl).length, 0),
    kernels: launches.map(({ name: kernel, workgroups, times, flops, bytes, variants, steps }) => {
      const place = find(steps);
      const costs = { name: kernel, dispatch: workgroups, times, flops, bytes };
      return { ...costs, ...(variants && { variants }), ...(place && { place }) };
    }),
  };
}
