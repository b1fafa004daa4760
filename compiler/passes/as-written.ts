/// The graphs to compare with: derivatives as the chain rule gives them, with nothing else done, or with what keeps digits.
import { runPasses } from "../pass.ts";
import type { Graph } from "../../ir/graph.ts";
import { makeRewriter } from "../rewrite/driver.ts";
import { stabilizingRules } from "../rewrite/rules/all.ts";
import { canonicalizeWith } from "./canonicalize.ts";
import { eraseMarksWith } from "./erase-marks.ts";
import { expandDerivativesWith, type Stabilizer } from "./expand-derivatives.ts";
import { insideScans } from "./inside-scans.ts";
import { classesOf } from "./rewrite-pass.ts";
import { stabilizeWith } from "./stabilize.ts";

const untouched: Stabilizer = () => (value) => value;

/** The graph with derivatives expanded, in loops as well; no rule has been applied. */
export function asWritten(graph: Graph): Graph {
  const inside = insideScans([expandDerivativesWith(untouched, { keepMarks: true })]);
  return runPasses(graph, [inside, expandDerivativesWith(untouched)]);
}

const stable: Stabilizer = (graph) => makeRewriter(stabilizingRules, { classes: classesOf(graph) });

/** The same with formulas stabilised, before they are differentiated and after; nothing is simplified. */
export function stabilized(graph: Graph): Graph {
  const stabilizing = [canonicalizeWith(), stabilizeWith()];
  return runPasses(graph, [
    insideScans([expandDerivativesWith(stable, { keepMarks: true }), stabilizeWith()]),
    expandDerivativesWith(stable),
    ...stabilizing,
    eraseMarksWith(),
    insideScans(stabilizing),
  ]);
}
