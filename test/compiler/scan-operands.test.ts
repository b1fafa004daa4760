/// What loops read of the kernels around them.
import { test } from "vitest";
import { exp, input, model, mul, reshape, scan, sum, tanh, transpose, type Tensor } from "chainrule";
import { expectRight } from "./agree.ts";

test("a loop reads what is under a layout that is a result as well", async () => {
  const graph = model("start", () => {
    const x = input("x", "f32", [2, 4]);
    const first = input("first", "f32", [2, 1]);
    const start = reshape(exp(mul(first, sum(x, { axes: [1], keepAxes: true }))), [2]) as Tensor<"f32", readonly [2]>;
    const { outputs } = scan(
      ([carried], [element]) => {
        const next = mul(tanh(carried), element);
        return { carry: [next], outputs: [next] };
      },
      { initial: [start], sequences: [transpose(x)] },
    );
    return { run: { start, all: outputs[0] } };
  });
  await expectRight(graph);
});
