/// Products whose operands change sides: which do, and that results stay what they are.
import { describe, expect, it } from "vitest";
import {
  contract,
  dense,
  div,
  einsum,
  gradientDescent,
  input,
  matmul,
  meanSquaredError,
  model,
  mul,
  param,
  relu,
  reshape,
  softmax,
  sum,
  tanh,
  transpose,
  type Graph,
  type Value,
} from "chainrule";
import { runPasses } from "../../../compiler/pass.ts";
import { derive, simplifyAfterBinding } from "../../../compiler/passes/all.ts";
import { kernelPasses } from "../../../compiler/passes/kernel-passes.ts";
import { turnProducts } from "../../../compiler/passes/turn-products.ts";
import { evaluateValues } from "../../../ir/evaluate.ts";
import { printGraph } from "../../../ir/print.ts";
import { expectRight } from "../agree.ts";
import { drawFeeds } from "./corpus.ts";

const graphOf = (build: () => Value) => model("m", () => ({ run: { y: build() } }));
const after = (build: () => Value): string => printGraph(runPasses(graphOf(build), [turnProducts]));
const isTurned = (build: () => Value): boolean => after(build) !== printGraph(graphOf(build));

const matrix = (name: string, rows = 128, columns = 64): Value => input(name, "f32", [rows, columns]);
/** aᵀ·b, which transposes what it reads of a. */
const inner = (a: Value, b: Value): Value => contract(a, b, { batch: [], contracted: [[0, 0]] });
/** a·bᵀ, which transposes what it reads of b. */
const outer = (a: Value, b: Value): Value => contract(a, b, { batch: [], contracted: [[1, 1]] });

const extents: Readonly<Record<string, number>> = { a: 3, b: 2, i: 16, j: 8, k: 12, n: 32, u: 4, v: 8 };
const tensor = (name: string, axes: string): Value =>
  input(
    name,
    "f32",
    [...axes].map((axis) => extents[axis]),
  );

/** Products, and what reads them along the axes that they do not lie along. */
const read: readonly (readonly [string, string, string])[] = [
  ["it has rows and columns", "ki,kj->ij", "nj,ij->ni"],
  ["it stands on the left", "ki,kj->ij", "ij,in->jn"],
  ["it is one of a batch", "bki,bkj->bij", "bnj,bij->bni"],
  ["it is one of a batch of batches", "abki,abkj->abij", "abnj,abij->abni"],
  ["rows have two axes", "kuv,kj->uvj", "nj,uvj->nuv"],
  ["columns have two axes", "ki,kuv->iuv", "nuv,iuv->ni"],
  ["axes of columns are read in another order", "ki,kuv->iuv", "nvu,iuv->ni"],
  ["a layout stands between", "ki,kj->ji", "nj,ji->ni"],
];

/** True where a product is turned on the way to kernels. */
function turnsToKernels(graph: Graph): boolean {
  let turns = false;
  runPasses(simplifyAfterBinding(derive(graph)), kernelPasses(), (pass, before, after) => {
    if (pass === turnProducts && after !== before) turns = true;
  });
  return turns;
}

