/// The graph to compare with: derivatives as the chain rule gives them, and nothing else done.
import { runPasses } from "../../compiler/pass.ts";
import { expandDerivativesWith } from "../../compiler/passes/expand-derivatives.ts";
import { insideScans } from "../../compiler/passes/inside-scans.ts";
import type { Graph } from "../../ir/graph.ts";

/** The graph with derivatives expanded, in loops as well; no rule has been applied. */
export function asWritten(graph: Graph): Graph {
  const untouched = (): ((value: never) => never) => (value) => value;
  const inside = insideScans([expandDerivativesWith(untouched as never, { keepMarks: true })]);
  return runPasses(graph, [inside, expandDerivativesWith(untouched as never)]);
}
