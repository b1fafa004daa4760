/// What is added to tables at several lists of positions.
import { expect, test } from "vitest";
import { add, input, model, mul, tanh, type Value } from "chainrule";
import { joinScatters } from "../../../compiler/passes/join-scatters.ts";
import { graphValues, type Graph } from "../../../ir/graph.ts";
import { scatterAddOp } from "../../../ir/ops/gather.ts";
import { apply } from "../../../ir/value.ts";

const [rows, terms] = [30000, 2048];

const scattered = (name: string): Value =>
  apply(scatterAddOp, [input(`${name}At`, "i32", [terms]), input(name, "f32", [terms, 64])], {
    batch: 0,
    extent: rows,
  });

const scattersOf = (graph: Graph): number => graphValues(graph).filter(({ op }) => op === scatterAddOp).length;

test("a sum of scattered terms is one list of them, through sums that nothing else reads", () => {
  const graph = model("sum", () => {
    const [a, b, c] = ["a", "b", "c"].map(scattered);
    return { run: { y: add(add(a, input("bias", "f32", [rows, 64])), add(b, c)) } };
  });
  expect(scattersOf(joinScatters.run(graph))).toBe(1);
});

test("sums that are read again and again are not opened for each reader", () => {
  const graph = model("sums", () => {
    let [a, b] = [scattered("a"), scattered("b")];
    for (let turn = 0; turn < 60; turn++) [a, b] = [b, add(add(a, b), tanh(mul(b, 0.5)))];
    return { run: { y: b } };
  });
  const start = graphValues(graph).length;
  expect(graphValues(joinScatters.run(graph)).length).toBeLessThanOrEqual(start + 8);
});
