/// Loops on a device, against the interpreter and against differences.
import { expect, test } from "vitest";
import {
  add,
  broadcastTo,
  cast,
  concatenate,
  constant,
  cumsum,
  dense,
  dropout,
  gather,
  greater,
  input,
  matmul,
  mean,
  model,
  mul,
  param,
  scan,
  sgd,
  sigmoid,
  softmax,
  sort,
  square,
  sum,
  tanh,
  uniform,
  where,
  type EntryPointRecord,
  type Graph,
  type Shape,
  type Tensor,
} from "chainrule";
import { compile, compileWithFacts } from "../../compiler/compile.ts";
import { expectRight } from "./agree.ts";

const weight = <const S extends Shape>(name: string, shape: S) => param(shape, { name, init: uniform() });

/** A model that takes a step down its loss; `more` is returned as well. */
function training(define: () => readonly [Tensor<"f32", readonly []>, EntryPointRecord?]): Graph {
  return model("loop", () => {
    const [loss, more] = define();
    return { train: { loss, ...more, update: sgd(loss, { learningRate: 0.1 }) } };
  });
}

/** A recurrent network over `time` steps; `reverse` walks back. */
function recurrent(reverse: boolean): Graph {
  return model("recurrent", () => {
    const x = input("x", "f32", ["time", 2, 3]);
    const [inner, outer, start] = [weight("inner", [3, 4]), weight("outer", [4, 4]), weight("start", [2, 4])];
    const { carry, outputs } = scan(
      ([h], [element]) => {
        const next = tanh(add(matmul(element, inner), matmul(h, outer)));
        return { carry: [next], outputs: [next] };
      },
      { initial: [start], sequences: [x], reverse },
    );
    const loss = add(sum(square(carry[0])), sum(square(outputs[0])));
    return { predict: { last: carry[0] }, train: { loss, update: sgd(loss, { learningRate: 0.1 }) } };
  });
}

test.each([false, true])("a recurrent network trains through its loop (reverse: %s)", async (reverse) => {
  await expectRight(recurrent(reverse), { time: 5 });
  await expectRight(recurrent(reverse), { time: 1 });
});

test("the kernels of a loop are as many for a long sequence as for a longer one", () => {
  const count = (time: number): number => compile(recurrent(false), { dims: { time } }).kernels.length;
  expect(count(1000)).toBe(count(500));
  // Slopes of weights are products over all places, of which long ones are taken in parts.
  expect(count(2000)).toBeLessThanOrEqual(count(500) + 1);
  // Short sums around the loop find a place in one kernel.
  expect(count(500) - count(4)).toBeLessThanOrEqual(2);
});

test("a carry keeps a row for each step only where a derivative reads them", () => {
  // What is used alone takes two rows that take turns; the arena of training grows by what backward reads.
  const bytes = (entry: string, time: number): number =>
    compileWithFacts(recurrent(false), { dims: { time } }).entries.find(({ name }) => name === entry)!.arenaBytes;
  const row = 2 * 4 * 4;
  expect(bytes("predict", 100)).toBe(bytes("predict", 2));
  // The carries before each step, what comes out of each or its cotangent, which takes that place, and partial sums of the
  // loss; tensors begin at multiples of 256 bytes.
  expect(bytes("train", 102) - bytes("train", 2)).toBeLessThan(100 * 4 * row);
  expect(bytes("train", 102) - bytes("train", 2)).toBeGreaterThanOrEqual(100 * 2 * row - 256);
});

test("a step may count places, and need no sequence", async () => {
  const graph = training(() => {
    const x = weight("x", [3]);
    const { carry } = scan(([total], _, place) => ({ carry: [add(mul(total, x), cast(place, "f32"))] }), {
      initial: [constant(0, "f32", [3])],
      length: 4,
    });
    return [sum(carry[0])];
  });
  await expectRight(graph);
});

