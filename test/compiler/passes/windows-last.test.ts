/// Windows of four numbers that are reduced, of a product: its threads have them, whatever order the product lies in.
import { describe, expect, test } from "vitest";
import {
  adam,
  add,
  argmax,
  argmin,
  averagePool,
  concatenate,
  conv2d,
  dense,
  gather,
  gelu,
  input,
  logSoftmax,
  logsumexp,
  matmul,
  max,
  maxPool,
  mean,
  min,
  model,
  mul,
  param,
  relu,
  reshape,
  silu,
  softmaxCrossEntropy,
  square,
  sum,
  sumPool,
  tanh,
  transpose,
  type Graph,
  type Tensor,
} from "chainrule";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { runPasses } from "../../../compiler/pass.ts";
import { kernelPasses } from "../../../compiler/passes/kernel-passes.ts";
import { report } from "../../../compiler/report.ts";
import { expectRight } from "../agree.ts";
import { planOf } from "../planning.ts";

const image = (shape: readonly [number, number, number, number] = [2, 3, 12, 12]) => input("image", "f32", shape);

const convolved = (channels = 5) => conv2d(image(), channels, 3, { padding: "same", name: "conv" });

/** The kernels of an entry point: what each writes. */
const stored = (graph: Graph, entry = "run"): readonly string[] =>
  planOf(graph, entry, {}).steps.map(({ traffic }) => traffic.stores.map(({ op }) => op.name).join("+"));

describe("windows of four of a product are reduced by its own kernel", () => {
  test.each([
    ["a largest element after relu", () => maxPool(relu(convolved()), 2), "gather"],
    ["a largest element", () => maxPool(convolved(), 2), "gather"],
    ["a largest element of four in a row", () => maxPool(tanh(convolved()), [4]), "gather"],
    ["a largest element of a column of four", () => maxPool(convolved(), [4, 1]), "gather"],
    ["a sum", () => sumPool(convolved(), 2), "sum"],
    ["a mean and what follows", () => tanh(averagePool(relu(convolved()), 2)), "tanh"],
    [
      "ln Σ eˣ of columns",
      () => logsumexp(reshape(matmul(input("x", "f32", [96, 7]), param([7, 12])), [96, 3, 4]), { axis: 2 }),
      "logsumexp",
    ],
    [
      "the least and its place",
      () => {
        const x = reshape(matmul(input("x", "f32", [96, 7]), param([7, 12])), [96, 3, 4]);
        return add(min(x, { axis: 2 }), mul(0.25, max(x, { axis: 2 })));
      },
      "add",
    ],
    [
      "windows of rows",
      () => {
        const rows = matmul(input("x", "f32", [192, 5]), param([5, 6]));
        const windows = transpose(reshape(rows, [2, 2, 24, 2, 6]), [0, 2, 4, 1, 3]);
        return max(reshape(windows, [2, 24, 6, 4]), { axis: 3 });
      },
      "max",
    ],
  ])("%s", async (_, build, kernel) => {
    const graph = model("windows", () => ({ run: { result: build() } }));
    expect(stored(graph)).toEqual([kernel]);
    await expectRight(graph);
  });
});

