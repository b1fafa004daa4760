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
import { unrollProducts } from "../../../compiler/passes/unroll-products.ts";
import { unrollSums } from "../../../compiler/passes/unroll-sums.ts";
import type { Pass } from "../../../compiler/pass.ts";
import { evaluateValues } from "../../../ir/evaluate.ts";
import { graphRoots, type Graph } from "../../../ir/graph.ts";
import { isDerivative } from "../../../ir/ops/derivative.ts";
import { printGraph } from "../../../ir/print.ts";
import { postorder, type Value } from "../../../ir/value.ts";
import { verifyGraph } from "../../../ir/verify.ts";
import { preciseNumbers } from "../../precise/index.ts";
import { drawFeeds, passFixtures, type Fixture } from "./corpus.ts";

const passes = new Map<string, Pass>(
  [
    ...makeSymbolicPasses(),
    splitReductions,
    splitConcatenations,
    expandComposites,
    keepDigits,
    unrollProducts,
    unrollSums,
  ].map((pass) => [pass.name, pass]),
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

/** Sizes of the numbers that both sides are tried with. */
const sizes = [1, 1, 1, 10, 100, 1000];

function expectSame(before: Graph, after: Graph): void {
  const [left, right] = [before, after].map(graphRoots);
  sizes.forEach((size, i) => {
    const { feeds, sizes: bound } = drawFeeds(before, i + 1, size);
    left.forEach((root, position) => {
      // What has a derivative in it is compared with differences instead.
      if (postorder([root]).some(isDerivative)) return;
      const values: readonly Value[] = [root, right[position]];
      const [old, found] = values.map((value) => evaluateValues([value], feeds, bound).get(value)!);
      let truth: readonly number[] | undefined;
      const isRight = (x: number, at: number): boolean => {
        if (isNear(found[at], x)) return true;
        // It may be nearer the truth than before, and a number where there was none.
        truth ??= preciseNumbers(root, feeds, bound);
        // 0 · NaN has no value, and a mask makes it 0.
        if (Number.isNaN(truth[at])) return true;
        return isNear(found[at], truth[at]) || Math.abs(found[at] - truth[at]) <= Math.abs(x - truth[at]);
      };
      old.forEach((x, at) => expect(isRight(x, at), `${x}, ${found[at]}, truth ${truth?.[at]}`).toBe(true));
    });
  });
}

/** The same ∞ or NaN, or a number as near as constants rounded to float32 may leave it. */
function isNear(found: number, wanted: number): boolean {
  return Object.is(found, wanted) || Math.abs(found - wanted) <= 1e-6 * Math.max(0.1, Math.abs(wanted));
}
