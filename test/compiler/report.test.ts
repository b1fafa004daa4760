import { describe, expect, it } from "vitest";
import {
  accuracy,
  adam,
  add,
  dense,
  grad,
  gradientDescent,
  input,
  matmul,
  mean,
  model,
  param,
  relu,
  sgd,
  sigmoid,
  softmaxCrossEntropy,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  type Graph,
  type Value,
} from "chainrule";
import { placeText } from "../../ir/diagnostic.ts";
import { compileWithFacts } from "../../compiler/compile.ts";
import type { Dims } from "../../compiler/passes/bind-sizes.ts";
import type { EntryPlan } from "../../compiler/plan.ts";
import { report, type EntryReport } from "../../compiler/report.ts";
import { loadModel } from "../../compiler/load/index.ts";
import { runPasses } from "../../compiler/pass.ts";
import { derive, simplifyAfterBinding } from "../../compiler/passes/all.ts";
import { kernelPasses } from "../../compiler/passes/kernel-passes.ts";
import { makeLog, phasesOf } from "../../compiler/rewrite/log.ts";
import { printGraph } from "../../ir/print.ts";
import { planOf } from "./planning.ts";
import { as } from "./symbolic.ts";

// Loaded as the command does: names come from the source.
const digits = await loadModel("samples/digits/model.ts", { typeCheck: false });
const xor = await loadModel("samples/xor/model.ts", { typeCheck: false });

const entryReport = (graph: Graph, entry: string, dims: Dims): EntryReport =>
  report(compileWithFacts(graph, { dims })).entryPoints[entry];

/** A classifier with hidden layers of the given widths. */
function classifier(
  widths: readonly number[],
  activation: (x: Value) => Value,
  train: (loss: Value) => unknown,
): Graph {
  return model("classifier", () => {
    const image = input("image", "f32", ["batch", 64]);
    const label = input("label", "i32", ["batch"]);
    let h: Value = image;
    for (const width of widths) h = activation(dense(h, width) as never);
    const logits = dense(h, 10);
    const loss = softmaxCrossEntropy(logits as never, label as never);
    return { train: { loss, accuracy: accuracy(logits as never, label as never), update: train(loss) as never } };
  });
}

/** Steps that compute one elementwise value from a contraction for the next contraction: what fusion is to prevent. */
function loneElementwise({ steps }: EntryPlan): readonly string[] {
  const writer = new Map(steps.flatMap((step) => step.traffic.stores.map((value) => [value, step] as const)));
  const isContraction = (step: EntryPlan["steps"][number] | undefined): boolean =>
    step?.traffic.cluster.kind === "contract";
  return steps
    .filter(({ traffic: { cluster, loads, stores } }) => {
      const fed = loads.some((load) => isContraction(writer.get(load)));
      const feeds = steps.some(
        (other) => isContraction(other) && other.traffic.loads.some((load) => stores.includes(load)),
      );
      return cluster.kind === "map" && fed && feeds;
    })
    .map(({ traffic }) => traffic.stores.map(({ op }) => op.name).join());
}

describe("digits", () => {
  const dims = { batch: 64, pixels: 256 };
  const compiled = report(compileWithFacts(digits, { dims }));
  const { train, predict } = compiled.entryPoints;

  it("trains in few dispatches, one pass and one submit", () => {
    expect(train.dispatches).toBeLessThanOrEqual(16);
    expect(train).toMatchObject({ dispatches: 5, submits: 1, passes: 1 });
    expect(predict).toMatchObject({ dispatches: 3, submits: 1, passes: 1 });
  });

  it("needs hardly more memory than what is alive at once", () => {
    expect(train.arenaBytes / train.arenaLowerBound).toBeLessThanOrEqual(1.3);
    expect(train.arenaLowerBound).toBeGreaterThanOrEqual(4 * 64 * (128 + 10));
  });

  it("has no kernel for a lone elementwise op between contractions", () => {
    expect(loneElementwise(planOf(digits, "train", dims))).toEqual([]);
    expect(loneElementwise(planOf(digits, "predict", dims))).toEqual([]);
  });

  it("lists what kernels leave to backward, with its shape, bytes and line: no mask that nobody stores", () => {
    const kept = train.residuals.map(({ name, shape, bytes, place }) => {
      return `${name} [${shape.join(", ")}] ${bytes} ${place && placeText(place)}`;
    });
    expect(kept).toEqual([
      "hidden [64, 128] 32768 samples/digits/model.ts:6:18",
      "logits [64, 10] 2560 samples/digits/model.ts:7:18",
    ]);
    expect(predict.residuals).toEqual([]);
  });

  it("counts its parameters", () => {
    expect(compiled.parameters).toEqual([
      { name: "hidden.weight", shape: [256, 128], count: 32768 },
      { name: "hidden.bias", shape: [128], count: 128 },
      { name: "logits.weight", shape: [128, 10], count: 1280 },
      { name: "logits.bias", shape: [10], count: 10 },
    ]);
  });

  it("is counted with the FLOPs of its five products, and the bytes of its tensors at least", () => {
    const products = 2 * 64 * (2 * 256 * 128 + 3 * 128 * 10);
    expect(train.flops).toBeGreaterThan(products);
    expect(train.flops).toBeLessThan(1.2 * products);
    // Image, and the first weight with both moments, read once.
    expect(train.bytes).toBeGreaterThan(4 * (64 * 256 + 3 * 256 * 128));
  });

  it("names every kernel differently, with a grid within every adapter's limits", () => {
    const names = train.kernels.map(({ name }) => name);
    expect(new Set(names).size).toBe(train.pipelines);
    for (const { dispatch } of train.kernels) {
      for (const count of dispatch) expect(count >= 1 && count <= 65535).toBe(true);
    }
  });
});

