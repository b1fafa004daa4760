/// What is simplified is settled: a second time changes nothing. And strict floats are strict: what fires gives the same
/// bits or better ones.
import { describe, expect, it } from "vitest";
import { broadcastTo, div, input, matmul, model, sub } from "chainrule";
import { runPasses } from "../../../compiler/pass.ts";
import { derive, simplifyAfterBinding } from "../../../compiler/passes/all.ts";
import { bindSizes } from "../../../compiler/passes/bind-sizes.ts";
import { kernelPasses } from "../../../compiler/passes/kernel-passes.ts";
import { makeLog, phasesOf } from "../../../compiler/rewrite/log.ts";
import { allRules } from "../../../compiler/rewrite/rules/all.ts";
import { graphValues, type Graph } from "../../../ir/graph.ts";
import { printGraph } from "../../../ir/print.ts";
import { shapeNames } from "../../../ir/type.ts";
import { float32Values } from "../rewrite/float32.ts";
import { programOf } from "../stability/scoreboard/row.ts";
import { rows } from "../stability/scoreboard/rows.ts";
import { fixtureSizes, loadSample, passFixtures, randomTraining, samples } from "./corpus.ts";

const sampleGraphs = await Promise.all(
  samples.map(async ({ name, dims }) => [name, await loadSample(name), dims] as const),
);

/** Numbers for the sizes that a fixture names. */
function sizesOf(graph: Graph): Readonly<Record<string, number>> {
  const names = new Set(graphValues(graph).flatMap(({ type }) => shapeNames(type.shape)));
  return Object.fromEntries(Object.entries(fixtureSizes).filter(([name]) => names.has(name)));
}

/** Graphs with sizes for those that have names of sizes. */
const graphs: readonly (readonly [string, Graph, Readonly<Record<string, number>>])[] = [
  ...passFixtures().map(({ folder, name, graph }) => [`${folder}/${name}`, graph, sizesOf(graph)] as const),
  ...sampleGraphs,
  ...rows.map((row) => [row.name, programOf(row).graph, {}] as const),
  ...Array.from({ length: 100 }, (_, seed) => {
    const graph = randomTraining(seed);
    return [`random ${seed}`, graph, sizesOf(graph)] as const;
  }),
];

/** The graph that kernels are written from, and the rules that fired on the way. */
function forKernels(
  graph: Graph,
  strictFloat: boolean,
): { readonly graph: Graph; readonly fired: ReadonlySet<string> } {
  const log = makeLog();
  const final = runPasses(derive(graph, { log, strictFloat }), kernelPasses({ log, strictFloat }));
  return { graph: final, fired: new Set(phasesOf(log).flatMap(({ firings }) => firings.map(({ rule }) => rule.name))) };
}

const loose = allRules.filter(({ contract }) => contract === "reassociates" || contract === "assumes-finite");
const isLoose = (fired: string): boolean => loose.some(({ name }) => name === fired);

/** What is finite as it is written, and is not where a sum comes first: a rule, the formula, numbers and the result. */
const overflowing: readonly (readonly [string, Graph, Readonly<Record<string, number[]>>, readonly number[]])[] = [
  [
    "difference over one divisor",
    model("difference", () => {
      const [x, y, t] = [input("x", "f32", [1]), input("y", "f32", [1]), input("t", "f32", [1])];
      return { run: { z: sub(div(x, t), div(y, t)) } };
    }),
    { x: [3e38], y: [-3e38], t: [1e10] },
    [6e28],
  ],
  [
    "product with a repetition",
    model("product", () => {
      const [x, row] = [input("x", "f32", [1, 4]), input("row", "f32", [3])];
      return { run: { z: matmul(x, broadcastTo(row, [4, 3])) } };
    }),
    { x: [3e38, 3e38, 1, 2], row: [0.1, 0.2, 0.3] },
    [6e37, 1.2e38, 1.8e38],
  ],
];

describe("a second time simplification changes nothing", () => {
  it.each(graphs)("for %s", (_, graph, dims) => {
    const once = derive(graph);
    const bound = simplifyAfterBinding(bindSizes(once, dims));
    const pages = (each: Graph, again: Graph): readonly string[] => [printGraph(each), printGraph(again)];
    const [first, second] = [pages(once, bound), pages(derive(once), simplifyAfterBinding(bound))];
    expect(second).toEqual(first);
  });
});

describe("under strict floats no rule rounds differently or assumes that numbers are finite", () => {
  it.each(graphs)("for %s", (_, graph, dims) => {
    const log = makeLog();
    simplifyAfterBinding(bindSizes(derive(graph, { log, strictFloat: true }), dims), { log, strictFloat: true });
    const fired = phasesOf(log).flatMap(({ firings }) => firings.map(({ rule }) => rule));
    expect(fired.filter(({ contract }) => contract !== "exact" && contract !== "stabilizes")).toEqual([]);
  });

  it.each(graphs)("nor for the kernels of %s", (_, graph, dims) => {
    const log = makeLog();
    const simple = simplifyAfterBinding(bindSizes(derive(graph, { strictFloat: true }), dims), { strictFloat: true });
    runPasses(simple, kernelPasses({ log, strictFloat: true }));
    const fired = phasesOf(log).flatMap(({ firings }) => firings.map(({ rule }) => rule));
    expect(fired.filter(({ contract }) => contract !== "exact" && contract !== "stabilizes")).toEqual([]);
  });

  it("and those that mend kernels do", () => {
    const fired = new Set(rows.flatMap((row) => [...forKernels(programOf(row).graph, true).fired]));
    expect(fired).toContain("scores under weights of a softmax");
  });

  it.each(overflowing)("and finite numbers stay finite: %s", (_, graph, feeds, wanted) => {
    const [usual, strict] = [false, true].map((isStrict) => forKernels(graph, isStrict));
    expect([...usual.fired].some(isLoose)).toBe(true);
    expect([...strict.fired].filter(isLoose)).toEqual([]);
    const data = new Map(graph.inputs.map((leaf) => [leaf, feeds[graph.notes.get(leaf)!.name!]]));
    const [{ value }] = strict.graph.entryPoints[0].outputs;
    const found = Array.from(float32Values([value], data).get(value)!, (each, i) => each / wanted[i]);
    found.forEach((ratio) => expect(ratio).toBeCloseTo(1, 5));
  });

  it("where they would fire otherwise", () => {
    const fired = new Set<string>();
    for (const [, graph] of graphs) {
      const log = makeLog();
      derive(graph, { log });
      for (const { rule } of phasesOf(log).flatMap(({ firings }) => firings)) fired.add(rule.name);
    }
    expect(loose.filter(({ name }) => fired.has(name)).length).toBeGreaterThan(loose.length / 2);
  });

  it("and kernels add up in the order that is written", () => {
    const names = kernelPasses({ strictFloat: true }).map(({ name }) => name);
    for (const other of ["split-reductions", "split-contractions", "split-sums", "pick-sums", "sort-terms"]) {
      expect(kernelPasses().map(({ name }) => name)).toContain(other);
      expect(names).not.toContain(other);
    }
  });
});
