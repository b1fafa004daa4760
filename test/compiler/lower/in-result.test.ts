/// Where loops over a long row share what takes a function: it lies in the result until that takes its place.
import { describe, expect, it } from "vitest";
import {
  div,
  exp,
  input,
  log1p,
  matmul,
  model,
  mul,
  reshape,
  softmax,
  sub,
  sum,
  tanh,
  transpose,
  type Graph,
} from "chainrule";
import { compile } from "../../../compiler/compile.ts";
import { expectRight } from "../agree.ts";

const kept = "// Kept where the result will be, for what comes below.";

const long = (rows: number, columns: number): Graph =>
  model("long", () => ({ run: { y: softmax(input("x", "f32", [rows, columns]), 1) } }));

const textOf = (graph: Graph, storage: "f32" | "f16" = "f32"): string =>
  compile(graph, { storage })
    .kernels.map(({ wgsl }) => wgsl)
    .join("\n");

const exponentials = (text: string): number => text.slice(text.indexOf("fn main")).split("exponential4(").length - 1;

/** Two results of every element, in which the one is read for the other. */
const two = (): Graph =>
  model("two", () => {
    const e = exp(input("x", "f32", [1024, 160]));
    const share = div(e, sum(e, { axes: [1], keepAxes: true }));
    return { run: { share, rest: sub(mul(share, 3), log1p(share)) } };
  });

describe("exponentials of a long row", () => {
  it("are computed once for the total and for the shares", async () => {
    const text = textOf(long(1024, 160));
    expect(text).toContain(kept);
    expect(exponentials(text)).toBe(1);
    await expectRight(long(1024, 160));
  });
  it("stay in registers where a row is short", () => {
    expect(textOf(long(1024, 16))).not.toContain(kept);
  });
  it("are computed again where the result is of halves", () => {
    const twice = model("twice", () => {
      const x = input("x", "f32", [1024, 160]);
      return { run: { y: matmul(softmax(x, 1), transpose(x)) } };
    });
    expect(textOf(twice)).toContain(kept);
    expect(textOf(twice, "f16")).not.toContain(kept);
  });
  it("are kept one by one where rows are no multiple of four", async () => {
    expect(textOf(long(1024, 161))).toContain(kept);
    await expectRight(long(1024, 161));
  });
  it("are computed again where threads have no row of their own: they would write beside another's", async () => {
    expect(textOf(long(1025, 160))).not.toContain(kept);
    await expectRight(long(1025, 160));
  });
  it("lie there also where the result has another shape, and what follows is computed in it", async () => {
    const reshaped = model("reshaped", () => {
      const shares = softmax(input("x", "f32", [1024, 160]), 1);
      return { run: { y: mul(reshape(shares, [1024, 20, 8]), input("scale", "f32", [20, 1])) } };
    });
    expect(textOf(reshaped)).toContain(kept);
    expect(exponentials(textOf(reshaped))).toBe(1);
    await expectRight(reshaped);
  });
  it("are computed again where they are the same for all rows", async () => {
    const weighed = model("weighed", () => {
      const [x, weight] = [input("x", "f32", [1024, 160]), tanh(input("weight", "f32", [160]))];
      return { run: { y: div(mul(x, weight), sum(mul(mul(x, x), weight), { axes: [1], keepAxes: true })) } };
    });
    expect(textOf(weighed)).not.toContain(kept);
    await expectRight(weighed);
  });
  it("are read before any result is written", async () => {
    expect(textOf(two())).toContain(kept);
    await expectRight(two());
  });
});
