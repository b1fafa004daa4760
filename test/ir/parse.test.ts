import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CompileError } from "../../ir/diagnostic.ts";
import { evaluate } from "../../ir/evaluate.ts";
import { oneHot, softmax } from "../../ir/nn/softmax.ts";
import { parseGraph } from "../../ir/parse.ts";
import { printGraph } from "../../ir/print.ts";
import { bitcastOp } from "../../ir/ops/bits.ts";
import { convolve } from "../../ir/ops/convolve.ts";
import {
  cumargmaxOp,
  cumargminOp,
  cummax,
  cummin,
  cumprod,
  cumsum,
  logcumsumexp,
  recurrence,
} from "../../ir/ops/cumulative.ts";
import { gather, scatterAdd } from "../../ir/ops/gather.ts";
import { concatenate, pad, slice } from "../../ir/ops/pad.ts";
import { product } from "../../ir/ops/product.ts";
import { threefry } from "../../ir/ops/random.ts";
import { argsort } from "../../ir/ops/sort.ts";
import { training } from "../../ir/ops/training.ts";
import { skewOp, windows } from "../../ir/ops/windows.ts";
import { add, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { allOps } from "../../ir/ops/all.ts";
import { cast, where } from "../../ir/ops/choose.ts";
import { equal } from "../../ir/ops/compare.ts";
import { contract } from "../../ir/ops/contract.ts";
import { grad, jvp, vjp } from "../../ir/ops/derivative.ts";
import { exp, pow } from "../../ir/ops/functions.ts";
import { reshape, reverse, transpose } from "../../ir/ops/layout.ts";
import { constant, constantOp, iota, sizeValue } from "../../ir/ops/leaf.ts";
import { argmax, argmin, logsumexp, max, mean, min } from "../../ir/ops/reduce.ts";
import { broadcastAlong, broadcastTo, sum } from "../../ir/ops/sum.ts";
import { sameGraph, verifyGraph } from "../../ir/verify.ts";
import { apply, postorder, type Value } from "../../ir/value.ts";
import { elementwiseSamples, graphOf, leaf, randomGraphs, weight } from "./graphs.ts";

const x = leaf("x", ["batch", 4]);
const y = leaf("y", ["batch", 4]);
const v = leaf("v", ["batch"]);
const cube = leaf("cube", ["batch", 3, 4]);
const label = leaf("label", ["batch"], "i32");
const word = leaf("word", ["batch"], "u32");

const samples: readonly (readonly [string, Value])[] = [
  [
    "matrix products",
    contract(contract(x, y, { batch: [], contracted: [[0, 0]] }), x, { batch: [], contracted: [[1, 1]] }),
  ],
  ["a transposed value as a factor", contract(transpose(x), y, { batch: [], contracted: [[1, 0]] })],
  ["batched product", contract(cube, leaf("other", ["batch", 4, 2]), { batch: [[0, 0]], contracted: [[2, 1]] })],
  ["batched product, transposed", contract(cube, cube, { batch: [[0, 0]], contracted: [[2, 2]] })],
  [
    "general contraction",
    contract(cube, cube, {
      batch: [[1, 1]],
      contracted: [
        [2, 2],
        [0, 0],
      ],
    }),
  ],
  ["outer product", contract(v, v, { batch: [], contracted: [] })],
  ["dot product", contract(v, v, { batch: [], contracted: [[0, 0]] })],
  ["reductions", add(sum(x), add(max(v), mean(logsumexp(cube, { axes: [0, 2] }))))],
  ["argmax", argmax(x)],
  ["softmax along the first axis", softmax(x, 0)],
  ["one-hot rows", oneHot(label, 10)],
  [
    "comparison that is no one-hot row",
    cast(equal(broadcastAlong(label, ["batch", 10], [0]), iota(["batch", 10], 1)), "f32"),
  ],
  ["layout", transpose(reshape(cube, ["batch", 2, 6]), [2, 0, 1])],
  ["reshape with polynomial sizes", reshape(cube, ["12*batch"])],
  ["spread by itself", broadcastAlong(v, ["batch", 5], [0])],
  ["scalar repeated", broadcastTo(sum(v), ["batch", 2])],
  [
    "two spreads that make a matrix",
    mul(broadcastAlong(v, ["batch", 3], [0]), broadcastTo(leaf("w", [3]), ["batch", 3])),
  ],
  ["spread along the middle", add(cube, broadcastAlong(x, ["batch", 3, 4], [0, 2]))],
  ["sizes", mul(x, sizeValue("batch", "f32", ["batch", 4]))],
  ["polynomial size", mul(sum(x), sizeValue("2*batch+1"))],
  ["size of integers", sizeValue("batch", "i32", [2])],
  ["negative numbers", sub(mul(-2, x), add(x, -0.1))],
  ["negation of a number", apply(neg.op, [constant(2)])],
  ["numbers beyond numbers", add(add(x, Infinity), add(mul(x, -Infinity), add(mul(NaN, x), -0)))],
  ["shortest numbers", add(mul(x, 0.1), add(1e-8, mul(x, 16777217)))],
  ["constant by itself", constant(3, "i32", [2, 2])],
  [
    "truth",
    apply(
      allOps().find((op) => op.name === "and")!,
      [leaf("t", [2], "bool"), constant(true, "bool", [2])],
    ),
  ],
  ["powers", pow(pow(x, 2), neg(pow(x, add(y, 1))))],
  ["double negation", neg(neg(x))],
  ["conversions", cast(cast(x, "i32"), "bool")],
  ["placeholder of a gradient", grad(sum(x), x)],
  ["index", cast(iota([3, 2], 0, "u32"), "f32")],
  ["bits", apply(bitcastOp, [label], { dtype: "u32" })],
  ["more reductions", add(min(x), add(cast(argmin(v), "f32"), product(cube, { axes: [1] })))],
  [
    "parts",
    concatenate(
      [
        slice(x, [null, [1, 4, 2]]),
        pad(
          reverse(x, [0, 1]),
          [
            [0, 0],
            [-1, 2],
          ],
          { fill: -0 },
        ),
      ],
      1,
    ),
  ],
  [
    "a frame of infinity",
    pad(
      x,
      [
        ["batch", 0],
        [0, 1],
      ],
      { fill: -Infinity },
    ),
  ],
  ["windows", windows(x, { axis: 1, size: 2, stride: 2, dilation: 1 })],
  ["gather", gather(x, label)],
  ["gather in batches", gather(x, leaf("place", ["batch", 2], "i32"), { batch: 1 })],
  ["scatter", scatterAdd(x, leaf("place", [3], "i32"), leaf("rows", [3, 4]))],
  ["running totals", add(cumsum(x, 1), add(cumprod(x, 0, { reverse: true }), logcumsumexp(x, 1)))],
  ["windows put back", apply(skewOp, [leaf("columns", [5, 3])], { axis: 0, size: 3, stride: 1, dilation: 1 })],
  [
    "places of running extremes",
    add(apply(cumargmaxOp, [x], { axis: 0 }), apply(cumargminOp, [x], { axis: 1, reverse: true })),
  ],
  ["running extremes", add(cummax(x, 1), cummin(x, 0, { reverse: true }))],
  ["recurrence", recurrence(x, y, 1)],
  ["order", argsort(x, { axis: 0, descending: true })],
  [
    "convolution",
    convolve(leaf("picture", ["batch", 3, 8, 8]), leaf("filter", [5, 3, 3, 3]), { strides: [2, 1], padding: "same" }),
  ],
  ["random bits", threefry(1, [word, word], [threefry(0, [word, word], [word, 7]), word])],
  ["training", where(training(), x, y)],
  ["derivatives along and back", add(vjp(exp(x), x, y), jvp(exp(x), x, y))],
];

function expectRoundTrip(graph: ReturnType<typeof graphOf>): void {
  const text = printGraph(graph);
  const back = verifyGraph(parseGraph(text));
  expect(printGraph(back)).toBe(text);
  expect(sameGraph(graph, back), text).toBe(true);
}

describe("what is printed reads back", () => {
  test.each(samples)("%s", (_, value) => expectRoundTrip(graphOf({ result: value })));
  test.each(elementwiseSamples())("%s", (_, value) => expectRoundTrip(graphOf({ result: value })));

  test("the samples use every op", () => {
    const used = [...samples, ...elementwiseSamples()].flatMap(([, value]) =>
      postorder([value]).map(({ op }) => op.name),
    );
    const leaves = ["state", "setting"];
    const missing = allOps().filter(({ name }) => !used.includes(name) && !leaves.includes(name));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  test("names that are no words, and words that mean something else", () => {
    const names = [
      "learning rate",
      "v1",
      "true",
      "batch",
      "x-y",
      "a`b",
      "relu",
      "ŷ",
      "z₁",
      "∂L/∂z₁",
      "output",
      "update",
      "α²",
    ];
    for (const name of names) {
      const strange = leaf(name, ["batch"]);
      const hidden = exp(strange);
      expectRoundTrip(graphOf({ result: mul(hidden, add(hidden, sizeValue("batch", "f32", ["batch"]))) }));
      expectRoundTrip(graphOf({ result: mul(hidden, hidden) }, name === "batch" ? {} : { [`${name}!`]: hidden }));
    }
  });

  test("updates, new values of states, repeated lines", () => {
    const [a, b] = [weight("a.weight", [3]), weight("b.weight", [3])];
    const updates = [a, b].flatMap((w) => {
      const velocity = weight(`m.${(w.attrs.identity as { name: string }).name}`, [3]);
      const next = add(mul(0.9, velocity), w);
      return [
        { state: velocity, value: next },
        { state: w, value: sub(w, mul(next, 0.1)) },
      ];
    });
    const graph = graphOf(
      { loss: sum(mul(a, b)) },
      {},
      updates.map((each) => each),
    );
    expectRoundTrip(graph);
  });

  test("random graphs, and they compute the same", () => {
    const seed = 20240607;
    fc.assert(
      fc.property(randomGraphs, (graph) => {
        expectRoundTrip(graph);
        const used = new Set([...graph.inputs, ...graph.states].map((each) => graph.notes.get(each)!.name!));
        const data = Object.fromEntries([...used].map((name) => [name, numbersFor(name)]));
        const options = { sizes: { batch: 3 } };
        expect(evaluate(parseGraph(printGraph(graph)), data, options)).toEqual(evaluate(graph, data, options));
      }),
      { seed, numRuns: 150, verbose: true },
    );
  });
});

function numbersFor(name: string): number[] {
  const length = { x: 12, y: 12, column: 3, "layer.weight": 16 }[name] ?? 0;
  return Array.from({ length }, (_, i) => Math.sin(i + name.length));
}

test("constants keep their bits", () => {
  const value = apply(constantOp, [], { value: Math.fround(0.1), dtype: "f32", shape: [] });
  const back = parseGraph(printGraph(graphOf({ result: value })));
  expect(back.entryPoints[0].outputs[0].value.attrs.value).toBe(Math.fround(0.1));
});

test.each([
  ["entry run\n  output y = x + 1", "unknown-word", 2, 14],
  ["input x: f32[2]\nentry run\n  output y = x +", "graph-syntax", 3, 16],
  ["input x: f32[2]\nentry run\n  output y = x ) 2", "graph-syntax", 3, 16],
  ["input x: f32[2]\ninput x: f32", "duplicate-name", 2, 7],
  ["input x: f64[2]", "graph-syntax", 1, 10],
  ["input x: f32[2]\ninput y: f32[3]\nentry run\n  output z = x + y", "broadcast-mismatch", 4, 16],
  ["input x: f32[2]\ninput y: f32[3]\nentry run\n  output z = x @ y", "contraction-extent", 4, 16],
  ["input x: f32[2]\nentry run\n  output z = frobnicate(x)", "unknown-word", 3, 14],
  ["input x: f32[2]\nentry run\n  output z = x[:, _]", "graph-syntax", 3, 15],
  ["input x: f32[2]\nentry run\n  output z = x ? x", "graph-syntax", 3, 16],
  ["state s: f32\noutput s", "graph-syntax", 2, 8],
])("an error has a code and a place: %j", (text, code, line, column) => {
  const error = caught(() => parseGraph(text, "model.graph"));
  expect(error).toMatchObject({ code, place: { file: "model.graph", line, column } });
});

function caught(action: () => unknown): CompileError {
  try {
    action();
  } catch (error) {
    if (error instanceof CompileError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
