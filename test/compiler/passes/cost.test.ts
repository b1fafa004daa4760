/// Simplification never makes a graph costlier, in the flops and bytes that `report` gives.
import { describe, expect, it } from "vitest";
import { makeSymbolicPasses, simplifyAfterBinding } from "../../../compiler/passes/all.ts";
import { bindSizes, type Dims } from "../../../compiler/passes/bind-sizes.ts";
import { cse } from "../../../compiler/passes/cse.ts";
import { dce } from "../../../compiler/passes/dce.ts";
import { expandComposites } from "../../../compiler/passes/expand-composites.ts";
import { splitReductions } from "../../../compiler/passes/split-reductions.ts";
import { runPasses } from "../../../compiler/pass.ts";
import { assemble } from "../../../compiler/program.ts";
import { graphValues, type Graph } from "../../../ir/graph.ts";
import { shapeNames } from "../../../ir/type.ts";
import { fixtureSizes, loadSample, passFixtures, randomTraining, samples } from "./corpus.ts";

interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

/** Costs of all entry points, with derivatives expanded and equal values merged; simplified or not. */
function costs(graph: Graph, dims: Dims, simplified: boolean): readonly Cost[] {
  const passes = makeSymbolicPasses();
  const expanding = passes.slice(0, passes.findIndex(({ name }) => name === "expandDerivatives") + 1);
  const derived = runPasses(graph, simplified ? passes : [...expanding, cse, dce]);
  const bound = bindSizes(derived, dims);
  const simple = simplified ? simplifyAfterBinding(bound) : runPasses(bound, [cse, dce]);
  const { facts } = assemble(splitReductions.run(expandComposites.run(simple)));
  return facts.map(({ launches }) => ({
    flops: launches.reduce((total, each) => total + each.flops, 0),
    bytes: launches.reduce((total, each) => total + each.bytes, 0),
  }));
}

function expectNoCostlier(graph: Graph, dims: Dims): void {
  const [before, after] = [false, true].map((simplified) => costs(graph, dims, simplified));
  after.forEach(({ flops, bytes }, i) => {
    expect(flops, `flops, before ${before[i].flops}`).toBeLessThanOrEqual(before[i].flops);
    expect(bytes, `bytes, before ${before[i].bytes}`).toBeLessThanOrEqual(before[i].bytes);
  });
}

/** Of the sizes of the fixtures those that a graph names. */
function dimsOf(graph: Graph): Dims {
  const names = new Set(graphValues(graph).flatMap(({ type }) => shapeNames(type.shape)));
  return Object.fromEntries(Object.entries(fixtureSizes).filter(([name]) => names.has(name)));
}

describe("simplification is not dearer", () => {
  it.each(passFixtures().map(({ folder, name, graph }) => [`${folder}/${name}`, graph] as const))(
    "for %s",
    (_, graph) => expectNoCostlier(graph, dimsOf(graph)),
  );
  it.each(samples)("for the sample $name", async ({ name, dims }) => expectNoCostlier(await loadSample(name), dims));
  it.each(Array.from({ length: 60 }, (_, i) => i + 1))("for the random graph of seed %i", (seed) => {
    const graph = randomTraining(seed);
    expectNoCostlier(graph, dimsOf(graph));
  });
});
