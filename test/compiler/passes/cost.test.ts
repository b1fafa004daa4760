/// Simplification never makes a graph costlier, in the flops and bytes that `report` gives. It is compared with derivatives
/// of stabilised formulas, where no rule has simplified anything; and, with stabilisation, with those of the formulas as
/// they are written: where digits are bought, prices.ts lists what, for how much and why.
import { describe, expect, it } from "vitest";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { derive, simplifyAfterBinding } from "../../../compiler/passes/all.ts";
import { asWritten, stabilized } from "../../../compiler/passes/as-written.ts";
import { bindSizes, type Dims } from "../../../compiler/passes/bind-sizes.ts";
import { expandComposites } from "../../../compiler/passes/expand-composites.ts";
import { keepDigits } from "../../../compiler/passes/keep-digits.ts";
import { kernelPasses } from "../../../compiler/passes/kernel-passes.ts";
import { lowerScans } from "../../../compiler/passes/lower-scans.ts";
import { runPasses } from "../../../compiler/pass.ts";
import { assemble, type EntryFacts } from "../../../compiler/program.ts";
import { makeLog, phasesOf } from "../../../compiler/rewrite/log.ts";
import { graphValues, type Graph } from "../../../ir/graph.ts";
import { neg } from "../../../ir/ops/arithmetic.ts";
import type { ContractAttrs } from "../../../ir/ops/contract.ts";
import { accumulationFlops } from "../../../ir/ops/sum.ts";
import { elementCount, shapeNames } from "../../../ir/type.ts";
import type { ReductionOp, Value } from "../../../ir/value.ts";
import { programOf } from "../stability/scoreboard/row.ts";
import { rows } from "../stability/scoreboard/rows.ts";
import { fixtureSizes, loadSample, passFixtures, randomTraining, samples } from "./corpus.ts";
import { priceOf, prices, type Ratio } from "./prices.ts";

interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

/** What `report` says of all entry points. */
function reported(facts: readonly EntryFacts[]): Cost {
  const launches = facts.flatMap((each) => each.launches);
  return {
    flops: launches.reduce((total, each) => total + each.flops * each.times, 0),
    bytes: launches.reduce((total, each) => total + each.bytes * each.times, 0),
  };
}

/** What differentiation gives would cost, in kernels of its own. */
function costBefore(written: Graph, kept: true | "stabilized" = true): Cost {
  const final = runPasses(written, kernelPasses({ asWritten: kept }));
  return reported(assemble(lowerScans.run(final)).facts);
}

/** What it would cost with digits kept. */
const costOfDigits = (graph: Graph, dims: Dims): Cost => costBefore(bindSizes(stabilized(graph), dims), "stabilized");

/** The rules that fire for the sake of digits, and the pass that keeps them in kernels. */
function stabilizers(graph: Graph, dims: Dims): readonly string[] {
  const log = makeLog();
  const names = new Set<string>();
  const simple = simplifyAfterBinding(bindSizes(derive(graph, { log }), dims), { log });
  for (const { rule } of phasesOf(log).flatMap(({ firings }) => firings)) {
    if (rule.contract === "stabilizes") names.add(rule.name);
  }
  runPasses(simple, kernelPasses(), ({ name }, before, after) => {
    if (name === keepDigits.name && after !== before) names.add(name);
  });
  return [...names];
}

/** No more than before. */
const free: Ratio = [1, 1];
/** What digits may cost in random graphs, whose rows have four elements: a largest exponent in each, a mean of deviations. */
const priceOfDigits: Ratio = [1.41, 1.79];
/** The same in operations, where nothing is computed twice. */
const operationsOfDigits = 1.23;
/** A shorter chain may be computed again by each kernel that reads it, where a longer one was stored. */
const priceOfAgain: Ratio = [1.38, 1.14];

