// Convolutions: as many kernels as products of matrices have, and right in every form.
import { describe, expect, test } from "vitest";
import {
  add,
  convolve,
  convolveTransposed,
  exp,
  grad,
  input,
  matmul,
  model,
  param,
  relu,
  reshape,
  sgd,
  square,
  sum,
  tanh,
  type ConvolveOptions,
  type Graph,
  type Tensor,
  type Value,
} from "chainrule";
import { checkOnDevice } from "../../compiler/check/index.ts";
import { openDeviceModule } from "../../compiler/cli/device.ts";
import { compile, compileWithFacts } from "../../compiler/compile.ts";
import { load } from "../../runtime/index.ts";
import { testDevice } from "../gpu.ts";
import { expectRight } from "./agree.ts";
import { kinds, planRun, type AnyModule } from "./planning.ts";

/** A model that is trained on the sum of squares of what `make` gives, as a step and as a gradient of its gradients. */
function trained(make: () => Value): Graph {
  return model("convolutions", () => {
    const loss = sum(square(make() as Tensor<"f32">)) as Tensor<"f32", readonly []>;
    return { train: { loss, update: sgd(loss, { learningRate: 0.1 }) } };
  });
}

/** The first sizes are those of x, the others those of w. */
const forms: readonly (readonly [string, readonly number[], readonly number[], ConvolveOptions])[] = [
  ["of one axis, in steps", [2, 3, 9], [4, 3, 3], { padding: 1, strides: 2 }],
  ["as a product of matrices", [3, 4, 1], [5, 4, 1], {}],
  ["of a kernel as large as the input", [2, 3, 4, 5], [2, 3, 4, 5], {}],
  ["in steps wider than the kernel", [1, 2, 11], [3, 2, 2], { strides: 4 }],
  ["of a kept extent, an even kernel", [2, 2, 7, 6], [3, 2, 4, 2], { padding: "same", strides: [2, 1] }],
  [
    "with negative padding",
    [2, 2, 8, 7],
    [3, 2, 3, 2],
    {
      padding: [
        [-2, 1],
        [1, -3],
      ],
    },
  ],
  [
    "of groups with everything at once",
    [2, 4, 7, 6],
    [6, 2, 3, 2],
    {
      ...{
        padding: [
          [1, 2],
          [0, -1],
        ],
        strides: [2, 1],
        dilation: [2, 1],
        inputDilation: [1, 3],
        groups: 2,
      },
    },
  ],
  ["of every channel by itself", [2, 4, 6, 5], [8, 1, 3, 3], { padding: 1, groups: 4 }],
  ["of many channels by themselves", [2, 6, 12, 11], [6, 1, 3, 3], { padding: 1, groups: 6 }],
  [
    "of many channels by themselves, in steps and with gaps",
    [1, 16, 17, 21],
    [16, 1, 3, 2],
    {
      padding: [
        [2, 1],
        [0, 3],
      ],
      strides: [2, 1],
      dilation: [1, 2],
      groups: 16,
    },
  ],
  ["of many channels by themselves, along one axis", [2, 8, 96], [8, 1, 5], { padding: "same", groups: 8 }],
  ["of many channels by themselves, of three axes", [1, 3, 6, 6, 10], [3, 1, 2, 3, 2], { padding: "same", groups: 3 }],
  ["of all channels to one", [1, 3, 33, 34], [1, 3, 3, 3], { padding: 1 }],
  ["of three axes", [1, 2, 4, 5, 3], [2, 2, 2, 2, 2], { padding: "same" }],
];

