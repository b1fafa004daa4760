/// Sums of columns in kernels of rows: what is the same for a row, and what is not.
import { describe, expect, it } from "vitest";
import { add, exp, grad, input, model, mul, param, reshape, reverse, rmsNorm, sum, tanh, uniform } from "chainrule";
import type { Tensor, Value } from "chainrule";
import { compile } from "../../../compiler/compile.ts";
import { expectRightOnDevice } from "../agree.ts";

/** Slopes of a square of rows and columns, in which a vector fits both. */
describe("sums of columns take what lies along columns, and other rows, where it is read", () => {
  const square = (define: (x: Tensor<"f32">) => readonly [Value, ...Value[]]) =>
    model("square", () => {
      const [x, given] = ["x", "given"].map((name) => input(name, "f32", [256, 256]));
      const [y, ...of] = define(x);
      const total = sum(mul(y, given)) as Tensor<"f32", readonly []>;
      return { run: Object.fromEntries([x, ...of].map((each, at) => [`slope${at}`, grad(total, each as typeof x)])) };
    });

  it.each<readonly [string, (x: Tensor<"f32">) => readonly [Value, ...Value[]]]>([
    [
      "one and a scale",
      (x) => {
        const scale = param([256], { init: uniform() });
        return [tanh(mul(rmsNorm(x, { scale: false }), add(1, scale))), scale];
      },
    ],
    [
      "a scale that grows exponentially, and a shift",
      (x) => {
        const [scale, shift] = [param([256], { init: uniform() }), param([256], { init: uniform() })];
        return [tanh(add(mul(rmsNorm(x, { scale: false }), exp(scale)), exp(shift))), scale, shift];
      },
    ],
    [
      "a weight of every row from the last to the first",
      (x) => {
        const [scale, weight] = [param([256], { init: uniform() }), param([256], { init: uniform() })];
        const turned = reshape(reverse(exp(weight), [0]), [256, 1]);
        return [mul(mul(rmsNorm(x, { scale: false }), scale), turned), scale];
      },
    ],
  ])("%s", async (_, define) => {
    const graph = square(define);
    expect(compile(graph).kernels.some(({ wgsl }) => wgsl.includes("_rows[at]"))).toBe(true);
    await expectRightOnDevice(graph);
  });
});
