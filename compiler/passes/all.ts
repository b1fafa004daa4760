/// The symbolic half of the compiler, in order: from a model with `grad` to its gradients in simplest form.
import type { Graph } from "../../ir/graph.ts";
import { runPasses, type Pass } from "../pass.ts";
import { dce } from "./dce.ts";
import { expandDerivativesWith } from "./expand-derivatives.ts";

/** Passes from the user's graph to the derived and simplified one. */
export const symbolicPasses: readonly Pass[] = [expandDerivativesWith(() => (value) => value), dce];

/** The graph with every derivative expanded and everything in its simplest form. */
export function derive(graph: Graph): Graph {
  return runPasses(graph, symbolicPasses);
}

/** What is worth doing again once named sizes are numbers. */
export function simplifyAfterBinding(graph: Graph): Graph {
  return runPasses(graph, [dce]);
}
