/// The graph to compare with: derivatives as the chain rule gives them, and nothing else done.
import type { Graph } from "../../ir/graph.ts";
import { runPasses } from "../pass.ts";
import { expandDerivativesWith, type Stabilizer } from "./expand-derivatives.ts";
import { insideScans } from "./inside-scans.ts";

const untouched: Stabilizer = () => (value) => value;

/** The graph with derivatives expanded, in loops as well; no rule has been applied. */
export function asWritten(graph: Graph): Graph {
  const inside = insideScans([expandDerivativesWith(untouched, { keepMarks: true })]);
  return runPasses(graph, [inside, expandDerivativesWith(untouched)]);
}
