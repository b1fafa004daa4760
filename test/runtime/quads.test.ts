import { afterAll, describe, expect, it } from "vitest";
import {
  adam,
  argmax,
  conv2d,
  dense,
  input,
  logsumexp,
  matmul,
  max,
  mean,
  model,
  normal,
  param,
  relu,
  reshape,
  sgd,
  sin,
  slice,
  softmax,
  softmaxCrossEntropy,
  square,
  sub,
  sum,
  take,
  transpose,
  type Tensor,
} from "chainrule";
import { compile } from "../../compiler/compile.ts";
import { load } from "../../runtime/index.ts";
import { requestGpu } from "../../runtime/node.ts";
import { textFor } from "../../runtime/quads.ts";
import type { AnyModule } from "../compiler/planning.ts";
import { testDevice } from "../gpu.ts";

const graph = model("images", () => {
  const [image, label] = [input("image", "f32", [6, 2, 9, 9]), input("label", "i32", [6])];
  const hidden = relu(conv2d(image, 8, 3, { name: "conv" }));
  const loss = softmaxCrossEntropy(dense(relu(dense(reshape(hidden, [6, 392]), 32)), 18), label);
  return { train: { loss, update: adam(loss) } };
});

/** Products so long that quads lie two by two: plain, turned, with edges, and of rows picked from a table. */
const long = model("long", () => {
  const [x, y, z] = [input("x", "f32", [140, 260]), input("y", "f32", [260, 264]), input("z", "f32", [134, 260])];
  const table = param([260, 264], { name: "table", init: normal(0, 1) });
  const loss = mean(square(take(table, input("letter", "i32", [140]))));
  return {
    run: {
      plain: matmul(x, y),
      turned: matmul(transpose(x), slice(y, [[0, 140], null])),
      both: matmul(x, transpose(z)),
    },
    train: { loss, update: sgd(loss) },
  };
});

const wave = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i * i));

/** Losses of three steps and the parameters after them. */
async function train(device: GPUDevice): Promise<readonly unknown[]> {
  const module = await load<AnyModule>(compile(graph), { device, seed: 1 });
  const losses: unknown[] = [];
  for (let step = 0; step < 3; step++) {
    losses.push(await module.train({ image: wave(6 * 162), label: Int32Array.of(0, 3, 5, 7, 11, 17) }).loss);
  }
  const found = [losses, await module.readParams()];
  module.destroy();
  return found;
}

