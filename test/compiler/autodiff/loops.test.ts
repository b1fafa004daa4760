// Derivatives through loops and inside them: of any order, of supplied rules, on a device and against differences.
import { describe, expect, it } from "vitest";
import { checkAllGradients } from "../../../compiler/check/index.ts";
import { derive } from "../../../compiler/passes/all.ts";
import {
  add,
  constant,
  evaluate,
  exp,
  grad,
  input,
  jvp,
  matmul,
  model,
  mul,
  param,
  relu,
  scan,
  sgd,
  square,
  sub,
  sum,
  tanh,
  uniform,
  withDerivative,
  type Graph,
  type Shape,
  type Tensor,
  type Value,
} from "../../../ir/index.ts";
import { expectRight } from "../agree.ts";
import { as, graphOf } from "../symbolic.ts";

const weight = <const S extends Shape>(name: string, shape: S) => param(shape, { name, init: uniform() });
const sgdOf = (loss: Value) => sgd(loss as Tensor<"f32", readonly []>, { learningRate: 0.1 });

describe("derivatives of loops", () => {
  it("to third order, forward and reverse, of two losses that share a weight", async () => {
    const graph = graphOf(() => {
      const [x, w, t] = [input("x", "f32", ["time", 3]), weight("w", [3]), input("t", "f32", [3])];
      const { carry, outputs } = scan(
        ([h], [element]) => {
          const next = tanh(add(mul(h, w), element));
          return { carry: [next], outputs: [square(next)] };
        },
        { initial: [constant(0, "f32", [3])], sequences: [x] },
      );
      const [last, all] = [sum(square(carry[0])), sum(outputs[0])];
      const slope = grad(last, w);
      const bend = jvp(slope, w, t);
      return {
        ...{ last, all, slope, other: grad(all, w), along: jvp(outputs[0], w, t) },
        ...{ bend, again: grad(sum(mul(slope, t)), w), third: grad(sum(mul(bend, t)), w) },
      };
    });
    await expectRight(graph, { time: 3 });
  });
  it("of a penalty on the slope of a recurrent network", async () => {
    const graph = model("penalty", () => {
      const [x, w, u] = [input("x", "f32", ["time", 2, 3]), weight("w", [3, 4]), weight("u", [4, 4])];
      const { carry } = scan(([h], [element]) => ({ carry: [tanh(add(matmul(element, w), matmul(h, u)))] }), {
        initial: [constant(0, "f32", [2, 4])],
        sequences: [x],
      });
      const score = sum(square(carry[0]));
      const loss = add(score, mul(0.1, sum(square(grad(score, x)))));
      return { train: { loss, update: sgdOf(loss) } };
    });
    await expectRight(graph, { time: 3 });
  });
});

describe("derivatives inside a step", () => {
  const last = (graph: Graph, x: readonly number[]) => [...evaluate(derive(graph), { x }).outputs.last];
  it("look through what is the same in every step", () => {
    const graph = graphOf(() => {
      const x = input("x", "f32", [3]);
      // x² is computed once, outside the loop, and still x² to the derivative.
      const { carry } = scan(([h]) => ({ carry: [grad(sum(mul(h, square(x))), x)] }), {
        initial: [constant(1, "f32", [3])],
        length: 1,
      });
      return { last: carry[0] };
    });
    expect(last(graph, [1, 2, 3])).toEqual([2, 4, 6]);
  });
  it("of derivatives, with respect to values between, of loops", () => {
    const graph = graphOf(() => {
      const x = input("x", "f32", [2]);
      const between = exp(x);
      const { carry } = scan(
        ([h]) => {
          const slope = grad(sum(mul(h, mul(between, square(between)))), between);
          return { carry: [grad(sum(slope), x)] };
        },
        { initial: [constant(1, "f32", [2])], length: 1 },
      );
      return { last: carry[0] };
    });
    // ∂ Σ h·b³ / ∂b = 3 h b², and by x: 6 h b².
    const expected = [0.5, -1].map((x) => 6 * Math.exp(2 * x));
    last(graph, [0.5, -1]).forEach((found, entry) => expect(found).toBeCloseTo(expected[entry], 9));
  });
  it("are differentiated in their turn: training through steps of gradient descent", async () => {
    const graph = model("unrolled", () => {
      const [w, x] = [weight("w", [3]), input("x", "f32", [3])];
      const { carry, outputs } = scan(
        ([h]) => {
          const error = sum(square(sub(mul(h, w), x)));
          return { carry: [sub(h, mul(0.1, grad(error, h)))], outputs: [error] };
        },
        { initial: [constant(0, "f32", [3])], length: 6 },
      );
      const loss = add(sum(square(carry[0])), sum(outputs[0]));
      return { train: { loss, update: sgdOf(loss) } };
    });
    await expectRight(graph);
  });
});

/** A recurrence whose activation brings its own rule, which is wrong by `factor`. */
function ruled(factor: number): Graph {
  const squash = withDerivative(
    (x: Value, y: Value) => tanh(mul(x, y)),
    (cotangent, { operands: [x, y], result }) => {
      const inner = mul(cotangent, sub(1, square(result)));
      return [mul(inner, y), mul(factor, mul(inner, x))];
    },
    { name: "squash" },
  );
  return model("ruled", () => {
    const [x, w] = [input("x", "f32", ["time", 3]), weight("w", [3])];
    const { carry } = scan(
      ([h], [element]) => ({
        carry: [as("activation", () => squash(add(h, element), w)) as Tensor<"f32", readonly [3]>],
      }),
      { initial: [constant(0.5, "f32", [3])], sequences: [x] },
    );
    const loss = sum(square(carry[0]));
    return { train: { loss, update: sgdOf(add(loss, sum(square(grad(loss, w))))) } };
  });
}

describe("a supplied rule in a step", () => {
  it("is right to second order, on the device as well", async () => {
    const checks = checkAllGradients(ruled(1), { dims: { time: 3 } });
    expect(checks.filter(({ name }) => name.startsWith("squash: rule for"))).toHaveLength(2);
    await expectRight(ruled(1), { time: 3 });
  });
  it("is found by its name, operand and place when it is wrong", () => {
    const wrong = checkAllGradients(ruled(1.01), { dims: { time: 3 } }).filter(({ ok }) => !ok);
    const rule = wrong.filter(({ name }) => name.startsWith("squash: rule for"));
    expect(rule).toMatchObject([{ name: "squash: rule for operand 1", place: { file: "test.ts", line: 1 } }]);
    expect(rule[0].worst).toBeCloseTo(0.01, 3);
  });
  it("is checked at the numbers of the last step, within loops within loops, by derivatives taken there", () => {
    const graph = graphOf(() => {
      const x = input("x", "f32", [2]);
      const { carry } = scan(
        ([h]) => {
          const inner = scan(([g]) => ({ carry: [add(g, grad(sum(mul(relu(g), square(h))), h))] }), {
            initial: [h],
            length: 2,
          });
          return { carry: [inner.carry[0]] };
        },
        { initial: [x], length: 2 },
      );
      return { last: carry[0], slope: grad(sum(carry[0]), x) };
    });
    const checks = checkAllGradients(graph);
    expect(checks).toHaveLength(2);
    expect(checks.map(({ ok }) => ok)).toEqual([true, true]);
  });
});
