/// `chainrule bench`: how long each kernel of a model takes on this machine, beside what the adapter reaches.
import type { Graph } from "../../ir/graph.ts";
import { input, matmul, model, type Tensor } from "../../ir/index.ts";
import { openDevice } from "../../runtime/index.ts";
import { possibleVariants, variantFor } from "../../runtime/tuning.ts";
import { compileWithFacts } from "../compile.ts";
import type { Storage } from "../half.ts";
import { allDispatches } from "../launch.ts";
import { loadModel } from "../load/index.ts";
import type { Dims } from "../passes/bind-sizes.ts";
import { openProfiler, passes, type VariantTime } from "./profile.ts";
import { compactBytes, table, type Terminal } from "./terminal.ts";

/** What to time. */
export interface BenchCommand {
  readonly model: string;
  readonly dims: Dims;
  readonly json: boolean;
  readonly strictFloat: boolean;
  readonly storage: Storage;
  readonly memoryBudget: number | undefined;
}

/** What was measured; the JSON form is stable. Times are in milliseconds. */
export interface BenchReport {
  readonly adapter: string;
  /** What the times are: of the adapter's clock, or until its queue was idle. */
  readonly clock: "timestamps" | "queue";
  readonly entryPoints: Readonly<Record<string, readonly KernelTime[]>>;
  /** A copy of 32 MB (64 are moved), and a product of two matrices of 1024 × 1024. */
  readonly copy: KernelTime;
  readonly matmul: KernelTime;
}

/** One dispatch. */
export interface KernelTime {
  readonly name: string;
  /** How often a call launches it. */
  readonly times: number;
  /** Of one launch. */
  readonly milliseconds: number;
  readonly gflopsPerSecond: number;
  readonly gigabytesPerSecond: number;
  /** What may take its place on this adapter, where there is something. */
  readonly variants?: readonly VariantRate[];
}

/** The same work by other kernels. */
export interface VariantRate extends VariantTime {
  readonly gflopsPerSecond: number;
  /** What modules take on this adapter unless they are told otherwise. */
  readonly chosen: boolean;
}

/** Times every kernel and prints a table, or JSON; returns the exit code. */
export async function benchCommand(command: BenchCommand, terminal: Terminal): Promise<number> {
  const { model, json, ...options } = command;
  const result = await bench(await loadModel(model), options);
  if (json) terminal.print(JSON.stringify(result, null, 2));
  else printBench(result, terminal);
  return 0;
}

type Options = Omit<BenchCommand, "model" | "json">;

async function bench(graph: Graph, options: Options): Promise<BenchReport> {
  const { limits } = compileWithFacts(graph, options).program;
  const { device, adapter, close } = await openDevice(limits);
  try {
    const clock = device.features.has("timestamp-query") ? "timestamps" : "queue";
    const entryPoints = await timesOf(device, graph, options);
    const copy = (await timesOf(device, copyModel())).run[0];
    const product = (await timesOf(device, matmulModel(1024))).run[0];
    return { adapter, clock, entryPoints, copy, matmul: product };
  } finally {
    close();
  }
}

/** Every kernel of every entry point. */
async function timesOf(device: GPUDevice, graph: Graph, options?: Options): Promise<BenchReport["entryPoints"]> {
  const { program, entries } = compileWithFacts(graph, options);
  const profiler = await openProfiler(device, program);
  try {
    const all: Record<string, readonly KernelTime[]> = {};
    for (const { name, launches } of entries) {
      const times = await profiler.timesOf(name);
      const others = await profiler.variantTimesOf(name, (dispatch) => possibleVariants(device, program, dispatch));
      const chosen = program.entryPoints[name].dispatches
        .flatMap(allDispatches)
        .map((dispatch) => variantFor(device, program, dispatch)?.name);
      all[name] = launches.map(({ name, flops, bytes, times: count }, at): KernelTime => {
        // What takes a millisecond at so many units reaches a million of them in a second.
        const perSecond = (units: number): number => units / times[at] / 1e6;
        const rates = { gflopsPerSecond: perSecond(flops), gigabytesPerSecond: perSecond(bytes) };
        const variants = others[at].map((each) => {
          return { ...each, gflopsPerSecond: flops / each.milliseconds / 1e6, chosen: each.name === chosen[at] };
        });
        const own = { name, times: count, milliseconds: times[at], ...rates };
        return variants.length > 0 ? { ...own, variants } : own;
      });
    }
    return all;
  } finally {
    profiler.destroy();
  }
}

const copyModel = (): Graph => model("copy", () => ({ run: { y: input("x", "f32", [2 ** 23]) } }));

function matmulModel(size: number): Graph {
  return model("matmul", () => {
    const [a, b] = [input("a", "f32", [size, size]), input("b", "f32", [size, size])];
    return { run: { y: matmul(a, b) as Tensor } };
  });
}

function printBench({ adapter, clock, entryPoints, copy, matmul }: BenchReport, terminal: Terminal): void {
  const how = clock === "timestamps" ? "by its own clock" : "until its queue is idle, since it has no clock";
  terminal.print(terminal.style("bold", `kernels on ${adapter}, timed ${how}: medians of ${passes} passes`));
  for (const [name, kernels] of Object.entries(entryPoints)) {
    const total = kernels.reduce((sum, { milliseconds, times }) => sum + milliseconds * times, 0);
    terminal.print(terminal.style("bold", `${name}: ${digits(total)} ms`));
    const rows = kernels.flatMap((kernel) => [
      [
        ...[kernel.name, kernel.times === 1 ? "" : `${kernel.times} ×`, digits(kernel.milliseconds)],
        `${((100 * kernel.milliseconds * kernel.times) / total).toFixed(0)} %`,
        ...[digits(kernel.gflopsPerSecond), digits(kernel.gigabytesPerSecond)],
      ],
      ...(kernel.variants ?? []).map(({ name, milliseconds, gflopsPerSecond, chosen }) => [
        ...[`  ${name}${chosen ? ", chosen at load" : ""}`, "", digits(milliseconds), "", digits(gflopsPerSecond), ""],
      ]),
    ]);
    const titles = ["kernel", "", "ms", "share", "GFLOP/s", "GB/s"];
    const lines = table([titles, ...rows], ["left", "right", "right", "right", "right", "right"]);
    lines.forEach((line, row) => terminal.print(`  ${row === 0 ? terminal.style("dim", line) : line}`));
  }
  terminal.print(
    `a copy of ${compactBytes(2 ** 25)} reaches ${digits(copy.gigabytesPerSecond)} GB/s, ` +
      `a product of 1024 × 1024 matrices ${digits(matmul.gflopsPerSecond)} GFLOP/s`,
  );
}

/** Three digits. */
const digits = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
