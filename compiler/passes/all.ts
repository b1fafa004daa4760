/// The symbolic half of the compiler, in order: from a model with `grad` to its gradients in simplest form.
import type { Graph } from "../../ir/graph.ts";
import { runPasses, type Pass } from "../pass.ts";
import { makeRewriter } from "../rewrite/driver.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { permittedRules } from "../rewrite/rule.ts";
import { stabilizingRules } from "../rewrite/rules/all.ts";
import { canonicalizeWith } from "./canonicalize.ts";
import { collectWith } from "./collect.ts";
import { cse, cseWith } from "./cse.ts";
import { dce } from "./dce.ts";
import { eraseMarksWith } from "./erase-marks.ts";
import { expandDerivativesWith, type Stabilizer } from "./expand-derivatives.ts";
import { foldWith } from "./fold.ts";
import { insideScans } from "./inside-scans.ts";
import { classesOf } from "./rewrite-pass.ts";
import { simplifyWith } from "./simplify.ts";
import { stabilizeWith } from "./stabilize.ts";

/** The name under which a log notes what is rewritten before it is differentiated. */
export const beforeDerivatives = "stabilize before differentiating";

/** What the symbolic half may be told. */
export interface SymbolicOptions {
  /** Notes every derivative and every rule that fires. */
  readonly log?: DerivationLog;
  /** Leaves out rules that round differently or assume that numbers are finite. */
  readonly strictFloat?: boolean;
  /** Shapes of arithmetic that are not worth collecting: what one pass has tried, the others of a compilation need not. */
  readonly fruitless?: Set<string>;
}

/** Passes from the user's graph to the derived and simplified one. */
export function makeSymbolicPasses({ log, strictFloat = false, fruitless }: SymbolicOptions = {}): readonly Pass[] {
  const stable = permittedRules(stabilizingRules, strictFloat);
  const stabilizer: Stabilizer = (graph, tried) =>
    makeRewriter(stable, { classes: classesOf(graph), observe: tried ? undefined : log?.phase(beforeDerivatives) });
  const simplifying = [
    canonicalizeWith(log, strictFloat),
    // For graphs without derivatives, and for forms that differentiation has made.
    stabilizeWith(log, strictFloat),
    // Rules set some as well: a shift that no derivative depends on.
    eraseMarksWith(log),
    simplifyWith(log, strictFloat),
    // Merged values have all their readers counted, which decides what collecting saves.
    cseWith(log),
    collectWith(log, strictFloat, fruitless),
    foldWith(log, strictFloat),
    cseWith(log),
    // Once more: a number may have a sign now, or be the same as another.
    collectWith(log, strictFloat, fruitless),
    cseWith(log),
  ];
  return [
    // Stabilises what it differentiates: a derivative of an unstable formula would be unstable for good. So for the
    // bodies of loops, which the derivative of a loop looks into; it heeds their marks.
    insideScans([expandDerivativesWith(stabilizer, { log, keepMarks: true }), stabilizeWith(log, strictFloat)], log),
    expandDerivativesWith(stabilizer, { log }),
    ...simplifying,
    insideScans(simplifying, log),
    dce,
  ];
}

/** Derivatives of formulas as they are written, also in the steps of loops: for a reader, since they may overflow. */
export function derivedAsWritten(graph: Graph): Graph {
  const asWritten: Stabilizer = () => (value) => value;
  const inLoops = insideScans([expandDerivativesWith(asWritten, { keepMarks: true })]);
  return runPasses(graph, [inLoops, expandDerivativesWith(asWritten)]);
}

/** The graph with every derivative expanded and everything in its simplest form. */
export function derive(graph: Graph, options?: SymbolicOptions): Graph {
  return runPasses(graph, makeSymbolicPasses({ fruitless: new Set(), ...options }));
}

/** What is worth doing again once named sizes are numbers. */
export function simplifyAfterBinding(graph: Graph, { log, strictFloat, fruitless }: SymbolicOptions = {}): Graph {
  const collecting = collectWith(log, strictFloat, fruitless);
  const again = [simplifyWith(log, strictFloat), collecting, foldWith(log, strictFloat), cse];
  return runPasses(graph, [...again, insideScans(again), dce]);
}
