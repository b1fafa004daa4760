import { afterAll, describe, expect, it, vi } from "vitest";
import {
  adam,
  argmax,
  attention,
  conv2d,
  cumsum,
  dense,
  input,
  layerNorm,
  matmul,
  mean,
  model,
  relu,
  reshape,
  softmax,
  softmaxCrossEntropy,
  sort,
  square,
  sum,
  type Graph,
} from "chainrule";
import { compile } from "../../compiler/compile.ts";
import type { Program } from "../../runtime/abi.ts";
import { load } from "../../runtime/index.ts";
import { requestGpu } from "../../runtime/node.ts";
import { withVariants } from "../../runtime/tuning.ts";
import type { AnyModule } from "../compiler/planning.ts";
import { testDevice } from "../gpu.ts";
import { reordered, type Reordering } from "./reordered.ts";

// Small products have squares as well, in little memory of the workgroup: adapters write a line to clear each vector of it.
vi.mock(import("../../compiler/lower/contraction/tile.ts"), async (importOriginal) => ({
  ...(await importOriginal()),
  squaresOf: () => [64] as const,
  sharedNumbers: 512,
}));

/** Rows long and short, added up by many lanes, by few and by one; prefix sums and orders of rows within a workgroup and beyond. */
const rows = model("rows", () => {
  const [long, short] = [input("long", "f32", [3, 5000]), input("short", "f32", [300, 12])];
  return {
    run: {
      ...{ shares: softmax(long, 1), place: argmax(long, { axis: 1 }), sums: cumsum(long, 1) },
      ...{ order: sort(long), small: sort(short), below: cumsum(short, 0), total: sum(square(long)) },
      ...{ normal: layerNorm(short), gram: matmul(long, input("right", "f32", [5000, 70])) },
    },
  };
});

const training = model("training", () => {
  const [image, label] = [input("image", "f32", [6, 2, 9, 9]), input("label", "i32", [6])];
  const hidden = relu(conv2d(image, 8, 3));
  const loss = softmaxCrossEntropy(dense(relu(dense(reshape(hidden, [6, 392]), 32)), 18), label);
  return { run: { loss, update: adam(loss) } };
});

const heads = model("heads", () => {
  const loss = mean(square(attention(input("x", "f32", [2, 40, 32]), 4)));
  return { run: { loss, update: adam(loss) } };
});

/** A product that cards compute in squares, which lie in memory of the workgroup. */
const product = model("product", () => ({
  run: { product: matmul(input("left", "f32", [130, 70]), input("right", "f32", [70, 200])) },
}));

const asCards = (graph: Graph): Program =>
  withVariants(compile(graph), ({ variants }) => variants?.find(({ name }) => name.startsWith("squares")));

const programs: readonly (readonly [string, Program])[] = [
  ["rows", compile(rows)],
  ["a training step", compile(training)],
  ["attention", compile(heads)],
  ["squares of cards", asCards(product)],
];

let plain: GPUDevice | undefined;
afterAll(() => plain?.destroy());

/** A device on which kernels may be reordered so. */
async function deviceFor(how: Reordering): Promise<GPUDevice> {
  if (how === "quads") return testDevice();
  plain ??= await (await (await requestGpu()).requestAdapter())!.requestDevice();
  return plain;
}

/** Results of a call, and the states after it. */
async function resultsOf(program: Program, device: GPUDevice): Promise<unknown> {
  const module = await load<AnyModule>(program, { device, seed: 1 });
  const inputs = program.entryPoints.run!.inputs.map(({ name, dtype, shape }) => {
    const wave = Float32Array.from({ length: shape.reduce((size, dim) => size * dim, 1) }, (_, i) => Math.sin(i * i));
    return [name, dtype === "i32" ? Int32Array.from(wave, (x) => 8 + 8 * x) : wave] as const;
  });
  const found = [await module.run(Object.fromEntries(inputs)).read(), await module.readState()];
  module.destroy();
  return found;
}

describe.each(programs)("%s", (_, program) => {
  it("has threads that wait for each other", () => {
    expect(program.kernels.some(({ wgsl }) => wgsl.includes("workgroupBarrier();"))).toBe(true);
  });

  it.each(["quads", "lanes"] as const)("is the same bits with other %s first", async (how) => {
    const device = await deviceFor(how);
    expect(await resultsOf(reordered(program, how), device)).toEqual(await resultsOf(program, device));
  });
});

it("is not the same where nobody waits", async () => {
  const device = await deviceFor("lanes");
  const kernels = compile(rows).kernels.map((kernel) => {
    return { ...kernel, wgsl: kernel.wgsl.replaceAll("workgroupBarrier();", "") };
  });
  const wanted = await resultsOf(compile(rows), device);
  expect(await resultsOf(reordered({ ...compile(rows), kernels }, "lanes"), device)).not.toEqual(wanted);
});
