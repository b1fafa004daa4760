import { expect, test } from "vitest";
import type { Graph } from "../../ir/graph.ts";
import { add, mul } from "../../ir/ops/arithmetic.ts";
import { exp, log } from "../../ir/ops/functions.ts";
import { constant } from "../../ir/ops/leaf.ts";
import { sameGraph, verifyGraph } from "../../ir/verify.ts";
import type { Value } from "../../ir/value.ts";
import { graphOf, leaf, weight } from "./graphs.ts";

function sample(change: (x: Value) => Value = exp): Graph {
  const x = leaf("x", [2]);
  const w = weight("w", [2]);
  return graphOf({ y: mul(change(x), w) }, {}, [{ state: w, value: add(w, 1) }]);
}

test("a good graph passes and comes back", () => {
  const graph = sample();
  expect(verifyGraph(graph)).toBe(graph);
});

const graph = sample();
const [entry] = graph.entryPoints;
const [x] = graph.inputs;
const wrongType: Value = { ...entry.outputs[0].value, type: { dtype: "f32", shape: [3] } };

test.each<readonly [string, Graph]>([
  ["invalid-graph", { ...graph, entryPoints: [entry, entry] }],
  ["invalid-graph", { ...graph, inputs: [] }],
  ["invalid-graph", { ...graph, inputs: graph.states }],
  ["invalid-graph", { ...graph, states: graph.inputs }],
  ["invalid-graph", { ...graph, entryPoints: [{ ...entry, updates: [...entry.updates, ...entry.updates] }] }],
  ["invalid-graph", { ...graph, entryPoints: [{ ...entry, updates: [{ state: x, value: x }] }] }],
  [
    "invalid-graph",
    { ...graph, entryPoints: [{ ...entry, updates: [{ state: graph.states[0], value: constant(1) }] }] },
  ],
  ["invalid-graph", { ...graph, entryPoints: [{ ...entry, outputs: [{ name: "y", value: wrongType }] }] }],
  ["invalid-graph", { ...graph, entryPoints: [{ ...entry, outputs: [...entry.outputs, ...entry.outputs] }] }],
  [
    "invalid-graph",
    {
      ...graph,
      notes: new Map([
        [x, { name: "n" }],
        [graph.states[0], { name: "n" }],
      ]),
    },
  ],
])("a broken graph throws %s (%#)", (code, broken) => {
  expect(() => verifyGraph(broken)).toThrow(expect.objectContaining({ code }));
});

test("graphs are the same up to identity", () => {
  expect(sameGraph(sample(), sample())).toBe(true);
  expect(sameGraph(sample(), sample(log))).toBe(false);
  expect(sameGraph(sample(), { ...sample(), name: "other" })).toBe(false);
  expect(
    sameGraph(
      sample((each) => add(each, 1)),
      sample((each) => add(each, 2)),
    ),
  ).toBe(false);
  expect(
    sameGraph(
      sample((each) => add(each, NaN)),
      sample((each) => add(each, Infinity)),
    ),
  ).toBe(false);
  expect(
    sameGraph(
      sample((each) => add(each, 0)),
      sample((each) => add(each, -0)),
    ),
  ).toBe(false);
});

test("names belong to a graph", () => {
  const first = sample();
  const value = first.entryPoints[0].outputs[0].value.operands[0];
  const renamed = { ...first, notes: new Map([...first.notes, [value, { name: "hidden" }]]) };
  const other = { ...first, notes: new Map([...first.notes, [value, { name: "visible" }]]) };
  expect(sameGraph(renamed, renamed)).toBe(true);
  expect(sameGraph(renamed, other)).toBe(false);
});
