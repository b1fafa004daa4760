/// Every kernel family on a device against the interpreter: orientations, axes, types, names, limits, updates.
import { describe, it } from "vitest";
import {
  abs,
  add,
  argmax,
  broadcastTo,
  cast,
  constant,
  div,
  equal,
  exp,
  expm1,
  grad,
  gradientDescent,
  greater,
  input,
  log1p,
  logsumexp,
  matmul,
  max,
  maximum,
  mean,
  minimum,
  model,
  mul,
  neg,
  pad,
  param,
  pow,
  reshape,
  slice,
  softmax,
  sqrt,
  square,
  state,
  sub,
  sum,
  tanh,
  transpose,
  where,
} from "chainrule";
import { expectRight } from "./agree.ts";

describe("kernels", () => {
  it("batched products, every orientation", () =>
    expectRight(
      model("products", () => {
        const a = input("a", "f32", [2, 5, 8]);
        const b = input("b", "f32", [2, 8, 12]);
        const c = input("c", "f32", [8, 5]);
        const d = input("d", "f32", [12, 8]);
        return {
          all: {
            batched: matmul(a, b),
            tn: matmul(transpose(c), transpose(d)),
            nt: matmul(reshape(a, [10, 8]), transpose(d)),
            nn: matmul(d, c),
            scaled: matmul(mul(c, 2), sub(1, transpose(c))),
            vector: matmul(d, reshape(input("v", "f32", [8, 1]), [8])),
          },
        };
      }),
    ));

  it("reductions along every axis, of products and of large tensors", () =>
    expectRight(
      model("reductions", () => {
        const x = input("x", "f32", [6, 5, 7]);
        const large = input("large", "f32", [70, 90]);
        const p = exp(x);
        return {
          all: {
            rows: sum(p, { axis: 2 }),
            middle: max(x, { axis: 1 }),
            columns: logsumexp(x, { axis: 0 }),
            two: mean(x, { axes: [0, 2] }),
            total: sum(square(large)),
            position: argmax(large, { axis: 0 }),
            kept: sub(x, mean(x, { axis: 1, keepAxes: true })),
            soft: softmax(x, 1),
            both: div(sum(x), max(x)),
          },
        };
      }),
    ));

  it("elementwise functions and choices", () =>
    expectRight(
      model("elementwise", () => {
        const x = input("x", "f32", [3, 5]);
        const y = input("y", "f32", [5]);
        const positive = add(square(x), 0.5);
        return {
          all: {
            a: where(greater(x, y), mul(x, 2), neg(x)),
            b: add(maximum(x, y), minimum(x, 0.1)),
            c: pow(positive, add(abs(y), 0.5)),
            d: add(log1p(positive), sqrt(positive)),
            e: expm1(x),
            f: cast(greater(x, 0), "f32"),
            g: greater(x, y),
            h: cast(mul(x, 10), "i32"),
          },
        };
      }),
    ));

  it("integers and booleans", () =>
    expectRight(
      model("integers", () => {
        const a = input("a", "i32", [5, 6]);
        const b = input("b", "i32", [6]);
        const same = equal(a, b);
        return {
          all: {
            total: sum(a, { axis: 1 }),
            largest: max(add(a, b)),
            place: argmax(a, { axis: 0 }),
            same,
            count: sum(cast(same, "i32")),
            product: mul(a, b),
            share: mean(cast(same, "f32")),
          },
        };
      }),
    ));

  it("names that mean something in a kernel", () =>
    expectRight(
      model("names", () => {
        const row = input("row", "f32", [4, 4]);
        const batch = input("target", "f32", [4, 4], {});
        const group = param([4, 4], { name: "group" });
        const sum0 = matmul(row, group);
        const element = add(matmul(sum0, batch), input("settings", "f32", [4]));
        const loss = mean(square(sub(element, input("ŷ", "f32", [4, 4]))));
        return { lane: { loss, element, position: softmax(element), update: gradientDescent(loss) } };
      }),
    ));

  it("more operands than a kernel may bind", () =>
    expectRight(
      model("wide", () => {
        const all = Array.from({ length: 13 }, (_, i) => input(`x${i}`, "f32", [4, 4]));
        return {
          all: {
            total: all.reduce((a, b) => add(a, tanh(b))),
            product: matmul(
              all[0],
              all.reduce((a, b) => mul(a, b)),
            ),
          },
        };
      }),
    ));

  it("results that nothing computes: inputs, states, layouts, constants", () =>
    expectRight(
      model("plain", () => {
        const x = input("x", "f32", [3, 4]);
        const w = param([2, 3]);
        return {
          all: { x, w, turned: transpose(x), wide: broadcastTo(reshape(x, [3, 1, 4]), [3, 2, 4]), double: mul(2, w) },
        };
      }),
    ));

  it("states that are swapped, overwritten by an input, and multiplied by themselves", () =>
    expectRight(
      model("states", () => {
        const x = input("x", "f32", [4, 4]);
        const a = state([4, 4], { name: "a" });
        const b = state([4, 4], { name: "b" });
        const c = state([4, 4], { name: "c" });
        const d = state([4, 4], { name: "d" });
        const update = [
          { state: a, value: b },
          { state: b, value: a },
          { state: c, value: x },
          { state: d, value: matmul(d, add(d, a)) },
        ];
        return { step: { sum: sum(a), turned: sum(mul(d, transpose(d))), update } };
      }),
    ));

  it("updates that read another state which the same kernel overwrites", () =>
    expectRight(
      model("chained", () => {
        const x = input("x", "f32", [4, 4]);
        const a = state([4, 4], { name: "a" });
        const b = state([4, 4], { name: "b" });
        const slow = state([4, 4], { name: "slow" });
        const product = matmul(x, x);
        const next = sub(a, product);
        const update = [
          { state: a, value: next },
          { state: b, value: add(b, mul(a, product)) },
          { state: slow, value: next },
        ];
        return { step: { total: sum(b), update } };
      }),
    ));

  it("several logsumexp in one kernel, and constants in a product", () =>
    expectRight(
      model("twice", () => {
        const x = input("x", "f32", [8, 2]);
        const ones = constant(1, "f32", [4, 8]);
        return { all: { twice: softmax(softmax(x)), warm: softmax(mul(x, 0.5)), sums: matmul(ones, x) } };
      }),
    ));

  it("one element of what follows a product, put among zeros", () =>
    expectRight(
      model("part", () => {
        const product = mul(matmul(input("a", "f32", [1, 6]), input("b", "f32", [6, 8])), input("c", "f32", [8]));
        return {
          run: {
            product,
            first: mul(
              pad(slice(product, [null, [0, 1]]), [
                [0, 0],
                [0, 7],
              ]),
              0.3,
            ),
          },
        };
      }),
    ));

  it("a transpose that is broadcast, with its gradient", () =>
    expectRight(
      model("turned", () => {
        const x = param([2, 3]);
        const w = input("w", "f32", [4, 3, 2]);
        const loss = sum(mul(broadcastTo(transpose(x), [4, 3, 2]), w));
        return { all: { loss, gradient: grad(loss, x) } };
      }),
    ));
});
