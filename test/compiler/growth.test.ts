import { expect, test } from "vitest";
import { planEntry } from "../../compiler/plan.ts";
import { derive, simplifyAfterBinding } from "../../compiler/passes/all.ts";
import { bindSizes } from "../../compiler/passes/bind-sizes.ts";
import { expandComposites } from "../../compiler/passes/expand-composites.ts";
import { makeLog, phasesOf } from "../../compiler/rewrite/log.ts";
import { graphValues, type Graph } from "../../ir/graph.ts";
import { perceptron, transformer } from "../bench/models.ts";

/** What a compilation comes to: nothing here is measured in time. */
function countsOf(graph: Graph) {
  const log = makeLog();
  const derived = derive(graph, { log });
  const final = expandComposites.run(simplifyAfterBinding(bindSizes(derived, { batch: 2 })));
  const steps = final.entryPoints.flatMap((entry) => planEntry(entry, final.notes).steps);
  return {
    firings: phasesOf(log).reduce((total, { firings }) => total + firings.length, 0),
    values: graphValues(derived).length,
    kernels: steps.length,
  };
}

test.each([
  ["perceptron", perceptron],
  ["transformer", transformer],
] as const)("a layer more of a %s is as much more to rewrite, to hold and to launch, however deep", (_, family) => {
  const [few, some, many] = [1, 2, 4].map((layers) => countsOf(family(layers)));
  for (const key of ["firings", "values", "kernels"] as const) {
    expect(some[key]).toBeGreaterThan(few[key]);
    // Ends of the network may differ a little.
    expect(many[key] / (some[key] + 2 * (some[key] - few[key])), key).toBeCloseTo(1, 1);
  }
});
