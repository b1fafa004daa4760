/// Every graph that lies about as a file comes out in every format, and as LaTeX that TeX can read.
import { describe, expect, test } from "vitest";
import { formatDot } from "../../../compiler/format/dot.ts";
import { formatLatex } from "../../../compiler/format/latex.ts";
import { formatMermaid } from "../../../compiler/format/mermaid.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import { derive } from "../../../compiler/passes/all.ts";
import type { Graph } from "../../../ir/graph.ts";
import { cos, input, matmul, model, sin } from "../../../ir/index.ts";
import { loadSample, passFixtures, samples } from "../passes/corpus.ts";
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
  const drawnAgain = formatMermaid(graph).matchAll(/^ *(n\d+ -->|step\d+ -. repeated .->) n\d+$/gm);
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
