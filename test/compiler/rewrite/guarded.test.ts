/// Rules that divide, square or subtract, where the formula that they replace was finite: at 0, and beyond what can be
/// squared.
import { expect, test } from "vitest";
import * as cr from "chainrule";
import type { Value } from "chainrule";
import { derive } from "../../../compiler/passes/all.ts";
import { makeRewriter } from "../../../compiler/rewrite/driver.ts";
import { digitRules } from "../../../compiler/rewrite/rules/all.ts";
import { float32Values } from "./float32.ts";

/** In float32, with what kernels are written from. */
function run(define: (a: cr.Tensor<"f32">, b: cr.Tensor<"f32">) => Value, a: number[], b: number[] = a): number[] {
  let leaves: readonly Value[] = [];
  const graph = cr.model("guarded", () => {
    const [x, y] = [cr.input("a", "f32", [a.length]), cr.input("b", "f32", [a.length])];
    leaves = [x, y];
    return { run: { result: define(x, y) as cr.Tensor, x, y } };
  });
  const rewrite = makeRewriter(digitRules);
  const root = rewrite(derive(graph).entryPoints[0].outputs[0].value);
  return Array.from(float32Values([root], new Map(leaves.map((leaf, i) => [leaf, [a, b][i]]))).get(root)!);
}

test("a difference of roots is 0 where both are", () => {
  expect(run((a, b) => cr.sub(cr.sqrt(cr.add(a, b)), cr.sqrt(a)), [0, 4], [0, 5])).toEqual([0, 1]);
});

test("small numbers are not taken for rounding errors", () => {
  const found = run((a) => cr.sub(cr.sqrt(cr.add(a, 1e-13)), cr.sqrt(a)), [0]);
  expect(found[0]).toBeCloseTo(Math.sqrt(1e-13), 12);
});

test("a hypotenuse less a side is as long as the side that cannot be squared", () => {
  const [huge, large, small] = run((a) => cr.sub(cr.hypot(a, 1), 1), [1e30, 3e9, 1e-4]);
  expect(huge / 1e30).toBeCloseTo(1, 6);
  expect(large / 3e9).toBeCloseTo(1, 6);
  expect(small / 5e-9).toBeCloseTo(1, 5);
});

test("a hypotenuse less a number that is no side of it", () => {
  const found = run((a) => cr.sub(cr.hypot(a, 2), 1), [0, 1e-3, 1.5]);
  [0, 1e-3, 1.5].forEach((x, i) => expect(found[i]).toBeCloseTo(Math.hypot(x, 2) - 1, 6));
});

test("a root of a square and a number, less another number", () => {
  const found = run((a) => cr.sub(cr.sqrt(cr.add(cr.square(a), 4)), 1), [0, 1e-3, 1.5]);
  [0, 1e-3, 1.5].forEach((x, i) => expect(found[i]).toBeCloseTo(Math.hypot(x, 2) - 1, 6));
});

test("a variance under weights stands for one of several equal factors", () => {
  // Σwx² = 2.5, Σwx = 1.5: 2.5 · 2.5 − 2.5 · 1.5² = 2.5 · ¼.
  const of = (divisor?: number) => (a: cr.Tensor<"f32">) => {
    const [square, mean] = [cr.mean(cr.mul(a, a)), cr.mean(a)].map((each) => each as cr.Tensor<"f32", readonly []>);
    const over = (x: typeof mean): typeof mean => (divisor ? cr.div(x, divisor) : x);
    return cr.sub(cr.mul(square, over(square)), over(cr.mul(square, cr.mul(mean, mean))));
  };
  expect(run(of(), [1, 2])[0]).toBeCloseTo(0.625, 6);
  expect(run(of(2), [1, 2])[0]).toBeCloseTo(0.3125, 6);
});
