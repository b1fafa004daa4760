import { describe, expect, it } from "vitest";
import {
  adam,
  add,
  dense,
  embedding,
  equal,
  exp,
  greater,
  input,
  iota,
  model,
  mul,
  reshape,
  sin,
  softmaxCrossEntropy,
  sum,
  where,
  type Graph,
} from "chainrule";
import { entryPointRoots } from "../../../ir/graph.ts";
import { contractAttrs } from "../../../ir/ops/contract.ts";
import { postorder } from "../../../ir/value.ts";
import { expectRight } from "../agree.ts";
import { finalGraph, loadModel } from "../planning.ts";

/** The products with a condition that kernels of a model compute. */
function picking(graph: Graph): readonly (readonly number[])[] {
  const { entryPoints } = finalGraph(graph, {});
  const values = postorder(entryPointRoots(entryPoints[0]));
  return values
    .filter((value) => value.op.kind === "contraction" && contractAttrs(value).picks)
    .map(({ type }) => type.shape as readonly number[]);
}

/** Rows of a table that vectors are added to. */
const scatter = (letters: number, rows: number, columns: number): Graph =>
  model("scatter", () => {
    const place = reshape(input("place", "i32", [letters]), [letters, 1, 1]);
    const vectors = reshape(input("vectors", "f32", [letters, columns]), [letters, 1, columns]);
    const isRow = equal(place, iota([1, rows, 1], 1, "i32"));
    return { run: { table: sum(where(isRow, vectors, 0), { axes: [0] }) } };
  });

describe("a sum of what a condition picks", () => {
  it.each([
    [37, 9, 12],
    [6, 21, 5],
    [130, 64, 33],
  ])("is a product: %i vectors of a table [%i, %i]", async (letters, rows, columns) => {
    const graph = scatter(letters, rows, columns);
    expect(picking(graph)).toEqual([[rows, columns]]);
    await expectRight(graph);
  });

  it("is none of what several terms share, since a product would have each of them", () => {
    const graph = model("shared", () => {
      const place = reshape(input("place", "i32", [6, 9]), [6, 1, 9, 1]);
      const vectors = reshape(input("vectors", "f32", [6, 12]), [6, 1, 1, 12]);
      const isBelow = greater(place, iota([1, 21, 1, 1], 1, "i32"));
      return { run: { table: sum(where(isBelow, vectors, 0), { axes: [0, 2] }) } };
    });
    expect(picking(graph)).toEqual([]);
  });

  it("is the gradient of an embedding", async () => {
    const graph = model("letters", () => {
      const letters = input("letters", "i32", [9]);
      const loss = softmaxCrossEntropy(dense(embedding(letters, 7, 8), 7), letters);
      return { train: { loss, update: adam(loss) } };
    });
    expect(picking(graph)).toEqual([[7, 8]]);
    await expectRight(graph);
  });

  it("is found at once, however many read what it is made of", () => {
    const deep = model("deep", () => {
      const [x, m] = [input("x", "f32", [8, 16]), input("m", "f32", [8, 16])];
      let y = x;
      // Walked through anew for every reader, this would take 2⁴⁰ steps.
      for (let i = 0; i < 40; i++) y = sin(add(mul(y, exp(y)), i));
      return { run: { total: sum(where(greater(m, 0), y, 0), { axis: 1 }) } };
    });
    expect(picking(deep)).toEqual([]);
  });

  it("stays a sum where it has few rows or columns, and where a condition hangs on both", () => {
    expect(picking(scatter(9, 3, 8))).toEqual([]);
    expect(picking(scatter(9, 8, 3))).toEqual([]);
    const both = model("both", () => {
      const [x, mask] = [input("x", "f32", [9, 1, 8]), input("mask", "bool", [9, 7, 8])];
      return { run: { y: sum(where(mask, x, 0), { axes: [0] }) } };
    });
    expect(picking(both)).toEqual([]);
  });

  it("leaves ∞ and NaN in the rows that they are added to", async () => {
    const module = await loadModel(scatter(4, 5, 8));
    const vectors = new Float32Array(32).fill(1);
    vectors.fill(Infinity, 0, 8).fill(NaN, 8, 16);
    const { table } = await module.run({ place: Int32Array.of(0, 2, 4, 4), vectors });
    const first = [...(table as Float32Array)].filter((_, i) => i % 8 === 0);
    expect(first).toEqual([Infinity, 0, NaN, 0, 2]);
    module.destroy();
  });
});
