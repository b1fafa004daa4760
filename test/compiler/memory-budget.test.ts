/// A memory budget: the same bits from a smaller arena.
import { describe, expect, it } from "vitest";
import {
  adam,
  add,
  dense,
  dropout,
  grad,
  input,
  layerNorm,
  matmul,
  meanSquaredError,
  model,
  mul,
  param,
  parametersOf,
  rmsNorm,
  scan,
  softmax,
  tanh,
  type Graph,
  type Value,
} from "chainrule";
import { compileWithFacts, type Compilation, type CompileOptions } from "../../compiler/compile.ts";
import { report } from "../../compiler/report.ts";
import type { CompileError } from "../../ir/diagnostic.ts";
import cnn from "../bench/models/cnn.ts";
import deep from "../bench/models/deep.ts";
import gpt from "../bench/models/gpt.ts";
import { perceptron, transformer } from "../bench/models.ts";
import { buildPlan, planOf, sizesOf } from "../random/plan.ts";
import { drawData } from "../random/witness.ts";
import { expectSame, flopsAgain, peakOf } from "./budgets.ts";
import { pretrained, residual, translation } from "./budget-models.ts";

/** A perceptron whose gradients are outputs, with units that drop out. */
const withGradients = (): Graph =>
  model("gradients", () => {
    let hidden: Value = input("x", "f32", [16, 12]);
    const y = input("y", "f32", [16, 12]);
    for (let layer = 0; layer < 6; layer++) hidden = dropout(tanh(dense(hidden as never, 12)), 0.1) as Value;
    const loss = meanSquaredError(hidden as never, y);
    const slopes = parametersOf(loss).map((each, i) => [`slope${i}`, grad(loss, each)] as const);
    return {
      predict: { probabilities: softmax(hidden as never) },
      slopes: Object.fromEntries([["loss", loss], ...slopes]) as never,
      train: { loss, update: adam(loss) },
    };
  });

/** Recurrences, one after another: the backward part of each reads all that the one before it left. */
const withLoops = (): Graph =>
  model("loops", () => {
    const y = input("y", "f32", [8, 16]);
    let sequence = input("x", "f32", [12, 8, 16]) as Value;
    let last = y as Value;
    for (let layer = 0; layer < 4; layer++) {
      const weight = param([16, 16]);
      const { carry, outputs } = scan(
        ([h], [word]) => {
          const next = tanh(add(matmul(h as typeof y, weight), word as unknown as typeof y));
          return { carry: [next], outputs: [next] };
        },
        { initial: [mul(y, 0)], sequences: [sequence as typeof y] },
      );
      [sequence, last] = [outputs[0], carry[0]];
    }
    const loss = meanSquaredError(last as never, y);
    return { train: { loss, update: adam(loss) } };
  });

describe("with a memory budget, results are the same bits", () => {
  it("of a deep perceptron", async () => {
    const bounded = await expectSame(deep, [0.5, 0.3]);
    expect(flopsAgain(bounded.at(-1)!)).toBeGreaterThan(0);
  });
  it("of convolutions and pools", () => expectSame(cnn, [0.75]));
  it("of a GPT", () => expectSame(gpt, [0.5]), 300_000);
  it("of a GPT in halves", () => expectSame(gpt, [0.5], { storage: "f16" }), 300_000);
  it("of a transformer of six layers", () => expectSame(transformer(6), [0.5], { dims: { batch: 4 } }), 300_000);
  it("of several entry points, of gradients and of units that drop out", async () => {
    const bounded = await expectSame(withGradients(), [0.9, 0.6]);
    expect(flopsAgain(bounded.at(-1)!)).toBeGreaterThan(0);
  });
  it("of a loop that is run again", async () => {
    const [bounded] = await expectSame(withLoops(), [0.65]);
    expect(bounded.entries.flatMap(({ memory }) => memory!.again).some(({ step }) => step.loop)).toBe(true);
  });

  it.each([
    ["of attention before a mean square norm", residual(rmsNorm)],
    ["of attention before a layer norm", residual(layerNorm)],
    ["of a GPT whose logits are of its table", pretrained()],
    ["of attention with masks", translation()],
  ])("%s, where kernels are left no binding", async (_, graph) => void (await expectSame(graph, [0.9, 0.7])), 300_000);

  const seeds = [1, 2];
  it.each(seeds)("of the random graph of seed %i, with as little as there can be", async (seed) => {
    const plan = planOf(seed);
    const graph = buildPlan(plan);
    const smallest = smallestOf(graph, { dims: sizesOf(plan) });
    if (smallest === undefined) return;
    const part = smallest / peakOf(compiledPlan(seed));
    await expectSame(graph, [(1 + part) / 2, part], { dims: sizesOf(plan) }, drawData(graph, plan, seed));
  });
});

function compiledPlan(seed: number): Compilation {
  const plan = planOf(seed);
  return compileWithFacts(buildPlan(plan), { dims: sizesOf(plan) });
}

/** The smallest arena that is found, by the error that names it. */
function smallestOf(graph: Graph, options: CompileOptions): number | undefined {
  try {
    compileWithFacts(graph, { ...options, memoryBudget: 1 });
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: "memory-budget" });
    return Number(/--memory-budget (\d+)/.exec((error as CompileError).help!)![1]);
  }
}

