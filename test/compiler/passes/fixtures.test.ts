/// Each pass on graphs of its own: `<pass>/<case>.graph` has the graph before, a line `---`, and the graph after it.
/// `npx vitest run test/compiler/passes -u` writes the second half anew.
import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkAllGradients } from "../../../compiler/check/index.ts";
import { makeSymbolicPasses } from "../../../compiler/passes/all.ts";
import { expandComposites } from "../../../compiler/passes/expand-composites.ts";
import { keepDigits } from "../../../compiler/passes/keep-digits.ts";
import { splitConcatenations } from "../../../compiler/passes/split-concatenations.ts";
import { splitReductions } from "../../../compiler/passes/split-reductions.ts";
import type { Pass } from "../../../compiler/pass.ts";
import { evaluateValues } from "../../../ir/evaluate.ts";
import { graphRoots, type Graph } from "../../../ir/graph.ts";
import { isDerivative } from "../../../ir/ops/derivative.ts";
import { printGraph } from "../../../ir/print.ts";
import { postorder, type Value } from "../../../ir/value.ts";
import { verifyGraph } from "../../../ir/verify.ts";
import { drawFeeds, passFixtures, type Fixture } from "./corpus.ts";

const passes = new Map<string, Pass>(
  [...makeSymbolicPasses(), splitReductions, splitConcatenations, expandComposites, keepDigits].map((pass) => [
    pass.name,
    pass,
  ]),
);

describe.each(passFixtures())("$folder/$name", ({ folder, graph, input, path }: Fixture) => {
  const before = graph;
  const after = passes.get(folder)!.run(before);
  it("makes what is written down", async () => {
    verifyGraph(after);
    await expect(`${input}\n---\n${printGraph(after, { gradient: true })}`).toMatchFileSnapshot(path);
  });
  it("computes the same", () => expectSame(before, after));
  it("comes to an end", () => {
    // Collecting sees once more who reads what, after the first round.
    const again = passes.get(folder)!.run(after);
    expect(passes.get(folder)!.run(again)).toBe(again);
  });
  if (graphRoots(before).some((root) => postorder([root]).some(isDerivative))) {
    it("differentiates rightly", () => {
      const checks = checkAllGradients(before);
      expect(checks.length).toBeGreaterThan(0);
      for (const { name, ok, derived, measured } of checks) expect(ok, `${name}: ${derived}, ${measured}`).toBe(true);
    });
  }
});

// Loops are tried in the language that they are written in: a body is a graph of its own.
it.each([...passes.keys()].filter((name) => name !== "insideScans"))("the pass %s has several cases", (name) => {
  const folder = new URL(`${name}/`, import.meta.url);
  const cases = existsSync(folder) ? readdirSync(folder).filter((each) => each.endsWith(".graph")) : [];
  expect(cases.length).toBeGreaterThanOrEqual(2);
});

function expectSame(before: Graph, after: Graph): void {
  const [left, right] = [before, after].map(graphRoots);
  for (let seed = 1; seed <= 5; seed++) {
    const { feeds, sizes } = drawFeeds(before, seed);
    left.forEach((root, i) => {
      // What has a derivative in it is compared with differences instead.
      if (postorder([root]).some(isDerivative)) return;
      const values: readonly Value[] = [root, right[i]];
      const [expected, found] = values.map((value) => evaluateValues([value], feeds, sizes).get(value)!);
      expected.forEach((each, at) => {
        if (!Number.isFinite(each)) return;
        expect(Math.abs(found[at] - each), `${each}, ${found[at]}`).toBeLessThanOrEqual(
          1e-6 * Math.max(0.1, Math.abs(each)),
        );
      });
    });
  }
}
