/// Dispatches of a training step: what the benchmark's models come to, as counts that hold on every machine.
import { describe, expect, it } from "vitest";
import type { Graph } from "chainrule";
import { compileWithFacts } from "../../compiler/compile.ts";
import { report } from "../../compiler/report.ts";
import cnn from "../bench/models/cnn.ts";
import deep from "../bench/models/deep.ts";
import { attention, layerNorm, softmax } from "../bench/models/forward.ts";
import gpt from "../bench/models/gpt.ts";
import mlp from "../bench/models/mlp.ts";

/** The model, and the most dispatches that a call may take. */
const workloads: readonly (readonly [string, () => Graph, number])[] = [
  ["a perceptron with two hidden layers trains", () => mlp, 7],
  ["a perceptron with seven hidden layers trains", () => deep, 17],
  ["a convolutional network with two pools trains", () => cnn, 9],
  ["a transformer of one block trains", () => gpt, 26],
  ["softmax", softmax, 1],
  ["layer normalisation", layerNorm, 1],
  ["causal attention", attention, 3],
];

describe("dispatches", () => {
  it.each(workloads)("%s", (_, graph, most) => {
    const [entry] = Object.values(report(compileWithFacts(graph())).entryPoints);
    expect(entry.dispatches).toBeLessThanOrEqual(most);
    expect(entry.submits).toBe(1);
    expect(entry.paddedFlops / entry.flops).toBeLessThanOrEqual(1.3);
  });
});

describe("updates of a transformer", () => {
  const compilation = compileWithFacts(gpt);
  const texts = compilation.program.kernels.map(({ wgsl }) => wgsl).join("\n");

  it("are one function where they are the same product of tensors that lie near each other", () => {
    const functions = [...texts.matchAll(/fn (update_attention_(?!\w+Bias)\w+)/g)].map(([, name]) => name);
    expect(functions).toEqual(["update_attention_query", "update_attention_output"]);
    expect(texts).toMatch(/Likewise update_attention_key, update_attention_value/);
  });

  it("bind little between their tensors", () => {
    const { rangeBytes, idealBytes, arenaBytes, arenaLowerBound } = report(compilation).entryPoints.train;
    expect(rangeBytes / idealBytes).toBeLessThanOrEqual(1.27);
    expect(arenaBytes / arenaLowerBound).toBeLessThanOrEqual(1.01);
  });
});
