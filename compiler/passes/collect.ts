/// Sums of products are multiplied out, collected and factored where that is cheaper.
import { graphValues, type Graph } from "../../ir/graph.ts";
import type { Pass } from "../pass.ts";
import { rewriteUnsettled } from "../rewrite/errors.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { collectingRules } from "../rewrite/rules/all.ts";
import { permittedRules } from "../rewrite/rule.ts";
import { rewritePass } from "./rewrite-pass.ts";

/** Each round leaves arithmetic of less work. What one has left may be what the next begins with, a value at a time. */
const roundsFor = (graph: Graph): number => 16 + graphValues(graph).length;

/**
 * Makes the pass; `log` notes what fires, and `strictFloat` leaves out rules that round differently. Passes with the same
 * rules may share `fruitless`, the shapes that are left as they are.
 * It goes on until nothing changes: what a round has replaced no longer counts as a reader of its parts.
 */
export function collectWith(log?: DerivationLog, strictFloat = false, fruitless?: Set<string>): Pass {
  const once = rewritePass(
    "collect",
    "Sums of products are multiplied out, collected and factored where that is cheaper.",
    permittedRules(collectingRules, strictFloat),
    log,
    fruitless,
  );
  return { ...once, run: (graph) => untilSettled(graph, once) };
}

function untilSettled(graph: Graph, pass: Pass): Graph {
  const mostRounds = roundsFor(graph);
  let before = graph;
  for (let round = 0; round < mostRounds; round++) {
    const after = pass.run(before);
    if (after === before) return after;
    before = after;
  }
  throw rewriteUnsettled(pass.name, pass.doc, mostRounds);
}
