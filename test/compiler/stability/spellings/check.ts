/// What a spelling must come to: the same numbers, gradient and program as the canonical one.
import { grad, model, type Graph, type Value } from "chainrule";
import { expect } from "vitest";
import { compileWithFacts } from "../../../../compiler/compile.ts";
import { printGraph } from "../../../../ir/print.ts";
import { postorder } from "../../../../ir/value.ts";
import { load, type InputValue } from "../../../../runtime/index.ts";
import { testDevice } from "../../../gpu.ts";
import { evaluatePrecise, preciseGradient } from "../../../precise/index.ts";
import type { AnyModule } from "../../planning.ts";
import type { Family, Leaves, Numbers } from "./family.ts";

/** A loss and its gradient, entry by entry. */
type Outcome = readonly number[];

/** What the canonical spelling comes to. */
export interface Standard {
  readonly kernels: number;
  /** For each case. */
  readonly truths: readonly Outcome[];
}

interface Built {
  readonly graph: Graph;
  readonly leaves: Leaves;
  readonly loss: Value;
}

function built({ leaves }: Family, spelling: (leaves: Leaves) => Value): Built {
  let made: Leaves = {};
  const graph = model("spelling", () => {
    made = leaves();
    const loss = spelling(made);
    return { run: { loss, gradient: grad(loss as never, made.z as never) } };
  });
  return { graph, leaves: made, loss: graph.entryPoints[0].outputs[0].value };
}

const feedsOf = (leaves: Leaves, numbers: Numbers): ReadonlyMap<Value, readonly number[]> =>
  new Map(Object.entries(leaves).map(([name, leaf]) => [leaf, numbers[name]]));

/** The truth of the canonical spelling in many digits, and its number of kernels. */
export function standardOf(family: Family): Standard {
  const { graph, leaves, loss } = built(family, family.canonical);
  const truths = family.cases.map((numbers) => {
    const feeds = feedsOf(leaves, numbers);
    const gradient = preciseGradient(loss, [leaves.z], feeds).get(leaves.z)!;
    return [...evaluatePrecise([loss], feeds).get(loss)!, ...gradient].map(Number);
  });
  return { kernels: kernelsOf(graph), truths };
}

const kernelsOf = (graph: Graph): number => compileWithFacts(graph).program.entryPoints.run.dispatches.length;

/** Programs that have been run: many spellings make the same one. */
export type Tried = Set<string>;

/** Checks one spelling against the standard of its family. */
export async function expectCanonical(family: Family, name: string, standard: Standard, tried: Tried): Promise<void> {
  const spelled = built(family, family.spellings[name]);
  expectSameMathematics(spelled, family.cases[0], standard.truths[0]);
  const { program, derived } = compileWithFacts(spelled.graph);
  const text = printGraph(derived);
  if (family.textbook) expectTextbook(spelled.leaves, derived, text);
  const kernels = program.entryPoints.run.dispatches.length;
  if (!family.apart?.[name]) expect(kernels, text).toBeLessThanOrEqual(standard.kernels);
  const key = JSON.stringify([family.name, program.kernels, program.entryPoints]);
  if (tried.has(key)) return;
  tried.add(key);
  const module = await load<AnyModule>(program, { device: await testDevice() });
  try {
    for (const [i, numbers] of family.cases.entries())
      expectNear(await outcome(module, spelled, numbers), standard.truths[i], text);
  } finally {
    module.destroy();
  }
}

function expectSameMathematics({ leaves, loss }: Built, numbers: Numbers, [truth]: Outcome): void {
  const own = Number(evaluatePrecise([loss], feedsOf(leaves, numbers)).get(loss)![0]);
  // Constants such as 0.1 are rounded to float32.
  expect(Math.abs(own - truth), "the formula is another one").toBeLessThanOrEqual(1e-7 * Math.abs(truth));
}

const logarithms = new Set(["log", "log1p", "log1mexp"]);

/** The gradient has the form (p − y)·weight: no division by a probability, and no logarithm. */
function expectTextbook(leaves: Leaves, derived: Graph, text: string): void {
  const gradient = derived.entryPoints[0].outputs[1].value;
  const dependent = new Set<Value>();
  for (const value of postorder([gradient])) {
    if (value === leaves.z || value.operands.some((each) => dependent.has(each))) dependent.add(value);
    if (value.op.name === "div") expect(dependent.has(value.operands[1]), text).toBe(false);
    if (logarithms.has(value.op.name)) expect(dependent.has(value), text).toBe(false);
  }
}

async function outcome(module: AnyModule, { leaves }: Built, numbers: Numbers): Promise<Outcome> {
  const inputs = Object.fromEntries(
    Object.entries(leaves).map(([name, { type }]): [string, InputValue] => {
      if (type.shape.length === 0) return [name, numbers[name][0]];
      const Data = { f32: Float32Array, f16: Float32Array, i32: Int32Array, u32: Uint32Array, bool: Uint32Array }[
        type.dtype
      ];
      return [name, Data.from(numbers[name])];
    }),
  );
  const { loss, gradient } = await module.run(inputs);
  return [loss as number, ...(gradient as unknown as Float32Array)];
}

function expectNear(found: Outcome, wanted: Outcome, text: string): void {
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((each, i) => {
    const where = i === 0 ? "loss" : `gradient ${i - 1}`;
    const distance = Math.abs(found[i] - each);
    expect(distance, `${where}: ${found[i]} for ${each}\n${text}`).toBeLessThanOrEqual(
      Math.max(1e-6, 1e-5 * Math.abs(each)),
    );
  });
}
