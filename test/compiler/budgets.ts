/// What the tests of memory budgets share: a model with less memory, bit by bit the same as without a budget.
import { expect } from "vitest";
import type { Graph } from "chainrule";
import { drawLeaves } from "../../compiler/check/data.ts";
import { mostBindings } from "../../compiler/cluster/partition.ts";
import { compileWithFacts, type Compilation, type CompileOptions } from "../../compiler/compile.ts";
import { settingOp } from "../../ir/ops/leaf.ts";
import { load, type InputValue, type LoadedModule } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";

type Numbers = Readonly<Record<string, number | ArrayLike<number>>>;
type Step = { read(): Promise<Numbers> };
type Module = LoadedModule & Readonly<Record<string, (inputs: Readonly<Record<string, InputValue>>) => Step>>;

/** Arrays as a device takes them. */
function inputsOf({ program }: Compilation, entry: string, numbers: Readonly<Record<string, Float64Array>>) {
  const kinds = { f32: Float32Array, i32: Int32Array, u32: Uint32Array };
  return Object.fromEntries(
    program.entryPoints[entry].inputs.map(({ name, dtype }) => [name, kinds[dtype].from(numbers[name])]),
  );
}

/** Random numbers for the inputs of a model, by name. */
function drawnFor(graph: Graph, dims: Record<string, number>): Readonly<Record<string, Float64Array>> {
  const data = drawLeaves(graph, dims, 1);
  const inputs = graph.inputs.filter(({ op }) => op !== settingOp);
  return Object.fromEntries(inputs.map((leaf) => [graph.notes.get(leaf)!.name!, data.get(leaf)!]));
}

/** Everything that three calls of each entry point give and leave, as bits. */
async function bitsOf(compiled: Compilation, numbers: Readonly<Record<string, Float64Array>>) {
  const module = await load<Module>(compiled.program, { device: await testDevice() });
  const found = new Map<string, Buffer>();
  const note = (prefix: string, all: object): void => {
    for (const [name, value] of Object.entries(all)) {
      const array = typeof value === "number" ? Float32Array.of(value) : (value as Float32Array);
      found.set(`${prefix} ${name}`, Buffer.from(array.buffer, array.byteOffset, array.byteLength));
    }
  };
  for (const entry of Object.keys(compiled.program.entryPoints)) {
    const inputs = inputsOf(compiled, entry, numbers);
    const { outputs } = compiled.program.entryPoints[entry];
    for (let step = 0; step < 3; step++) {
      const call = module[entry](inputs);
      if (outputs.length > 0) note(`${entry} ${step}`, await call.read());
    }
  }
  for (const [name, { data }] of Object.entries(await module.readState())) note("state", { [name]: data });
  module.destroy();
  return found;
}

/** The largest arena of the entry points. */
export const peakOf = ({ entries }: Compilation): number => Math.max(...entries.map(({ arenaBytes }) => arenaBytes));

/** What runs again because of a budget. */
export const flopsAgain = ({ entries }: Compilation): number =>
  entries.flatMap(({ memory }) => memory!.again).reduce((sum, { flops }) => sum + flops, 0);

/** Compiles for parts of the peak, and compares every bit with what comes without a budget. */
export async function expectSame(
  graph: Graph,
  parts: readonly number[],
  options: CompileOptions = {},
  numbers = drawnFor(graph, options.dims ?? {}),
): Promise<readonly Compilation[]> {
  const free = compileWithFacts(graph, options);
  const expected = await bitsOf(free, numbers);
  expect(expected.size).toBeGreaterThan(0);
  const bounded: Compilation[] = [];
  for (const part of parts) {
    const memoryBudget = Math.floor(part * peakOf(free));
    const compiled = compileWithFacts(graph, { ...options, memoryBudget });
    bounded.push(compiled);
    expect(peakOf(compiled)).toBeLessThanOrEqual(memoryBudget);
    const arenas = compiled.program.buffers.filter(({ role }) => role === "arena");
    expect(arenas.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(memoryBudget + 15 * arenas.length);
    for (const { name, bindings } of compiled.program.kernels) {
      const buffers = bindings.filter((binding) => binding !== "uniform").length;
      expect(buffers, name).toBeLessThanOrEqual(mostBindings);
    }
    const found = await bitsOf(compiled, numbers);
    const differing = [...expected].filter(([name, bits]) => !found.get(name)?.equals(bits));
    expect(differing.map(([name]) => name)).toEqual([]);
    expect(found.size).toBe(expected.size);
  }
  const flops = bounded.map(flopsAgain);
  expect(flops).toEqual(flops.toSorted((a, b) => a - b));
  return bounded;
}
