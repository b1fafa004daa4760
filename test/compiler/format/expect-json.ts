/// Whether a graph as JSON is the graph.
import { expect } from "vitest";
import { formatJson, readGraphJson } from "../../../compiler/format/json.ts";
import { graphValues, type Graph } from "../../../ir/graph.ts";
import { sameGraph, verifyGraph } from "../../../ir/verify.ts";

/** What is written reads back, names and classes included. */
export function expectJson(graph: Graph): void {
  const text = formatJson(graph);
  const back = verifyGraph(readGraphJson(text));
  expect(sameGraph(graph, back), text).toBe(true);
  expect(formatJson(back)).toBe(text);
  for (const [value, { name, classes }] of graph.notes) {
    if (name === undefined || !graphValues(graph).includes(value)) continue;
    expect([...back.notes.values()].find((note) => note.name === name)?.classes).toEqual(classes);
  }
}
