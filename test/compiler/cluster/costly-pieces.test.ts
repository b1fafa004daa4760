/// What a product takes in of tensors that are put together from others.
import { expect, it } from "vitest";
import { concatenate, input, matmul, maximum, model, slice, type Graph, type Tensor } from "chainrule";
import { compile } from "../../../compiler/compile.ts";
import { expectRight } from "../agree.ts";

type Square = Tensor<"f32", readonly [16, 16]>;

/** A product of a square whose first column has gone to the end. */
const rolled = (build: (x: Square, y: Square) => Square): Graph =>
  model("rolled", () => {
    const [x, y] = [input("x", "f32", [16, 16]), input("y", "f32", [16, 16])];
    const m = build(x, y);
    const first = [[0, 16] as const, [0, 1] as const] as const;
    const others = [[0, 16] as const, [1, 16] as const] as const;
    return { run: { z: matmul(concatenate([slice(m, others), slice(m, first)], 1), y) } };
  });

it("leaves put together are read on the way; what is computed is put together before", async () => {
  expect(compile(rolled((x) => x)).kernels).toHaveLength(1);
  const computed = rolled((x, y) => maximum(y, x));
  expect(compile(computed).kernels).toHaveLength(2);
  await expectRight(computed);
});
