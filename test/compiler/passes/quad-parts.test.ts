/// Means and variances of channels, added up by the quads that compute a convolution.
import { afterAll, describe, expect, it } from "vitest";
import {
  conv2d,
  gradientDescent,
  input,
  mean,
  model,
  mul,
  param,
  relu,
  reshape,
  square,
  sub,
  sum,
  tanh,
  type Graph,
  type Tensor,
} from "chainrule";
import { compile } from "../../../compiler/compile.ts";
import { load } from "../../../runtime/index.ts";
import { requestGpu } from "../../../runtime/node.ts";
import { testDevice } from "../../gpu.ts";
import { expectRight } from "../agree.ts";
import { unit } from "../normalised.ts";
import { planOf, type AnyModule } from "../planning.ts";

type Images = Tensor<"f32">;
const convolved = (x: Images, width: number, name: string): Images =>
  conv2d(x, width, 3, { padding: "same", name }) as Images;

const images = ([batch, depth, height, width]: readonly number[] = [2, 3, 48, 48]): Images =>
  input("x", "f32", [batch, depth, height, width]) as Images;

const normalised = (shape?: readonly number[], width = 6): Graph =>
  model("normalised", () => ({ run: { y: unit(convolved(images(shape), width, "conv")) } }));

const normalisedAlong = (axes: readonly number[], shape: readonly number[]): Graph =>
  model("images", () => ({ run: { y: unit(convolved(images(shape), 4, "conv"), { axes, keepAxes: true }) } }));

/** True where a kernel of a product writes sums. */
const addsUp = (graph: Graph): boolean =>
  planOf(graph, graph.entryPoints[0].name, {}).steps.some(
    ({ traffic: { cluster, stores } }) => cluster.kind === "contract" && stores.some(({ op }) => op.name === "sum"),
  );

describe("moments of channels", () => {
  it("are added up where a convolution is computed, which nothing reads for them again", () => {
    const [product, ...others] = planOf(normalised(), "run", {}).steps;
    expect(product.traffic.stores.filter(({ op }) => op.name === "sum")).toHaveLength(3);
    const [convolution] = product.traffic.stores.filter(({ op }) => op.name !== "sum");
    expect(others.filter(({ traffic }) => traffic.loads.includes(convolution))).toHaveLength(1);
    expect(others).toHaveLength(2);
  });

  it.each([
    ["of rows beyond the last tile", normalised([2, 3, 48, 48], 5)],
    ["of images in which sixteen columns reach over rows", normalised([4, 1, 36, 28], 12)],
    ["of many channels", normalised([1, 2, 48, 48], 68)],
    ["of one image", normalised([1, 2, 64, 64], 16)],
    [
      "of groups of channels",
      model("groups", () => {
        const x = convolved(images(), 8, "conv");
        return { run: { y: mul(unit(x, { axes: [1, 2, 3], keepAxes: true }), tanh(x)) } };
      }),
    ],
    [
      "side by side with other kernels",
      model("two", () => {
        const x = images();
        return { run: { y: unit(convolved(x, 5, "left")), z: unit(convolved(tanh(x) as Images, 4, "right")) } };
      }),
    ],
    [
      "after an activation, in training",
      model("trained", () => {
        const scale = param([1, 4, 1, 1], { name: "scale" });
        const y = relu(mul(unit(tanh(convolved(images([2, 1, 40, 40]), 4, "conv"))), scale));
        const loss = mean(square(sub(y, input("goal", "f32", [2, 4, 40, 40]))));
        return { train: { loss, update: gradientDescent(loss) } };
      }),
    ],
  ])("%s are right", async (_, graph) => {
    expect(addsUp(graph)).toBe(true);
    await expectRight(graph);
  });

  it.each([
    ["belong to products that cards take in squares", normalised([1, 8, 48, 48], 128)],
    ["do not come in sixteens", normalised([5, 3, 27, 27])],
    ["are averaged over parts that do not", normalisedAlong([2, 3], [16, 3, 50, 50])],
  ])("are apart where columns %s", (_, graph) => {
    expect(addsUp(graph)).toBe(false);
  });
});

describe("sixteen neighbours of a product", () => {
  it("are added up by its kernel, and it is not written", async () => {
    const graph = model("sums", () => {
      const x = convolved(images([1, 2, 32, 32]), 5, "conv");
      return { run: { y: sum(reshape(x, [1, 5, 32, 2, 16]), { axis: 4 }) } };
    });
    const { steps } = planOf(graph, "run", {});
    expect(steps.map(({ traffic }) => traffic.stores.map(({ op }) => op.name))).toEqual([["sum"]]);
    await expectRight(graph);
  });
});

describe("on a device without subgroups", () => {
  let plain: GPUDevice | undefined;
  afterAll(() => plain?.destroy());

  it("they are the same bits", async () => {
    const program = compile(normalised());
    expect(program.kernels.some(({ wgsl }) => wgsl.includes("= quadSum("))).toBe(true);
    plain = await (await (await requestGpu()).requestAdapter())!.requestDevice();
    const x = Float32Array.from({ length: 2 * 3 * 48 * 48 }, (_, i) => Math.sin(i * i));
    const results: unknown[] = [];
    for (const device of [plain, await testDevice()]) {
      const module = await load<AnyModule>(program, { device, seed: 1 });
      results.push(await module.run({ x }).read());
      module.destroy();
    }
    expect(results[0]).toEqual(results[1]);
  });
});
