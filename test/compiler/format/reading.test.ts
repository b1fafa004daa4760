import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { formatDot } from "../../../compiler/format/dot.ts";
import { formatJson, graphAsData, readGraphJson } from "../../../compiler/format/json.ts";
import { formatLatex } from "../../../compiler/format/latex.ts";
import { formatMermaid } from "../../../compiler/format/mermaid.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { graphAtStage, stages } from "../../../compiler/passes/stages.ts";
import { stopAt } from "../../../compiler/passes/stop-at.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import { graphValues, type Graph } from "../../../ir/graph.ts";
import { adam, exp, grad, input, less, matmul, mean, minimum, model, param, scan } from "../../../ir/index.ts";
import { square, sum, tanh, where, withDerivative, type Tensor } from "../../../ir/index.ts";
import { add } from "../../../ir/ops/arithmetic.ts";
import { greater } from "../../../ir/ops/compare.ts";
import { sin } from "../../../ir/ops/trigonometric.ts";
import { mul } from "../../../ir/ops/arithmetic.ts";
import { parseGraph } from "../../../ir/parse.ts";
import { printGraph, printValue } from "../../../ir/print.ts";
import { sameGraph, verifyGraph } from "../../../ir/verify.ts";
import { as } from "../symbolic.ts";
import { expectBalanced } from "./balance.ts";
import { graphOf, leaf, loops } from "../../ir/graphs.ts";
import { buildPlan, planOf } from "../../random/plan.ts";

const classifier = await loadModel("samples/classifier/model.ts", { typeCheck: false });
const trained = model("trained", () => {
  const [x, W] = [input("x", "f32", ["batch", 2]), param([2, 3], { name: "W" })];
  const h = as("h", () => tanh(matmul(x, W)));
  const L = as("L", () => mean(square(h)));
  return { predict: { h }, train: { L, update: adam(L) }, look: { saliency: grad(L, x) } };
});

describe("JSON", () => {
  test.each([
    ["a model", classifier],
    ["its gradient", derive(classifier)],
    ["updates of states", derive(trained)],
    ["numbers that JSON lacks", graphOf({ r: add(add(leaf("x", [2]), -Infinity), mul(leaf("y", [2]), -0)) })],
    ["loops", graphOf({ r: loops() })],
  ])("%s reads back", (_, graph) => expectJson(graph));

  const seeds = Array.from({ length: 40 }, (_, i) => i + 1);
  test.each(seeds)("the random graph of seed %i reads back, also differentiated", (seed) => {
    const graph = buildPlan(planOf(seed, 40));
    expectJson(graph);
    expectJson(derive(graph));
  });

  test("every field is documented", () => {
    const { values, bodies, entryPoints, ...head } = graphAsData(derive({ ...graphOf({ r: loops() }) }));
    const entries = [entryPoints, graphAsData(derive(trained)).entryPoints].flat();
    const parts = [{ values, bodies, entryPoints, ...head }, ...values, ...bodies, ...entries];
    const page = readFileSync("docs/graph-json.md", "utf8");
    for (const field of new Set(parts.flatMap((part) => Object.keys(part)))) expect(page).toContain(`\`${field}\``);
  });

  test("derivatives that the model supplies read back as rules", () => {
    const supplied = model("supplied", () => {
      const x = input("x", "f32", ["batch", 3]);
      const clipped = withDerivative(
        (v: Tensor<"f32", readonly ["batch", 3]>) => minimum(v, 1),
        (cotangent, { operands: [v], result }) => [mul(cotangent, where(less(v, 1), result, 0))],
        { name: "clipped" },
      );
      const outer = withDerivative(
        (a: Tensor<"f32", readonly ["batch", 3]>, b: Tensor<"f32", readonly ["batch", 3]>) => mul(a, b),
        (cotangent, { operands: [a] }) => [null, mul(cotangent, clipped(a))],
        { name: "outer", exact: false },
      );
      type Row = Tensor<"f32", readonly ["batch", 3]>;
      const itself: (v: Row) => Row = withDerivative(
        (v: Row) => exp(v),
        (cotangent, { operands: [v] }) => [mul(cotangent, itself(v))],
        { name: "itself" },
      );
      const loss = sum(outer(clipped(itself(x)), square(x)));
      return { run: { loss, dx: grad(loss, x) } };
    });
    const text = formatJson(supplied);
    const back = verifyGraph(readGraphJson(text));
    expect(formatJson(back)).toBe(text);
    expect(printGraph(derive(back))).toBe(printGraph(derive(supplied)));
    expect(printGraph(derive(back))).toContain("∂loss/∂x");
    const { rules } = graphAsData(supplied);
    expect(rules.map(({ name, exact }) => [name, exact])).toEqual(
      expect.arrayContaining([
        ["clipped", true],
        ["itself", true],
        ["outer", false],
      ]),
    );
    const page = readFileSync("docs/graph-json.md", "utf8");
    for (const field of Object.keys(rules[0])) expect(page).toContain(`\`${field}\``);
  });

  test("derivatives say which half of a step they belong to", () => {
    const { values } = graphAsData(derive(classifier));
    const backward = values.filter(({ derivative }) => derivative === "backward");
    expect(backward.map(({ name }) => name)).toEqual(expect.arrayContaining(["∂L/∂z2", "∂L/∂h1", "∂L/∂W1", "∂L/∂W2"]));
    const back = readGraphJson(formatJson(derive(classifier)));
    expect(formatDot(back)).toBe(formatDot(derive(classifier)));
    expect(formatDot(parseGraph(printGraph(derive(classifier))))).toBe(formatDot(derive(classifier)));
  });

  test("every value says what it is, and a derived one where it comes from", () => {
    const { values } = graphAsData(derive(classifier));
    for (const value of values) {
      expect(value).toMatchObject({
        id: expect.any(Number),
        op: expect.any(String),
        type: { dtype: expect.any(String) },
      });
      expect(value.operands.every((id) => id < value.id)).toBe(true);
      if (value.name !== "key")
        expect(value.place, JSON.stringify(value)).toMatchObject({ file: "samples/classifier/model.ts" });
    }
  });

  test.each([
    ["no JSON", "{", "the syntax of JSON"],
    ["another version", '{"chainruleGraph":2}', "chainruleGraph 1: found 2"],
    [
      "an op that there is not",
      edited((value) => ({ ...value, op: "frobnicate" })),
      "ops of this version: found frobnicate",
    ],
    ["a wrong type", edited((value) => ({ ...value, type: { dtype: "f32", shape: [7] } })), "found f32[7]"],
    [
      "a user before its operand",
      edited((value) => ({ ...value, operands: [99] })),
      "operands before their users: found 99",
    ],
  ])("%s is refused", (_, text, message) => {
    expect(() => readGraphJson(text)).toThrow(
      expect.objectContaining({ code: "graph-data", message: expect.stringContaining(message) }),
    );
  });
});

