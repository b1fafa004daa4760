import { describe, expect, it } from "vitest";
import {
  concatenate,
  einsum,
  exp,
  input,
  logsumexp,
  matmul,
  max,
  min,
  model,
  mul,
  reshape,
  softmax,
  sub,
  sum,
  transpose,
  variance,
  type Graph,
  type Tensor,
} from "chainrule";
import { kernelPasses } from "../../../compiler/passes/kernel-passes.ts";
import { runPasses } from "../../../compiler/pass.ts";
import { entryPointRoots } from "../../../ir/graph.ts";
import { postorder, type Value } from "../../../ir/value.ts";
import { expectRight } from "../agree.ts";
import { loadModel } from "../planning.ts";

/** The ops of a kind in the form that kernels take. */
function opsOf(graph: Graph, kind: string, strictFloat = false): readonly Value[] {
  const final = runPasses(graph, kernelPasses({ strictFloat }));
  return postorder(entryPointRoots(final.entryPoints[0])).filter(({ op }) => op.kind === kind);
}

const product = (subscripts: string, left: readonly number[], right: readonly number[]): Graph =>
  model("product", () => ({
    run: { y: einsum(subscripts, input("a", "f32", left) as Tensor<"f32">, input("b", "f32", right) as Tensor<"f32">) },
  }));

describe("contractions of few results over a long axis", () => {
  it.each([
    ["the outermost axis is the batch", "nxa,nxb->ab", [16, 150, 3], [16, 150, 5], [16, 3, 5]],
    ["one axis becomes two", "ka,kb->ab", [2600, 3], [2600, 5], [40, 3, 5]],
    ["beside a batch", "zak,zkb->zab", [2, 3, 2050], [2, 2050, 4], [2, 25, 3, 4]],
    ["few rows of many results", "ak,kb->ab", [2, 2048], [2048, 2052], [8, 2, 2052]],
    ["few columns of many results", "kb,ka->ba", [2048, 1400], [2048, 3], [8, 3, 1400]],
  ])("%s", async (_, subscripts, left, right, parts) => {
    const graph = product(subscripts, left, right);
    expect(opsOf(graph, "contraction").map(({ type }) => type.shape)).toEqual([parts]);
    await expectRight(graph);
  });

  it("are in as many parts with an operand in pieces as with a whole one", async () => {
    const pieces = model("pieces", () => {
      const left = [1, 39].map((width) => input(`a${width}`, "f32", [2600, width]) as Tensor<"f32">);
      return { run: { y: einsum("ka,kb->ab", concatenate(left, 1), input("b", "f32", [2600, 80]) as Tensor<"f32">) } };
    });
    const shapes = (graph: Graph) => opsOf(graph, "contraction").map(({ type }) => type.shape);
    expect(shapes(product("ka,kb->ab", [2600, 40], [2600, 80]))).toEqual([[10, 40, 80]]);
    expect(shapes(pieces)).toEqual([[10, 40, 80]]);
    await expectRight(pieces);
  });

  it("stay whole with many results, on a short axis, of a prime length, and under strict floats", () => {
    const whole = (graph: Graph, strict = false): void => {
      expect(opsOf(graph, "contraction", strict)).toHaveLength(1);
      expect(opsOf(graph, "reduction", strict)).toHaveLength(0);
    };
    whole(product("ka,kb->ab", [2600, 80], [2600, 80]));
    whole(product("ka,kb->ab", [2048, 5], [2048, 1000]));
    whole(product("ka,kb->ab", [2048, 1], [2048, 8200]));
    whole(product("ak,bk->ab", [4, 2048], [2048, 2048]));
    whole(product("ka,kb->ab", [2000, 3], [2000, 5]));
    whole(product("ka,kb->ab", [2609, 3], [2609, 5]));
    whole(product("ka,kb->ab", [2600, 3], [2600, 5]), true);
  });
});

