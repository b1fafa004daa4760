/// Every output and every updated state of an entry point on a device against the interpreter.
import { prepareEvaluation } from "../../ir/evaluate.ts";
import { entryPointRoots, type EntryPoint, type Graph } from "../../ir/graph.ts";
import { settingOp } from "../../ir/ops/leaf.ts";
import type { Value } from "../../ir/value.ts";
import { drawLeaves, type LeafData } from "./data.ts";

/** Numbers by name. */
export type Numbers = Readonly<Record<string, ArrayLike<number>>>;

/** A compiled model on a device. The caller provides it: the compiler itself knows no GPU. */
export interface DeviceModule {
  /** One line that names the adapter. */
  readonly adapter: string;
  /** Sets the states, calls an entry point once, and reads what it left. */
  run(
    entryPoint: string,
    states: Numbers,
    inputs: Numbers,
  ): Promise<{ readonly outputs: Numbers; readonly states: Numbers }>;
  destroy(): void;
}

/** How one result on the device compares with the interpreter. */
export interface KernelCheck {
  readonly entryPoint: string;
  /** Name of the output or state. */
  readonly name: string;
  readonly kind: "output" | "state";
  readonly count: number;
  /** Largest relative error, where, and both numbers there. */
  readonly worst: number;
  readonly index: number;
  readonly device: number;
  readonly interpreter: number;
  readonly ok: boolean;
}

const tolerance = 1e-4;

/** Runs one entry point of `derived` (a graph without gradients to derive) on the device and in the interpreter. */
export async function checkKernels(
  derived: Graph,
  entry: EntryPoint,
  sizes: Readonly<Record<string, number>>,
  seed: number,
  device: DeviceModule,
): Promise<readonly KernelCheck[]> {
  const { data, expected } = drawFinite(derived, entry, sizes, seed);
  const named = (leaves: readonly Value[]): Numbers =>
    Object.fromEntries(leaves.map((leaf) => [derived.notes.get(leaf)?.name ?? "", data.get(leaf)!]));
  const inputs = named(derived.inputs.filter((leaf) => leaf.op !== settingOp));
  const found = await device.run(entry.name, named(derived.states), inputs);
  const outputs = entry.outputs.map(({ name, value }) =>
    compare(entry, "output", name, found.outputs[name], expected.get(value)!),
  );
  const states = entry.updates.map(({ state, value }) => {
    const name = derived.notes.get(state)?.name ?? "";
    return compare(entry, "state", name, found.states[name], expected.get(value)!, data.get(state)!);
  });
  return [...outputs, ...states];
}

/** Normal inputs, or inputs in (0, 1) where the model wants these to give finite numbers. */
function drawFinite(
  graph: Graph,
  entry: EntryPoint,
  sizes: Readonly<Record<string, number>>,
  seed: number,
): { readonly data: LeafData; readonly expected: ReadonlyMap<Value, Float64Array> } {
  const evaluate = prepareEvaluation(entryPointRoots(entry), sizes);
  const normal = drawLeaves(graph, sizes, seed, "normal");
  const expected = evaluate(normal);
  if ([...expected.values()].every((values) => values.every(Number.isFinite))) return { data: normal, expected };
  const data = drawLeaves(graph, sizes, seed, "unit");
  return { data, expected: evaluate(data) };
}

/**
 * Relative to the number itself, but not finer than a hundredth of the largest: sums cancel. For a state, relative to its
 * change as well, since a small step could hide a wrong gradient; as far as float32 can tell `before` and after apart.
 */
function compare(
  entry: EntryPoint,
  kind: KernelCheck["kind"],
  name: string,
  found: ArrayLike<number>,
  expected: Float64Array,
  before?: Float64Array,
): KernelCheck {
  const floor = Math.max(largest(expected) / 100, 1e-6);
  const changes = before && expected.map((value, index) => value - before[index]);
  const changeFloor = changes && Math.max(largest(changes) / 100, 1e-6);
  const magnitude = (value: number, index: number): number => {
    const size = Math.max(Math.abs(value), floor);
    return changes ? Math.min(size, Math.max(Math.abs(changes[index]), changeFloor!, 4e-3 * Math.abs(value))) : size;
  };
  let worst = { worst: 0, index: 0, device: found[0], interpreter: expected[0] };
  expected.forEach((value, index) => {
    const same = Object.is(found[index], value) || found[index] === value;
    const error = same ? 0 : Math.abs(found[index] - value) / magnitude(value, index);
    // A NaN on one side alone is as wrong as can be.
    const size = Number.isNaN(error) ? Infinity : error;
    if (size > worst.worst) worst = { worst: size, index, device: found[index], interpreter: value };
  });
  const { length: count } = expected;
  return { entryPoint: entry.name, name, kind, count, ...worst, ok: worst.worst <= tolerance };
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);
}
