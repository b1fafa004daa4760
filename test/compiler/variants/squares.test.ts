/// Contractions in squares, as graphics cards take them: orientations, edges and epilogues against the interpreter.
/// Here every contraction counts as large enough, and less memory of a workgroup is used: the software adapter clears it with
/// a line of code for each vector, and takes seconds to compile that.
import { describe, it, vi } from "vitest";
import {
  add,
  conv2d,
  exp,
  grad,
  gradientDescent,
  input,
  matmul,
  maxPool,
  model,
  mul,
  param,
  relu,
  square,
  sub,
  sum,
  transpose,
  type Graph,
  type Tensor,
} from "chainrule";
import { expectSquares } from "./squares.ts";

vi.setConfig({ testTimeout: 180_000 });

vi.mock(import("../../../compiler/lower/contraction/tile.ts"), async (importOriginal) => ({
  ...(await importOriginal()),
  squaresOf: () => [128, 64] as const,
  sharedNumbers: 512,
}));

type Orientation = "nn" | "nt" | "tn" | "tt";

/** The product of two inputs, each of them as it is or turned. */
function product(orientation: Orientation, m: number, k: number, n: number): Graph {
  return model(orientation, () => {
    const [first, second] = orientation;
    const a = first === "n" ? input("a", "f32", [m, k]) : transpose(input("a", "f32", [k, m]));
    const b = second === "n" ? input("b", "f32", [k, n]) : transpose(input("b", "f32", [n, k]));
    return { run: { y: matmul(a as Tensor, b as Tensor) as Tensor } };
  });
}

describe("contractions in squares", () => {
  const cases: readonly (readonly [Orientation, number, number, number, 64 | 128])[] = [
    ["nn", 1, 1, 1, 64],
    ["nt", 3, 127, 129, 128],
    ["tn", 127, 3, 64, 64],
    ["tt", 129, 65, 3, 128],
    ["nn", 128, 64, 128, 128],
    ["nn", 63, 129, 66, 64],
    ["nt", 132, 36, 260, 64],
    ["tn", 132, 34, 131, 128],
    ["tn", 200, 8, 72, 64],
  ];
  for (const [orientation, m, k, n, edge] of cases)
    it(`${orientation} of ${m} × ${k} × ${n} in squares of ${edge}`, () =>
      expectSquares(product(orientation, m, k, n), edge));

  it("in a batch, with what is computed from operands on the way and from the product", () =>
    expectSquares(
      model("batch", () => {
        const [a, b] = [input("a", "f32", [3, 70, 20]), input("b", "f32", [3, 20, 66])];
        const bias = input("bias", "f32", [66]);
        const shifted = add(matmul(mul(a, 2), b), bias);
        return { run: { shifted, positive: relu(shifted), residual: sub(exp(mul(shifted, 0.1)), bias) } };
      }),
      64,
    ));

  it("of a convolution", () =>
    expectSquares(
      model("convolution", () => {
        const image = input("image", "f32", [2, 9, 8, 3]);
        const y = relu(conv2d(image, 70, 3, { padding: "same" }));
        return { run: { y }, train: { update: gradientDescent(sum(y), { learningRate: 0.1 }) } };
      }),
      64,
    ));

  it("with the pool of a convolution", () =>
    expectSquares(
      model("pool", () => {
        const image = input("image", "f32", [3, 2, 14, 14]);
        const y = maxPool(relu(conv2d(image, 70, 3, { padding: "same" })), 2);
        return { run: { y }, train: { update: gradientDescent(sum(square(y)), { learningRate: 0.1 }) } };
      }),
      64,
    ));

  it("with a loss that threads add up, and the slope of its weights", () =>
    expectSquares(
      model("loss", () => {
        const product = matmul(input("x", "f32", [132, 6]), param([6, 128], { name: "w" }));
        const loss = sum(square(sub(product, input("y", "f32", [132, 128]))));
        return { train: { loss, update: gradientDescent(loss, { learningRate: 0.01 }) } };
      }),
      64,
    ));

  it("beside other kernels of a dispatch, in both gradients of a layer and its update", () =>
    expectSquares(
      model("training", () => {
        const x = input("x", "f32", [20, 24]);
        const w = param([24, 68], { name: "w" });
        const loss = sum(square(sub(relu(matmul(x, w)), input("y", "f32", [20, 68]))));
        return {
          train: { loss, slope: grad(loss, x) as Tensor, update: gradientDescent(loss, { learningRate: 0.01 }) },
        };
      }),
      128,
    ));
});
