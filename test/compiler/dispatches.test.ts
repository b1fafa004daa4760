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
  ["a convolutional network with two pools trains", () => cnn, 12],
  ["a transformer of one block trains", () => gpt, 30],
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