describe("a transformer", async () => {
  const gpt = await loadModel("test/bench/models/gpt.ts", { typeCheck: false });
  const compiled = compileWithFacts(gpt);
  const { train } = report(compiled).entryPoints;

  it("leaves to backward what a kernel writes, whole: letters name what formulas share, and nothing is cut", () => {
    const stores = compiled.entries[0].plan.steps.flatMap(({ traffic }) => traffic.stores);
    const written = new Set(stores.map(({ type }) => type.shape.join()));
    for (const { shape } of train.residuals) expect(written).toContain(shape.join());
    const texts = train.residuals.map(({ name, formula }) => (formula === undefined ? name : `${name} = ${formula}`));
    expect(texts).toContain("v1 = attentionNorm.normalized · attentionNorm.scale + attentionNorm.shift");
    expect(texts).toContain('v3 = einsum("abe,ecd->abcd", v1, attention.key)');
    expect(texts.filter((text) => text.includes("…") || text.startsWith("oneHot"))).toEqual([]);
  });

  it("calls kernels without a name after what they compute it from, and says where", () => {
    const totals = train.kernels.filter(({ name }) => name.startsWith("total"));
    expect(totals.map(({ name, place }) => [name, place?.line])).toEqual([
      ["total_of_mlpNorm_normalized", 27],
      ["total_of_finalNorm_normalized", 29],
    ]);
  });
});

describe("the JSON form", () => {
  const json: unknown = JSON.parse(JSON.stringify(report(compileWithFacts(xor))));

  it("counts what keeps digits in kernels among the rewrites", () => {
    const lengths = model("digits", () => {
      const x = input("x", "f32", [8]);
      return { run: { y: sub(sqrt(add(1, x)), 1) } };
    });
    const log = makeLog();
    runPasses(simplifyAfterBinding(derive(lengths)), kernelPasses({ log }));
    const inKernels = phasesOf(log).flatMap(({ firings }) =>
      firings.filter(({ rule }) => rule.contract === "stabilizes"),
    );
    expect(inKernels.length).toBeGreaterThan(0);
    const { stabilizes } = compileWithFacts(lengths).contracts;
    expect(stabilizes).toBeGreaterThanOrEqual(inKernels.length);
  });

  it("has exactly the documented fields", () => {
    const { entryPoints, parameters, contracts, ...rest } = json as Record<string, Record<string, object>>;
    expect(rest).toEqual({});
    expect(Object.keys(contracts)).toEqual(["exact", "reassociates", "assumes-finite", "stabilizes"]);
    expect(Object.keys(entryPoints)).toEqual(["predict", "train"]);
    for (const entry of Object.values(entryPoints)) {
      expect(Object.keys(entry)).toEqual([
        ...[
          "dispatches",
          "submits",
          "passes",
          "flops",
          "paddedFlops",
          "bytes",
          "rangeBytes",
          "idealBytes",
          "arenaBytes",
          "arenaLowerBound",
          "pipelines",
        ],
        ...["wgslBytes", "kernels", "residuals"],
      ]);
      const { kernels, residuals } = entry as EntryReport;
      for (const kernel of kernels)
        expect(Object.keys(kernel)).toEqual(["name", "dispatch", "times", "flops", "bytes", "place"]);
      for (const residual of residuals) expect(Object.keys(residual)).toEqual(["name", "shape", "bytes", "place"]);
    }
    for (const each of Object.values(parameters)) expect(Object.keys(each)).toEqual(["name", "shape", "count"]);
  });

  it("adds up: totals are those of the kernels", () => {
    const { train } = (json as { entryPoints: Record<string, EntryReport> }).entryPoints;
    const total = (field: "flops" | "bytes") => train.kernels.reduce((sum, kernel) => sum + kernel[field], 0);
    expect([train.dispatches, train.flops, train.bytes]).toEqual([
      train.kernels.length,
      total("flops"),
      total("bytes"),
    ]);
  });
});