test("carries of whole numbers and truth values, sequences of several ranks, several outputs", async () => {
  const graph = training(() => {
    const [a, b, n] = [input("a", "f32", ["time", 3]), input("b", "f32", ["time"]), input("n", "i32", ["time", 2, 3])];
    const w = weight("w", [3]);
    const { carry, outputs } = scan(
      ([h, count, flag], [x, y, whole], place) => {
        const next = add(mul(h, 0.5), mul(mul(x, w), y));
        const counted = add(count, whole);
        const scaled = mul(y, h);
        const chosen = where(flag, scaled, x);
        const total = sum(cast(whole, "f32"));
        return {
          carry: [next, counted, greater(y, 0)],
          outputs: [next, add(counted, place), chosen, mul(next, total)],
        };
      },
      {
        initial: [weight("start", [3]), constant(0, "i32", [2, 3]), constant(false, "bool")],
        sequences: [a, b, n],
      },
    );
    const product = mul(outputs[3], outputs[0]);
    const loss = add(sum(square(carry[0])), add(sum(outputs[2]), sum(product))) as Tensor<"f32", readonly []>;
    return [loss, { counts: carry[1], flag: carry[2], places: outputs[1] }];
  });
  await expectRight(graph, { time: 4 });
});

test("carries and sequences that nobody reads, carries that change places or only pass through", async () => {
  const unread = training(() => {
    const w = weight("w", [3]);
    const { carry } = scan(([h, unused], [x]) => ({ carry: [mul(add(h, x), w), add(unused, 1)] }), {
      initial: [constant(0, "f32", [3]), constant(0, "f32", [2])],
      sequences: [input("x", "f32", ["time", 3]), input("unread", "f32", ["time"])],
    });
    return [sum(square(carry[0]))];
  });
  await expectRight(unread, { time: 4 });
  const turning = training(() => {
    const [w, v] = [weight("w", [3]), weight("v", [3])];
    const { carry } = scan(([a, b, kept]) => ({ carry: [b, mul(a, b), kept] }), {
      initial: [w, v, add(w, v)],
      length: 5,
    });
    return [add(sum(carry[0]), add(sum(carry[1]), sum(carry[2])))];
  });
  await expectRight(turning);
});

test("outputs that the step does not compute: carries, elements, constants, places, parameters", async () => {
  const graph = training(() => {
    const s = weight("s", [3]);
    const { outputs } = scan(
      ([h], [x], place) => ({ carry: [h], outputs: [h, x, constant(2, "f32", [2]), place, s, mul(2, s)] }),
      { initial: [s], sequences: [input("x", "f32", ["time", 3])] },
    );
    const [carries, elements, twos, places, parameters, doubled] = outputs;
    const loss = add(sum(square(carries)), add(sum(mul(elements, parameters)), sum(doubled)));
    return [loss, { twos, places, elements, doubled }];
  });
  await expectRight(graph, { time: 3 });
});

test("a number of steps and a batch that are named", async () => {
  const graph = training(() => {
    const w = weight("w", [3, 3]);
    const { carry, outputs } = scan(([h]) => ({ carry: [tanh(matmul(h, w))], outputs: [sum(h)] }), {
      initial: [input("x", "f32", ["batch", 3])],
      length: "steps",
    });
    return [add(mean(square(carry[0])), mean(outputs[0]))];
  });
  await expectRight(graph, { batch: 4, steps: 3 });
});

test("a loop inside a loop, which reads what the outer step computes", async () => {
  const graph = training(() => {
    const w = weight("w", [3]);
    const { carry, outputs } = scan(
      ([h], [rows]) => {
        const inner = scan(
          ([g], [row]) => {
            const next = tanh(add(mul(g, w), mul(row, h)));
            return { carry: [next], outputs: [next] };
          },
          { initial: [h], sequences: [rows] },
        );
        return { carry: [inner.carry[0]], outputs: [sum(inner.outputs[0])] };
      },
      { initial: [weight("start", [3])], sequences: [input("x", "f32", ["time", "inner", 3])] },
    );
    return [add(sum(outputs[0]), sum(carry[0]))];
  });
  await expectRight(graph, { time: 3, inner: 2 });
});

