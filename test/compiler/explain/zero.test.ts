import { expect, test } from "vitest";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { explanationText } from "../../../compiler/explain/text.ts";
import { zeroDocument } from "../../../compiler/explain/zero.ts";
import {
  add,
  argmax,
  cast,
  greater,
  input,
  matmul,
  mean,
  model,
  param,
  round,
  square,
  stopGradient,
  sum,
} from "../../../ir/index.ts";
import { as } from "../symbolic.ts";

const graph = model("flat", () => {
  const x = input("x", "f32", [3, 4]);
  const [W, unread] = [param([4, 2], { name: "W" }), param([2], { name: "unread" })];
  const scores = as("scores", () => matmul(x, W));
  const choice = as("choice", () => argmax(scores, { axis: 1 }));
  const picked = as("picked", () => mean(cast(choice as never, "f32")));
  const rounded = as("rounded", () => mean(square(round(scores))));
  const hits = as("hits", () => sum(cast(greater(scores, 0), "f32")));
  const both = as("both", () => add(picked, hits));
  const held = as("held", () => mean(stopGradient(square(scores))));
  return { run: { picked, rounded, hits, both, held, used: sum(unread) } };
});

const zero = (loss: string, target = "W"): string => {
  expect(explainGradient(graph, loss, target)).toBeUndefined();
  return explanationText(zeroDocument(graph, loss, target));
};

const wayTo = "W only by way of what has derivative 0\n";

test.each([
  ["picked", "  choice = argmax(scores, axis=1)  # argmax has derivative 0, test.ts:1:1\n"],
  ["rounded", "  round = round(scores)  # round has derivative 0, test.ts:1:1\n"],
  ["hits", "  greater = scores > 0  # greater has derivative 0, test.ts:1:1\n"],
])("a loss that depends on a parameter by way of a step says which: %s", (loss, line) => {
  expect(zero(loss)).toBe(`∂${loss}/∂W = 0: ${loss} depends on ${wayTo}${line}`);
});

test("all ways end somewhere, and each is told", () => {
  expect(zero("both").split("\n")).toHaveLength(4);
  expect(zero("held")).toContain("stopGradient has derivative 0");
});

test("a loss that does not read a parameter does not depend on it", () => {
  expect(zero("picked", "unread")).toBe("∂picked/∂unread = 0: picked does not depend on unread\n");
});
