/// Habits from other libraries: an error says what is meant here, at the place where it was typed.
import { expect, test } from "vitest";
import { loadModel } from "../../../compiler/load/index.ts";

test.each([
  ["a function of numbers on a tensor", "math", { line: 5, column: 22 }, 'import { exp } from "chainrule"'],
  ["a layer under another name", "imports", { line: 1, column: 17 }, "did you mean dense?"],
  ["a method", "methods", { line: 5, column: 24 }, "functions: expandDims(x)"],
  ["a function that is not imported", "names", { line: 5, column: 22 }, 'import { softmax } from "chainrule"'],
  ["a minus before a tensor", "minus", { line: 5, column: 29 }, "-dense(x, 1) is neg(dense(x, 1))"],
  ["an operator as an argument", "condition", { line: 5, column: 28 }, "x > 0 is greater(x, 0)"],
  ["an operator with a formula beside it", "sum", { line: 5, column: 22 }, "x * 2 is mul(x, 2)"],
  ["sizes one by one", "sizes", { line: 5, column: 38 }, 'param([3, 2], { name: "W" })'],
  ["the larger of two", "larger", { line: 5, column: 26 }, "maximum(0, x)"],
  ["a gradient as a method", "backward", { line: 6, column: 8 }, "update: adam(loss)"],
  ["the sizes of a tensor", "shape", { line: 5, column: 31 }, "x.type.shape has the sizes"],
])("%s", async (_, name, place, help) => {
  await expect(loadModel(`test/compiler/load/fixtures/habits/${name}.ts`)).rejects.toMatchObject({
    code: "model-type-error",
    place,
    help: expect.stringContaining(help) as string,
  });
});

test("a word of another library is not said to be one that is spelled like it", async () => {
  const error = loadModel("test/compiler/load/fixtures/habits/imports.ts");
  await expect(error).rejects.toMatchObject({
    help: expect.stringContaining("'cat': here it is concatenate") as string,
  });
  await expect(error).rejects.not.toMatchObject({ help: expect.stringContaining("cast") as string });
});

test("an update by an input is reported where it is made, not where the input is declared", async () => {
  await expect(loadModel("test/compiler/load/fixtures/habits/given.ts")).rejects.toMatchObject({
    code: "state-update",
    place: { line: 7 },
  });
});
