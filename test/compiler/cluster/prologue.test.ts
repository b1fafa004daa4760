/// What products compute while they read, since it is made of smaller tensors.
import { describe, expect, it } from "vitest";
import {
  adam,
  add,
  conv2d,
  exp,
  input,
  matmul,
  maxPool,
  mean,
  model,
  mul,
  param,
  relu,
  reshape,
  sigmoid,
  square,
  sum,
  tanh,
  type Graph,
  type Tensor,
} from "chainrule";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { report } from "../../../compiler/report.ts";
import { elementCount } from "../../../ir/type.ts";
import cnn from "../../bench/models/cnn.ts";
import { expectRight } from "../agree.ts";
import { planOf } from "../planning.ts";

const sizesWritten = (graph: Graph, entry = "train"): readonly unknown[] =>
  planOf(graph, entry, {}).steps.flatMap(({ traffic }) => traffic.stores.map(({ type }) => elementCount(type.shape)));

const pooled = (shape: readonly [number, number, number, number], channels: readonly number[]): Graph =>
  model("pooled", () => {
    const image = input("image", "f32", shape);
    const layers = channels.reduce(
      (x, count, at) => maxPool(relu(conv2d(x, count, 3, { padding: "same", name: `conv${at}` })), 2),
      image as ReturnType<typeof conv2d>,
    );
    const loss = mean(square(layers));
    return { train: { loss, update: adam(loss) } };
  });

describe("slopes of a pool", () => {
  it("are not written where the weights' gradient alone reads them", async () => {
    const graph = pooled([2, 3, 16, 16], [5]);
    expect(sizesWritten(graph)).not.toContain(2 * 5 * 16 * 16);
    await expectRight(graph);
  });

  it("are written once where a convolution shows them many times, window by window", async () => {
    const graph = pooled([3, 1, 20, 20], [6, 5]);
    expect(sizesWritten(graph).filter((size) => size === 3 * 5 * 10 * 10)).toHaveLength(1);
    expect(sizesWritten(graph)).not.toContain(3 * 6 * 20 * 20);
    await expectRight(graph);
  });

  it("cost a convolutional network no more bytes than the ideal", () => {
    const { rangeBytes, idealBytes } = report(compileWithFacts(cnn)).entryPoints.train;
    expect(rangeBytes / idealBytes).toBeLessThanOrEqual(1.05);
  });
});

describe("an operand made of smaller tensors", () => {
  const product = (build: (rows: Tensor<"f32">, columns: Tensor<"f32">) => Tensor<"f32">): Graph =>
    model("product", () => {
      const rows = sum(input("x", "f32", [64, 32, 3]), { axis: 2 });
      const operand = build(reshape(rows, [64, 32, 1]), param([16], { name: "c" }));
      return { run: { y: matmul(reshape(operand, [64 * 32, 16]), param([16, 8], { name: "w" })) } };
    });

  it.each([
    ["by few ops is not written", (rows, columns) => square(add(rows, columns)), false],
    [
      "by a function that costs more than to read it is written",
      (rows, columns) => tanh(square(add(rows, columns))),
      true,
    ],
  ] satisfies [string, Parameters<typeof product>[0], boolean][])("%s", async (_, build, isWritten) => {
    const graph = product(build);
    expect(sizesWritten(graph, "run").includes(64 * 32 * 16)).toBe(isWritten);
    await expectRight(graph);
  });

  it("by few ops is not written, but the smaller one is where it costs more than to read it", async () => {
    const graph = model("product", () => {
      const rows = sigmoid(exp(tanh(input("u", "f32", [64, 1]))));
      return { run: { y: matmul(mul(rows, input("v", "f32", [1, 48])), param([48, 8], { name: "w" })) } };
    });
    expect(sizesWritten(graph, "run")).toEqual([64, 64 * 8]);
    await expectRight(graph);
  });

  it("counts with the product's operations, as often as threads read an element", () => {
    const flopsOf = (build: () => Tensor<"f32">): number => {
      const graph = model("product", () => ({ run: { y: matmul(build(), input("w", "f32", [48, 8])) } }));
      return report(compileWithFacts(graph)).entryPoints.run.flops;
    };
    const read = flopsOf(() => input("x", "f32", [64, 48]));
    const computed = flopsOf(() => mul(input("u", "f32", [64, 1]), input("v", "f32", [1, 48])));
    expect(read).toBe(2 * 64 * 48 * 8);
    expect(computed - read).toBeGreaterThan(0);
    expect(computed - read).toBeLessThanOrEqual(64 * 48 * 2);
  });
});
