/// What a loop keeps for its derivative: the past of its carries, under the names of the model.
import { expect, test } from "vitest";
import { compileWithFacts } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/load/index.ts";
import { report } from "../../compiler/report.ts";

const recurrent = await loadModel("test/compiler/explain/fixtures/recurrent.ts", { typeCheck: false });
const { train, predict } = report(compileWithFacts(recurrent, { dims: { batch: 2, time: 5 } })).entryPoints;

test("the past of a carry is listed with its bytes, the first row as well, and the line of the carry", () => {
  const past = train.residuals.find(({ name }) => name === "every h");
  expect(past).toMatchObject({ shape: [6, 2, 8], bytes: 6 * 2 * 8 * 4 });
  expect(past!.place).toMatchObject({ file: expect.stringContaining("recurrent.ts") as string });
  expect(predict.residuals).toEqual([]);
});

test("what a loop launches again is counted", () => {
  const total = train.kernels.reduce((sum, { times }) => sum + times, 0);
  expect(total).toBe(train.dispatches);
  expect(train.kernels.some(({ times }) => times === 5)).toBe(true);
});
