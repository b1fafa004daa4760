import { expect, test } from "vitest";
import { grad, input, layerNorm, model, mul, param, pow, softmax, sum, type Tensor } from "chainrule";
import { compile } from "../../compiler/compile.ts";
import { runPasses } from "../../compiler/pass.ts";
import { planEntry } from "../../compiler/plan.ts";
import { derive, simplifyAfterBinding } from "../../compiler/passes/all.ts";
import { bindSizes } from "../../compiler/passes/bind-sizes.ts";
import { kernelPasses } from "../../compiler/passes/kernel-passes.ts";
import { makeLog, phasesOf } from "../../compiler/rewrite/log.ts";
import { graphValues, type Graph } from "../../ir/graph.ts";
import { perceptron, transformer, wide } from "../bench/models.ts";

/** What a compilation comes to: nothing here is measured in time. */
function countsOf(graph: Graph) {
  const log = makeLog();
  const derived = derive(graph, { log });
  const final = runPasses(simplifyAfterBinding(bindSizes(derived, { batch: 2 })), kernelPasses());
  const steps = final.entryPoints.flatMap((entry) => planEntry(entry, final.notes).steps);
  return {
    firings: phasesOf(log).reduce((total, { firings }) => total + firings.length, 0),
    values: graphValues(derived).length,
    kernels: steps.length,
  };
}

test.each([
  ["perceptron", perceptron],
  ["transformer", transformer],
] as const)("a layer more of a %s is as much more to rewrite, to hold and to launch, however deep", (_, family) => {
  // With one layer the loss takes as long as what updates wait for, and their counter stands elsewhere than with more.
  const [few, some, many] = [2, 3, 5].map((layers) => countsOf(family(layers)));
  for (const key of ["firings", "values", "kernels"] as const) {
    expect(some[key]).toBeGreaterThan(few[key]);
    // Ends of the network may differ a little.
    expect(many[key] / (some[key] + 2 * (some[key] - few[key])), key).toBeCloseTo(1, 1);
  }
});

test("terms beside each other share kernels as far as these can bind what they read and write", () => {
  const [few, many] = [20, 40].map((terms) => countsOf(wide(terms)).kernels);
  // A kernel for its value, one for its parameter and two moments, and a part of those that add the values up. Where
  // crowded kernels are cut to pieces, it is seven.
  expect(many - few).toBeLessThanOrEqual(3 * 20);
});

test("powers whose exponents are learned, one each, are cut where a kernel would bind them all", () => {
  const chain = (depth: number): Graph =>
    model("powers", () => {
      const given = mul(input("given", "f32", [8]), param([8], { name: "scale" })) as Tensor<"f32">;
      const exponents = Array.from({ length: depth }, (_, place) => param([], { name: `exponent${place}` }));
      const power = exponents.reduce<Tensor<"f32">>((x, y) => pow(x, y) as Tensor<"f32">, given);
      const loss = sum(power) as Tensor<"f32", readonly []>;
      return { run: Object.fromEntries(exponents.map((each, place) => [`slope${place}`, grad(loss, each)])) };
    });
  const [few, many] = [8, 16].map((depth) => compile(chain(depth)).kernels.length);
  expect(many).toBeLessThanOrEqual(3 * few);
});

test.each([
  ["softmax", (x: Tensor<"f32">) => softmax(x)],
  ["layerNorm", (x: Tensor<"f32">) => layerNorm(x, { scale: false, shift: false })],
] as const)("one %s after the other is cut to kernels that are read and compiled soon", (_, layer) => {
  const texts = [10, 40].map((length) => {
    const rows = model("rows", () => {
      const given = input("given", "f32", [64, 256]) as Tensor<"f32">;
      return { run: { result: Array.from({ length }).reduce<Tensor<"f32">>((x) => layer(x) as Tensor<"f32">, given) } };
    });
    return compile(rows).kernels.map(({ wgsl }) => wgsl.length);
  });
  // 91 kB and 131 kB in one; 51 kB and 39 kB where accumulators count for less, and more is computed again.
  expect(Math.max(...texts.flat())).toBeLessThan(30_000);
});
