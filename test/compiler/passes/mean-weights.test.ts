/// Deviations from means under weights that are scores somewhere else: an offset is taken away from scores, and what is
/// weighed is corrected under weights that add up to 1.
import { describe, expect, it } from "vitest";
import { grad, input, logSoftmax, mean, model, mul, neg, softmax, sub, sum, type Graph, type Tensor } from "chainrule";
import { derive } from "../../../compiler/passes/all.ts";
import { keepDigitsWith } from "../../../compiler/passes/keep-digits.ts";
import { makeLog, phasesOf } from "../../../compiler/rewrite/log.ts";
import { evaluateValues } from "../../../ir/evaluate.ts";
import { graphRoots } from "../../../ir/graph.ts";
import { printGraph } from "../../../ir/print.ts";
import { expectRight } from "../agree.ts";
import { noise, randomFeeds } from "../symbolic.ts";

type Table = Tensor<"f32", readonly [2, 3]>;
const table = (name: string): Table => input(name, "f32", [2, 3]);

/** Weights of one softmax are the scores of the next. */
const nested = model("nested", () => {
  const [a, b, v] = [table("a"), table("b"), input("v", "f32", [2])];
  const left = sum(sub(sub(b, a), b), { axis: 1 });
  const right = sum(mul(softmax(softmax(b, 1), 1), a), { axis: 1 });
  const loss = sum(mul(v, mul(left, right)));
  return { run: { loss, g: grad(loss, b) } };
});

const share = (x: Table): Table => softmax(x, 1) as Table;
const along = { axis: 1, keepAxes: true } as const;

/** What numbers are above their mean under weights. */
const lessMean = (x: Table, weights: Table): Table => sub(x, sum(mul(x, weights), along)) as Table;

/** What scores may be made of. */
const scalings: readonly ((x: Table) => Table)[] = [
  (x) => x,
  (x) => mul(2, x) as Table,
  (x) => neg(x) as Table,
  (x) => sub(x, mean(x, along)) as Table,
  (x) => logSoftmax(x, 1) as Table,
];
/** Products and differences of rows, with weights that are one of them. */
const pairs: readonly ((x: Table, y: Table) => Table)[] = [
  (x, y) => mul(x, y) as Table,
  (x, y) => sub(x, y) as Table,
  (x, y) => mul(x, share(y)) as Table,
  (x, y) => lessMean(x, share(y)),
  (x, y) => mul(share(x), lessMean(y, share(x))) as Table,
  (x, y) => mul(x, sum(mul(share(y), x), along)) as Table,
];

/** A model of two or three softmaxes of each other, whose weights are scores, and scores weights. */
function random(seed: number): Graph {
  const next = noise(seed);
  // The first numbers of neighbouring seeds are alike.
  Array.from({ length: 4 }, next);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(((next() + 1) / 2) * from.length)];
  return model("random", () => {
    const [a, b] = [table("a"), table("b")];
    const known: Table[] = [a, b, pick(pairs)(a, b)];
    const weights = share(pick(scalings)(next() < 0 ? b : pick(known)));
    let last = share(pick(scalings)(weights));
    if (next() < -0.3) last = share(pick(scalings)(last));
    if (next() < -0.3) known.push(weights);
    if (next() < 0) last = pick(pairs)(last, pick([weights, ...known]));
    if (next() < 0) last = lessMean(mul(last, lessMean(a, last)) as Table, weights);
    const rows = sum(mul(last, pick(known)), { axis: 1 });
    const loss = sum(next() < 0 ? rows : mul(rows, sum(sub(sub(b, a), b), { axis: 1 })));
    return { run: { loss, a: grad(loss, a), b: grad(loss, b) } };
  });
}

interface Compared {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly fired: readonly string[];
  readonly printed: string;
}

/** Results before and after the pass, and the rules that fired. */
function compared(graph: Graph): Compared {
  const log = makeLog();
  const derived = derive(graph);
  const feeds = randomFeeds(graphRoots(derived));
  const [before, after] = [derived, keepDigitsWith(log).run(derived)].map((each) => {
    const roots = graphRoots(each);
    const found = evaluateValues(roots, feeds);
    return roots.flatMap((root) => Array.from(found.get(root)!));
  });
  const fired = phasesOf(log).flatMap(({ firings }) => firings.map(({ rule }) => rule.name));
  return { before, after, fired, printed: printGraph(derived) };
}

/** How far a 1/3 of float32 is from a third: weights less such a number add up to nothing but for that. */
const rounding = 2 ** -22;
const shift = "scores under weights of a softmax";
const seeds = Array.from({ length: 60 }, (_, i) => i + 1);

describe("what is less its mean under weights", () => {
  it("is corrected under those weights, not under what is left of them without an offset", async () => {
    const { before, after, fired } = compared(nested);
    expect(fired).toContain(shift);
    after.forEach((each, i) => expect(each).toBeCloseTo(before[i], 12));
    await expectRight(nested);
  });

  it("is the same in whichever way softmaxes follow each other", () => {
    let shifted = 0;
    for (const seed of seeds) {
      const { before, after, fired, printed } = compared(random(seed));
      const size = Math.max(1, ...before.map(Math.abs));
      const worst = Math.max(...after.map((each, i) => Math.abs(each - before[i]) / size));
      expect(worst, `seed ${seed}\n${printed}`).toBeLessThan(rounding);
      if (fired.includes(shift)) shifted++;
    }
    expect(shifted).toBeGreaterThan(seeds.length / 2);
  });
});
