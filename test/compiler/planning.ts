/// What the tests of the back end share: from a model to its plan, and to a module on the device of the test file.
import { compile } from "../../compiler/compile.ts";
import { runPasses } from "../../compiler/pass.ts";
import { derive, simplifyAfterBinding } from "../../compiler/passes/all.ts";
import { bindSizes, type Dims } from "../../compiler/passes/bind-sizes.ts";
import { kernelPasses } from "../../compiler/passes/kernel-passes.ts";
import { planEntry, type EntryPlan } from "../../compiler/plan.ts";
import type { Step as PlannedStep } from "../../compiler/schedule/order.ts";
import type { Graph } from "../../ir/graph.ts";
import { model, type EntryPointRecord } from "../../ir/model.ts";
import type { Value } from "../../ir/value.ts";
import { load, type InputValue, type LoadedModule, type LoadOptions, type Result } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";

/** What a call gives when nothing is known of the module's types. */
export type Outputs = Record<string, number | Float32Array | Int32Array>;

/** A call of an entry point whose outputs are numbers or arrays. */
export type Call = Result<Outputs> & Readonly<Record<string, Promise<number>>>;

/** A loaded module whose entry points are called by name. */
export type AnyModule = LoadedModule &
  Readonly<
    Record<string, (inputs: Readonly<Record<string, InputValue>>, settings?: Readonly<Record<string, number>>) => Call>
  >;

/** The graph that kernels are made of; without `dims` the named sizes stay free. */
export function finalGraph(graph: Graph, dims?: Dims): Graph {
  const derived = derive(graph);
  const simple = simplifyAfterBinding(dims ? bindSizes(derived, dims) : derived);
  return runPasses(simple, kernelPasses());
}

/** The plan of an entry point. */
export function planOf(graph: Graph, entry: string, dims?: Dims): EntryPlan {
  const final = finalGraph(graph, dims);
  return planEntry(
    final.entryPoints.find(({ name }) => name === entry)!,
    final.notes,
  );
}

/** The plan of a model with one entry point. */
export function planRun(define: () => EntryPointRecord): EntryPlan {
  return planOf(
    model("test", () => ({ run: define() })),
    "run",
    {},
  );
}

/** The family of each kernel in launch order. */
export function kinds(plan: EntryPlan): readonly string[] {
  return plan.steps.map(({ traffic }) => traffic.cluster.kind);
}

/** The step that stores a value. */
export function stepOf(plan: EntryPlan, value: Value): PlannedStep {
  return plan.steps.find(({ traffic }) => traffic.stores.includes(value))!;
}

/** The compiled model on the device of the test file. */
export async function loadModel(graph: Graph, dims: Dims = {}, options: LoadOptions = {}): Promise<AnyModule> {
  return load<AnyModule>(compile(graph, { dims }), { device: await testDevice(), ...options });
}