describe("kernels on a device without subgroups", () => {
  let plain: GPUDevice | undefined;
  afterAll(() => plain?.destroy());

  it("compute the same bits", async () => {
    const texts = compile(graph).kernels.map(({ wgsl }) => wgsl);
    expect(texts.some((text) => text.includes("= quads("))).toBe(true);
    expect(texts.some((text) => text.includes("= quad("))).toBe(true);
    const adapter = await (await requestGpu()).requestAdapter();
    plain = await adapter!.requestDevice();
    const device = await testDevice();
    expect([plain.features.has("subgroups"), device.features.has("subgroups")]).toEqual([
      false,
      adapter!.features.has("subgroups"),
    ]);
    expect(await train(plain)).toEqual(await train(device));
  });

  it("lie two by two as well where some threads more are beyond the edges", () => {
    const square = (name: string): Tensor<"f32", [1000, 1000]> => input(name, "f32", [1000, 1000]);
    const [{ wgsl }] = compile(model("square", () => ({ run: { y: matmul(square("a"), square("b")) } }))).kernels;
    expect(wgsl).toContain("= besides(");
  });

  it("compute the same bits where quads lie two by two", async () => {
    const program = compile(long);
    const text = program.kernels.map(({ wgsl }) => wgsl).join();
    for (const name of ["besides", "belows", "beside", "below"]) expect.soft(text).toContain(`= ${name}(`);
    const adapter = await (await requestGpu()).requestAdapter();
    const own = await adapter!.requestDevice();
    const [found, wanted] = await Promise.all(
      [own, await testDevice()].map(async (device) => {
        const module = await load<AnyModule>(program, { device, seed: 1 });
        const inputs = { x: wave(140 * 260), y: wave(260 * 264), z: wave(134 * 260) };
        const products = await module.run(inputs).read();
        await module.train({ letter: Int32Array.from({ length: 140 }, (_, i) => (i * 7) % 260) }).loss;
        const results = [products, await module.readParams()];
        module.destroy();
        return results;
      }),
    );
    expect(found).toEqual(wanted);
    own.destroy();
  });

  it.each([
    [4, "float", "f32", [1030, 90]],
    [4, "float, by fours", "f32", [1030, 92]],
    [4, "integer", "i32", [1030, 90]],
    [2, "float", "f32", [2060, 90]],
  ] as const)("compute the same bits where %i lanes of a %s row are in a quad", async (lanes, _, dtype, shape) => {
    const program = compile(
      model("rows", (): { readonly run: Record<string, Tensor> } => {
        const x = input("x", dtype, [...shape]) as Tensor;
        const reals: Record<string, Tensor> =
          dtype === "f32" ? { shares: softmax(x, 1), log: logsumexp(x, { axis: 1 }) } : {};
        const below = sub(x, max(x, { axis: 1, keepAxes: true }));
        const turned = sum(square(transpose(x)), { axis: 0 });
        const total = sum(x, { axis: 1 });
        return { run: { largest: max(x, { axis: 1 }), place: argmax(x, { axis: 1 }), total, turned, below, ...reals } };
      }),
    );
    const text = program.kernels.map(({ wgsl }) => wgsl).join();
    expect(text).toContain("//- workgroupBarrier();");
    expect(text).not.toMatch(/^ *workgroupBarrier/m);
    expect(text.includes("= below_")).toBe(lanes === 4);
    const adapter = await (await requestGpu()).requestAdapter();
    const own = await adapter!.requestDevice();
    const values = wave(shape[0] * shape[1]);
    const numbers = dtype === "f32" ? values : Int32Array.from(values, (value) => 1000 * value);
    const [found, wanted] = await Promise.all(
      [own, await testDevice()].map(async (device) => {
        const module = await load<AnyModule>(program, { device });
        const results = await module.run({ x: numbers }).read();
        module.destroy();
        return results;
      }),
    );
    expect(found).toEqual(wanted);
    own.destroy();
  });

  it("compute the same bits where quads take rows beside products", async () => {
    const program = compile(
      model("beside", () => {
        const logits = dense(relu(dense(input("x", "f32", [300, 20]), 16)), 3);
        const loss = softmaxCrossEntropy(logits, input("label", "i32", [300]));
        return { train: { loss, update: sgd(loss) } };
      }),
    );
    const last = program.kernels.at(-1)!.wgsl;
    for (const name of ["loss", "update_dense_0_weight", "update_dense_0_bias"]) expect(last).toContain(`fn ${name}(`);
    expect(last).toContain("= below(");
    expect(last).not.toMatch(/^ *workgroupBarrier/m);
    const adapter = await (await requestGpu()).requestAdapter();
    const own = await adapter!.requestDevice();
    const [found, wanted] = await Promise.all(
      [own, await testDevice()].map(async (device) => {
        const module = await load<AnyModule>(program, { device, seed: 1 });
        const label = Int32Array.from({ length: 300 }, (_, i) => i % 3);
        const results = [await module.train({ x: wave(6000), label }).loss, await module.readParams()];
        module.destroy();
        return results;
      }),
    );
    expect(found).toEqual(wanted);
    own.destroy();
  });

  it.each(["quadratic", "quad", "quads", "fn quads(own: of it", "= quad(x);"])("may be called %s", async (name) => {
    const called = model("names", () => {
      const [x, y] = [input(name, "f32", [8, 16]), input(`${name} y`, "f32", [70, 9])];
      return { run: { [name]: matmul(x, transpose(x)), [`${name} 2`]: sum(sin(y), { axis: 1 }) } };
    });
    const adapter = await (await requestGpu()).requestAdapter();
    const own = await adapter!.requestDevice();
    const module = await load<AnyModule>(compile(called), { device: own });
    const { [name]: product } = await module
      .run({ [name]: new Float32Array(128).fill(1), [`${name} y`]: wave(630) })
      .read();
    expect(product).toEqual(new Float32Array(64).fill(16));
    module.destroy();
    own.destroy();
  });

  it("mention subgroups nowhere", () => {
    for (const { wgsl } of compile(graph).kernels) {
      const text = textFor({ features: new Set() as unknown as GPUSupportedFeatures }, wgsl);
      expect(text).not.toMatch(/subgroups|quad[sB(]/);
      expect(textFor({ features: new Set(["subgroups"]) as unknown as GPUSupportedFeatures }, wgsl)).toBe(wgsl);
    }
  });
});

describe("kernels on llvmpipe", () => {
  const features = new Set(["subgroups"]) as unknown as GPUSupportedFeatures;
  const on = (architecture: string, wgsl: string): string =>
    textFor({ features, adapterInfo: { architecture } as GPUAdapterInfo }, wgsl);

  it("hide how often loops turn, so that no driver writes them out", () => {
    const texts = [graph, long].flatMap((each) => compile(each).kernels.map(({ wgsl }) => wgsl));
    const heads = texts.join("\n").match(/^ *for .*< \d+u.*\{$/gm)!;
    expect(heads.length).toBeGreaterThan(20);
    for (const text of texts) {
      const lines = text.split("\n");
      const hidden = on("software", text).split("\n");
      expect(hidden.length).toBe(lines.length);
      for (const [at, line] of lines.entries()) {
        const counter = /^ *for .*?(\w+) < \d+u;.*\{$/.exec(line)?.[1];
        expect.soft(hidden[at]).toBe(counter ? `${line} ${counter} &= 0x7fffffffu;` : line);
      }
      expect(on("swiftshader", text)).toBe(text);
    }
  });

  it.each([
    ["a bound that is no number", "for (var k = 0u; k < end; k++) {"],
    ["a counter that is no integer", "for (var k = 2.0; k < 9.0; k += 1.0) { product *= k; }"],
    ["a bound of another name", "for (var k = 0u; k < n && rest < 4u; k++) {"],
    ["a comparison", "let inside = row < 4u;"],
  ])("leave %s alone", (_, line) => {
    expect(on("software", line)).toBe(line);
  });
});