test("a loop inside a loop of the same length knows the place and the elements of the outer one", async () => {
  const graph = training(() => {
    const w = weight("w", [3]);
    const { carry } = scan(
      ([h], [x], outer) => {
        const inner = scan(
          ([g], _, place) => ({ carry: [mul(add(g, mul(x, cast(add(mul(10, outer), place), "f32"))), w)] }),
          { initial: [constant(0, "f32", [3])], length: 3 },
        );
        return { carry: [add(h, inner.carry[0])] };
      },
      { initial: [constant(0, "f32", [3])], sequences: [input("x", "f32", ["time", 3])] },
    );
    return [sum(square(carry[0]))];
  });
  await expectRight(graph, { time: 3 });
});

test("an element that a loop inside reads, and that is added to its result", async () => {
  const graph = training(() => {
    const { carry } = scan(
      ([h], [x]) => {
        const inner = scan(([g]) => ({ carry: [tanh(add(x, g))] }), { initial: [h], length: 3 });
        return { carry: [add(inner.carry[0], x)] };
      },
      { initial: [weight("start", [3])], sequences: [input("x", "f32", ["time", 3])] },
    );
    return [sum(square(carry[0]))];
  });
  await expectRight(graph, { time: 3 });
});

test("layers and dropout in a step: one set of weights, a mask for each step", async () => {
  const graph = model("layers", () => {
    const [cell, out] = [dense.layer(4, { name: "cell" }), dense.layer(3, { name: "out" })];
    const { outputs } = scan(
      ([h], [x]) => {
        const next = dropout(tanh(cell(concatenate([h, x], 1))), 0.5);
        return { carry: [next], outputs: [softmax(out(next))] };
      },
      { initial: [constant(0, "f32", [2, 4])], sequences: [input("x", "f32", ["time", 2, 3])] },
    );
    const loss = sum(square(outputs[0]));
    return { predict: { rows: outputs[0] }, train: { loss, update: sgd(loss, { learningRate: 0.1 }) } };
  });
  expect(graph.states.filter((state) => state.type.dtype === "f32").length).toBeGreaterThanOrEqual(4);
  await expectRight(graph, { time: 3 });
});

test("sorting, gathering and running sums in a step", async () => {
  const graph = training(() => {
    const { outputs } = scan(
      ([h], [x], place) => {
        const total = cumsum(mul(h, x), 0);
        return { carry: [tanh(total)], outputs: [gather(total, broadcastTo(place, [2])), sort(total)] };
      },
      { initial: [weight("start", [4])], sequences: [input("x", "f32", ["time", 4])] },
    );
    return [add(sum(square(outputs[0])), sum(square(outputs[1])))];
  });
  await expectRight(graph, { time: 4 });
});

test("a linear recurrence that walks back", async () => {
  const graph = training(() => {
    const [x, decay] = [input("x", "f32", ["time", 3]), input("decay", "f32", ["time", 3])];
    const { outputs } = scan(
      ([h], [element, rate]) => {
        const next = add(mul(sigmoid(rate), h), element);
        return { carry: [next], outputs: [next] };
      },
      { initial: [weight("start", [3])], sequences: [x, decay], reverse: true },
    );
    return [sum(square(outputs[0]))];
  });
  await expectRight(graph, { time: 5 });
});

test("a sequence may be a reduction of numbers alone: shares of what is 0", () =>
  expectRight(
    model("loop", () => {
      const shares = softmax(mul(0, input("z", "f32", [6, 4])));
      const { outputs } = scan(
        ([h], [x]) => {
          const next = mul(sigmoid(h), x);
          return { carry: [next], outputs: [next] };
        },
        { initial: [input("start", "f32", [4])], sequences: [shares] },
      );
      return { run: { y: outputs[0] } };
    }),
  ));
