/// The model's formulas made safe one by one, each in terms of the names in it: 1/(1 + e⁻ᶻ) is read as σ(z) before it is
/// differentiated, and a loss of probabilities is still a loss of probabilities.
import { graphRoots, type Graph } from "../../ir/graph.ts";
import { isDerivative } from "../../ir/ops/derivative.ts";
import { letter } from "../../ir/ops/leaf.ts";
import { bodyResults, scanBody } from "../../ir/ops/scan.ts";
import { loopsBelow } from "../../ir/print/bodies.ts";
import { postorder } from "../../ir/value.ts";
import { makeSymbolicPasses } from "../passes/all.ts";
import { substitution } from "../rewrite/bottom-up.ts";
import { makeRewriter } from "../rewrite/driver.ts";
import { makeLog, phasesOf } from "../rewrite/log.ts";
import { stabilizingRules } from "../rewrite/rules/all.ts";
import type { Course } from "./derivation.ts";
import { replacedIn, replay, type Moment, type Step } from "./replay.ts";
import { below } from "./stations.ts";

/** The graph in which loops that take derivatives have them written out: what is explained is what comes of it. */
export function withStepsDerived(graph: Graph): Graph {
  const bodies = loopsBelow(graphRoots(graph)).map(({ attrs }) => scanBody(attrs));
  return bodies.some((body) => postorder(bodyResults(body)).some(isDerivative)) ? withStepsPrepared(graph) : graph;
}

/** The graph in which loops are what is differentiated: derivatives in their steps written out, and formulas made safe. */
export function withStepsPrepared(graph: Graph): Graph {
  const pass = makeSymbolicPasses().find(({ name }) => name === "insideScans")!;
  return pass.run(graph);
}

/** What rules do to each named value, operands before users; `kept` names stay as they are written. */
export function prepared(start: Moment, kept: readonly string[]): Course {
  const steps: Step[] = [];
  let moment = start;
  for (const name of start.keys()) {
    const value = moment.get(name)!;
    if (value.op.kind === "leaf" || kept.includes(name)) continue;
    const named = new Set(moment.values());
    const letters = new Map(below(value, (each) => named.has(each)).map((each) => [each, letter(each.type)]));
    const restore = substitution(new Map([...letters].map(([each, standIn]) => [standIn, each])));
    const formula = substitution(letters)(value);
    const log = makeLog();
    makeRewriter(stabilizingRules, { observe: log.phase("stabilize") })(formula);
    for (const step of replay(new Map([[name, formula]]), phasesOf(log))) {
      const after = replacedIn(moment, new Map([[moment.get(name)!, restore(step.after.get(name)!)]]));
      const replaced = new Map([...step.replaced].map(([before, made]) => [restore(before), restore(made)]));
      steps.push({ ...step, replaced, before: moment, after });
      moment = after;
    }
  }
  return { start, steps };
}