describe("a product with few columns", () => {
  const times = (columns: number, rows = 64) => matmul(input("a", "f32", [rows, 32]), input("b", "f32", [32, columns]));

  it("has them as rows", () => {
    expect(after(() => times(1))).toContain("(bᵀ @ aᵀ)ᵀ");
    expect(isTurned(() => times(3))).toBe(true);
    expect(isTurned(() => times(4))).toBe(false);
  });

  it("stays where it has as few rows, or where these are not known", () => {
    expect(isTurned(() => times(3, 3))).toBe(false);
    expect(isTurned(() => times(2, 3))).toBe(true);
    expect(isTurned(() => matmul(input("a", "f32", ["batch", 32]), input("b", "f32", [32, 1])))).toBe(false);
  });

  it.each([
    ["a column", "nk,kc->nc", 1],
    ["two columns", "nk,kc->nc", 2],
    ["three columns", "nk,kc->nc", 3],
    ["columns of a matrix on its side", "kn,kc->nc", 3],
    ["columns that lie as rows", "nk,ck->nc", 2],
    ["a batch of columns", "bnk,bkc->bnc", 1],
    ["rows of two axes", "bnk,kc->bnc", 3],
    ["columns of two axes", "nk,kcd->ncd", 1],
  ])("is right with %s", async (_, formula, columns) => {
    for (const [n, k] of [
      [64, 128],
      [33, 19],
      [7, 3],
    ]) {
      const extents: Readonly<Record<string, number>> = { b: 5, n, k, c: columns, d: 2 };
      const [a, b] = formula.split("->")[0].split(",");
      const read = (name: string, axes: string): Value =>
        input(
          name,
          "f32",
          [...axes].map((axis) => extents[axis]),
        );
      const graph = graphOf(() => einsum(formula, read("left", a), read("right", b)));
      expect(turnsToKernels(graph)).toBe(true);
      await expectRight(graph);
    }
  });

  it("is right with what follows it, and as a slope", async () => {
    const graph = model("layers", () => {
      const hidden = relu(dense(input("x", "f32", [40, 12]), 24, { name: "hidden" }));
      const loss = meanSquaredError(dense(hidden, 1, { name: "out" }), input("t", "f32", [40, 1]));
      return { train: { loss, update: gradientDescent(loss) } };
    });
    expect(turnsToKernels(graph)).toBe(true);
    await expectRight(graph);
  });
});

describe("a product that products read", () => {
  it("changes sides where they would transpose it", () => {
    expect(after(() => outer(matrix("c"), inner(matrix("a", 32), matrix("b", 32))))).toContain("(bᵀ @ a)");
    expect(isTurned(() => outer(matrix("c"), transpose(inner(matrix("a", 32), matrix("b", 32)))))).toBe(false);
  });

  it("stays where they read it as it lies, or where something else reads it", () => {
    const product = (): Value => inner(matrix("a", 32), matrix("b", 32));
    expect(isTurned(() => matmul(matrix("c"), product()))).toBe(false);
    expect(isTurned(() => outer(matrix("c"), tanh(product())))).toBe(false);
    const twice = (): Value => {
      const y = product();
      return mul(sum(outer(matrix("c"), y)), y);
    };
    expect(isTurned(twice)).toBe(false);
  });

  it("stays where its tiles would reach beyond its edges", () => {
    expect(isTurned(() => outer(matrix("c", 128, 65), inner(matrix("a", 32), matrix("b", 32, 65))))).toBe(false);
  });

  it.each(read)("gives the same numbers where %s, in the interpreter and on the device", async (_, product, reader) => {
    const graph = graphOf(() => {
      const [sides, terms] = [product, reader].map((each) => each.split("->")[0].split(","));
      const turning = einsum(product, tensor("a", sides[0]), tensor("b", sides[1]));
      const read = terms.map((axes) => (axes.includes("n") ? tensor("x", axes) : turning));
      return einsum(reader, read[0], read[1]);
    });
    const turned = runPasses(graph, [turnProducts]);
    expect(turned).not.toBe(graph);
    const { feeds } = drawFeeds(graph, 1);
    const [before, after] = [graph, turned].map((each) => {
      const [{ value }] = each.entryPoints[0].outputs;
      return evaluateValues([value], feeds).get(value)!;
    });
    expect(after).toEqual(before);
    expect(new Set(before).size).toBeGreaterThan(before.length / 2);
    expect(turnsToKernels(graph)).toBe(true);
    await expectRight(graph);
  });

  it("is the slope of the keys of two heads, and is right", async () => {
    const graph = model("attention", () => {
      const x = input("x", "f32", [2, 16, 16]);
      const [q, k, v] = ["q", "k", "v"].map((name) => {
        return transpose(reshape(matmul(x, param([16, 16], { name })), [2, 16, 2, 8]), [0, 2, 1, 3]);
      });
      const scores = div(matmul(q, transpose(k, [0, 1, 3, 2])), Math.sqrt(8));
      const heads = matmul(softmax(scores), v);
      const loss = sum(mul(heads, heads));
      return { train: { loss, update: gradientDescent(loss, { learningRate: 0.1 }) } };
    });
    expect(turnsToKernels(graph)).toBe(true);
    await expectRight(graph);
  });
});
