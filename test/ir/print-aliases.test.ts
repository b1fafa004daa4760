/// A value with two names: a page, and what reads it back, has both.
import { describe, expect, test } from "vitest";
import { formatDot } from "../../compiler/format/dot.ts";
import { formatJson, readGraphJson } from "../../compiler/format/json.ts";
import { formatLatex } from "../../compiler/format/latex.ts";
import { formatMermaid } from "../../compiler/format/mermaid.ts";
import { derive } from "../../compiler/passes/all.ts";
import { add, div, exp, grad, input, log, mul, neg, sigmoid, sin, square, sum, type Value } from "../../ir/index.ts";
import { parseGraph } from "../../ir/parse.ts";
import { printGraph } from "../../ir/print.ts";
import { sameGraph } from "../../ir/verify.ts";
import { as, graphOf } from "../compiler/symbolic.ts";

const graph = derive(
  graphOf(() => {
    const left = input("left", "f32", [3]);
    const energy = as("energy", () => sum(square(sin(left))));
    const slope = as("slope", () => grad(energy as never, left) as Value);
    const loss = as("loss", () => sum(square(slope as never)));
    return { energy, loss } as never;
  }),
);
const text = printGraph(graph);

describe("a derivative that a variable holds", () => {
  test("is called by both names in text, which reads back", () => {
    expect(text).toContain("  slope = ∂energy/∂left\n");
    const back = parseGraph(text);
    expect(printGraph(back)).toBe(text);
    expect(sameGraph(graph, back)).toBe(true);
    expect(sameGraph(graph, parseGraph(text.replace("  slope = ∂energy/∂left\n", "")))).toBe(false);
  });

  test("in LaTeX, in drawings and as data", () => {
    expect(formatLatex(graph)).toMatch(/slope.* &= .*energy.*left/);
    for (const drawing of [formatDot(graph), formatMermaid(graph)]) expect(drawing).toContain("∂energy/∂left = slope");
    const read = readGraphJson(formatJson(graph));
    expect(printGraph(read)).toBe(text);
  });

  test("is named once where an output says so", () => {
    const shown = graphOf(() => {
      const left = input("left", "f32", [3]);
      const energy = as("energy", () => sum(square(sin(left))));
      return { energy, slope: as("slope", () => grad(energy as never, left) as Value) } as never;
    });
    const lines = printGraph(derive(shown)).split("\n");
    expect(lines.filter((line) => line.includes("slope"))).toEqual(["  output slope = ∂energy/∂left"]);
  });

  test.each<readonly [string, (x: Value) => Value]>([
    ["a function", sigmoid as (x: Value) => Value],
    ["a formula that becomes one", (x) => div(1, add(1, exp(neg(x as never) as never)))],
  ])("that is %s which the user named as well is called what the user calls it", (_, formula) => {
    const text = printGraph(derive(twice(formula)));
    expect(text).toContain("  a = sigmoid(x)");
    expect(text).toContain("  A = sum(a)");
    expect(text).toContain("  output dD = a");
    expect(text).not.toContain("∂D/∂x");
  });

  test("keeps its name where the user's is that of a formula of it", () => {
    const graph = graphOf(() => {
      const x = input("x", "f32", [3]);
      const D = as("D", () => sum(exp(sin(x))));
      const step = as("step", () => mul(grad(D, x), 1));
      return { D, step, twice: add(step, step) };
    });
    expect(printGraph(derive(graph))).toContain("output step = ∂D/∂x");
  });
});

/** A value `a` that is the derivative of D as well. */
const twice = (formula: (x: Value) => Value) =>
  graphOf(() => {
    const x = input("x", "f32", [3]);
    const a = as("a", () => formula(x));
    const A = as("A", () => sum(a as never)) as never;
    const d = as("d", () => log(add(1, exp(x))));
    const D = as("D", () => sum(d));
    return { A, D, dA: grad(A, x), dD: grad(D, x) };
  });
