/// Einstein's notation in a printed graph means what it means in a model file.
import { describe, expect, it } from "vitest";
import { einsum, evaluate } from "../../ir/index.ts";
import { parseGraph } from "../../ir/parse.ts";
import { printGraph } from "../../ir/print.ts";
import type { Value } from "../../ir/value.ts";
import { graphOf, leaf } from "./graphs.ts";

const head = "graph g\ninput a: f32[2, 3]\ninput b: f32[3]\ninput c: f32[3, 3]\n\nentry run\n";
const data = { a: [1, 2, 3, 4, 5, 6], b: [1, 10, 100], c: [1, 2, 3, 4, 5, 6, 7, 8, 9] };
const operands: Readonly<Record<string, Value>> = {
  a: leaf("a", [2, 3]),
  b: leaf("b", [3]),
  c: leaf("c", [3, 3]),
};

describe("an equation", () => {
  it.each([
    ["ab,b->b", "a, b"],
    ["ab,b->a", "a, b"],
    ["ab,b->ba", "a, b"],
    ["ab,bc->ca", "a, c"],
    ["aa,a->a", "c, b"],
    ["ab->a", "a"],
    ["ab,b,bc->ac", "a, b, c"],
    ["...b,b->...", "a, b"],
  ])("%s of %s", (equation, names) => {
    const given = names.split(", ").map((name) => operands[name]);
    const inModel = graphOf({ r: einsum(equation, ...(given as never[])) });
    const inText = parseGraph(`${head}  output r = einsum("${equation}", ${names})\n`);
    const fed = Object.fromEntries(Object.entries(data).filter(([name]) => names.split(", ").includes(name)));
    expect(evaluate(inText, data).outputs.r).toEqual(evaluate(inModel, fed).outputs.r);
    expect(printGraph(parseGraph(printGraph(inText)))).toBe(printGraph(inText));
  });

  it.each([
    ["ab,b->c", "a, b", "has a letter in its result that no operand has"],
    ["ab,b->", "a", "is of 2, found 1"],
    ["abc,b->a", "a, b", 'names 3 axes in "abc", the operand has 2'],
  ])("%s of %s is refused as in a model", (equation, names, problem) => {
    const read = (): unknown => parseGraph(`${head}  output r = einsum("${equation}", ${names})\n`);
    expect(read).toThrow(
      expect.objectContaining({ code: "einsum-equation", message: expect.stringContaining(problem) }),
    );
  });
});
