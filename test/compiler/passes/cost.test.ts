/// Simplification never makes a graph costlier, in the flops and bytes that `report` gives.
import { describe, expect, it } from "vitest";
import { makeSymbolicPasses, simplifyAfterBinding } from "../../../compiler/passes/all.ts";
import { bindSizes, type Dims } from "../../../compiler/passes/bind-sizes.ts";
import { cse } from "../../../compiler/passes/cse.ts";
import { dce } from "../../../compiler/passes/dce.ts";
import { expandComposites } from "../../../compiler/passes/expand-composites.ts";
import { lowerScans } from "../../../compiler/passes/lower-scans.ts";
import { splitConcatenations } from "../../../compiler/passes/split-concatenations.ts";
import { splitReductions } from "../../../compiler/passes/split-reductions.ts";
import { runPasses } from "../../../compiler/pass.ts";
import { assemble } from "../../../compiler/program.ts";
import { graphValues, type Graph } from "../../../ir/graph.ts";
import type { ContractAttrs } from "../../../ir/ops/contract.ts";
import { elementCount, shapeNames } from "../../../ir/type.ts";
import type { Value } from "../../../ir/value.ts";
import { fixtureSizes, loadSample, passFixtures, randomTraining, samples } from "./corpus.ts";

interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

/** Derivatives expanded, equal values merged and sizes bound; simplified or not. */
function prepared(graph: Graph, dims: Dims, simplified: boolean): Graph {
  const passes = makeSymbolicPasses();
  const expanding = passes.slice(0, passes.findIndex(({ name }) => name === "expandDerivatives") + 1);
  const derived = runPasses(graph, simplified ? passes : [...expanding, cse, dce]);
  const bound = bindSizes(derived, dims);
  return expandComposites.run(simplified ? simplifyAfterBinding(bound) : runPasses(bound, [cse, dce]));
}

/** What `report` says of all entry points. */
function reported(graph: Graph): Cost {
  const { facts } = assemble(lowerScans.run(runPasses(graph, [splitReductions, splitConcatenations])));
  const launches = facts.flatMap((each) => each.launches);
  return {
    flops: launches.reduce((total, each) => total + each.flops, 0),
    bytes: launches.reduce((total, each) => total + each.bytes, 0),
  };
}

/** Operations where every value is computed once, whatever shares a kernel with what. */
function operations(graph: Graph): number {
  const size = ({ type }: Value): number => elementCount(type.shape) as number;
  return graphValues(graph).reduce((total, value) => {
    const { op, operands, attrs } = value;
    if (value.constant) return total;
    if (op.kind === "elementwise") return total + size(value) * (op.flops ?? 1);
    if (op.kind === "reduction") return total + size(operands[0]);
    if (op.kind !== "contraction") return total;
    const depth = (attrs as unknown as ContractAttrs).contracted.map(
      ([axis]) => operands[0].type.shape[axis] as number,
    );
    return total + depth.reduce((product, extent) => product * extent, 2 * size(value));
  }, 0);
}

/**
 * Where a formula that overflows is replaced by one that does not: how many times the flops. The largest exponent whose
 * weight is not 0 has to be found, and is taken away.
 */
const priceOfSafety: Readonly<Record<string, number>> = { "stabilize/weighted": 1.3 };

function expectNoCostlier(graph: Graph, dims: Dims, price = 1): void {
  const [before, after] = [false, true].map((simplified) => reported(prepared(graph, dims, simplified)));
  expect(after.flops, `flops, before ${before.flops}`).toBeLessThanOrEqual(price * before.flops);
  expect(after.bytes, `bytes, before ${before.bytes}`).toBeLessThanOrEqual(before.bytes);
}

/** Of the sizes of the fixtures those that a graph names. */
function dimsOf(graph: Graph): Dims {
  const names = new Set(graphValues(graph).flatMap(({ type }) => shapeNames(type.shape)));
  return Object.fromEntries(Object.entries(fixtureSizes).filter(([name]) => names.has(name)));
}

describe("simplification is not dearer", () => {
  it.each(passFixtures().map(({ folder, name, graph }) => [`${folder}/${name}`, graph] as const))(
    "for %s",
    (name, graph) => expectNoCostlier(graph, dimsOf(graph), priceOfSafety[name]),
  );
  it.each(samples)("for the sample $name", async ({ name, dims }) => expectNoCostlier(await loadSample(name), dims));
});

describe("simplification of random graphs", () => {
  const seeds = Array.from({ length: 400 }, (_, i) => i + 1);
  it.each(seeds)("leaves no more operations in that of seed %i", (seed) => {
    const graph = randomTraining(seed);
    const [before, after] = [false, true].map((simplified) => operations(prepared(graph, dimsOf(graph), simplified)));
    expect(after).toBeLessThanOrEqual(before);
  });
  // A shorter chain may be computed again by each kernel that reads it, where a longer one was stored: single graphs of this
  // size may pay a few flops for it, all together must not.
  it("leaves fewer flops and bytes to kernels", () => {
    const total = (simplified: boolean): Cost =>
      seeds
        .map((seed) => randomTraining(seed))
        .map((graph) => reported(prepared(graph, dimsOf(graph), simplified)))
        .reduce((sum, { flops, bytes }) => ({ flops: sum.flops + flops, bytes: sum.bytes + bytes }));
    const [before, after] = [total(false), total(true)];
    expect(after.flops).toBeLessThan(before.flops);
    expect(after.bytes).toBeLessThan(before.bytes);
  });
});
