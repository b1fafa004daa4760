// Convolutions: as many kernels as products of matrices have, and right in every form.
import { describe, expect, test } from "vitest";
import {
  add,
  convolve,
  convolveTransposed,
  exp,
  grad,
  input,
  model,
  param,
  relu,
  reshape,
  sgd,
  square,
  sum,
  type ConvolveOptions,
  type Graph,
  type Tensor,
  type Value,
} from "chainrule";
import { expectRight } from "./agree.ts";
import { kinds, planRun } from "./planning.ts";

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
});
