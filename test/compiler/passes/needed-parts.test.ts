/// Products of which a part is read, and formulas that are 0 but for a part.
import { describe, expect, test } from "vitest";
import {
  adam,
  add,
  averagePool,
  concatenate,
  conv2d,
  dense,
  einsum,
  flatten,
  gradientDescent,
  groupNorm,
  input,
  leakyRelu,
  matmul,
  maxPool,
  mean,
  model,
  mul,
  param,
  relu,
  reshape,
  slice,
  softmaxCrossEntropy,
  square,
  sum,
  sumPool,
  tanh,
  transpose,
  type Graph,
  type Value,
} from "chainrule";
import { compileWithFacts, report } from "../../../compiler/index.ts";
import { entryPointRoots } from "../../../ir/graph.ts";
import { postorder } from "../../../ir/value.ts";
import { expectRight } from "../agree.ts";
import { channels, ofVariance, unit } from "../normalised.ts";
import { finalGraph, planOf } from "../planning.ts";

const graphOf = (build: () => Value): Graph => model("part", () => ({ run: { y: build() } }));

/** The shapes of products in the form that kernels take. */
const products = (graph: Graph): readonly string[] =>
  postorder(finalGraph(graph, {}).entryPoints.flatMap(entryPointRoots))
    .filter(({ op }) => op.kind === "contraction")
    .map(({ type }) => type.shape.join("×"));

const x = (...shape: number[]): Value => input("x", "f32", shape);
const w = (...shape: number[]): Value => input("w", "f32", shape);
const first = (value: Value, count: number): Value => slice(value, [[0, count]]);

describe("a product of which one part is read is that of parts", () => {
  test.each<readonly [string, () => Value, readonly string[]]>([
    ["some rows", () => first(matmul(x(24, 8), w(8, 12)), 5), ["5×12"]],
    ["some columns of a formula", () => slice(relu(add(matmul(x(24, 8), w(8, 12)), 1)), [null, [4, 8]]), ["24×4"]],
    ["the last of each sequence", () => slice(einsum("bti,io->bto", x(3, 9, 8), w(8, 12)), [null, [8, 9]]), ["3×1×12"]],
    [
      "some of a batch",
      () =>
        slice(einsum("bti,bio->bto", x(3, 9, 8), w(3, 8, 12)), [
          [1, 3],
          [2, 4],
        ]),
      ["2×2×12"],
    ],
    [
      "what layouts make of it",
      () => slice(reshape(transpose(matmul(x(24, 8), w(8, 12))), [3, 4, 24]), [null, null, [0, 9]]),
      ["9×12"],
    ],
    [
      "a product of it",
      () => first(matmul(tanh(matmul(x(24, 8), w(8, 12))), input("v", "f32", [12, 4])), 5),
      ["5×12", "5×4"],
    ],
    [
      "the same part twice",
      () => {
        const product = matmul(x(24, 8), w(8, 12));
        return add(sum(first(product, 6), { axis: 0 }), sum(first(relu(product), 6), { axis: 0 }));
      },
      ["6×12"],
    ],
  ])("%s", async (_, build, shapes) => {
    const graph = graphOf(build);
    expect(products(graph)).toEqual(shapes);
    await expectRight(graph);
  });

  test.each<readonly [string, (product: Value) => Value]>([
    ["two parts are", (product) => add(first(product, 5), slice(product, [[5, 10]]))],
    ["all of it is as well", (product) => concatenate([first(product, 5), product])],
    ["steps are", (product) => slice(product, [[0, 24, 2]])],
    ["a reshape cuts the axis of what is", (product) => first(reshape(product, [48, 6]), 5)],
  ])("but not where %s read", async (_, read) => {
    const graph = graphOf(() => read(matmul(x(24, 8), w(8, 12))));
    expect(products(graph)).toEqual(["24×12"]);
    await expectRight(graph);
  });
});

/** A loss of some rows of a layer of 24, and its slopes. */
const trained = (read: (layer: Value) => Value): Graph =>
  model("trained", () => {
    const layer = add(matmul(x(24, 8), param([8, 12], { name: "W" })), param([12], { name: "b" }));
    const loss = mean(square(read(tanh(layer))));
    return { run: { loss, update: gradientDescent(loss) } };
  });

