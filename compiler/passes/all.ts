/// The symbolic half of the compiler, in order: from a model with `grad` to its gradients in simplest form.
import type { Graph } from "../../ir/graph.ts";
import { runPasses, type Pass } from "../pass.ts";
import { makeRewriter, type Provenance } from "../rewrite/driver.ts";
import { stabilizingRules } from "../rewrite/rules/all.ts";
import { canonicalizeWith } from "./canonicalize.ts";
import { collectWith } from "./collect.ts";
import { cse } from "./cse.ts";
import { dce } from "./dce.ts";
import { expandDerivativesWith } from "./expand-derivatives.ts";
import { foldWith } from "./fold.ts";
import { simplifyWith } from "./simplify.ts";
import { stabilizeWith } from "./stabilize.ts";

/** Passes from the user's graph to the derived and simplified one; `provenance` notes which rule made which value. */
export function makeSymbolicPasses(provenance?: Provenance): readonly Pass[] {
  return [
    // Stabilises what it differentiates: a derivative of an unstable formula would be unstable for good.
    expandDerivativesWith(() => makeRewriter(stabilizingRules, { provenance })),
    canonicalizeWith(provenance),
    // For graphs without derivatives, and for forms that differentiation has made.
    stabilizeWith(provenance),
    simplifyWith(provenance),
    // Merged values have all their readers counted, which decides what collecting saves.
    cse,
    collectWith(provenance),
    // Once more: what the first round replaced no longer counts as a reader of its parts.
    collectWith(provenance),
    foldWith(provenance),
    cse,
    dce,
  ];
}

/** Passes from the user's graph to the derived and simplified one. */
export const symbolicPasses: readonly Pass[] = makeSymbolicPasses();

/** The graph with every derivative expanded and everything in its simplest form. */
export function derive(graph: Graph): Graph {
  return runPasses(graph, symbolicPasses);
}

/** What is worth doing again once named sizes are numbers. */
export function simplifyAfterBinding(graph: Graph): Graph {
  return runPasses(graph, [simplifyWith(), collectWith(), foldWith(), cse, dce]);
}
