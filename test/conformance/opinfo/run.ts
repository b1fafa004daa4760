/// Runs the cases of one operator: in the interpreter, and all of them as one program on the device.
import { constant, evaluate, model, type Graph, type Value } from "chainrule";
import { compileWithFacts } from "chainrule/compiler";
import { load, type LoadedModule, type Step, type TypedArray } from "../../../runtime/index.ts";
import { testDevice } from "../../gpu.ts";
import type { Mapping } from "./call.ts";
import { deviceTolerance, difference, interpreterTolerance, type Tolerance } from "./compare.ts";
import type { Case, Recording } from "./data.ts";
import { buildCase, type CaseGraph, type Result } from "./graph.ts";

/** What one case came to: nothing to say where it passes. */
export interface Outcome {
  readonly case: Case;
  readonly failure?: string;
}

/** How near a witness must come to what PyTorch has. */
export type ToleranceOf = (each: Case, witness: "interpreter" | "GPU") => Tolerance;

interface Built {
  readonly graph: Graph;
  readonly cases: ReadonlyMap<Case, CaseGraph>;
}

const entryOf = (each: Case): string => `case${each.i}`;

/** All cases of one operator. A case that cannot be built or compiled fails alone. */
export async function runOperator(
  mapping: Mapping,
  cases: readonly Case[],
  recording: Recording,
  toleranceOf: ToleranceOf = (_, witness) => (witness === "GPU" ? deviceTolerance : interpreterTolerance),
): Promise<readonly Outcome[]> {
  const failures = new Map<Case, string>();
  const buildable = cases.filter((each) => {
    const failure = attempt(() => buildCases(mapping, [each], recording));
    if (failure !== undefined) failures.set(each, `build: ${failure}`);
    return failure === undefined;
  });
  const outcomes = buildable.length === 0 ? [] : await runTogether(mapping, buildable, recording, toleranceOf);
  for (const { case: each, failure } of outcomes) if (failure !== undefined) failures.set(each, failure);
  return cases.map((each) => ({ case: each, failure: failures.get(each) }));
}

/** One program for all; where it does not compile, each by itself. */
async function runTogether(
  mapping: Mapping,
  cases: readonly Case[],
  recording: Recording,
  toleranceOf: ToleranceOf,
): Promise<readonly Outcome[]> {
  try {
    return await runProgram(buildCases(mapping, cases, recording), recording, toleranceOf);
  } catch (error) {
    if (cases.length === 1) return [{ case: cases[0], failure: `compile: ${messageOf(error)}` }];
    const outcomes: Outcome[] = [];
    for (const each of cases) outcomes.push(...(await runTogether(mapping, [each], recording, toleranceOf)));
    return outcomes;
  }
}

function buildCases(mapping: Mapping, cases: readonly Case[], recording: Recording): Built {
  const built = new Map<Case, CaseGraph>();
  const graph = model("conformance", () => {
    const entries: [string, Record<string, Value>][] = [];
    for (const each of cases) {
      const { results, data } = buildCase(mapping, each, recording);
      built.set(each, { results, data });
      // A case of tensors without elements has nothing to compute: its shapes are checked by now.
      const outputs = results.map(({ name, value }) => [name, value] as const);
      if (results.length > 0) entries.push([entryOf(each), Object.fromEntries(outputs)]);
    }
    return Object.fromEntries(entries.length > 0 ? entries : [["none", { nothing: constant(0) }]]);
  });
  return { graph, cases: built };
}

type Entry = (inputs: Readonly<Record<string, TypedArray>>) => Step<Record<string, number | TypedArray>>;

async function runProgram(
  { graph, cases }: Built,
  recording: Recording,
  toleranceOf: ToleranceOf,
): Promise<readonly Outcome[]> {
  const { program, derived } = compileWithFacts(graph);
  const module = await load<LoadedModule & Readonly<Record<string, Entry>>>(program, {
    device: await testDevice(),
    maxInFlight: 1,
  });
  try {
    const outcomes: Outcome[] = [];
    for (const [each, { results, data }] of cases) {
      if (results.length === 0) {
        outcomes.push({ case: each });
        continue;
      }
      const entry = entryOf(each);
      const expected = evaluate(derived, Object.fromEntries(data), { entry });
      const given = program.entryPoints[entry].inputs.map(
        (slot) => [slot.name, arrays[slot.dtype].from(data.get(slot.name)!)] as const,
      );
      const found = await module[entry](Object.fromEntries(given)).read();
      const failure =
        compareAll("interpreter", results, recording, expected.outputs, toleranceOf(each, "interpreter")) ??
        compareAll("GPU", results, recording, found, toleranceOf(each, "GPU"));
      outcomes.push({ case: each, failure });
    }
    return outcomes;
  } finally {
    module.destroy();
  }
}

const arrays = { f32: Float32Array, i32: Int32Array, u32: Uint32Array } as const;

function compareAll(
  where: string,
  results: readonly Result[],
  recording: Recording,
  found: Readonly<Record<string, number | ArrayLike<number>>>,
  tolerance: Tolerance,
): string | undefined {
  for (const { name, stored } of results) {
    const numbers = found[name];
    const problem = difference(
      typeof numbers === "number" ? [numbers] : numbers,
      recording.numbers(stored),
      stored.t === "f32" ? tolerance : { relative: 0, absolute: 0.5 },
    );
    if (problem !== undefined) return `${where}: ${name}${problem}`;
  }
  return undefined;
}

function attempt(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.split("\n")[0] : String(error);
}
