/// Attention in blocks: the same numbers as with whole scores, and no tensor of their size.
import { describe, expect, it } from "vitest";
import {
  adam,
  attention,
  dropout,
  einsum,
  grad,
  input,
  matmul,
  model,
  mul,
  normal,
  param,
  scaledDotProductAttention,
  softmax,
  square,
  sum,
  transpose,
  where,
  type Graph,
  type Tensor,
} from "chainrule";
import { checkAllGradients, checkOnDevice } from "../../compiler/check/index.ts";
import { openDeviceModule } from "../../compiler/cli/device.ts";
import { compile, compileWithFacts } from "../../compiler/compile.ts";
import { elementCount } from "../../ir/type.ts";
import { load } from "../../runtime/index.ts";
import { requestGpu } from "../../runtime/node.ts";
import { testDevice } from "../gpu.ts";
import type { AnyModule } from "./planning.ts";

const blocked = (graph: Graph) => compileWithFacts(graph, { blockedScores: 1 });

/** Kernels that take attention in blocks. */
const blocksOf = ({ entries }: Pick<ReturnType<typeof blocked>, "entries">): number =>
  entries.flatMap(({ plan }) => plan.steps.filter(({ traffic }) => traffic.cluster.kind === "attention")).length;

/** Elements of the largest tensor that a kernel writes. */
const largest = ({ entries }: ReturnType<typeof blocked>): number =>
  Math.max(
    ...entries.flatMap(({ plan }) =>
      plan.steps.flatMap(({ traffic }) => traffic.stores.map(({ type }) => elementCount(type.shape) as number)),
    ),
  );

const weight = (name: string, shape: readonly number[]): Tensor<"f32"> =>
  param(shape, { name, init: normal(0, 1) }) as Tensor<"f32">;

interface Case {
  readonly queries: readonly number[];
  readonly keys: readonly number[];
  readonly values?: readonly number[];
  /** Kernels in blocks: one forward, two or three backward. */
  readonly kernels: number;
  attend(q: Tensor<"f32">, k: Tensor<"f32">, v: Tensor<"f32">): Tensor;
}

const cases: Readonly<Record<string, Case>> = {
  "without a mask": {
    ...{ queries: [2, 12, 4], keys: [2, 16, 4], kernels: 3 },
    attend: (q, k, v) => scaledDotProductAttention(q, k, v),
  },
  "causal, of odd lengths": {
    ...{ queries: [1, 2, 11, 4], keys: [1, 2, 21, 4], kernels: 3 },
    attend: (q, k, v) => scaledDotProductAttention(q, k, v, { causal: true }),
  },
  "causal, written by hand, of more queries than keys": {
    ...{ queries: [70, 4], keys: [18, 4], kernels: 3 },
    attend: (q, k, v) => scaledDotProductAttention(q, k, v, { causal: true, scale: 0.3 }),
  },
  "with a mask of keys, to wider values": {
    ...{ queries: [2, 9, 8], keys: [2, 18, 8], values: [2, 18, 20], kernels: 3 },
    attend: (q, k, v) => scaledDotProductAttention(q, k, v, { mask: input("mask", "bool", [2, 1, 18]) }),
  },
  "with heads behind places": {
    ...{ queries: [9, 2, 4], keys: [17, 2, 4], kernels: 3 },
    attend: (q, k, v) => einsum("hts,shd->htd", softmax(einsum("thd,shd->hts", q, k)), v) as Tensor,
  },
  "with keys that lie the other way, as products of matrices": {
    ...{ queries: [2, 7, 4], keys: [2, 4, 16], values: [2, 16, 4], kernels: 3 },
    attend: (q, k, v) => matmul(softmax(matmul(q as never, k as never)) as never, v as never) as Tensor,
  },
  "with a turned softmax: means over queries": {
    ...{ queries: [18, 4], keys: [9, 4], values: [18, 4], kernels: 3 },
    attend: (q, k, v) => matmul(transpose(softmax(matmul(q as never, transpose(k) as never), 0)), v as never) as Tensor,
  },
};

/** A loss of the mean, with its derivatives by all that it is made of. */
function graphOf({ queries, keys, values = keys, attend }: Case): Graph {
  return model("attention", () => {
    const [q, k, v] = [weight("q", queries), weight("k", keys), weight("v", values)];
    const mean = attend(q, k, v);
    const loss = sum(mul(square(mean), input("target", "f32", mean.type.shape) as never));
    return { run: { mean, loss, bySome: grad(loss, q), byKeys: grad(loss, k), byValues: grad(loss, v) } };
  });
}

async function expectRightInBlocks(graph: Graph, results: number): Promise<void> {
  const { kernels } = await checkOnDevice(graph, async () =>
    openDeviceModule(blocked(graph).program, { device: await testDevice() }),
  );
  expect(kernels.filter(({ ok }) => !ok)).toEqual([]);
  expect(kernels.length).toBe(results);
}