describe("what trains with windows of four", () => {
  const training = (build: (x: ReturnType<typeof convolved>) => ReturnType<typeof convolved>): Graph =>
    model("trained", () => {
      const pooled = build(convolved());
      const loss = mean(square(pooled));
      return { train: { loss, update: adam(loss) } };
    });

  test.each([
    ["largest elements after relu", (x) => maxPool(relu(x), 2)],
    ["largest elements", (x) => maxPool(x, 2)],
    ["means after tanh", (x) => averagePool(tanh(x), 2)],
    ["means after relu", (x) => averagePool(relu(x), 2)],
    ["means after what has a slope of two values", (x) => averagePool(silu(x), 2)],
    [
      "means of means",
      (x) => averagePool(tanh(conv2d(averagePool(tanh(x), 2), 4, 3, { padding: "same", name: "next" })), 2),
    ],
    ["means and largest elements of the same", (x) => add(averagePool(gelu(x), 2), maxPool(gelu(x), 2))],
    ["means beside what is pooled", (x) => concatenate([averagePool(relu(x), 2), averagePool(square(relu(x)), 2)], 1)],
    ["largest elements of what has a slope of its own", (x) => maxPool(gelu(x), 2)],
    [
      "windows of windows",
      (x) => maxPool(relu(conv2d(maxPool(relu(x), 2), 4, 3, { padding: "same", name: "next" })), 2),
    ],
  ] satisfies [string, (x: ReturnType<typeof convolved>) => ReturnType<typeof convolved>][])("%s", async (_, build) => {
    await expectRight(training(build));
  });

  test.each([
    ["relu", relu, "copy"],
    ["tanh", tanh, "sub"],
    ["gelu", gelu, "add"],
    ["silu", silu, "copy"],
  ] as const)(
    "means after %s are the convolution's, which writes what the slope reads as that lies",
    (_, act, kept) => {
      const graph = model("means", () => {
        const pooled = (x: Tensor, channels: number, name: string) =>
          averagePool(act(conv2d(x, channels, 3, { padding: "same", name })), 2);
        const loss = mean(square(pooled(pooled(input("image", "f32", [32, 1, 28, 28]), 8, "first"), 16, "second")));
        return { train: { loss, update: adam(loss) } };
      });
      const [first] = stored(graph, "train");
      expect(first.split("+").toSorted()).toEqual([kept, "div"].toSorted());
    },
  );

  test.each([
    ["relu", relu],
    ["tanh", tanh],
    ["gelu", gelu],
  ] as const)("the slope of means after %s is computed by what reads it, but for windows", async (_, act) => {
    const graph = (side: number): Graph =>
      model("means", () => {
        const pooled = (x: Tensor, name: string) => averagePool(act(conv2d(x, 8, 3, { padding: "same", name })), 2);
        const numbers = pooled(pooled(input("image", "f32", [8, 3, side, side]), "first"), "second");
        const loss = softmaxCrossEntropy(
          dense(reshape(numbers, [8, side * (side / 2)]), 10),
          input("label", "i32", [8]),
        );
        return { train: { loss, update: adam(loss) } };
      });
    const elements = planOf(graph(32), "train", {}).steps.filter(({ traffic }) => traffic.cluster.kind === "map");
    expect(elements.map(({ traffic }) => traffic.cluster.space)).toEqual([[8, 8, 16, 16]]);
    await expectRight(graph(16));
  });

  test("what another product reads of one is written as that lies, where both are added up before windows", async () => {
    const graph = model("sum", () => {
      const first = dense(input("x", "f32", [64, 16]), 64, { name: "first" });
      const both = add(first, dense(tanh(first), 64, { name: "second" }));
      return { run: { result: max(reshape(both, [64, 16, 4]), { axis: 2 }) } };
    });
    expect(stored(graph)).toEqual(["tanh+add", "max"]);
    await expectRight(graph);
  });

  test("a classifier of four classes", async () => {
    const graph = model("four", () => {
      const logits = dense(input("x", "f32", [288, 8]), 4, { name: "logits" });
      const loss = softmaxCrossEntropy(logits, input("label", "i32", [288]));
      return {
        train: { loss, update: adam(loss) },
        run: { likely: argmax(logits), least: argmin(logits), shares: logSoftmax(logits) },
      };
    });
    await expectRight(graph);
  });

  test("what is relu of a convolution and pooled is not written", () => {
    const steps = stored(
      training((x) => maxPool(relu(x), 2)),
      "train",
    );
    // One of them counts steps.
    expect(steps).toHaveLength(5);
    expect(steps.join()).not.toMatch(/relu|gather/);
  });
});

test("what an entry point has in windows does not hang on another", async () => {
  const both = model("both", () => {
    const pooled = averagePool(relu(convolved()), 2);
    const loss = mean(square(pooled));
    return { run: { result: pooled }, train: { loss, update: adam(loss) } };
  });
  expect(stored(both)).toEqual(["div"]);
  // The slope of relu reads what is convolved.
  expect(stored(both, "train")[0]).toContain("copy");
  await expectRight(both);
});

test("what is computed of a window counts once for four results", () => {
  const flops = (finish: (total: Tensor<"f32", readonly [256, 3]>) => Tensor<"f32", readonly [256, 3]>): number => {
    const graph = model("flops", () => {
      const windows = reshape(matmul(input("x", "f32", [256, 6]), param([6, 12])), [256, 3, 4]);
      return { run: { result: finish(sum(windows, { axis: 2 })) } };
    });
    expect(stored(graph)).toHaveLength(1);
    return report(compileWithFacts(graph)).entryPoints.run.flops;
  };
  const plain = flops((total) => total);
  expect(plain).toBe(256 * 12 * (2 * 6 + 1));
  expect(flops((total) => mul(total, add(square(total), total)))).toBe(plain + 256 * 3 * 3);
});

describe("a product keeps its order", () => {
  test("where its rows are read at places of another's extremes", async () => {
    const read = (batch: number): Graph =>
      model("places", () => {
        const windows = reshape(matmul(input("x", "f32", [96, 7]), param([7, 12])), [96, 3, 4]);
        return { run: { result: gather(windows, argmax(windows), { batch }) } };
      });
    const isReordered = (graph: Graph): boolean => {
      let found = false;
      runPasses(graph, kernelPasses(), ({ name }, before, after) => {
        if (name === "windows-last") found = before !== after;
      });
      return found;
    };
    expect([0, 1, 2].map((batch) => isReordered(read(batch)))).toEqual([false, false, true]);
    await expectRight(read(0));
  });

  test.each([
    [
      "where something else reads it as well",
      () => {
        const x = relu(convolved());
        return { pooled: maxPool(x, 2), all: x };
      },
    ],
    ["where windows overlap", () => ({ pooled: maxPool(relu(convolved()), 3, { strides: 2, padding: 1 }) })],
    ["where windows are not of four", () => ({ pooled: maxPool(relu(convolved()), [2, 3]) })],
  ])("%s", async (_, build) => {
    const graph = model("kept", () => ({ run: build() }));
    expect(stored(graph)[0]).toContain("relu");
    await expectRight(graph);
  });
});

test("numbers of a formula are the same in every order: above kernels they have no layouts", () => {
  const graph = model("numbers", () => ({ run: { pooled: maxPool(gelu(convolved()), 2) } }));
  const [kernel] = compileWithFacts(graph).program.kernels;
  expect(kernel.wgsl).toContain("erfc(");
  expect(kernel.wgsl).not.toContain("fill(");
});
