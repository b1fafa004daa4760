/// A value with two names: a page, and what reads it back, has both.
import { describe, expect, test } from "vitest";
import { formatDot } from "../../compiler/format/dot.ts";
import { formatJson, readGraphJson } from "../../compiler/format/json.ts";
import { formatLatex } from "../../compiler/format/latex.ts";
import { formatMermaid } from "../../compiler/format/mermaid.ts";
import { derive } from "../../compiler/passes/all.ts";
import { grad, input, sin, square, sum, type Value } from "../../ir/index.ts";
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
});
