/// What is added to rows that positions name, as the slopes of a table: every term is added up once, in its order.
import { describe, expect, it } from "vitest";
import {
  adam,
  add,
  broadcastTo,
  embedding,
  equal,
  gather,
  greater,
  input,
  iota,
  matmul,
  mean,
  model,
  mul,
  normal,
  param,
  reshape,
  scatterAdd,
  sgd,
  slice,
  softmaxCrossEntropy,
  square,
  sum,
  tanh,
  transpose,
  where,
  type Graph,
  type Tensor,
} from "chainrule";
import { compile, compileWithFacts } from "../../../compiler/compile.ts";
import { contractionOf } from "../../../compiler/lower/contract.ts";
import type { Statement } from "../../../compiler/lower/kernel.ts";
import { lower } from "../../../compiler/lower/lower.ts";
import { report } from "../../../compiler/report.ts";
import type { Value } from "../../../ir/value.ts";
import { expectRight } from "../agree.ts";
import { loadModel, planOf, type AnyModule } from "../planning.ts";

type Loss = Tensor<"f32", readonly []>;

/** The texts of the kernels that look for rows. */
const placing = (graph: Graph, options: Parameters<typeof compile>[1] = {}): readonly string[] =>
  compile(graph, options)
    .kernels.map(({ wgsl }) => wgsl)
    .filter((wgsl) => /if \(own < \d+u\)/.test(wgsl));

/** How many kernels put terms in order. */
const sortsIn = (graph: Graph): number => compile(graph).kernels.filter(({ wgsl }) => wgsl.includes("argsort")).length;

/** Vectors that are added to rows of zeros. */
const scatter = (terms: number, rows: number, columns: number): Graph =>
  model("scatter", () => {
    const zeros = input("zeros", "f32", [rows, columns]);
    const vectors = input("vectors", "f32", [terms, columns]);
    return { run: { table: scatterAdd(zeros, input("place", "i32", [terms]), vectors) } };
  });

/** Checks sums to the bit, among them of positions that many have, and that are no rows. */
async function expectAdded(
  module: AnyModule,
  [terms, rows, columns]: readonly [number, number, number],
): Promise<void> {
  const place = Int32Array.from({ length: terms }, (_, k) => [(k * 97) % rows, rows + (k % 3), -1 - k, 2, 3][k % 5]);
  place.set([2147483647, -2147483648, rows - 1, 0]);
  const vectors = Float32Array.from({ length: terms * columns }, (_, i) => Math.sin(i) * 10 ** (i % 7));
  const wanted = new Float32Array(rows * columns);
  place.forEach((row, k) => {
    if (row < 0 || row >= rows) return;
    for (let column = 0; column < columns; column++) wanted[row * columns + column] += vectors[k * columns + column];
  });
  const { table } = await module.run({ zeros: new Float32Array(rows * columns), place, vectors });
  expect(Buffer.compare(Buffer.from((table as Float32Array).buffer), Buffer.from(wanted.buffer))).toBe(0);
}

/** What loops and conditions say. */
const headsIn = (body: readonly Statement[]): readonly string[] =>
  body.flatMap((statement) => (statement.tag === "block" ? [statement.head, ...headsIn(statement.body)] : []));

/** A table that is read at given positions and trained. */
const trained = (
  [terms, rows, columns]: readonly [number, number, number],
  update: (loss: Loss) => ReturnType<typeof adam> = (loss) => sgd(loss),
): Graph =>
  model("table", () => {
    // Zeros or ones times the number of the position: row 0 often, others once.
    const bits = input("bits", "i32", [terms]);
    const read = embedding(mul(bits, iota([terms], 0)), rows, columns, { name: "words" });
    const loss = mean(square(tanh(add(read, input("x", "f32", [terms, columns])))));
    return { train: { loss, update: update(loss) } };
  });

