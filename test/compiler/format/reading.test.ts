/// What formats show alike: drawings, the steps of loops, and what is shared.
import { describe, expect, test } from "vitest";
import { formatDot } from "../../../compiler/format/dot.ts";
import { formatJson } from "../../../compiler/format/json.ts";
import { formatLatex } from "../../../compiler/format/latex.ts";
import { formatMermaid } from "../../../compiler/format/mermaid.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { grad, input, matmul, model, param, scan } from "../../../ir/index.ts";
import { sum, tanh } from "../../../ir/index.ts";
import { add } from "../../../ir/ops/arithmetic.ts";
import { greater } from "../../../ir/ops/compare.ts";
import { sin } from "../../../ir/ops/trigonometric.ts";
import { mul } from "../../../ir/ops/arithmetic.ts";
import { parseGraph } from "../../../ir/parse.ts";
import { printGraph, printValue } from "../../../ir/print.ts";
import { sameGraph } from "../../../ir/verify.ts";
import { as } from "../symbolic.ts";
import { expectBalanced } from "./balance.ts";
import { graphOf, leaf, loops } from "../../ir/graphs.ts";
import { classifier } from "./models.ts";

describe("Mermaid", () => {
  const text = formatMermaid(derive(classifier));

  test("has the nodes and arrows of the drawing", () => {
    expect(text).toMatch(/^flowchart TB\n/);
    expect(text).toContain('["<b>W1</b><br/>f32[3, 4]"]:::parameter');
    expect(text).toMatch(/subgraph backward\n.*<b>∂L\/∂z2<\/b><br\/>ŷ - y/);
    const nodes = new Set([...text.matchAll(/^ +(n\d+)[[(]/gm)].map(([, id]) => id));
    const ends = [...text.matchAll(/(n\d+) -->(?:\|\d+\|)? (n\d+)/g)].flatMap(([, from, to]) => [from, to]);
    expect(ends.length).toBeGreaterThan(10);
    expect(ends.filter((id) => !nodes.has(id))).toEqual([]);
    expect(text.match(/^ {2}subgraph /gm)?.length).toBe(text.match(/^ {2}end$/gm)?.length);
  });

  test("characters that Mermaid reads itself are escaped", () => {
    const drawn = formatMermaid(graphOf({ r: greater(leaf('a"<b>#&_*', [2]), 0) }));
    expect(drawn).toContain("<b>a#quot;#lt;b#gt;#35;#amp;#95;#42;</b>");
  });
});

describe("the steps of loops are shown", () => {
  const graph = derive(
    model("recurrent", () => {
      const [x, W] = [input("x", "f32", ["time", 3]), param([3, 3], { name: "W" })];
      const start = input("start", "f32", [3]);
      const { carry } = scan(
        ([h], [word]) => {
          const [carried, read] = [as("h", () => h), as("word", () => word)];
          const z = as("z", () => add(matmul(carried, W), read));
          return { carry: [tanh(z)] };
        },
        { initial: [start], sequences: [x] },
      );
      const L = as("L", () => sum(carry[0]));
      return { train: { L, slope: grad(L, W) } };
    }),
  );

  test("in LaTeX, with arrows to what the next step finds", () => {
    const text = formatLatex(graph);
    expectBalanced(text);
    expect(text).toContain(
      String.raw`&\mathrm{step}_{1} \text{ over } \mathrm{time}\text{, carry } h\text{, element } \mathrm{word}\text{, capture } W\text{:}`,
    );
    expect(text).toContain(String.raw`  h &\leftarrow \tanh z \\`);
    expect(text).toContain(
      String.raw`\operatorname{scan}_{\mathrm{step}_{1}}\left(\mathrm{start}, x, W, \text{final } h, \text{every } h\right)`,
    );
    expect(text).toContain(
      String.raw`&\mathrm{step}_{2} \text{ reversed over } \mathrm{time}\text{, carries } \frac{\partial L}{\partial h}, `,
    );
    const total = String.raw`\frac{\partial L}{\partial W}`;
    expect(text).toContain(`  ${total} &\\leftarrow ${total} + `);
  });

  test("in DOT and Mermaid, as areas of their own, each with one arrow that leads out: to the loop that repeats it", () => {
    const [dot, mermaid] = [formatDot(graph), formatMermaid(graph)];
    const areas = [
      [...dot.matchAll(/subgraph "cluster_step\d" \{\n.*label="(.*?)"[^]*?\n {2}\}/g)],
      [...mermaid.matchAll(/subgraph step\d\["(.*?)"\]\n[^]*?\n {2}end/g)],
    ];
    for (const [area, text] of [
      [areas[0], dot],
      [areas[1], mermaid],
    ] as const) {
      expect(area.map(([, title]) => title)).toEqual(["step1 over time", "step2 reversed over time"]);
      const owners = new Map(
        area.flatMap(([block], i) => [...block.matchAll(/\b(n\d+)[ [(]/g)].map(([, id]) => [id, i])),
      );
      expect(owners.size).toBeGreaterThan(12);
      const arrows = [...text.matchAll(/(n\d+) --?> (n\d+)(?! \[ltail)/g)];
      expect(arrows.filter(([, from, to]) => owners.has(from) || owners.has(to)).length).toBeGreaterThan(10);
      for (const [arrow, from, to] of arrows) expect(owners.get(from), arrow).toBe(owners.get(to));
      const out = [...text.matchAll(/(?:ltail="cluster_|^ *)(step\d)(?=", style| -. repeated)/gm)];
      expect(out.map(([, name]) => name)).toEqual(["step1", "step2"]);
      expect(text).toMatch(/<b>h<\/b> ←/i);
      expect(text).toContain("carry f32[3]");
      expect(text).toMatch(/<b>∂L\/∂W<\/b>.*scan step2/i);
    }
  });

  test("loops within loops as well", () => {
    const nested = graphOf({ r: loops() });
    expect(formatLatex(nested)).toContain(String.raw`&\mathrm{step}_{2} \text{ over } \mathrm{time}`);
    expect(formatDot(nested).match(/subgraph "cluster_step/g)).toHaveLength(2);
    expect(formatDot(nested).match(/ltail="cluster_step/g)).toHaveLength(2);
    expect(formatMermaid(nested)).toContain("step1 reversed over 4");
  });
});

describe("what is shared", () => {
  let doubled = leaf("x", [2]);
  for (let count = 0; count < 40; count++) doubled = add(sin(doubled), mul(doubled, doubled));
  const graph = graphOf({ r: doubled });

  test.each([
    ["text", printGraph(graph)],
    ["LaTeX", formatLatex(graph)],
    ["DOT", formatDot(graph)],
    ["Mermaid", formatMermaid(graph)],
    ["JSON", formatJson(graph)],
    ["one value", printValue(doubled)],
  ])("is written once in %s", (_, text) => expect(text.length).toBeLessThan(50_000));

  test("and reads back", () => expect(sameGraph(graph, parseGraph(printGraph(graph)))).toBe(true));
});
