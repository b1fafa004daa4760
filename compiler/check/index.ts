/// Checks a model on this machine: gradients against differences, kernels against the interpreter. Three witnesses for
/// every number: the interpreter runs the user's own formulas, differences need no derivative, the device no interpreter.
import type { Graph } from "../../ir/graph.ts";
import type { Program } from "../../runtime/abi.ts";
import { compileWithFacts } from "../compile.ts";
import { asWritten } from "../passes/as-written.ts";
import { gradientsToCheck, type GradientCheck, type GradientToCheck } from "./gradients.ts";
import { checkKernels, type DeviceModule, type KernelCheck } from "./kernels.ts";
import { completeDims, entrySizes, type Dims } from "./sizes.ts";

export type { GradientCheck, GradientToCheck } from "./gradients.ts";
export type { DeviceModule, KernelCheck, Numbers } from "./kernels.ts";

/** How to check. */
export interface CheckOptions {
  /** Numbers for named sizes, by name or by entry point and name; the rest take small ones. */
  readonly dims?: Dims;
  /** Seed of the random data. Default 0. */
  readonly seed?: number;
  /** Checks what is compiled with strict floats. */
  readonly strictFloat?: boolean;
}

/** Loads a program on a device. */
export type OpenModule = (program: Program) => Promise<DeviceModule>;

/** What was found on a device. */
export interface DeviceCheck {
  readonly adapter: string;
  readonly kernels: readonly KernelCheck[];
}

/** The sizes that a model is checked with: those given, and small numbers for the rest. */
export function checkedDims(graph: Graph, { dims = {} }: CheckOptions = {}): Dims {
  return completeDims(graph, dims);
}

/** Every gradient that the model uses, each to be checked in float64. Errors `size-unknown`, and those of the passes. */
export function allGradients(graph: Graph, options: CheckOptions = {}): readonly GradientToCheck[] {
  const dims = checkedDims(graph, options);
  return graph.entryPoints.flatMap((entry) =>
    gradientsToCheck(graph, entry, entrySizes(graph, entry, dims), options.seed ?? 0, options.strictFloat),
  );
}

/** Checks them all. */
export function checkAllGradients(graph: Graph, options: CheckOptions = {}): readonly GradientCheck[] {
  return allGradients(graph, options).map((each) => each.check());
}

/** Checks every output and every updated state of every entry point on a device. Errors of `compile` and of `open`. */
export async function checkOnDevice(graph: Graph, open: OpenModule, options: CheckOptions = {}): Promise<DeviceCheck> {
  const dims = checkedDims(graph, options);
  const { program, derived: simplified } = compileWithFacts(graph, { dims, strictFloat: options.strictFloat });
  const witnesses = { written: asWritten(graph), simplified };
  const device = await open(program);
  try {
    const kernels: KernelCheck[] = [];
    for (const [position, entry] of witnesses.written.entryPoints.entries()) {
      const sizes = entrySizes(witnesses.written, entry, dims);
      kernels.push(...(await checkKernels(witnesses, position, sizes, options.seed ?? 0, device)));
    }
    return { adapter: device.adapter, kernels };
  } finally {
    device.destroy();
  }
}