/** How many terms the products of a graph have. */
const terms = (graph: Graph): readonly number[] =>
  postorder(finalGraph(graph, {}).entryPoints.flatMap(entryPointRoots))
    .filter(({ op }) => op.kind === "contraction")
    .map(({ operands: [left], attrs }) =>
      (attrs.contracted as readonly (readonly number[])[]).reduce(
        (count, [axis]) => count * (left.type.shape[axis] as number),
        1,
      ),
    );

describe("what is 0 around a part is not added up", () => {
  test.each<readonly [string, (layer: Value) => Value]>([
    ["the first rows", (layer) => first(layer, 5)],
    ["rows in the middle", (layer) => slice(layer, [[7, 12]])],
    ["rows of a formula that a condition chooses", (layer) => first(leakyRelu(layer), 5)],
  ])("in the slopes of %s", async (_, read) => {
    const graph = trained(read);
    expect(terms(graph).toSorted((a, b) => a - b)).toEqual([5, 8]);
    await expectRight(graph);
  });

  test("but where frames differ all is", async () => {
    const graph = trained((layer) => concatenate([first(layer, 5), slice(layer, [[9, 20]])]));
    expect(terms(graph).toSorted((a, b) => a - b)).toEqual([8, 24]);
    await expectRight(graph);
  });
});

describe("windows that leave a rest of an image", () => {
  const pooled = (pool: (image: Value) => Value, extent: number, rows = extent): Graph =>
    model("pooled", () => {
      const image = input("image", "f32", [2, 3, rows, extent]);
      const layer = conv2d(image, 5, 3, { padding: "same", name: "conv" });
      const loss = mean(square(pool(layer)));
      return { train: { loss, update: adam(loss) } };
    });
  const writes = (graph: Graph): number =>
    planOf(graph, "train", {}).steps.reduce((most, { traffic }) => {
      const sizes = traffic.stores.map(({ type }) => (type.shape as readonly number[]).reduce((a, b) => a * b, 1));
      return Math.max(most, ...sizes);
    }, 0);

  test.each<readonly [string, (image: Value) => Value, number]>([
    ["largest elements after relu", (image) => maxPool(relu(image), 2), 4],
    ["largest elements after tanh", (image) => maxPool(tanh(image), 2), 4],
    ["sums", (image) => sumPool(image, 2), 4],
    ["largest of nine", (image) => maxPool(relu(image), 3), 1],
  ])("are windows of what they cover: %s", async (_, pool, share) => {
    for (const [extent, rows] of [
      [13, 13],
      [13, 14],
    ]) {
      const graph = pooled(pool, extent, rows);
      if (share === 4) expect(writes(graph)).toBe((2 * 5 * 12 * 2 * Math.floor(rows / 2)) / share);
      await expectRight(graph);
    }
  });
});

describe("frames that somebody reads with what is inside", () => {
  const normalised =
    (groups: number) =>
    (layer: Value): Value =>
      groupNorm(layer as never, groups, { name: "norm" });
  const batchNormalised = (layer: Value): Value =>
    mul(unit(layer, channels, ofVariance), param([layer.type.shape[1]!, 1, 1], { name: "scale" }));
  const network = (
    pool: (image: Value) => Value,
    normalise: (layer: Value) => Value,
    batch: number,
    extent: number,
  ): Graph =>
    model("network", () => {
      const layer = conv2d(input("image", "f32", [batch, 3, extent, extent]), 12, 3, { name: "conv" });
      const logits = dense(flatten(pool(relu(normalise(layer))) as never, 1), 5, { name: "logits" });
      const loss = softmaxCrossEntropy(logits as never, input("label", "i32", [batch]));
      return { train: { loss, update: adam(loss) } };
    });

  // A slope of a normalisation goes over all of a layer, with what its sums read.
  test.each<readonly [string, Graph, number, number]>([
    ["averages of nine", network((image) => averagePool(image as never, 3), batchNormalised, 8, 15), 8, 490],
    ["averages of four", network((image) => averagePool(image as never, 2), batchNormalised, 8, 15), 8, 553],
    ["largest of four, of groups", network((image) => maxPool(image, 2), normalised(2), 8, 15), 11, 970],
  ])("stay: %s", (_, graph, dispatches, kilobytes) => {
    const { train } = report(compileWithFacts(graph)).entryPoints;
    expect(train.dispatches).toBeLessThanOrEqual(dispatches);
    expect(train.bytes / 1000).toBeLessThanOrEqual(kilobytes);
  });

  test("have the right slopes", async () => {
    await expectRight(network((image) => maxPool(image, 2), normalised(2), 2, 9));
  });
});
