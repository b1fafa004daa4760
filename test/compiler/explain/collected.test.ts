/// What collecting came to is what a line says, and a derivative of the chain rule that is written out in the end has a line.
import { describe, expect, test } from "vitest";
import { saidOf } from "../../../compiler/explain/collected.ts";
import { gradientDocument } from "../../../compiler/explain/document.ts";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { explanationText } from "../../../compiler/explain/text.ts";
import { collectRule } from "../../../compiler/rewrite/rules/collect.ts";
import { signRules } from "../../../compiler/rewrite/rules/arithmetic.ts";
import {
  add,
  div,
  grad,
  input,
  matmul,
  mean,
  model,
  mul,
  param,
  sqrt,
  square,
  sub,
  type Tensor,
} from "../../../ir/index.ts";
import { letter } from "../../../ir/ops/leaf.ts";
import type { Value } from "../../../ir/value.ts";
import { as, expectCentralDifferences, randomFeeds } from "../symbolic.ts";
import { expectTrueSteps } from "./true-steps.ts";

describe("collecting is called", () => {
  const [x, y, z] = ["x", "y", "z"].map(() => letter({ dtype: "f32", shape: [3] }) as unknown as Tensor<"f32", [3]>);
  const nameOf = (before: Value, after: Value): string => saidOf({ rule: collectRule, before, after }).name;

  test.each<readonly [string, Value, Value]>([
    ["factors together", div(mul(x, 2), 4), div(x, 2)],
    ["factors together", mul(div(sub(x, y), 4), 2), div(sub(x, y), 2)],
    ["factors together", add(z, div(mul(x, 2), 4)), add(z, div(x, 2))],
    ["common factor", sub(mul(2, x), mul(y, 2)), mul(2, sub(x, y))],
    ["common factor", add(z, sub(div(x, 4), div(y, 4))), add(z, div(sub(x, y), 4))],
    ["multiplied out", mul(z, sub(x, y)), sub(mul(z, x), mul(z, y))],
    ["sum of products collected", add(mul(0.5, x), mul(0.5, x)), x],
    ["sum of products collected", sub(mul(sub(1, y), x), mul(y, sub(1, x))), sub(x, y)],
  ])("%s", (name, before, after) => {
    expect(nameOf(before, after)).toBe(name);
  });

  test("by another name where nothing was collected, and other rules by their own", () => {
    const [rule] = signRules;
    expect(saidOf({ rule, before: x, after: y })).toBe(rule);
  });
});

describe("a normalisation by hand", () => {
  const graph = model("normalised", () => {
    const [x, y] = [input("x", "f32", [6, 4]), input("y", "f32", [6, 3])];
    const W = param([4, 3], { name: "W" });
    const z = as("z", () => matmul(x, W)) as Tensor<"f32", readonly [6, 3]>;
    const mu = as("mu", () => mean(z, { axis: 0 })) as Tensor<"f32", readonly [3]>;
    const centered = as("centered", () => sub(z, mu)) as Tensor<"f32", readonly [6, 3]>;
    const v = as("v", () => mean(square(centered), { axis: 0 })) as Tensor<"f32", readonly [3]>;
    const normed = as("normed", () => div(centered, sqrt(add(v, 1e-5)))) as Tensor<"f32", readonly [6, 3]>;
    const loss = as("loss", () => mean(square(sub(normed, y))));
    return { train: { loss, dW: grad(loss, W) } };
  });
  const explained = explainGradient(graph, "loss", "W")!;
  const text = explanationText(gradientDocument(explained));
  const lines = text.slice(text.indexOf("Rule by rule\n")).split("\n");
  const of = (name: string): number => lines.findIndex((line) => line.startsWith(`  ∂loss/∂${name} = `));

  test("begins with every line of the chain rule, each in terms of those before it", () => {
    expect(lines[of("centered")]).toContain("∂loss/∂v / 6 · centered");
    expect(lines[of("z")]).toContain("∂loss/∂centered + ∂loss/∂mu / 6");
    const order = ["normed", "v", "centered", "mu", "z", "W"].map(of);
    expect(order.every((place) => place > 0)).toBe(true);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test("comes to its textbook form in true steps", () => {
    expect(text).toMatch(
      /∂loss\/∂normed - mean\(∂loss\/∂normed, axis=0\)\s+- normed · mean\(∂loss\/∂normed · normed, axis=0\)/,
    );
    expectTrueSteps(explained.steps);
    const { compiled, chain } = explained;
    const loss = chain.loss.value;
    expectCentralDifferences(loss, chain.target.value, compiled.value, randomFeeds([loss, compiled.value], 5));
  });
});
