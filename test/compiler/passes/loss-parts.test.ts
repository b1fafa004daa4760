/// Losses, added up by the threads of the product that they are computed from.
import { describe, expect, it } from "vitest";
import {
  add,
  conv2d,
  dense,
  gradientDescent,
  input,
  matmul,
  mean,
  meanSquaredError,
  model,
  mul,
  rsqrt,
  sigmoid,
  sigmoidCrossEntropy,
  square,
  sub,
  sum,
  tanh,
  type EntryPointRecord,
  type Graph,
  type Tensor,
} from "chainrule";
import { graphValues } from "../../../ir/graph.ts";
import { sameShape } from "../../../ir/type.ts";
import type { Value } from "../../../ir/value.ts";
import { expectRight } from "../agree.ts";
import { finalGraph, planOf } from "../planning.ts";

type Rows = Tensor<"f32">;

const given = (name: string, shape: readonly number[]): Rows => input(name, "f32", shape) as Rows;

type Loss = (y: Rows, target: Rows) => Value;

/** A network whose result is compared with targets of the same shape. */
const trained = (loss: Loss, rows: number, columns: number): Graph =>
  model("trained", () => {
    const y = dense(given("x", [rows, 6]), columns, { name: "out" });
    const total = loss(y, given("target", [rows, columns])) as Tensor<"f32", readonly []>;
    return { run: { total, update: gradientDescent(total) } };
  });

/** Tensors of the shape of a result that its product writes. */
const written = (graph: Graph, shape: readonly number[]): number =>
  planOf(graph, "run", {})
    .steps.flatMap(({ traffic: { cluster, stores } }) => (cluster.kind === "contract" ? stores : []))
    .filter(({ type }) => sameShape(type.shape, shape)).length;

describe("a loss is added up where it is computed, and only the slope is written", () => {
  it.each<readonly [string, Loss, number, number]>([
    ["of squares", (y, target) => meanSquaredError(y, target), 256, 64],
    ["of squares after an activation", (y, target) => meanSquaredError(sigmoid(y), target), 256, 64],
    ["of cross-entropies", (y, target) => sigmoidCrossEntropy(y, target), 256, 64],
    ["whose slope reads what is added up", (y, target) => mean(tanh(add(y, target))), 256, 64],
    ["of rows and columns beyond the last tile", (y, target) => meanSquaredError(y, target), 333, 52],
  ])("%s", async (_, loss, rows, columns) => {
    const graph = trained(loss, rows, columns);
    expect(written(graph, [rows, columns])).toBe(1);
    await expectRight(graph, {});
  });

  it("of an image that a convolution gives, in sixteens", async () => {
    const graph = model("image", () => {
      const y = conv2d(given("x", [2, 2, 64, 64]), 3, 3, { padding: "same", name: "conv" });
      const total = meanSquaredError(y as Rows, given("target", [2, 3, 64, 64])) as Tensor<"f32", readonly []>;
      return { run: { total, update: gradientDescent(total) } };
    });
    expect(written(graph, [2, 3, 64, 64])).toBe(1);
    await expectRight(graph, {});
  });
});

describe("rows are not added up in parts", () => {
  const product = (columns = 64): Rows => matmul(given("x", [256, 12]), given("w", [12, columns])) as Rows;
  it.each<readonly [string, () => EntryPointRecord]>([
    ["where their terms are a result", () => ((y) => ({ y, total: sum(y) }))(square(product()) as Rows)],
    ["where columns do not come in fours", () => ({ total: sum(square(product(54))) })],
    [
      "where they are read beside their terms",
      () => ((y) => ({ y: mul(y, rsqrt(sum(square(y), { axis: 1, keepAxes: true }) as Rows)) }))(product()),
    ],
    [
      "where terms are made of other sums",
      () => ((y) => ({ total: sum(square(sub(y, mean(y, { axis: 1, keepAxes: true })))) }))(product()),
    ],
  ])("%s", (_, define) => {
    const graph = finalGraph(
      model("rows", () => ({ run: define() })),
      {},
    );
    const parts = graphValues(graph).filter(
      ({ op, operands }) => op.name === "sum" && operands[0].type.shape.at(-1) === 4,
    );
    expect(parts).toEqual([]);
  });
});
