/// Totals of weights times a product, by sums that are there already: which are taken so, and that they are right.
import { describe, expect, it } from "vitest";
import {
  add,
  attention,
  contract,
  gradientDescent,
  input,
  layerNorm,
  model,
  mul,
  param,
  reshape,
  softmax,
  sum,
  tanh,
  transpose,
  type Value,
} from "chainrule";
import { runPasses } from "../../../compiler/pass.ts";
import { swapSums } from "../../../compiler/passes/swap-sums.ts";
import { printGraph } from "../../../ir/print.ts";
import { expectRight } from "../agree.ts";

/** The output as it is printed after the pass. */
const after = (build: () => Value): string => {
  const graph = model("m", () => ({ run: { y: build() } }));
  return printGraph(runPasses(graph, [swapSums]));
};

const [rows, columns, width] = [16, 12, 4];
const weights = () => input("weights", "f32", [rows, columns]);
const a = () => input("a", "f32", [rows, width]);
const b = () => input("b", "f32", [columns, width]);
const scores = (left: Value, right: Value): Value => contract(left, right, { batch: [], contracted: [[1, 1]] });
const heads = (left: Value, right: Value): Value => contract(left, right, { batch: [], contracted: [[1, 0]] });

describe("totals of weights times a product", () => {
  it("are a product with the weighted total that is there", () => {
    const text = after(() => {
      const [w, x, y] = [weights(), a(), b()];
      return add(sum(mul(w, scores(x, y)), { axes: [1] }), sum(heads(w, y), { axes: [1] }));
    });
    expect(text).toContain("sum(a · v1, axis=1)");
    expect(text).not.toContain("weights ·");
  });

  it("stay where nothing is added up with the weights, or with others", () => {
    const alone = after(() => sum(mul(weights(), scores(a(), b())), { axes: [1] }));
    expect(alone).toContain("sum(weights ·");
    const others = after(() => {
      const [w, x, y] = [weights(), a(), b()];
      return add(sum(mul(w, scores(x, y)), { axes: [1] }), sum(heads(tanh(w), y), { axes: [1] }));
    });
    expect(others).toContain("sum(weights ·");
  });

  it("stay along the other axis, and where the product is the smaller one", () => {
    const along = after(() => {
      const [w, x, y] = [weights(), a(), b()];
      return add(sum(mul(w, scores(x, y)), { axes: [0] }), sum(heads(w, y)));
    });
    expect(along).toContain("sum(weights ·");
    const wide = after(() => {
      const [w, x, y] = [weights(), input("x", "f32", [rows, 64]), input("y", "f32", [columns, 64])];
      return add(sum(mul(w, scores(x, y)), { axes: [1] }), sum(heads(w, y), { axes: [1] }));
    });
    expect(wide).toContain("sum(weights ·");
  });

  it("are found through transposes and several factors, and are right", () =>
    expectRight(
      model("factors", () => {
        const mask = input("mask", "f32", [rows, columns]);
        const given = weights();
        const [w, x, y] = [mul(softmax(given), mask), param([width, rows], { name: "x" }), b()];
        const total = sum(mul(mul(scores(transpose(x), y), mask), softmax(given)), { axes: [1] });
        const loss = add(sum(mul(total, total)), sum(tanh(heads(w, y))));
        return { train: { loss, update: gradientDescent(loss, { learningRate: 0.1 }) } };
      }),
    ));

  it("give slopes of attention that are right, for heads narrower than scores and wider", () =>
    Promise.all(
      [4, 12].map((time) =>
        expectRight(
          model("attention", () => {
            const first = param([2, time, 8], { name: "first" });
            const heard = attention(layerNorm(first), 2, { causal: true });
            const loss = sum(tanh(reshape(add(first, heard), [2 * time * 8])));
            return { train: { loss, update: gradientDescent(loss, { learningRate: 0.1 }) } };
          }),
        ),
      ),
    ));
});