/** Programs in which a rule that keeps digits fires on what simplification makes: its price is not simplification's. */
const stabilizedLater: Readonly<Record<string, Ratio>> = {
  "Sequence cross-entropy with a mask": [1, 1.04],
  "Cross-entropy at a temperature that is learned": [1, 1.04],
  Perplexity: [1, 1.06],
  "Cosine similarity with a number in the divisor": [1.03, 1],
  "Squared difference over a sum": [1.2, 1],
  "Logarithm of a mean of exponentials, over its rate": [1, 1.04],
  "Contrastive loss with a diagonal of −∞, over a temperature that is learned": [1, 1.02],
  "Supervised contrastive loss, over a temperature that is learned": [1, 1.02],
  "Label smoothing at a temperature that is learned": [1, 1.03],
  "Softmax of negative scores with noise, over a temperature that is learned": [1, 1.04],
  "Mean under exponentials of its own scores, over a temperature": [1, 1.05],
  "Soft maximum less the largest": [1, 1.04],
  "Soft maximum less the mean under its softmax, over a temperature": [1, 1.04],
  "Soft maximum less a wanted mean, over a temperature": [1, 1.02],
  "Number less a mean under exponentials, squared, over a temperature": [1, 1.04],
  "Contrastive loss both ways, its scale learned": [1.02, 1.13],
};

interface Comparison {
  readonly before: Cost;
  readonly after: Cost;
  /** Operations where every value is computed once. */
  readonly operations: { readonly before: number; readonly after: number };
  /** Why it may be dearer; looked for where it is. */
  readonly reasons: readonly string[];
}

function compare(graph: Graph, dims: Dims): Comparison {
  const written = bindSizes(asWritten(graph), dims);
  const { bound, entries } = compileWithFacts(graph, { dims });
  const costs = {
    before: costBefore(written),
    after: reported(entries),
    operations: {
      before: operations(expandComposites.run(written)),
      after: operations(expandComposites.run(simplifyAfterBinding(bound))),
    },
  };
  const isFree = isWithin(costs, free) && costs.operations.after <= costs.operations.before;
  return { ...costs, reasons: isFree ? [] : stabilizers(graph, dims) };
}

const isWithin = ({ before, after }: Pick<Comparison, "before" | "after">, [flops, bytes]: Ratio): boolean =>
  after.flops <= flops * before.flops && after.bytes <= bytes * before.bytes;

function expectWithin(found: Found, price: Ratio): void {
  const { before, after, reasons } = found;
  const text = `${JSON.stringify({ before, after, price })}, rules that keep digits: ${reasons.join(", ") || "none"}`;
  expect(isWithin(found, price), text).toBe(true);
}

/** What a price is listed as: nothing is given back. */
const listed = (after: number, before: number): number => Math.max(1, Math.ceil((100 * after) / before - 1e-9) / 100);

/** No costlier, or by just what is listed: where it costs less, the list says so. */
function expectListed(name: string, found: Comparison): void {
  const price = priceOf(name);
  if (price) expect(found.reasons, "only digits have a price").not.toEqual([]);
  expectPrice(name, found, price, "prices.ts");
}

type Found = Pick<Comparison, "before" | "after" | "reasons">;

function expectPrice(name: string, found: Found, price: Ratio | undefined, list: string): void {
  if (!price) return expectWithin(found, free);
  const { before, after } = found;
  expect(isWithin(found, free), `costs no more any longer: take ${name} from ${list}`).toBe(false);
  const needed = [listed(after.flops, before.flops), listed(after.bytes, before.bytes)];
  expect(price, `what ${list} lists for ${name}, and what it costs`).toEqual(needed);
}

/** Of the sizes of the fixtures those that a graph names. */
function dimsOf(graph: Graph): Dims {
  const names = new Set(graphValues(graph).flatMap(({ type }) => shapeNames(type.shape)));
  return Object.fromEntries(Object.entries(fixtureSizes).filter(([name]) => names.has(name)));
}

const fixtures = passFixtures().map(({ folder, name, graph }) => [`${folder}/${name}`, graph] as const);
/** Built anew for each comparison, so that none meets values that another has made. */
const programs = (): readonly (readonly [string, Graph])[] => rows.map((row) => [row.name, programOf(row).graph]);

