import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CompileError } from "../../ir/diagnostic.ts";
import { graphValues, type Graph } from "../../ir/graph.ts";
import { evaluate } from "../../ir/evaluate.ts";
import { formatAttribute } from "../../ir/notation/attributes.ts";
import { cursorOf } from "../../ir/parse/cursor.ts";
import { readAttribute } from "../../ir/parse/formula.ts";
import { splitStatements, tokenize } from "../../ir/parse/lexer.ts";
import { parseGraph } from "../../ir/parse.ts";
import { printGraph } from "../../ir/print.ts";
import { add, mul, sub } from "../../ir/ops/arithmetic.ts";
import { allOps } from "../../ir/ops/all.ts";
import { convolveOp } from "../../ir/ops/convolve.ts";
import { suppliedOp } from "../../ir/ops/derivative.ts";
import { exp } from "../../ir/ops/functions.ts";
import { constantOp, settingOp, sizeValue } from "../../ir/ops/leaf.ts";
import { sum } from "../../ir/ops/sum.ts";
import { sameGraph, verifyGraph } from "../../ir/verify.ts";
import { apply, postorder } from "../../ir/value.ts";
import { elementwiseSamples, graphOf, leaf, loops, weight } from "./graphs.ts";
import { derive } from "../../compiler/passes/all.ts";
import { buildPlan, planOf, sizesOf } from "../random/plan.ts";
import { drawData } from "../random/witness.ts";
import { samples } from "./samples.ts";

test("a loop is printed with its body", () => {
  expect(printGraph(graphOf({ result: loops() }))).toMatchInlineSnapshot(`
    "graph test
    input start: f32[4]
    input sequence: f32[time, 4]

    body step1 reversed over 4
      carry carry1: f32
      element element1: f32
      next carry1 ← carry1 + element1

    body step2 over time
      carry carry2: f32[4]
      element sequence: f32[4]
      position position1: i32
      v1 = scan(0, sequence · carry2, body=step1, result=final carry1)
      v2 = carry2 · 0.5 + v1 · f32(position1)
      v3 = exp(v2)
      next carry2 ← v2
      output v3
      output v3

    entry run
      v4, v5, v6 = scan(start, sequence, body=step2, results=[final carry2, output 1, output 2])
      output result = v4 + sum(v5, axis=0) + sum(v6, axis=0)  # f32[4]
    "
  `);
});

function expectRoundTrip(graph: ReturnType<typeof graphOf>): void {
  const text = printGraph(graph);
  const back = verifyGraph(parseGraph(text));
  expect(printGraph(back)).toBe(text);
  expect(sameGraph(graph, back), text).toBe(true);
}

describe("what is printed reads back", () => {
  test.each(samples)("%s", (_, value) => expectRoundTrip(graphOf({ result: value })));
  test.each(elementwiseSamples())("%s", (_, value) => expectRoundTrip(graphOf({ result: value })));

  test("a setting with its range", () => {
    const rate = apply(settingOp, [], { identity: { name: "rate", value: 0.5, range: [0, 1] } });
    const page = printGraph(graphOf({ y: mul(leaf("x", [2]), rate) }));
    expect(page).toContain("setting rate = 0.5 in [0, 1)");
    expect(graphValues(parseGraph(page)).map(({ attrs }) => attrs.identity)).toContainEqual(rate.attrs.identity);
    expectRoundTrip(graphOf({ y: mul(leaf("x", [2]), rate) }));
  });

  test("the samples use every op", () => {
    const used = [...samples, ...elementwiseSamples()].flatMap(([, value]) =>
      postorder([value]).map(({ op }) => op.name),
    );
    // A letter is what `print --stop-at` makes; the rule of a supplied derivative is a function, which no text holds.
    const leaves = ["state", "setting", "letter", "withDerivative"];
    const missing = allOps().filter(({ name }) => !used.includes(name) && !leaves.includes(name));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  test("attributes of every op are written where they are not what the op takes for granted, and only there", () => {
    const x = leaf("x", [1, 1, 1, 6, 6]);
    const w = leaf("w", [1, 1, 1, 3, 3]);
    const usual = { strides: [1, 1], low: [0, 0], high: [0, 0], inputDilation: [1, 1], kernelDilation: [1, 1] };
    const right = (attrs: object): string =>
      printGraph(graphOf({ y: apply(convolveOp, [x, w], { ...usual, ...attrs }) }));
    expect(right({})).toContain("output y = convolve(x, w)  #");
    expect(right({ high: [1, 1], strides: [2, 2] })).toContain(
      "output y = convolve(x, w, strides=[2, 2], high=[1, 1])",
    );
    for (const [name, value] of samples.flatMap(([name, root]) =>
      postorder([root]).map((each) => [name, each] as const),
    )) {
      const granted = Object.keys(value.op.defaults?.(value.operands.map(({ type }) => type)) ?? {});
      expect(
        granted.filter((key) => !(key in value.attrs)),
        name,
      ).toEqual([]);
    }
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

  // The text has no place for a rule that the model supplies as a function: JSON writes it out.
  const isSupplied = (graph: Graph): boolean => graphValues(graph).some(({ op }) => op === suppliedOp);
  const seeds = Array.from({ length: 50 }, (_, i) => i + 1);
  test.each(seeds)("the random graph of seed %i, also differentiated, and that computes the same", (seed) => {
    const plan = planOf(seed, 30);
    const graph = buildPlan(plan);
    if (!isSupplied(graph)) expectRoundTrip(graph);
    const derived = derive(graph);
    expectRoundTrip(derived);
    const data = drawData(graph, plan, seed);
    const options = { sizes: sizesOf(plan) };
    expect(evaluate(parseGraph(printGraph(derived)), data, options)).toEqual(evaluate(derived, data, options));
  });
});

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

test("attributes read back, whatever data they are", () => {
  const atom = fc.oneof(
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.string(),
    fc.constantFrom("batch", "2*batch+1", "-1*n", "f32", "true", "nan", "3", "edge", "a-b", "", "∞"),
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      atom,
      fc.array(tie("tree"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom("low", "high", "mode"), tie("tree"), { noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(tree, (attribute) => {
      const text = formatAttribute(attribute);
      const tokens = tokenize(splitStatements(`x ${text}`)[0], "attributes").slice(1);
      const cursor = cursorOf(tokens, { file: "attributes", line: 1, column: 1 });
      expect(readAttribute(cursor), text).toEqual(attribute);
      cursor.end();
    }),
    { seed: 20251121, numRuns: 400, verbose: true },
  );
});
