/// A pass: a named transformation of the whole graph.
import type { Graph } from "../ir/graph.ts";

/** One step of the symbolic pipeline. Returns the same object when nothing changed. */
export interface Pass {
  readonly name: string;
  /** One line for the manual: what holds afterwards. */
  readonly doc: string;
  run(graph: Graph): Graph;
}

/** Runs passes in order; `observe` sees the graph after each. */
export function runPasses(
  graph: Graph,
  passes: readonly Pass[],
  observe?: (pass: Pass, before: Graph, after: Graph) => void,
): Graph {
  return passes.reduce((before, pass) => {
    const after = pass.run(before);
    observe?.(pass, before, after);
    return after;
  }, graph);
}
