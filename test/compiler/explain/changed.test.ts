/// What a formula mentions, and rules change, has its own line before the formula in which they use what it is.
import { describe, expect, test } from "vitest";
import { gradientDocument, madeSafe } from "../../../compiler/explain/document.ts";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { explanationText } from "../../../compiler/explain/text.ts";
import {
  div,
  exp,
  grad,
  input,
  log,
  matmul,
  max,
  mean,
  model,
  mul,
  neg,
  param,
  sub,
  sum,
  type Tensor,
} from "../../../ir/index.ts";
import { as, expectCentralDifferences, randomFeeds } from "../symbolic.ts";
import { expectTrueSteps } from "./true-steps.ts";

type Table = Tensor<"f32", readonly [6, 5]>;

describe("a softmax that is written by hand", () => {
  const graph = model("byHand", () => {
    const [x, y] = [input("x", "f32", [6, 4]), input("y", "f32", [6, 5])];
    const W = param([4, 5], { name: "W" });
    const z = as("z", () => matmul(x, W)) as Table;
    const e = as("e", () => exp(sub(z, max(z, { axis: 1, keepAxes: true })))) as Table;
    const p = as("p", () => div(e, sum(e, { axis: 1, keepAxes: true }))) as Table;
    const loss = as("loss", () => neg(mean(mul(y, log(p)))));
    return { train: { loss, dW: grad(loss, W) } };
  });
  const explained = explainGradient(graph, "loss", "W")!;

  test("is said to be one before the loss that takes its logarithm", () => {
    const sections = gradientDocument(explained).filter(({ title }) => title === madeSafe);
    const lines = explanationText(sections).split("\n");
    const of = (start: string): number => lines.findIndex((line) => line.trim().startsWith(start));
    expect(of("p = e / sum(e, axis=1)")).toBeGreaterThan(0);
    expect(of("= softmax(z)")).toBeGreaterThan(of("p = "));
    expect(of("loss = ")).toBeGreaterThan(of("= softmax(z)"));
    expect(lines.join("\n")).toMatch(/logSoftmax\(z\).*# log of exp/);
  });

  test("has steps that are true, and the gradient that finite differences give", () => {
    expectTrueSteps(explained.steps);
    const { compiled, chain } = explained;
    const loss = chain.loss.value;
    expectCentralDifferences(loss, chain.target.value, compiled.value, randomFeeds([loss, compiled.value], 5));
  });
});
