/// Values that are computed again where they are read, since that binds fewer bytes.
import { describe, expect, test } from "vitest";
import {
  adam,
  dense,
  exp,
  input,
  layerNorm,
  matmul,
  mean,
  mul,
  model,
  param,
  relu,
  square,
  sum,
  type Graph,
} from "chainrule";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { report } from "../../../compiler/report.ts";
import { expectRight } from "../agree.ts";
import cnn from "../../bench/models/cnn.ts";
import gpt from "../../bench/models/gpt.ts";
import { planOf } from "../planning.ts";

const storesOf = (graph: Graph, entry: string): readonly string[] =>
  planOf(graph, entry, {}).steps.flatMap(({ traffic }) => traffic.stores.map(({ op }) => op.name));

describe("what is cheaper to compute than to store", () => {
  test.each([
    ["a convolutional network", cnn, 0.98],
    ["a transformer", gpt, 1.26],
  ])("%s binds few bytes beyond those of its products", (_, graph, most) => {
    const { bytes, idealBytes } = report(compileWithFacts(graph)).entryPoints.train;
    expect(bytes / idealBytes).toBeLessThanOrEqual(most);
  });

  test("a mask of what is stored is not stored as well", () => {
    const graph = model("mask", () => {
      const [x, W] = [input("x", "f32", [32, 32]), param([32, 32], { name: "W" })];
      const hidden = relu(matmul(x, W));
      const loss = mean(square(matmul(hidden, param([32, 32], { name: "V" }))));
      return { train: { loss, update: adam(loss) } };
    });
    expect(storesOf(graph, "train")).toContain("relu");
    expect(storesOf(graph, "train")).not.toContain("greater");
  });

  test("the gradient through a normalisation is one kernel of rows, and right", async () => {
    const graph = model("normalized", () => {
      const x = input("x", "f32", [16, 64]);
      const normalized = layerNorm(dense(x, 32, { name: "below" }), { name: "norm" });
      const loss = mean(square(dense(normalized, 8, { name: "above" })));
      return { train: { loss, update: adam(loss) } };
    });
    const rows = planOf(graph, "train", {}).steps.filter(({ traffic: { cluster } }) => {
      return cluster.kind === "reduce" && cluster.space.length === 2 && cluster.axes.join() === "1";
    });
    expect(rows).toHaveLength(2);
    await expectRight(graph, {});
  });

  test("a long function is computed once", () => {
    const graph = model("long", () => {
      const hidden = exp(matmul(input("x", "f32", [64, 64]), param([64, 64], { name: "W" })));
      return {
        run: { rows: sum(hidden, { axis: 1 }), columns: sum(mul(hidden, input("y", "f32", [64, 64])), { axis: 0 }) },
      };
    });
    const exponentials = planOf(graph, "run", {}).steps.filter(({ traffic }) =>
      traffic.stores.some(({ op }) => op.name === "exp"),
    );
    expect(exponentials).toHaveLength(1);
  });
});
