/// What a page reads twice has a line of its own: no formula is written twice.
import { describe, expect, test } from "vitest";
import { derive } from "../../compiler/passes/all.ts";
import { input, model, randomKey, randomNormal } from "../../ir/index.ts";
import { printGraph } from "../../ir/print.ts";
import { cast } from "../../ir/ops/choose.ts";
import { add, mul, sub } from "../../ir/ops/arithmetic.ts";
import { matmul } from "../../ir/ops/contract.ts";
import { exp } from "../../ir/ops/functions.ts";
import { reshape, transpose } from "../../ir/ops/layout.ts";
import { constant, iota } from "../../ir/ops/leaf.ts";
import { slice } from "../../ir/ops/pad.ts";
import { broadcastAlong, spread, sum } from "../../ir/ops/sum.ts";
import { oneHot } from "../../ir/nn/softmax.ts";
import { scan } from "../../ir/scan.ts";
import type { Value } from "../../ir/value.ts";
import { buildPlan, planOf } from "../random/plan.ts";
import { graphOf, leaf } from "./graphs.ts";
import { writtenTwice } from "./written-twice.ts";

describe("no formula is written twice", () => {
  const seeds = Array.from({ length: 30 }, (_, i) => i + 1);
  test.each(seeds)("in the random graph of seed %i, also differentiated", (seed) => {
    const graph = buildPlan(planOf(seed, 30));
    for (const each of [graph, derive(graph)]) {
      const page = printGraph(each);
      expect(writtenTwice(page), page).toEqual([]);
    }
  });
});

/** The lines of the entry point, for a value that is read in two ways. */
function readTwice(value: Value): string {
  const page = printGraph(graphOf({ r: exp(value), s: sum(value), t: add(value, value) }));
  expect(writtenTwice(page), page).toEqual([]);
  return page.slice(page.indexOf("entry run"));
}

describe("what is read twice has a line of its own", () => {
  const [x, label] = [leaf("x", [4, 6]), leaf("label", [4], "i32")];
  test.each<readonly [string, Value]>([
    ["reshape(x, [24])", reshape(x, [24])],
    ["transpose(cube, [2, 0, 1])", transpose(leaf("cube", [2, 3, 4]), [2, 0, 1])],
    ["broadcast(row, [4, 6])", broadcastAlong(leaf("row", [6]), [4, 6], [1])],
    ["oneHot(i32(x), 3)", oneHot(cast(x, "i32"), 3)],
    ["f32(label)", cast(label, "f32")],
    ["iota(f32[4, 6], axis=1)", iota([4, 6], 1, "f32")],
    [
      "slice(x, starts=[0, 1], limits=[2, 4])",
      slice(x, [
        [0, 2],
        [1, 4],
      ]),
    ],
  ])("%s", (text, value) => expect(readTwice(value)).toContain(`  v1 = ${text}\n`));
});

test("a name that is turned round, spread or a label, and a number, stand where they are read", () => {
  const [x, W, b, label] = [leaf("x", [4, 4]), leaf("W", [4, 4]), leaf("b", [4]), leaf("label", [4], "i32")];
  const page = printGraph(
    graphOf({
      r: matmul(x, transpose(W)),
      s: sum(exp(transpose(W))),
      t: mul(x, spread(b, x.type, [1])),
      u: sub(x, spread(b, x.type, [1])),
      v: mul(x, oneHot(label, 4)),
      w: sub(x, oneHot(label, 4)),
    }),
  );
  expect(page).not.toContain("v1");
  expect(page).toContain("x @ (Wᵀ)");
  expect(page).toContain("x · b[:, _]");
  expect(page).toContain("x - b[:, _]");
  expect(page).toContain("x · oneHot(label, 4)");
  expect(page).toContain("x - oneHot(label, 4)");
});

test("a loop and its body have no formula twice", () => {
  const [x, U] = [leaf("x", ["time", 4]), leaf("U", [4, 4])];
  const { carry } = scan(([h], [row]) => ({ carry: [add(mul(exp(matmul(h, U)), row), exp(matmul(h, U)))] }), {
    initial: [constant(0, "f32", [4])],
    sequences: [x],
  });
  const page = printGraph(graphOf({ r: carry[0], s: exp(carry[0]) }));
  expect(writtenTwice(page), page).toEqual([]);
});

test("normal noise counts its elements once", () => {
  const noisy = model("noisy", () => {
    const [x, noise] = [input("x", "f32", ["batch", 3]), randomNormal(randomKey(), ["batch", 3])];
    return { run: { y: add(x, noise) as never } };
  });
  const page = printGraph(noisy);
  expect(page).toContain("iota(");
  expect(writtenTwice(page), page).toEqual([]);
});
