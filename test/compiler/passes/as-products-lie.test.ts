/// What products read of products, computed as those lie: which values are, and that results stay what they are.
import {
  add,
  cast,
  conv2d,
  einsum,
  gradientDescent,
  greater,
  input,
  matmul,
  mean,
  model,
  mul,
  param,
  reshape,
  sigmoid,
  square,
  sub,
  sum,
  tanh,
  transpose,
  where,
  type Graph,
  type Tensor,
  type Value,
} from "chainrule";
import { describe, expect, it } from "vitest";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { runPasses } from "../../../compiler/pass.ts";
import { asProductsLie } from "../../../compiler/passes/as-products-lie.ts";
import { expandComposites } from "../../../compiler/passes/expand-composites.ts";
import { report } from "../../../compiler/report.ts";
import { evaluateValues } from "../../../ir/evaluate.ts";
import { expectRight } from "../agree.ts";
import { drawFeeds } from "./corpus.ts";

type Images = Tensor<"f32">;

/** Images, tables of their channels, and a convolution of them, whose result lies with its channels outermost. */
interface Given {
  readonly linear: Images;
  readonly scale: Images;
  readonly offset: Images;
}

const [batch, channels, size] = [3, 6, 18];

const images = (build: (given: Given) => Readonly<Record<string, Value>>): Graph =>
  model("images", () => {
    const x = input("x", "f32", [batch, 2, size, size]);
    const linear = conv2d(x, channels, 3, { padding: "same", name: "first", bias: false });
    const [scale, offset] = ["scale", "offset"].map((name) => input(name, "f32", [1, channels, 1, 1]) as Images);
    return { run: build({ linear: linear as Images, scale, offset }) };
  });

const next = (x: Value): Value => conv2d(x as Images, 4, 3, { name: "next", bias: false });
const affine = ({ linear, scale, offset }: Given): Images => add(mul(tanh(linear), scale), offset) as Images;

/** The graph in the ops of kernels, and after the pass; undefined where that leaves it alone. */
function moved(graph: Graph): readonly [Graph, Graph] | undefined {
  const before = runPasses(graph, [expandComposites]);
  const after = runPasses(before, [asProductsLie]);
  return after === before ? undefined : [before, after];
}

describe("what products read of products", () => {
  it.each([
    ["of one", (given: Given) => ({ y: next(affine(given)) })],
    ["of two that lie alike", (given: Given) => ({ y: next(mul(affine(given), sigmoid(given.linear))) })],
    [
      "read by two",
      (given: Given) => ({
        y: next(affine(given)),
        z: einsum("nchw,kc->nkhw", affine(given), input("k", "f32", [5, 6])),
      }),
    ],
    [
      "beside a value that others read",
      (given: Given) => {
        const gate = greater(given.linear, given.offset) as Tensor<"bool">;
        return { y: next(where(gate, affine(given), 0)), total: sum(cast(gate, "f32")) };
      },
    ],
    [
      "beside numbers of windows",
      ({ linear, scale }: Given) => {
        const half = size / 2;
        const windows = mul(input("m", "f32", [batch, channels, half, 1, half, 1]), input("q", "f32", [2, 1, 2]));
        return { y: next(mul(add(tanh(linear), reshape(windows, [batch, channels, size, size])), scale)) };
      },
    ],
  ])("lies as those lie: %s", async (_, build) => {
    const graph = images(build);
    const [before, after] = moved(graph)!;
    const { feeds } = drawFeeds(before, 1);
    const [was, is] = [before, after].map(({ entryPoints: [{ outputs }] }) => {
      const values = outputs.map(({ value }) => value);
      const results = evaluateValues(values, feeds);
      return values.map((value) => results.get(value)!);
    });
    expect(is).toEqual(was);
    expect(new Set(was[0]).size).toBeGreaterThan(was[0].length / 2);
    await expectRight(graph);
  });

  it("is written where it was read, if nobody reads that again", () => {
    const texts = (graph: Graph): string =>
      compileWithFacts(graph)
        .program.kernels.map(({ wgsl }) => wgsl)
        .join("\n");
    const centred = images(({ linear, scale }) => {
      const totals = tanh(sum(linear, { axes: [2, 3], keepAxes: true }));
      return { y: next(mul(sub(linear, sum(totals, { axes: [0], keepAxes: true })), scale)) };
    });
    expect(texts(centred)).toMatch(/ takes the place of product\b/);
  });

  it.each([
    ["it is a result as well", images((given) => ({ y: next(affine(given)), z: affine(given) }))],
    ["a sum reads it as well", images((given) => ({ y: next(affine(given)), z: sum(affine(given)) }))],
    [
      "others read it before the last step",
      images((given) => ({ y: next(tanh(affine(given))), z: mul(affine(given), 2) })),
    ],
    ["no product reads it", images((given) => ({ y: affine(given) }))],
    [
      "another tensor lies beside the product",
      images((given) => ({ y: next(mul(affine(given), input("m", "f32", [batch, channels, size, size]))) })),
    ],
    [
      "numbers are those of groups of channels",
      images(({ linear }) => {
        const groups = reshape(linear, [batch, 2, 3, size, size]) as Images;
        const scaled = mul(groups, input("g", "f32", [batch, 2, 1, 1, 1]));
        return { y: next(reshape(scaled as Images, [batch, channels, size, size])) };
      }),
    ],
    [
      "the kernel that adds up computes it",
      images(({ linear, scale }) => {
        const total = sum(linear, { axes: [0, 2, 3], keepAxes: true }) as Images;
        return { y: next(mul(sub(linear, mul(total, 1 / (batch * size * size))), scale)) };
      }),
    ],
    [
      "two products lie differently",
      images((given) => {
        const other = einsum("nchw,kc->nkhw", input("o", "f32", [batch, 5, size, size]), input("k", "f32", [6, 5]));
        return { y: next(mul(affine(given), other)) };
      }),
    ],
  ])("lies as it did where %s", (_, graph) => {
    expect(moved(graph)).toBeUndefined();
  });
});

it.each([
  [[1, 96, 64], 256],
  [[8, 64, 32], 96],
  [[10, 63, 31], 13],
])("a sum over places of transposed products %j trains in three kernels", async (shape, columns) => {
  const graph = model("turned", () => {
    const product = matmul(input("x", "f32", shape), param([shape[0], shape[2], columns], { name: "w" }));
    const y = sum(square(transpose(product, [1, 2, 0])), { axis: 0 });
    return { train: { y, update: gradientDescent(mean(square(tanh(y)))) } };
  });
  expect(report(compileWithFacts(graph)).entryPoints.train.dispatches).toBe(3);
  await expectRight(graph);
});
