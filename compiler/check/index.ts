/// Checks a model on this machine: gradients against differences, kernels against the interpreter.
import type { Graph } from "../../ir/graph.ts";
import type { Program } from "../../runtime/abi.ts";
import { compile } from "../compile.ts";
import { derive } from "../passes/all.ts";
import { checkGradients, type GradientCheck } from "./gradients.ts";
import { checkKernels, type DeviceModule, type KernelCheck } from "./kernels.ts";
import { completeDims, entrySizes, type Dims } from "./sizes.ts";

export type { GradientCheck } from "./gradients.ts";
export type { DeviceModule, KernelCheck, Numbers } from "./kernels.ts";

/** How to check. */
export interface CheckOptions {
  /** Numbers for named sizes, by name or by entry point and name; the rest take small ones. */
  readonly dims?: Dims;
  /** Seed of the random data. Default 0. */
  readonly seed?: number;
  /** Loads a program on a device; without it only gradients are checked. */
  readonly open?: (program: Program) => Promise<DeviceModule>;
}

/** What a check found. */
export interface CheckResult {
  /** The sizes that were checked, those that were not given included. */
  readonly dims: Dims;
  readonly adapter: string | undefined;
  readonly gradients: readonly GradientCheck[];
  readonly kernels: readonly KernelCheck[];
  readonly ok: boolean;
}

/** Checks every gradient that the model uses and, with `open`, every result of every entry point on a device. */
export async function check(graph: Graph, options: CheckOptions = {}): Promise<CheckResult> {
  const { seed = 0, open } = options;
  const dims = completeDims(graph, options.dims ?? {});
  const program = open && compile(graph, { dims });
  const gradients = graph.entryPoints.flatMap((entry) =>
    checkGradients(graph, entry, entrySizes(graph, entry, dims), seed),
  );
  const device = program && (await open(program));
  try {
    const derived = derive(graph);
    const kernels: KernelCheck[] = [];
    for (const entry of device ? derived.entryPoints : []) {
      kernels.push(...(await checkKernels(derived, entry, entrySizes(derived, entry, dims), seed, device!)));
    }
    const ok = [...gradients, ...kernels].every((each) => each.ok);
    return { dims, adapter: device?.adapter, gradients, kernels, ok };
  } finally {
    device?.destroy();
  }
}