describe("other networks", () => {
  const optimizers = { adam: (loss: Value) => adam(loss as never), sgd: (loss: Value) => sgd(loss as never) } as const;
  const widths = [[], [32], [48, 24], [16, 16, 16, 16, 16, 16, 16]];
  const activations = { relu: (x: Value) => relu(x as never), tanh: (x: Value) => tanh(x as never) };
  const table = widths.flatMap((layers) =>
    Object.entries(activations).flatMap(([name, activation]) =>
      Object.entries(optimizers).map(
        ([optimizer, train]) => [layers.length, name, optimizer, classifier(layers, activation, train)] as const,
      ),
    ),
  );
  it.each(table)("%i hidden layers of %s with %s", (depth, _, __, graph) => {
    for (const batch of [1, 37, 64]) {
      const { dispatches, arenaBytes, arenaLowerBound, submits, passes } = entryReport(graph, "train", { batch });
      // Forward, the gradient of the layer before and the two updates of each layer; the loss and its mean. With a batch
      // of 1 the gradient of a bias is no sum, and Adam's two moments have no reduction to share a kernel in.
      expect(dispatches).toBeLessThanOrEqual((batch === 1 ? 5 : 4) * (depth + 1) + 2);
      expect([submits, passes]).toEqual([1, 1]);
      expect(arenaBytes).toBeLessThanOrEqual(1.3 * arenaLowerBound + 256 * dispatches);
      expect(loneElementwise(planOf(graph, "train", { batch }))).toEqual([]);
    }
  });

  it("of speech: seven layers of 2048 units stay near the lower bound", () => {
    const graph = classifier(
      Array<number>(7).fill(2048),
      (x) => sigmoid(x as never),
      (loss) => gradientDescent(loss as never),
    );
    const { dispatches, arenaBytes, arenaLowerBound } = entryReport(graph, "train", { batch: 64 });
    expect(arenaBytes / arenaLowerBound).toBeLessThanOrEqual(1.3);
    expect(dispatches).toBeLessThanOrEqual(4 * 8 + 2);
  });

  it("with a branch that skips a layer have no kernel for the sum", () => {
    const graph = model("skip", () => {
      const x = input("image", "f32", ["batch", 16]);
      const label = input("label", "i32", ["batch"]);
      const a = relu(dense(x, 16));
      const b = add(a, relu(dense(a, 16)));
      const loss = softmaxCrossEntropy(dense(b, 10), label);
      return { train: { loss, update: adam(loss) } };
    });
    expect(loneElementwise(planOf(graph, "train", { batch: 8 }))).toEqual([]);
  });
});

describe("a gradient in a loss", () => {
  const graph = model("penalised", () => {
    const [x, W] = [input("x", "f32", ["batch", 3]), param([3, 2], { name: "W" })];
    const h = as("h", () => tanh(matmul(x, W)));
    const slope = as("slope", () => grad(sum(h), x));
    const penalty = as("penalty", () => mean(square(slope)));
    const zero = as("zero", () => mean(sub(x, mean(x))));
    return { train: { penalty, zero, update: sgd(penalty) } };
  });

  it("is a forward value of that loss, under the user's name: only what the loss is made of is kept for backward", () => {
    const names = entryReport(graph, "train", { batch: 4 }).residuals.map(({ name }) => name);
    expect(names).toContain("h");
    expect(names.filter((name) => /sgd|momentum|objective\/∂x|∂penalty/.test(name))).toEqual([]);
    expect(printGraph(derive(graph))).toMatch(/^ {2}slope = /m);
  });

  it("a value that comes to a constant gives that its name only where it is put out", () => {
    expect(printGraph(derive(graph))).toContain("output zero = 0");
    expect(printGraph(derive(graph))).not.toMatch(/[-+·=/] zero\b/);
  });
});

it("a kernel that several values share has in each row the name of what it computes there", () => {
  const graph = model("two", () => {
    const x = input("x", "f32", [8, 16]);
    const from = (name: string) => as(`from${name}`, () => tanh(matmul(x, param([16, 4], { name }))));
    return { encode: { a: from("A") }, decode: { b: from("B") } };
  });
  const { entryPoints } = report(compileWithFacts(graph));
  const rows = Object.values(entryPoints).map(({ kernels }) => kernels.map(({ name }) => name));
  expect(rows).toEqual([["fromA"], ["fromB"]]);
});