describe("convolution", () => {
  test.each(forms)("%s", async (_, x, w, options) => {
    await expectRight(trained(() => convolve(param(x, { name: "x" }), param(w, { name: "w" }), options)));
  });

  test("transposed, in groups, with a longer end", async () => {
    const options = { padding: 1, strides: 2, outputPadding: 1, groups: 2, dilation: [1, 2] };
    const make = (): Value =>
      convolveTransposed(param([2, 4, 4, 3], { name: "x" }), param([4, 3, 3, 2], { name: "w" }), options);
    await expectRight(trained(make));
  });

  test("transposed is the gradient of the forward one", () => {
    const graph = model("transposed", () => {
      const [x, w] = [input("x", "f32", [2, 6, 9]), input("w", "f32", [4, 3, 3])];
      const ct = input("ct", "f32", [2, 4, 5]);
      const options = { strides: 2, padding: 1, groups: 2 };
      const y = convolve(x, w, options);
      const loss = sum(y) as Tensor<"f32", readonly []>;
      return { run: { gradient: grad(loss, x), turned: convolveTransposed(ct, w, { ...options }) } };
    });
    const [gradient, turned] = graph.entryPoints[0].outputs.map(({ value }) => value.type.shape);
    expect(turned).toEqual(gradient);
  });

  test("to second order", async () => {
    await expectRight(
      trained(() => {
        const [x, w] = [param([2, 3, 9], { name: "x" }), param([4, 3, 3], { name: "w" })];
        const y = sum(exp(convolve(x, w, { padding: 1, strides: 2 }))) as Tensor<"f32", readonly []>;
        const [toInput, toKernel] = grad(y, [x, w]);
        return add(sum(square(toInput)), sum(square(toKernel)));
      }),
    );
  });

  test("is one kernel with its bias and activation: neither windows nor padding are stored", () => {
    const network = (groups: number) => (): { readonly y: Value } => {
      const x = input("x", "f32", [2, 8, 12, 12]);
      const bias = param([16], { name: "bias" });
      const y = convolve(x, param([16, 8 / groups, 3, 3], { name: "w" }), { padding: 1, groups });
      return { y: relu(add(y, reshape(bias, [16, 1, 1]))) };
    };
    expect(kinds(planRun(network(1)))).toEqual(["contract"]);
    expect(kinds(planRun(network(2)))).toEqual(["contract"]);
    expect(
      kinds(planRun(() => ({ y: convolve(input("x", "f32", [2, 3, 8]), param([4, 3, 3]), { strides: 2 }) }))),
    ).toEqual(["contract"]);
  });

  test("of every channel by itself is a kernel of elements, forward and back to its input, and few terms alone are", () => {
    const channels = (size: number) => (): { readonly y: Value; readonly dx: Tensor } => {
      const x = input("x", "f32", [2, 8, 12, 12]);
      const w = param([8, 1, size, size], { name: "w" });
      const y = relu(
        add(convolve(x, w, { padding: "same", groups: 8 }), reshape(param([8], { name: "b" }), [8, 1, 1])),
      );
      return { y, dx: grad(sum(square(y)) as Tensor<"f32", readonly []>, x) };
    };
    expect(kinds(planRun(channels(3)))).toEqual(["map", "map"]);
    expect(kinds(planRun(channels(5)))).toEqual(["map", "map"]);
    expect(kinds(planRun(channels(7)))).toEqual(["contract", "contract"]);
  });

  test("of every channel by itself reads and writes halves", async () => {
    const graph = model("halves", () => {
      const x = input("x", "f32", [2, 8, 16, 16]);
      const [first, second] = ["u", "v"].map((name) => param([8, 1, 3, 3], { name }));
      const options = { padding: 1, groups: 8 };
      const y = convolve(tanh(convolve(x, first, options)), second, options);
      const loss = sum(square(y)) as Tensor<"f32", readonly []>;
      return { train: { loss, update: sgd(loss, { learningRate: 0.1 }) } };
    });
    const { program, entries } = compileWithFacts(graph, { storage: "f16" });
    expect(entries[0].stored!.halves.size).toBeGreaterThan(0);
    const device = await testDevice();
    const { kernels } = await checkOnDevice(graph, () => openDeviceModule(program, { device }));
    expect(kernels.filter(({ worst }) => !(worst <= 4e-2))).toEqual([]);
    expect(Math.max(...kernels.map(({ worst }) => worst))).toBeGreaterThan(1e-4);
  });
});

test.each([false, true])("few terms are added in the order of the sum (strict float: %s)", async (strictFloat) => {
  const count = 1200;
  // Products with powers of two are exact, so that a device may fuse them with sums.
  const w = Float32Array.of(1, -2, 0.5, 4, -1, 8, -0.25);
  const x = Float32Array.from({ length: w.length * count }, (_, i) => Math.sin(i * i) * 10 ** (i % 4));
  const graph = model("order", () => ({
    run: { y: matmul(input("w", "f32", [w.length]), input("x", "f32", [w.length, count])) },
  }));
  const module = await load<AnyModule>(compile(graph, { strictFloat }), { device: await testDevice() });
  const wanted = Array.from({ length: count }, (_, n) =>
    w.reduce((total, factor, k) => Math.fround(total + factor * x[k * count + n]), 0),
  );
  const { y } = await module.run({ w, x }).read();
  expect([...(y as Float32Array)]).toEqual(wanted);
  module.destroy();
});
