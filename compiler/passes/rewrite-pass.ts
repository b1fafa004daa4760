/// Passes that are rules.
import type { Pass } from "../pass.ts";
import { makeRewriter } from "../rewrite/driver.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { distinctOperands } from "../rewrite/reads.ts";
import type { Rule } from "../rewrite/rule.ts";
import type { Dim } from "../../ir/dim.ts";
import { graphRoots, graphValues, type Graph } from "../../ir/graph.ts";
import type { Value } from "../../ir/value.ts";
import { replaceValues } from "./replace.ts";

/**
 * A pass that rewrites every value of a graph by rules until none applies; `log` notes what fires, and `fruitless` the
 * shapes of arithmetic that collecting leaves as they are.
 */
export function rewritePass(
  name: string,
  doc: string,
  rules: readonly Rule[],
  log?: DerivationLog,
  fruitless?: Set<string>,
): Pass {
  return {
    name,
    doc,
    run: (graph) =>
      replaceValues(
        graph,
        makeRewriter(rules, {
          ...{ uses: countUses(graph), classes: classesOf(graph), fruitless },
          observe: log?.phase(name),
        }),
      ),
  };
}

/** The numbers of classes of the inputs that hold labels. */
export function classesOf(graph: Graph): ReadonlyMap<Value, readonly Dim[]> {
  return new Map([...graph.notes].flatMap(([value, { classes }]) => (classes ? [[value, classes] as const] : [])));
}

/** How many values, outputs and updates read each value. Names are no readers: they change nothing that is compiled. */
export function countUses(graph: Graph): ReadonlyMap<Value, number> {
  const uses = new Map<Value, number>();
  for (const root of new Set(graphRoots(graph))) uses.set(root, 1);
  for (const value of graphValues(graph)) {
    for (const operand of distinctOperands(value)) uses.set(operand, (uses.get(operand) ?? 0) + 1);
  }
  return uses;
}
