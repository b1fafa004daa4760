/// Random graphs with states on a device against the interpreter: fusion, updates in place and recomputation at once.
import { describe, expect, it } from "vitest";
import {
  abs,
  add,
  div,
  evaluate,
  greater,
  input,
  matmul,
  max,
  mean,
  model,
  mul,
  neg,
  reshape,
  sigmoid,
  softmax,
  state,
  sub,
  sum,
  tanh,
  transpose,
  where,
  type Graph,
  type Value,
} from "chainrule";
import { openDeviceModule } from "../../compiler/cli/device.ts";
import { randomStream } from "../../compiler/check/random.ts";
import { compile } from "../../compiler/index.ts";
import { testDevice } from "../gpu.ts";

type Random = ReturnType<typeof randomStream>;

/** Values of shape [rows, columns], values of shape [rows], and one more of either. */
function grow(pool: Value[], rowPool: Value[], [rows, columns]: readonly [number, number], random: Random): void {
  const pick = <T>(from: readonly T[]): T => from[random.integer(from.length)];
  const [a, b, w] = [pick(pool), pick(pool), pick(rowPool)];
  const wide: readonly (() => Value)[] = [
    () => add(a, b),
    () => sub(a, b),
    () => mul(tanh(a), b),
    () => where(greater(a, b), a, mul(b, 0.5)),
    () => matmul(matmul(a, transpose(b)), pick(pool)),
    () => softmax(a),
    () => add(a, reshape(w, [rows, 1])),
    () => div(a, add(1, abs(b))),
    () => reshape(transpose(reshape(a, [columns, rows])), [rows, columns]),
    () => mul(a, mean(b, { axis: 0 })),
    () => sigmoid(neg(a)),
  ];
  const narrow: readonly (() => Value)[] = [
    () => sum(a, { axis: 1 }),
    () => max(a, { axis: 1 }),
    () => tanh(add(w, pick(rowPool))),
  ];
  if (random.integer(14) < wide.length) pool.push(pick(wide)());
  else rowPool.push(pick(narrow)());
}

function randomModel(extents: readonly [number, number], random: Random): Graph {
  const pick = <T>(from: readonly T[]): T => from[random.integer(from.length)];
  const [rows, columns] = extents;
  return model("random", () => {
    const x = input("x", "f32", [rows, columns]);
    const y = input("y", "f32", [columns, rows]);
    const first = state([rows, columns], { name: "first" });
    const second = state([rows, columns], { name: "second" });
    const third = state([rows], { name: "third" });
    const pool: Value[] = [x, first, second, transpose(y)];
    const rowPool: Value[] = [third];
    const size = 4 + random.integer(12);
    for (let count = 0; count < size; count++) grow(pool, rowPool, extents, random);
    const made = pool.slice(3);
    const update = [
      { state: first, value: random.integer(2) ? pick(made) : add(first, pick(made)) },
      { state: second, value: random.integer(2) ? pick(made) : sub(second, mul(first, pick(made))) },
      { state: third, value: pick(rowPool) },
    ];
    return { step: { wide: pick(pool), narrow: pick(rowPool), total: sum(pick(pool)), update } };
  });
}

/** Names of results that differ by more than float32 explains. */
async function differences(seed: number): Promise<readonly string[]> {
  const random = randomStream(seed);
  const extents = [1 + random.integer(8), [1, 3, 4, 6, 7][random.integer(5)]] as const;
  const graph = randomModel(extents, random);
  const draw = (leaf: Value): number[] =>
    Array.from({ length: leaf.type.shape.reduce<number>((count, extent) => count * Number(extent), 1) }, () =>
      Math.fround(random.uniform(-1.5, 1.5)),
    );
  const leaves = [...graph.inputs, ...graph.states].filter((leaf) => leaf.type.dtype === "f32");
  const data = Object.fromEntries(leaves.map((leaf) => [graph.notes.get(leaf)!.name!, draw(leaf)]));
  const wanted = evaluate(graph, data);
  const module = await openDeviceModule(compile(graph), { device: await testDevice() });
  const found = await module.run("step", { ...data, key: [0, 0] }, data);
  module.destroy();
  const all = { ...wanted.outputs, ...wanted.states };
  return Object.entries(all).flatMap(([name, values]) => {
    const device = found.outputs[name] ?? found.states[name];
    const worst = values.reduce(
      (most, value, i) => Math.max(most, Math.abs(device[i] - value) / Math.max(1, Math.abs(value))),
      0,
    );
    return worst < 2e-3 ? [] : [`${name}: ${worst}`];
  });
}

describe("random graphs with states agree with the interpreter", () => {
  const from = Number(process.env.CHAINRULE_SEED ?? 1);
  const seeds = Array.from({ length: Number(process.env.CHAINRULE_RUNS ?? 60) }, (_, i) => from + i);
  it.each(seeds)("seed %i", async (seed) => expect(await differences(seed)).toEqual([]));
});
