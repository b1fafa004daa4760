/// Kernels that run side by side in one dispatch give what they give alone.
import { describe, expect, it } from "vitest";
import {
  accuracy,
  adam,
  add,
  attention,
  conv2d,
  dense,
  embedding,
  gelu,
  gradientDescent,
  input,
  layerNorm,
  matmul,
  maxPool,
  mean,
  model,
  mul,
  param,
  relu,
  reshape,
  sigmoid,
  slice,
  softmaxCrossEntropy,
  square,
  state,
  sum,
  tanh,
  type Graph,
  type Tensor,
} from "chainrule";
import { compile } from "../../compiler/compile.ts";
import { sideBySide } from "../../compiler/merge.ts";
import { load } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";
import { expectRight } from "./agree.ts";
import { planOf, type AnyModule } from "./planning.ts";

const perceptron = (width: number, classes: number): Graph =>
  model("perceptron", () => {
    const image = input("image", "f32", ["batch", 20]);
    const label = input("label", "i32", ["batch"]);
    const logits = dense(relu(dense(relu(dense(image, width)), width)), classes);
    const loss = softmaxCrossEntropy(logits, label);
    return { train: { loss, accuracy: accuracy(logits, label), update: adam(loss) } };
  });

/** The kernels of each dispatch, by the names of what they store. */
const dispatchesOf = (graph: Graph, entry: string, dims: Record<string, number>): readonly number[] => {
  const plan = planOf(graph, entry, dims);
  return sideBySide(plan.steps, { outputs: new Set(plan.outputs) }).map(({ steps }) => steps.length);
};

describe("kernels side by side", () => {
  it("are right where they bind whole buffers: all updates of a network", () =>
    expectRight(perceptron(16, 10), { batch: 8 }));
  it("are right where sizes leave edges", () => expectRight(perceptron(13, 7), { batch: 5 }));
  it("are right where one reads part of an input in fours, and the rest is no four", async () => {
    const graph = model("part", () => {
      const [x, z] = [input("x", "f32", [1, 9]), input("z", "f32", [5])];
      return { run: { part: tanh(slice(x, [null, [0, 8]])), total: sum(z) } };
    });
    expect(dispatchesOf(graph, "run", {})).toEqual([2]);
    await expectRight(graph);
  });
  it("are right with barriers: totals over many rows", () => expectRight(perceptron(12, 3), { batch: 300 }));
  it("are right for convolutions", () =>
    expectRight(
      model("convolution", () => {
        const image = input("image", "f32", [2, 1, 6, 6]);
        const first = maxPool(relu(conv2d(image, 3, 3, { padding: "same" })), 2);
        const logits = dense(reshape(first, [2, 27]), 4);
        const loss = softmaxCrossEntropy(logits, input("label", "i32", [2]));
        return { train: { loss, update: adam(loss) } };
      }),
    ));
  it("are right for a transformer", () =>
    expectRight(
      model("transformer", () => {
        const letters = input("letters", "i32", [2, 4]);
        const first = add(embedding(letters, 6, 8), param([4, 8]));
        const second = add(first, attention(layerNorm(first), 2, { causal: true }));
        const third = add(second, dense(gelu(dense(layerNorm(second), 16)), 8));
        const loss = softmaxCrossEntropy(dense(layerNorm(third), 6), input("next", "i32", [2, 4]));
        return { train: { loss, update: adam(loss) } };
      }),
    ));

  it("are slopes of scale, shift and bias beside the kernels that read the same, with barriers and without", async () => {
    const graph = (rows: number): Graph =>
      model("norm", () => {
        const x = dense(input("x", "f32", [rows, 24]), 64);
        const loss = mean(square(dense(tanh(layerNorm(x)), 8)));
        return { train: { loss, update: gradientDescent(loss, { learningRate: 0.1 }) } };
      });
    const plan = planOf(graph(320), "train", {});
    const groups = sideBySide(plan.steps, { outputs: new Set(plan.outputs) });
    const kindsOf = (group: (typeof groups)[number]): readonly string[] =>
      group.steps.map(({ traffic }) =>
        traffic.stores.some(({ type }) => type.shape.length === 1) ? "part" : traffic.cluster.kind,
      );
    const beside = groups.filter(({ apart, steps }) => !apart && steps.length > 1);
    expect(beside.map(kindsOf)).not.toEqual([]);
    const numbers = Float32Array.from({ length: 320 * 24 }, (_, i) => Math.sin(i * i));
    const after = async (strictFloat: boolean): Promise<readonly number[]> => {
      const module = await load<AnyModule>(compile(graph(320), { strictFloat }), { device: await testDevice() });
      await module.train({ x: numbers }).read();
      return Object.values(await module.readState()).flatMap(({ data }) => [...(data as Float32Array)]);
    };
    const [merged, apart] = [await after(false), await after(true)];
    merged.forEach((each, i) => expect(Math.abs(each - apart[i])).toBeLessThan(1e-5));
  });

  it("read settings and numbers that are not finite", () =>
    expectRight(
      model("settings", () => {
        const x = input("x", "f32", [4, 6]);
        const one = (): Tensor<"f32", readonly []> => mean(square(sigmoid(mul(tanh(dense(x, 6)), 3))));
        const loss = add(add(one(), one()), add(one(), one()));
        return { train: { loss, update: gradientDescent(loss, { learningRate: 0.1 }) } };
      }),
    ));

  it("wait for those that read what they overwrite", () => {
    const graph = model("overwritten", () => {
      const x = input("x", "f32", [8, 8]);
      const kept = state([8, 8], { name: "kept" });
      return { run: { y: matmul(x, kept), update: [{ state: kept, value: tanh(x) }] } };
    });
    expect(dispatchesOf(graph, "run", {})).toEqual([1, 1]);
  });

  it("are the updates of all parameters at once", () => {
    const sizes = dispatchesOf(perceptron(16, 10), "train", { batch: 8 });
    expect(sizes.at(-1)).toBe(6);
    expect(compile(perceptron(16, 10), { dims: { batch: 8 } }).entryPoints.train.dispatches).toHaveLength(sizes.length);
  });
});

describe("tensors named as variables of a product's kernel", () => {
  it("are read by another kernel of the dispatch and by the product", async () => {
    const graph = model("named", () => {
      const a1 = input("a1", "f32", [8, 8]);
      return { run: { totals: sum(a1, { axis: 1 }), product: matmul(a1, input("b0", "f32", [8, 8])) } };
    });
    expect(dispatchesOf(graph, "run", {})).toEqual([2]);
    await expectRight(graph, {});
  });
});
