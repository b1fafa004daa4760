/// What a loop keeps for its derivative: the past of its carries, under the names of the model.
import { expect, test } from "vitest";
import { compileWithFacts } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/load/index.ts";
import { report, type EntryReport } from "../../compiler/report.ts";

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

test("what a memory budget makes again is not kept, and what it is made of is", async () => {
  const deep = await loadModel("test/bench/models/deep.ts", { typeCheck: false });
  const step = (memoryBudget?: number) => report(compileWithFacts(deep, { memoryBudget })).entryPoints.train;
  const names = ({ residuals }: EntryReport): readonly string[] => residuals.map(({ name }) => name);
  const within = step(850_000);
  const again = within.memory!.again.map(({ name }) => name);
  expect(again.length).toBeGreaterThan(0);
  expect(names(within)).toEqual(names(step()).filter((name) => !again.includes(name)));
  // All of it is there at once where the backward half begins.
  const bytes = within.residuals.reduce((sum, each) => sum + each.bytes, 0);
  expect(bytes).toBeLessThanOrEqual(within.arenaBytes);
});
