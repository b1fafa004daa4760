/// Kernels of more tensors than bindings: small ones lie side by side, and are bound as one.
import {
  adam,
  add,
  conv2d,
  dense,
  flatten,
  groupNorm,
  input,
  matmul,
  maxPool,
  model,
  mul,
  param,
  relu,
  softmaxCrossEntropy,
  sum,
  tanh,
  type Graph,
  type Value,
} from "chainrule";
import { describe, expect, it } from "vitest";
import { mostBindings } from "../../compiler/cluster/partition.ts";
import { compileWithFacts, type CompileOptions } from "../../compiler/compile.ts";
import { tensorsOf, type PlannedStep } from "../../compiler/plan.ts";
import { report } from "../../compiler/report.ts";
import { expectRight } from "./agree.ts";
import { expectSame } from "./budgets.ts";
import { channels, ofVariance, unit } from "./normalised.ts";

/** Two convolutions, each with a normalisation and a pool: what is known of channels and groups lies in many tensors. */
function network(batch: number, extent: number, normalize: (x: Value, name: string) => Value): Graph {
  return model("network", () => {
    const image = input("image", "f32", [batch, 1, extent, extent]);
    const layer = (x: Value, filters: number, name: string): Value => {
      const product = conv2d(x as never, filters, 3, { padding: "same", bias: false, name });
      return maxPool(relu(normalize(product, `${name}.norm`) as never), 2);
    };
    const second = layer(layer(image, 8, "first"), 16, "second");
    const logits = dense(flatten(second as never, 1), 4, { name: "logits" });
    const loss = softmaxCrossEntropy(logits as never, input("label", "i32", [batch]));
    return { train: { loss, update: adam(loss) } };
  });
}

const inGroups = (x: Value, name: string): Value => groupNorm(x as never, 4, { name });

const inChannels = (x: Value, name: string): Value => {
  const shape = [x.type.shape[1]!, 1, 1];
  const [scale, shift] = ["scale", "shift"].map((each) => param(shape, { name: `${name}.${each}` }));
  return add(mul(unit(x, channels, ofVariance), scale), shift);
};

/** What nine products give, each for every row, in a table. */
const nineProducts = (): Graph =>
  model("nine", () => {
    const [x, row] = [input("x", "f32", [16, 8]), input("row", "f32", [1, 16])];
    const columns = Array.from({ length: 9 }, (_, i) => matmul(x, input(`w${i}`, "f32", [8, 1])));
    const tables = columns.map((column): Value => tanh(add(column, row)));
    return { run: { y: tables.reduce((all, each) => add(all, each)) } };
  });

const isMap = ({ traffic }: PlannedStep): boolean => traffic.cluster.kind === "map";

/** Kernels that bind tensors of the arena as one. */
const sharing = (graph: Graph, options?: CompileOptions) =>
  compileWithFacts(graph, options).program.kernels.filter(({ wgsl }) => wgsl.includes("> arena_range: array<"));

describe.each([
  ["of groups", inGroups],
  ["of channels", inChannels],
])("a network with normalisations %s", (_, normalize) => {
  it("binds small tensors as one where there are more than eight", () => {
    const kernels = sharing(network(8, 12, normalize));
    expect(kernels.length).toBeGreaterThan(0);
    for (const { bindings } of kernels) {
      expect(bindings.filter((binding) => binding !== "uniform").length).toBeLessThanOrEqual(mostBindings);
    }
  });

  it("has the right numbers then", () => expectRight(network(2, 8, normalize)));

  it("has the same bits within a memory budget", async () =>
    void (await expectSame(network(8, 12, normalize), [0.95])));
});

describe("a product on cards", () => {
  it("binds small tensors as one also where it stands beside others elsewhere", () => {
    const graph = model("squares", () => {
      const rows = Array.from({ length: 9 }, (_, i) => sum(input(`row${i}`, "f32", [4, 512]), { axis: 0 }) as Value);
      const product = (name: string): Value =>
        rows.reduce((all, row) => tanh(add(all, row)), matmul(input(name, "f32", [1024, 64]), weight));
      const weight = param([64, 512], { name: "weight" });
      return { run: { y: product("x"), z: product("w") } };
    });
    const { program } = compileWithFacts(graph);
    const texts = program.variants!.map(({ wgsl }) => wgsl);
    expect(texts.some((wgsl) => wgsl.includes("> arena_range: array<"))).toBe(true);
  });
});

describe("nine small products", () => {
  it("are added up by one kernel", async () => {
    const table = compileWithFacts(nineProducts()).entries[0].plan.steps.filter(isMap);
    expect(table).toHaveLength(1);
    expect(tensorsOf(table[0]).size).toBeGreaterThan(mostBindings);
    await expectRight(nineProducts());
  });

  it("stay whole where activations are halves", () => {
    const compiled = compileWithFacts(nineProducts(), { storage: "f16" });
    const { halves, wide } = report(compiled).entryPoints.run.storage!;
    expect(halves).toEqual([]);
    expect(new Set(wide.map(({ reason }) => reason))).toEqual(new Set(["shared"]));
  });
});

describe("what a step of normalised convolutions binds over the ideal", () => {
  it.each([
    ["of groups", inGroups, 2.6],
    ["of channels", inChannels, 2.2],
  ])("%s", (_, normalize, most) => {
    const { rangeBytes, idealBytes } = report(compileWithFacts(network(32, 28, normalize))).entryPoints.train;
    expect(rangeBytes / idealBytes).toBeLessThanOrEqual(most);
  });
});
