/// Loops on a device, against the interpreter and against differences.
import { expect, test } from "vitest";
import {
  add,
  constant,
  input,
  matmul,
  model,
  mul,
  param,
  scan,
  sgd,
  square,
  sum,
  tanh,
  uniform,
  type Tensor,
  type Value,
} from "chainrule";
import { compile } from "../../compiler/index.ts";
import { expectRight } from "./agree.ts";

type Matrix = Tensor<"f32">;

/** A recurrent network over `time` steps; `reverse` walks back. */
function recurrent(reverse: boolean) {
  return model("recurrent", () => {
    const x = input("x", "f32", ["time", 2, 3]) as Value as Matrix;
    const inner = param([3, 4], { name: "inner" }) as Value as Matrix;
    const outer = param([4, 4], { name: "outer" }) as Value as Matrix;
    const start = param([2, 4], { name: "start", init: uniform() }) as Value as Matrix;
    const {
      carry: [last],
      outputs: [states],
    } = scan(
      ([h], [element]) => {
        const next = tanh(add(matmul(element as Matrix, inner), matmul(h, outer)));
        return { carry: [next], outputs: [next] };
      },
      { initial: [start], sequences: [x], reverse },
    );
    const loss = add(sum(square(last)), sum(square(states as Matrix)));
    return { predict: { last }, train: { loss, update: sgd(loss, { learningRate: 0.1 }) } };
  });
}

test.each([false, true])("a recurrent network trains through its loop (reverse: %s)", async (reverse) => {
  await expectRight(recurrent(reverse), { time: 5 });
  await expectRight(recurrent(reverse), { time: 1 });
});

test("the kernels of a loop are as many for a long sequence as for a short one", () => {
  const count = (time: number): number => compile(recurrent(false), { dims: { time } }).kernels.length;
  expect(count(50)).toBe(count(4));
});

test("a step may count places, and need no sequence", async () => {
  const graph = model("sums", () => {
    const x = param([3], { name: "x", init: uniform() });
    const {
      carry: [total],
    } = scan(
      ([sofar], _, place) => ({ carry: [add(mul(sofar, x as Value as Matrix), place.type.dtype === "i32" ? 1 : 0)] }),
      {
        initial: [constant(0, "f32", [3]) as Value as Matrix],
        length: 4,
      },
    );
    const loss = sum(total);
    return { train: { loss, update: sgd(loss, { learningRate: 0.1 }) } };
  });
  await expectRight(graph);
});
