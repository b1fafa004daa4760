import { expect, test } from "vitest";
import { matmul } from "../../ir/ops/contract.ts";
import { exp } from "../../ir/ops/functions.ts";
import { transpose } from "../../ir/ops/layout.ts";
import { parseGraph } from "../../ir/parse.ts";
import { printGraph, printValue } from "../../ir/print.ts";
import { sameGraph } from "../../ir/verify.ts";
import { graphOf, leaf } from "./graphs.ts";

const [cube, table] = [leaf("cube", [2, 3, 4]), leaf("table", [5, 2, 3, 4])];

test.each([
  ["cubeᵀ", transpose(cube, [0, 2, 1])],
  ["exp(tableᵀ)", exp(transpose(table, [0, 1, 3, 2]))],
  ["transpose(cube, [2, 1, 0])", transpose(cube, [2, 1, 0])],
  ["transpose(table, [1, 0, 3, 2])", transpose(table, [1, 0, 3, 2])],
  ["cube @ (cubeᵀ)", matmul(cube, transpose(cube, [0, 2, 1]))],
])("ᵀ exchanges the last two axes, in a product and by itself: %s", (text, value) => {
  expect(printValue(value)).toBe(text);
  const graph = graphOf({ r: value });
  expect(sameGraph(parseGraph(printGraph(graph)), graph)).toBe(true);
});

test("a row has no axes to exchange", () => {
  expect(() => parseGraph("graph g\ninput x: f32[3]\n\nentry run\n  output r = xᵀ\n")).toThrow(
    "two axes or more before ᵀ",
  );
});
