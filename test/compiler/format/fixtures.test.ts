/// Every graph that lies about as a file comes out in every format, and as LaTeX that TeX can read.
import { describe, expect, test } from "vitest";
import { formatDot } from "../../../compiler/format/dot.ts";
import { formatLatex, latexValue } from "../../../compiler/format/latex.ts";
import { formatMermaid } from "../../../compiler/format/mermaid.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { graphValues, type Graph } from "../../../ir/graph.ts";
import { broadcastTo, cos, input, matmul, model, reshape, sin, sub, sum, tanh } from "../../../ir/index.ts";
import { printValue } from "../../../ir/print.ts";
import type { Value } from "../../../ir/value.ts";
import { loadSample, passFixtures, randomTraining, samples } from "../passes/corpus.ts";
import { expectBalanced } from "./balance.ts";

/** Braces balance; no function is followed by another factor; arrows lead from and to what is drawn. */
function expectReadable(graph: Graph): void {
  const latex = formatLatex(graph);
  expectBalanced(latex);
  expect(latex).not.toMatch(/\\(?:sin|cos|tan|tanh|ln|exp) \w+ \\(?:,|odot|cdot) /);
  expect(latex).not.toMatch(/\^\{[^{}]*\}\^\{|_\{[^{}]*\}_\{|undefined/);
  const dot = formatDot(graph);
  const drawn = new Set([...dot.matchAll(/^ *(n\d+) \[/gm)].map(([, id]) => id));
  const arrows = [...dot.matchAll(/^ *(n\d+) -> (n\d+)/gm)];
  for (const [, from, to] of arrows) expect([drawn.has(from), drawn.has(to)]).toEqual([true, true]);
  expect(new Set(arrows.map(([, from, to]) => `${from} ${to}`)).size).toBe(arrows.length);
  // In Mermaid an arrow may begin at an area: that of the step which a loop repeats.
  const drawnAgain = formatMermaid(graph).matchAll(/^ *(n\d+ -->(?:\|\d+\|)?|step\d+ -. repeated .->) n\d+$/gm);
  expect([...drawnAgain]).toHaveLength(arrows.length);
}

describe("fixtures", () => {
  test.each(passFixtures().map(({ folder, name, graph }) => [`${folder}/${name}`, graph] as const))(
    "%s",
    (_, graph) => {
      expectReadable(graph);
    },
  );
});

/** Leaves under their own names: formulas of one graph say what they are made of. */
function leavesOf(values: readonly Value[]): ReadonlyMap<Value, string> {
  const leaves = values.filter(({ op }) => op.kind === "leaf" && !op.structural);
  return new Map(leaves.map((leaf, i) => [leaf, `x${i}`]));
}

describe("LaTeX tells apart what text tells apart", () => {
  const graphs = [
    ...passFixtures().map(({ folder, name, graph }) => [`${folder}/${name}`, graph] as const),
    ...Array.from({ length: 40 }, (_, seed) => [`random ${seed}`, derive(randomTraining(seed))] as const),
  ];
  test.each(graphs)("in %s", (_, graph) => {
    const values = graphValues(graph);
    const names = leavesOf(values);
    const texts = new Map<string, string>();
    for (const value of values) {
      if (names.has(value)) continue;
      const [text, latex] = [printValue(value, names), latexValue(value, names)];
      expect(texts.get(latex) ?? text).toBe(text);
      texts.set(latex, text);
    }
  });
});

test("axes along which a value is repeated are said", () => {
  const repeated = model("repeated", () => {
    const [x, m, row] = [input("x", "f32", ["n", 3]), input("m", "f32", ["n"]), input("row", "f32", [3])];
    const along = broadcastTo(reshape(m, ["n", 1]), ["n", 3]);
    const places = broadcastTo(reshape(m, ["n", 1, 1]), ["n", 3, 4]);
    return { run: { a: sub(x, along), b: sub(x, row), c: tanh(places), d: sum(x, { axis: 1, keepAxes: true }) } };
  });
  const latex = formatLatex(derive(repeated));
  expect(latex).toContain("x - {m}_{i}");
  expect(latex).toContain("x - \\mathrm{row}");
  expect(latex).toContain("(n, 3, 4), \\text{axes } (i)");
  expect(latex).toContain("\\operatorname{sum}_{j}\\left(x, \\text{keepAxes}\\right)");
});

test.each(samples.map(({ name }) => name))("the sample %s, as it is written and derived", async (name) => {
  const graph = await loadSample(name);
  expectReadable(graph);
  expectReadable(derive(graph));
});

test("a recurrent network", async () => {
  expectReadable(derive(await loadModel("test/compiler/explain/fixtures/recurrent.ts", { typeCheck: false })));
});

test("a function within a product has brackets", () => {
  const turned = model("turned", () => {
    const [q, W] = [input("q", "f32", ["n", 3]), input("W", "f32", [3, 2])];
    return { run: { a: matmul(sin(q), W), b: matmul(cos(q), W) } };
  });
  expect(formatLatex(turned)).toContain("\\left(\\sin q\\right) \\, W");
});
