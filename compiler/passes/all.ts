/// The symbolic half of the compiler, in order: from a model with `grad` to its gradients in simplest form.
import type { Graph } from "../../ir/graph.ts";
import { runPasses, type Pass } from "../pass.ts";
import { makeRewriter } from "../rewrite/driver.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { stabilizingRules } from "../rewrite/rules/all.ts";
import { canonicalizeWith } from "./canonicalize.ts";
import { collectWith } from "./collect.ts";
import { cse, cseWith } from "./cse.ts";
import { dce } from "./dce.ts";
import { expandDerivativesWith } from "./expand-derivatives.ts";
import { foldWith } from "./fold.ts";
import { simplifyWith } from "./simplify.ts";
import { stabilizeWith } from "./stabilize.ts";

/** The name under which a log notes what is rewritten before it is differentiated. */
export const beforeDerivatives = "stabilize before differentiating";

/** What the symbolic half may be told. */
export interface SymbolicOptions {
  /** Notes every derivative and every rule that fires. */
  readonly log?: DerivationLog;
}

/** Passes from the user's graph to the derived and simplified one. */
export function makeSymbolicPasses({ log }: SymbolicOptions = {}): readonly Pass[] {
  return [
    // Stabilises what it differentiates: a derivative of an unstable formula would be unstable for good.
    expandDerivativesWith(() => makeRewriter(stabilizingRules, { observe: log?.phase(beforeDerivatives) }), log),
    canonicalizeWith(log),
    // For graphs without derivatives, and for forms that differentiation has made.
    stabilizeWith(log),
    simplifyWith(log),
    // Merged values have all their readers counted, which decides what collecting saves.
    cseWith(log),
    collectWith(log),
    // Once more: what the first round replaced no longer counts as a reader of its parts.
    collectWith(log),
    foldWith(log),
    cseWith(log),
    dce,
  ];
}

/** Passes from the user's graph to the derived and simplified one. */
export const symbolicPasses: readonly Pass[] = makeSymbolicPasses();

/** The graph with every derivative expanded and everything in its simplest form. */
export function derive(graph: Graph, options?: SymbolicOptions): Graph {
  return runPasses(graph, options ? makeSymbolicPasses(options) : symbolicPasses);
}

/** What is worth doing again once named sizes are numbers. */
export function simplifyAfterBinding(graph: Graph): Graph {
  return runPasses(graph, [simplifyWith(), collectWith(), foldWith(), cse, dce]);
}
