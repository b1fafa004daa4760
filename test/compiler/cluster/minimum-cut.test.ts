/// Minimum cuts against all cuts of small random networks.
import { expect, test } from "vitest";
import { createNetwork, sink, source } from "../../../compiler/cluster/minimum-cut.ts";

/** So many nodes beside source and sink. */
const inner = 7;

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly cost: number;
}

/** Numbers from 0 to 1 that follow from a seed. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function edgesOf(seed: number): readonly Edge[] {
  const next = numbers(seed);
  const pick = (): number => Math.floor(next() * (inner + 2));
  const edges = Array.from({ length: 20 }, () => {
    return { from: pick(), to: pick(), cost: next() < 0.15 ? Infinity : Math.ceil(next() * 8) / 8 };
  });
  return edges.filter(({ from, to }) => from !== to && to !== source && from !== sink);
}

/** What each way to part the nodes costs; bit n of a part says that inner node n is on the sink's side. */
function costsOf(edges: readonly Edge[]): readonly number[] {
  return Array.from({ length: 1 << inner }, (_, part) => {
    const isBelow = (node: number): boolean => node === sink || (node > sink && ((part >> (node - 2)) & 1) === 1);
    const cut = edges.filter(({ from, to }) => !isBelow(from) && isBelow(to));
    return cut.reduce((total, { cost }) => total + cost, 0);
  });
}

const seeds = Array.from({ length: 200 }, (_, index) => index + 1);

test("a minimum cut costs what the cheapest of all parts costs, and is the one nearest to the sink", () => {
  let cheap = 0;
  for (const seed of seeds) {
    const edges = edgesOf(seed);
    const network = createNetwork();
    for (let node = 0; node < inner; node++) network.node();
    for (const { from, to, cost } of edges) network.edge(from, to, cost);
    const { cost, isBelow } = network.cut();
    const costs = costsOf(edges);
    const least = Math.min(...costs);
    expect(cost).toBe(least);
    if (least === Infinity) continue;
    cheap++;
    const found = seeds.slice(0, inner).reduce((part, _, node) => part | (isBelow(node + 2) ? 1 << node : 0), 0);
    // What is below the nearest cut is below all of them.
    const common = costs.reduce((all, each, part) => (each === least ? all & part : all), (1 << inner) - 1);
    expect(found).toBe(common);
  }
  expect(cheap).toBeGreaterThan(100);
});