describe("terms that name the row that they are added to", () => {
  it("are added up once, and not multiplied by a number for every row", () => {
    const graph = trained([64, 512, 64]);
    expect(placing(graph)).toHaveLength(1);
    const { flops, paddedFlops } = report(compileWithFacts(graph)).entryPoints.train;
    // As a product, 2 · 64 · 512 · 64 are 4.2 million.
    expect(flops).toBeLessThan(700_000);
    expect(paddedFlops / flops).toBeLessThan(1.3);
  });

  it.each([
    [3, 4, 8],
    [7, 31, 12],
    [9, 7, 9],
    [37, 67, 33],
    [66, 41, 24],
    [16, 300, 40],
  ])("give the right slopes: %i of a table [%i, %i]", async (...sizes) => {
    const graph = trained(sizes);
    expect(placing(graph)).toHaveLength(1);
    await expectRight(graph);
    await expectRight(trained(sizes, adam));
  });

  it.each([
    [1, 1, 8],
    [1, 5, 4],
    [6, 2, 8],
    [6, 9, 1],
    [6, 9, 3],
  ])("are right where no product takes them: %i of [%i, %i]", async (...sizes) => {
    await expectRight(trained(sizes));
  });

  it.each([
    [40, 9, 12],
    [41, 70, 36],
    [23, 129, 5],
  ])("are added in their order, and nowhere where there is no such row: %i to [%i, %i]", async (...sizes) => {
    const module = await loadModel(scatter(...sizes));
    await expectAdded(module, sizes);
    module.destroy();
  });

  it("are put in order where there are many times many results", async () => {
    const sizes = [1031, 16411, 132] as const;
    const graph = scatter(...sizes);
    expect(placing(graph)).toEqual([]);
    const { flops, paddedFlops, dispatches, bytes } = report(compileWithFacts(graph)).entryPoints.run;
    expect(flops).toBeLessThan(10 * 16411 * 132);
    expect(paddedFlops / flops).toBeLessThan(1.3);
    expect(dispatches).toBe(3);
    expect(bytes).toBeLessThan(1.2 * 2 * 4 * 16411 * 132);
    const module = await loadModel(graph);
    await expectAdded(module, sizes);
    module.destroy();
  });

  it("stay as they are where order takes longer to find than they take to look at", () => {
    // 2.5 · 10⁹ terms times results, but only 19 200 results for a sort of 2¹⁷.
    const graph = scatter(2 ** 17, 300, 64);
    expect(placing(graph)).toHaveLength(1);
    expect(sortsIn(graph)).toBe(0);
  });

  it("are put in order as one list where a large table has several", async () => {
    const [rows, columns] = [8209, 64];
    const added = (...lists: readonly number[]): Graph =>
      model("lists", () => {
        const vectors = input("vectors", "f32", [Math.max(...lists), columns]);
        const table = lists.reduce<Tensor<"f32">>(
          (before, terms, list) => {
            const place = mul(input(`bits${list}`, "i32", [terms / 10, 10]), iota([terms / 10, 10], 0));
            return scatterAdd(before, place, reshape(slice(vectors, [[0, terms]]), [terms / 10, 10, columns]));
          },
          input("before", "f32", [rows, columns]),
        );
        return { run: { table } };
      });
    const costs = (graph: Graph): { dispatches: number; bytes: number } =>
      report(compileWithFacts(graph)).entryPoints.run;
    const [one, three] = [costs(added(4200)), costs(added(1400, 1400, 1400))];
    expect(three.dispatches).toBe(one.dispatches);
    expect(three.bytes).toBeLessThan(one.bytes);
    await expectRight(added(1400, 1400, 1400));
    await expectRight(added(1400, 1380, 1390));
  });

  it("are in order already where positions count rows, as those of a head do that is tied to a table", () => {
    const tied = model("tied", () => {
      const table = embedding(iota([9000], 0), 9000, 32, { name: "table" });
      const scores = matmul(input("x", "f32", [8, 32]), transpose(table));
      const loss = softmaxCrossEntropy(scores, input("label", "i32", [8])) as Loss;
      return { train: { loss, update: sgd(loss) } };
    });
    const { entries } = compileWithFacts(tied);
    expect(sortsIn(tied)).toBe(0);
    // A one-hot of 9000 × 9000 would be 324 MB.
    expect(entries[0].arenaBytes).toBeLessThan(10_000_000);
  });

  it("leave ∞ and NaN in their rows", async () => {
    const module = await loadModel(scatter(8, 40, 8));
    const vectors = new Float32Array(64).fill(1);
    vectors.fill(Infinity, 0, 8).fill(NaN, 8, 16);
    const place = Int32Array.of(0, 20, 39, 39, -1, 40, 41, 1);
    const { table } = await module.run({ zeros: new Float32Array(320), place, vectors });
    const first = [...(table as Float32Array)].filter((_, i) => i % 8 === 0);
    expect(first.map((each, row) => [row, each]).filter(([, each]) => each !== 0)).toEqual([
      [0, Infinity],
      [1, 1],
      [20, NaN],
      [39, 2],
    ]);
    module.destroy();
  });

  it("may be those of several readings, of a head besides, and of positions in several axes", async () => {
    const graph = model("tied", () => {
      const table = param([37, 16], { name: "table", init: normal(0, 0.3) });
      const places = param([9, 16], { name: "places", init: normal(0, 0.3) });
      const [letters, next] = [input("letters", "i32", [2, 9]), input("next", "i32", [2, 9])];
      const read = add(add(gather(table, letters), gather(table, add(letters, 1))), places);
      const scores = matmul(tanh(read), transpose(table));
      const loss = softmaxCrossEntropy(scores, next);
      return { train: { loss, update: adam(loss) } };
    });
    expect(placing(graph).length).toBeGreaterThan(0);
    await expectRight(graph);
  });

  it.each([
    [5, 6, 37, 8],
    [3, 7, 20, 12],
    [1, 16, 30, 8],
  ])("may be the same for several rows, as slopes of their mean are: %i × %i of a table [%i, %i]", async (...sizes) => {
    const [texts, words, rows, columns] = sizes;
    const graph = model("texts", () => {
      const bits = input("bits", "i32", [texts, words]);
      const read = embedding(mul(bits, iota([texts, words], 1)), rows, columns, { name: "words" });
      const loss = mean(square(tanh(add(mean(read, { axes: [1] }), input("x", "f32", [texts, columns])))));
      return { train: { loss, update: sgd(loss) } };
    });
    const { flops, paddedFlops } = report(compileWithFacts(graph)).entryPoints.train;
    // Of a count of each row in each text, threads would look at all positions for each column.
    expect(flops).toBeLessThan((rows + 30 * texts * words) * columns * 2);
    expect(paddedFlops / flops).toBeLessThan(1.5);
    await expectRight(graph);
  });

  it("are put in order also where several are the same", async () => {
    const [texts, words, rows, columns] = [17, 61, 16411, 132];
    const graph = model("texts", () => {
      const vectors = broadcastTo(input("vectors", "f32", [texts, 1, columns]), [texts, words, columns]);
      const place = mul(input("bits", "i32", [texts, words]), iota([texts, words], 1));
      return { run: { table: scatterAdd(input("zeros", "f32", [rows, columns]), place, vectors) } };
    });
    const { flops, bytes } = report(compileWithFacts(graph)).entryPoints.run;
    expect(flops).toBeLessThan(10 * rows * columns);
    expect(bytes).toBeLessThan(1.2 * 2 * 4 * rows * columns);
    await expectRight(graph);
  });

  it("may be halves", async () => {
    const graph = trained([64, 96, 32], adam);
    expect(placing(graph, { storage: "f16" })).toHaveLength(1);
  });

  it("may lie in tables side by side", async () => {
    const graph = model("tables", () => {
      const x = input("x", "f32", [3, 21, 8]);
      const place = mul(input("bits", "i32", [3, 10]), add(iota([3, 10], 1), iota([3, 10], 0)));
      const loss = mean(
        square(tanh(gather(mul(x, param([3, 21, 8], { name: "w", init: normal(0, 1) })), place, { batch: 1 }))),
      );
      return { train: { loss, update: sgd(loss) } };
    });
    expect(placing(graph).length).toBeGreaterThan(0);
    await expectRight(graph);
  });

  it("are added by the condition where that is in memory", () => {
    const { steps, entry } = planOf(scatter(10, 12, 8), "run", {});
    const [{ traffic, targets }] = steps.filter(({ traffic: { cluster } }) => cluster.kind === "contract");
    const root = contractionOf(traffic)!;
    const context = { notes: new Map(), name: entry.name, stateOf: () => undefined, isExact: () => true };
    const heads = (loads: readonly Value[]): readonly string[] =>
      headsIn(lower({ ...traffic, loads }, { ...context, targets: (value) => targets.get(value) ?? [] }).body);
    expect(heads(traffic.loads).join()).toContain("if (own < 8u)");
    expect(heads([...traffic.loads, ...root.operands]).join()).not.toContain("own");
  });

  it("are those of this comparison alone", async () => {
    const graph = model("others", () => {
      const place = reshape(mul(input("bits", "i32", [10]), iota([10], 0)), [1, 10, 1]);
      const vectors = reshape(input("vectors", "f32", [10, 8]), [1, 10, 8]);
      const added = (match: Tensor<"bool", readonly [12, 10, 1]>) => sum(where(match, vectors, 0), { axes: [1] });
      const rows = iota([12, 10, 1], 0);
      return { run: { later: added(greater(rows, place)), twice: added(equal(mul(rows, 2), place)) } };
    });
    expect(placing(graph)).toEqual([]);
    await expectRight(graph);
  });
});
