/// Products of few rows whose columns have several axes: which have them side by side, and that results stay what they are.
import { einsum, input, model, type Graph } from "chainrule";
import { describe, expect, it } from "vitest";
import { runPasses } from "../../../compiler/pass.ts";
import { partColumns } from "../../../compiler/passes/part-columns.ts";
import { evaluateValues } from "../../../ir/evaluate.ts";
import { expectRight } from "../agree.ts";
import { drawFeeds } from "./corpus.ts";

/** A product in the notation of einsum; extents stand beside their letters. */
const product = (formula: string, extents: Readonly<Record<string, number>>): Graph =>
  model("product", () => {
    const [a, b] = formula.split("->")[0].split(",");
    const read = (name: string, axes: string) =>
      input(
        name,
        "f32",
        [...axes].map((axis) => extents[axis]),
      );
    return { run: { y: einsum(formula, read("a", a), read("b", b)) } };
  });

describe("columns of several axes", () => {
  it.each([
    ["of one row", "bk,bkuv->buv", { b: 32, k: 40, u: 3, v: 3 }],
    ["of two rows", "brk,bkuv->bruv", { b: 32, r: 2, k: 40, u: 3, v: 3 }],
    ["of rows of two axes", "brsk,bkuv->brsuv", { b: 32, r: 1, s: 3, k: 24, u: 3, v: 3 }],
    ["of three axes", "bk,bkuvw->buvw", { b: 32, k: 40, u: 2, v: 3, w: 3 }],
    ["in two batches", "abk,abkuv->abuv", { a: 2, b: 32, k: 40, u: 3, v: 3 }],
    ["summed over two axes", "bkl,bukvl->buv", { b: 32, k: 6, l: 7, u: 3, v: 3 }],
  ])("%s lie side by side", async (_, formula, extents) => {
    const graph = product(formula, extents);
    const parted = runPasses(graph, [partColumns]);
    expect(parted).not.toBe(graph);
    const { feeds } = drawFeeds(graph, 1);
    const [before, after] = [graph, parted].map((each) => {
      const [{ value }] = each.entryPoints[0].outputs;
      return evaluateValues([value], feeds).get(value)!;
    });
    expect(after).toEqual(before);
    expect(new Set(before).size).toBeGreaterThan(before.length / 2);
    await expectRight(graph);
  });

  it.each([
    ["fours fit as they are", "bk,bkuv->buv", { b: 8, k: 40, u: 4, v: 4 }],
    ["threads share many rows", "brk,bkuv->bruv", { b: 8, r: 8, k: 40, u: 3, v: 3 }],
    ["there is one axis", "bk,bku->bu", { b: 8, k: 40, u: 9 }],
  ])("stay together where %s", (_, formula, extents) => {
    const graph = product(formula, extents);
    expect(runPasses(graph, [partColumns])).toBe(graph);
  });
});