describe("a budget", () => {
  const sizes = { dims: { batch: 64 } };

  it("that is kept anyway changes nothing", () => {
    const free = compileWithFacts(perceptron(8), sizes);
    const bounded = compileWithFacts(perceptron(8), { ...sizes, memoryBudget: peakOf(free) });
    expect(bounded.program).toEqual(free.program);
  });

  it("that is met by order alone makes nothing again", () => {
    const free = compileWithFacts(perceptron(16), sizes);
    const bounded = compileWithFacts(perceptron(16), { ...sizes, memoryBudget: Math.floor(0.7 * peakOf(free)) });
    expect(flopsAgain(bounded)).toBe(0);
  });

  it("makes less again the larger it is", () => {
    const peak = peakOf(compileWithFacts(perceptron(24), sizes));
    const flops = [0.9, 0.7, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2].map((part) =>
      flopsAgain(compileWithFacts(perceptron(24), { ...sizes, memoryBudget: Math.floor(part * peak) })),
    );
    expect(flops).toEqual(flops.toSorted((a, b) => a - b));
    expect(flops.at(-1)).toBeGreaterThan(0);
  });

  it.each([16, 36, 100])(
    "of 2√n tensors is enough for a chain of n = %i layers, each made again at most once",
    (layers) => {
      const tensor = 4 * 64 * 16;
      const memoryBudget = (2 * Math.sqrt(layers) + 3) * tensor;
      const { arenaBytes, memory } = compileWithFacts(perceptron(layers), { ...sizes, memoryBudget }).entries[0];
      expect(memory!.bytesBefore).toBeGreaterThan((2 * layers - 2) * tensor);
      expect(arenaBytes).toBeLessThanOrEqual(memoryBudget);
      expect(Math.max(...memory!.again.map(({ times }) => times))).toBe(1);
      expect(memory!.again.length).toBeLessThan(layers);
    },
  );

  it("that is too small names one that is not", () => {
    const smallest = smallestOf(perceptron(16), sizes)!;
    const { entries } = compileWithFacts(perceptron(16), { ...sizes, memoryBudget: smallest });
    expect(entries[0].arenaBytes).toBeLessThanOrEqual(smallest);
  });

  it.each(["f32", "f16"] as const)(
    "that is too small for several entry points in %s names one that is not",
    (storage) => {
      const graph = model("chain", () => {
        let hidden: Value = input("x", "f32", [16, 12]);
        const y = input("y", "f32", [16, 12]);
        for (let i = 0; i < 8; i++) hidden = dropout(tanh(dense(hidden as never, 12)), 0.2) as Value;
        const loss = meanSquaredError(hidden as never, y);
        return { train: { loss, update: adam(loss) }, predict: { h: softmax(hidden as never) } };
      });
      const smallest = smallestOf(graph, { storage })!;
      const { program } = compileWithFacts(graph, { storage, memoryBudget: smallest });
      const arenas = program.buffers.filter(({ role }) => role === "arena");
      expect(arenas.length).toBe(storage === "f16" ? 2 : 1);
      expect(arenas.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(smallest + 15 * arenas.length);
    },
  );

  it.each([NaN, Infinity, -5, 0, 1.5, "64MB"])("of %j is refused: it is a positive whole number of bytes", (budget) => {
    expect(() => compileWithFacts(perceptron(2), { ...sizes, memoryBudget: budget as number })).toThrow(
      expect.objectContaining({ code: "memory-budget-value" }),
    );
  });

  it("runs kernels again that are there already", () => {
    const memoryBudget = Math.floor(0.25 * peakOf(compileWithFacts(perceptron(16), sizes)));
    const { entries } = compileWithFacts(perceptron(16), { ...sizes, memoryBudget });
    const [{ launches, memory }] = entries;
    for (const { step } of memory!.again) {
      const names = launches.filter(({ steps }) => steps.length === 1 && steps[0] === step).map(({ name }) => name);
      expect(new Set(names).size).toBeLessThanOrEqual(1);
    }
    // Nothing that writes a state or an output runs twice.
    const steps = launches.flatMap((launch) => launch.steps);
    const twice = steps.filter((step, at) => steps.indexOf(step) < at);
    expect(twice.length).toBeGreaterThan(0);
    const outputs = new Set(entries[0].plan.outputs);
    const targets = twice.flatMap(({ targets: all }) => [...all.values()].flat());
    expect(targets.filter(({ value, state }) => state || outputs.has(value))).toEqual([]);
  });

  it("leaves every kernel its line of the model, also one that runs again in another place", () => {
    const free = report(compileWithFacts(gpt, {})).entryPoints.train;
    const memoryBudget = Math.ceil(free.arenaBytes / 2);
    const { kernels } = report(compileWithFacts(gpt, { memoryBudget })).entryPoints.train;
    expect(kernels.length).toBeGreaterThan(free.kernels.length);
  });

  it("is in the report", () => {
    const free = report(compileWithFacts(perceptron(16), sizes)).entryPoints.train;
    expect(free.memory).toBeUndefined();
    const memoryBudget = Math.floor(0.25 * free.arenaBytes);
    const train = report(compileWithFacts(perceptron(16), { ...sizes, memoryBudget })).entryPoints.train;
    const { memory } = train;
    expect(memory).toMatchObject({ budget: memoryBudget, arenaBytes: free.arenaBytes, dispatches: free.dispatches });
    expect(train.flops - free.flops).toBe(memory!.flops);
    expect(memory!.again.reduce((sum, { flops }) => sum + flops, 0)).toBe(memory!.flops);
  });
});