describe("sums of few rows over long axes", () => {
  const total = (shape: readonly number[], axes: readonly number[]): Graph =>
    model("total", () => ({ run: { y: sum(input("x", "f32", shape), { axes }) } }));

  it.each([
    ["cut within an axis", [32, 3, 28, 28], [0, 2, 3], [32, 3, 4]],
    ["cut between axes", [16, 3, 14, 14], [0, 2, 3], [16, 3]],
    ["along one axis", [3, 70000], [1], [3, 280]],
    ["along the first axis", [2500, 5], [0], [10, 5]],
  ])("%s", async (_, shape, axes, parts) => {
    const graph = total(shape, axes);
    expect(opsOf(graph, "reduction").map(({ type }) => type.shape)[0]).toEqual(parts);
    await expectRight(graph);
  });

  it("stay whole with many rows, where short, and where no cut leaves short rows", () => {
    expect(opsOf(total([100, 4096], [1]), "reduction")).toHaveLength(1);
    expect(opsOf(total([2000, 3], [0]), "reduction")).toHaveLength(1);
    expect(opsOf(total([2609, 3], [0]), "reduction")).toHaveLength(1);
    expect(opsOf(total([3, 70001], [1]), "reduction")).toHaveLength(1);
  });

  it.each([
    [1, 65536, 1],
    [3, 4096, 1],
    [32, 80000, 1],
    [64, 1000000, 1],
    [1, 70000, 2],
    [1, 1000000, 2],
    [32, 160000, 2],
  ])("of %i rows of %i elements that lie side by side are taken in %i steps", (rows, length, steps) => {
    for (const reduce of [sum, max, min, logsumexp]) {
      const graph = model("total", () => ({ run: { y: reduce(input("x", "f32", [rows, length]), { axis: 1 }) } }));
      expect(opsOf(graph, "reduction")).toHaveLength(steps);
    }
  });

  it("a vector is a row as others are", () => {
    expect(opsOf(total([1_000_000], [0]), "reduction")).toHaveLength(2);
    expect(opsOf(total([65_536], [0]), "reduction")).toHaveLength(1);
  });

  it("and the deviation of a million numbers far from zero keeps its digits", async () => {
    const x = Float32Array.from({ length: 1_000_000 }, (_, at) => 1e6 + Math.sin(at * at));
    const module = await loadModel(
      model("far", () => ({ run: { y: variance(input("x", "f32", [x.length]) as Tensor<"f32">) } })),
    );
    const average = x.reduce((total, each) => total + each, 0) / x.length;
    const wanted = x.reduce((total, each) => total + (each - average) ** 2, 0) / x.length;
    const { y } = (await module.run({ x }).read()) as { y: number };
    expect(Math.abs(y / wanted - 1)).toBeLessThan(1e-6);
  });

  it("and extremes and softmax of parts are those of all", async () => {
    await expectRight(
      model("parts", () => {
        const x = input("x", "f32", [2, 66000]);
        return { run: { y: softmax(x), largest: max(x, { axis: 1 }), total: logsumexp(x, { axis: 1 }) } };
      }),
    );
  });

  it("also of many columns that nothing waits for, but not of those that rows are computed from", async () => {
    const columns = total([300, 64], [0]);
    expect(opsOf(columns, "reduction").map(({ type }) => type.shape)).toEqual([[2, 64], [64]]);
    await expectRight(columns);
    expect(opsOf(total([256, 64], [0]), "reduction")).toHaveLength(1);
    expect(opsOf(total([300, 32], [0]), "reduction")).toHaveLength(1);
    expect(opsOf(total([64, 300], [1]), "reduction")).toHaveLength(1);
    // A product that adds up as many terms of the same tensor takes as long; one of few results is in parts itself.
    const beside = (rows: number, results: number): Graph =>
      model("beside", () => {
        const x = input("x", "f32", [rows, 64]);
        return { run: { y: sum(x, { axes: [0] }), z: matmul(transpose(x), input("w", "f32", [rows, results])) } };
      });
    expect(opsOf(beside(1000, 70), "reduction")).toHaveLength(1);
    expect(opsOf(beside(4096, 70), "reduction")).toHaveLength(1);
    expect(opsOf(beside(4096, 60), "reduction")).toHaveLength(3);
    const centred = model("centred", () => {
      const x = input("x", "f32", [300, 64]);
      return { run: { y: exp(sub(x, mul(sum(x, { axes: [0] }), 1 / 300))) } };
    });
    expect(opsOf(centred, "reduction")).toHaveLength(1);
  });
});

describe("totals over several axes", () => {
  const among = (shape: readonly number[], axes: readonly number[]): Graph =>
    model("total", () => {
      const x = input("x", "f32", [6, 4, 10]) as Tensor<"f32">;
      const each = max(x, { axis: 2, keepAxes: true }) as Tensor<"f32">;
      const rest = reshape(sub(x, each), shape) as Tensor<"f32">;
      return { run: { y: sum(exp(rest), { axes }) } };
    });

  it("continue those along the axes of a reduction that they read", () => {
    expect(opsOf(among([6, 4, 10], [1, 2]), "reduction").map(({ type }) => type.shape)).toEqual([[6, 4], [6, 4], [6]]);
  });

  it("and not those of a reduction of another shape, whose axes are others", async () => {
    const graph = among([3, 2, 40], [1, 2]);
    expect(opsOf(graph, "reduction").map(({ type }) => type.shape)).toEqual([[6, 4], [3]]);
    await expectRight(graph);
  });
});