describe("simplification is not dearer than what it is given", () => {
  const expectNoDearer = (name: string, graph: Graph, dims: Dims): void => {
    const after = reported(compileWithFacts(graph, { dims }).entries);
    const found = { before: costOfDigits(graph, dims), after, reasons: [] };
    expectPrice(name, found, stabilizedLater[name], "stabilizedLater");
  };
  it.each([...fixtures, ...programs()])("for %s", (name, graph) => expectNoDearer(name, graph, dimsOf(graph)));
  it.each(samples)("for the sample $name", async ({ name, dims }) =>
    expectNoDearer(name, await loadSample(name), dims),
  );
  it("but for programs that are there", () => {
    const known = new Set(programs().map(([name]) => name));
    expect(Object.keys(stabilizedLater).filter((name) => !known.has(name))).toEqual([]);
  });
});

describe("stabilisation is not dearer, but for what is listed", () => {
  it.each([...fixtures, ...programs()])("for %s", (name, graph) => expectListed(name, compare(graph, dimsOf(graph))));
  it.each(samples)("for the sample $name", async ({ name, dims }) =>
    expectListed(name, compare(await loadSample(name), dims)),
  );
  it("which has no name of what is not there", () => {
    const known = new Set([...fixtures, ...programs()].map(([name]) => name));
    const listed = prices.flatMap(({ of }) => Object.keys(of));
    expect(listed.filter((name) => !known.has(name))).toEqual([]);
    expect(new Set(listed).size).toBe(listed.length);
  });
});

/**
 * Operations where every value is computed once, whatever shares a kernel with what. A sign is none: formulas put it where
 * it reads best, and a processor adds or takes away.
 */
function operations(graph: Graph): number {
  const size = ({ type }: Value): number => elementCount(type.shape) as number;
  return graphValues(graph).reduce((total, value) => {
    const { op, operands, attrs } = value;
    if (value.constant || op === neg.op) return total;
    if (op.kind === "elementwise") return total + size(value) * (op.flops ?? 1);
    if (op.kind === "reduction") return total + accumulated(value, size(operands[0]), size(value));
    if (op.kind !== "contraction") return total;
    const depth = (attrs as unknown as ContractAttrs).contracted.map(
      ([axis]) => operands[0].type.shape[axis] as number,
    );
    return total + depth.reduce((product, extent) => product * extent, 2 * size(value));
  }, 0);
}

function accumulated({ op }: Value, elements: number, results: number): number {
  const { element, finish } = accumulationFlops(op as ReductionOp);
  return element * elements + finish * results;
}

describe("simplification of random graphs", () => {
  const seeds = Array.from({ length: 400 }, (_, i) => i + 1);
  const all = seeds.map((seed) => {
    const graph = randomTraining(seed);
    return { seed, ...compare(graph, dimsOf(graph)) };
  });
  it.each(all)("leaves no more operations in that of seed $seed", ({ operations: { before, after }, reasons }) => {
    const most = reasons.length > 0 ? operationsOfDigits : 1;
    expect(after, reasons.join(", ")).toBeLessThanOrEqual(most * before);
  });
  it.each(all)("leaves no more flops and bytes to kernels in that of seed $seed", (found) =>
    expectWithin(found, found.reasons.length > 0 ? priceOfDigits : priceOfAgain),
  );
  it("seldom has kernels compute something again that was stored", () => {
    const dearer = all.filter((found) => found.reasons.length === 0 && !isWithin(found, free));
    const named = dearer.map(({ seed }) => seed).join(", ");
    // In 63 and 348 the kernels store what is compared with elements of its own, which one kernel has to compute.
    expect(dearer.length, `seeds ${named}`).toBeLessThanOrEqual(seeds.length * 0.035);
  });
  it("leaves fewer flops and bytes to kernels of them all", () => {
    const total = (pick: (found: Comparison) => number): number => all.reduce((sum, each) => sum + pick(each), 0);
    expect(total(({ after }) => after.flops)).toBeLessThan(total(({ before }) => before.flops));
    expect(total(({ after }) => after.bytes)).toBeLessThan(total(({ before }) => before.bytes));
  });
});