describe("attention in blocks", () => {
  it.each(Object.entries(cases))("%s", async (_, each) => {
    const graph = graphOf(each);
    const compiled = blocked(graph);
    expect(blocksOf(compiled)).toBe(each.kernels);
    await expectRightInBlocks(graph, 5);
    expect(checkAllGradients(graph).filter(({ ok }) => !ok)).toEqual([]);
  });

  it("with a mask and dropout of the weights, which together take a kernel more", async () => {
    const graph = model("dropped", () => {
      const [q, k, v] = [weight("q", [5, 4]), weight("k", [20, 4]), weight("v", [20, 4])];
      const seen = where(input("mask", "bool", [5, 20]), matmul(q as never, transpose(k) as never), -Infinity);
      const loss = sum(square(matmul(dropout(softmax(seen as never), 0.3) as never, v as never)));
      return { train: { loss, update: adam(loss) } };
    });
    expect(blocksOf(blocked(graph))).toBe(4);
    await expectRightInBlocks(graph, 12);
  });

  it("layer after layer, in training and in use", async () => {
    const graph = model("layers", () => {
      const x = input("x", "f32", [2, 10, 8]);
      const first = attention(x, 2, { causal: true, name: "first" });
      const y = attention(first, 2, { causal: true, name: "second" });
      const loss = sum(square(y));
      return { predict: { y }, train: { loss, update: adam(loss) } };
    });
    expect(blocksOf(blocked(graph))).toBe(2 + 6);
    await expectRightInBlocks(graph, 1 + 1 + 14 * 3 + 1);
  });
});

describe("rows of attention in blocks", () => {
  const graph = model("masked", () => {
    const [q, k, v] = (["q", "k", "v"] as const).map((name) => input(name, "f32", [20, 4]));
    return { run: { y: scaledDotProductAttention(q, k, v, { mask: input("mask", "bool", [20, 20]), scale: 1 }) } };
  });
  const wave = (from: number, scale = 1): Float32Array =>
    Float32Array.from({ length: 80 }, (_, i) => scale * Math.sin(i * i + from));

  async function run(program: ReturnType<typeof compile>, device: GPUDevice, scale = 1): Promise<Float32Array> {
    const module = await load<AnyModule>(program, { device });
    const mask = Uint32Array.from({ length: 400 }, (_, i) => Number(i >= 60 || i < 20));
    const { y } = await module.run({ q: wave(1, scale), k: wave(2, scale), v: wave(3), mask }).read();
    module.destroy();
    return y as Float32Array;
  }

  it("that see nothing are no numbers, as with whole scores", async () => {
    const y = await run(blocked(graph).program, await testDevice());
    expect([...y].map(Number.isNaN)).toEqual(Array.from({ length: 80 }, (_, i) => i >= 4 && i < 12));
  });

  it("keep their digits where scores are large, and do not overflow", async () => {
    const device = await testDevice();
    const [some, others] = [await run(blocked(graph).program, device, 300), await run(compile(graph), device, 300)];
    expect(some.map((each) => (Number.isNaN(each) ? 1e9 : each))).toSatisfy((all: Float32Array) =>
      all.every((each, i) => (Number.isNaN(others[i]) ? each === 1e9 : Math.abs(each - others[i]) < 1e-4)),
    );
  });

  it("are the same bits on a device without subgroups", async () => {
    const adapter = await (await requestGpu()).requestAdapter();
    const plain = await adapter!.requestDevice();
    expect(plain.features.has("subgroups")).toBe(false);
    const { program } = blocked(graph);
    expect(await run(program, plain)).toEqual(await run(program, await testDevice()));
    plain.destroy();
  });
});

describe("long attention", () => {
  const train = (length: number): Graph =>
    model("long", () => {
      const x = input("x", "f32", [1, length, 64]);
      const loss = sum(square(attention(x, 2, { causal: true, name: "heads" })));
      return { train: { loss, update: adam(loss) } };
    });

  it("has no tensor of the size of its scores", () => {
    const [whole, inBlocks] = [
      compileWithFacts(train(2048), { blockedScores: Infinity }),
      compileWithFacts(train(2048)),
    ];
    expect(blocksOf(inBlocks)).toBe(3);
    expect(largest(whole)).toBe(2 * 2048 * 2048);
    expect(largest(inBlocks)).toBe(2048 * 64);
    expect(inBlocks.entries[0].arenaBytes).toBeLessThan(10 * 4 * 2048 * 64);
    expect(whole.entries[0].arenaBytes).toBeGreaterThan(2 * 4 * 2 * 2048 * 2048);
  });

  it("stays whole where that is faster and fits", () => {
    expect(blocksOf(compileWithFacts(train(1024)))).toBe(0);
    const forward = (length: number, causal: boolean): Graph =>
      model("forward", () => {
        const [q, k, v] = (["q", "k", "v"] as const).map((name) => input(name, "f32", [length, 32]));
        return { run: { y: scaledDotProductAttention(q, k, v, { causal }) } };
      });
    const counts = [forward(512, true), forward(508, true), forward(512, false), forward(2048, false)].map((graph) =>
      blocksOf(compileWithFacts(graph)),
    );
    expect(counts).toEqual([1, 0, 0, 1]);
  });

  it("is whole under strict floats", () => {
    expect(blocksOf(compileWithFacts(train(2048), { strictFloat: true }))).toBe(0);
  });
});
