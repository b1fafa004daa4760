import { describe, expect, test } from "vitest";
import {
  add,
  dense,
  input,
  matmul,
  mean,
  model,
  mul,
  param,
  relu,
  softmax,
  sub,
  sum,
  tanh,
  transpose,
} from "chainrule";
import type { EntryPointRecord, Value } from "chainrule";
import { compileWithFacts } from "../../compiler/compile.ts";
import { report } from "../../compiler/report.ts";
import { planEntry } from "../../compiler/plan.ts";
import { refusedPairs, type RefusedPair } from "../../compiler/why.ts";
import cnn from "../bench/models/cnn.ts";
import mlp from "../bench/models/mlp.ts";

const x = () => input("x", "f32", [64, 32]);

function pairsOf(define: () => EntryPointRecord): readonly RefusedPair[] {
  const compiled = compileWithFacts(model("test", () => ({ run: define() })));
  return report(compiled, true).entryPoints.run!.refused!;
}

describe("why two kernels are two", () => {
  test("a product starts a kernel", () => {
    const pairs = pairsOf(() => ({ y: matmul(relu(matmul(x(), param([32, 16]))), param([16, 8])) }));
    expect(pairs).toEqual([
      {
        from: "relu",
        to: "y",
        value: "y",
        reason: "starts",
        text: "it starts a kernel of its own: a product reads its operands many times",
      },
    ]);
  });

  test("a reduction of a product's result goes along rows that no thread has whole", () => {
    const [pair] = pairsOf(() => ({ y: softmax(matmul(x(), param([32, 16]))) }));
    expect(pair).toMatchObject({
      reason: "starts",
      text: "it starts a kernel of its own: no thread has all that is reduced along axis 1 of f32[64, 16]",
    });
  });

  test("elements that another thread computes are read from memory", () => {
    const pairs = pairsOf(() => {
      const square = matmul(x(), param([32, 64]));
      return { y: add(square, transpose(tanh(square))) };
    });
    expect(pairs.map(({ reason }) => reason)).toEqual(["places"]);
  });

  test("8 tensors are bound together, 9 are not", () => {
    const reasons = (count: number): readonly string[] =>
      pairsOf(() => {
        let total: Value = matmul(x(), param([32, 16]));
        for (let term = 0; term < count; term++) total = mul(total as never, tanh(input(`t${term}`, "f32", [64, 16])));
        return { y: total };
      }).map(({ reason }) => reason);
    // The product's operands and the result are three.
    expect(reasons(5)).toEqual([]);
    expect(new Set(reasons(6))).toEqual(new Set(["bindings"]));
  });

  test("a value of two products joins one of them", () => {
    const pairs = pairsOf(() => {
      const other = input("other", "f32", [64, 32]);
      return { y: add(matmul(x(), param([32, 16])), matmul(other, param([32, 16]))) };
    });
    expect(pairs.map(({ reason }) => reason)).toEqual(["elsewhere"]);
  });

  test.each([mlp, cnn])(
    "every pair of neighbours has one reason, and the planning is the same when it is asked",
    (graph) => {
      const { ready } = compileWithFacts(graph);
      for (const entry of ready.entryPoints) {
        const pairs = refusedPairs(entry, ready.notes);
        const { steps } = planEntry(entry, ready.notes);
        const writers = new Map(steps.flatMap((step) => step.traffic.stores.map((value) => [value, step] as const)));
        const neighbours = steps.flatMap((step) => {
          const sources = new Set(step.traffic.loads.flatMap((value) => writers.get(value) ?? []));
          return [...sources].filter((source) => source !== step);
        });
        expect(pairs.length).toBe(neighbours.length);
        expect(pairs.length).toBeGreaterThan(5);
        for (const { text } of pairs) expect(text).toMatch(/\w+ \w+/);
      }
    },
  );

  test("is said where it is asked for", () => {
    const compiled = compileWithFacts(
      model("m", () => ({ run: { loss: mean(sum(sub(dense(x(), 4), 1), { axis: 1 })) } })),
    );
    expect(report(compiled).entryPoints.run).not.toHaveProperty("refused");
    expect(report(compiled, true).entryPoints.run!.refused!.length).toBeGreaterThan(0);
  });
});