/** The classifier's JSON with its last value changed. */
function edited(change: (value: Record<string, unknown>) => unknown): string {
  const data = JSON.parse(formatJson(classifier, { gradient: false })) as { values: Record<string, unknown>[] };
  return JSON.stringify({ ...data, values: [...data.values.slice(0, -1), change(data.values.at(-1)!)] });
}

function expectJson(graph: Graph): void {
  const text = formatJson(graph);
  const back = verifyGraph(readGraphJson(text));
  expect(sameGraph(graph, back), text).toBe(true);
  expect(formatJson(back)).toBe(text);
  for (const [value, { name, classes }] of graph.notes) {
    if (name === undefined || !graphValues(graph).includes(value)) continue;
    expect([...back.notes.values()].find((note) => note.name === name)?.classes).toEqual(classes);
  }
}

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

describe("stages", () => {
  test("every stage prints a graph that reads back, and the last is the derived one", () => {
    for (const { name } of stages()) {
      for (const stage of name === "forward" ? [name] : [name, `${name}:before`]) {
        const graph = graphAtStage(trained, stage);
        const text = printGraph(graph);
        expect(printGraph(parseGraph(text)), stage).toBe(text);
      }
    }
    expect(printGraph(graphAtStage(trained, stages().at(-1)!.name))).toBe(printGraph(derive(trained)));
    expect(new Set(stages().map(({ name }) => name)).size).toBe(stages().length);
  });
});

describe("stopping at names", () => {
  test("a letter stands for what is not shown", () => {
    const cut = stopAt(derive(classifier), ["z2", "h1"]);
    const text = printGraph(verifyGraph(cut));
    expect(text).toContain("letter h1: f32[batch, 4]");
    expect(text).not.toContain("@ W1");
    expect(text).not.toContain("parameter W1");
    expect(text).toContain("∂L/∂z2 = ŷ - y");
    expect(sameGraph(cut, parseGraph(text))).toBe(true);
    expectJson(cut);
    expect(formatDot(cut)).toContain('style="filled,dashed"');
    expect(formatLatex(cut)).toContain("\\sigma\\left(z_{2}\\right)");
  });

  test("a letter that nothing reads is not there, and a leaf stays what it is", () => {
    const text = printGraph(stopAt(derive(classifier), ["L", "x"]));
    expect(text).toContain("letter L: f32");
    expect(text).toContain("input x: f32[batch, 3]");
    expect(printGraph(stopAt(classifier, ["x"]))).toBe(printGraph(classifier));
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
