/// A sum of two selections, such as two dropouts, that is multiplied by itself: nothing leaks where it is 0.
import {
  add,
  cast,
  dropout,
  exp,
  greater,
  input,
  mean,
  model,
  mul,
  neg,
  param,
  rmsNorm,
  sgd,
  square,
  sum,
} from "chainrule";
import { type Value } from "chainrule";
import { expect, it } from "vitest";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { printGraph } from "../../../ir/print.ts";

const built = (lossOf: (total: Value, x: Value) => unknown) =>
  model("dropouts", () => {
    const [x, y] = ["x", "y"].map((name) => input(name, "f32", [8, 4]) as Value);
    const w = param([4], { name: "w" }) as Value;
    const total = add(dropout(mul(x, w) as never, 0.1), dropout(mul(y, w) as never, 0.1)) as Value;
    const loss = lossOf(total, x) as Value;
    return { train: { loss, update: sgd(loss as never) } } as never;
  });

const lossesOf = (lossOf: (total: Value, x: Value) => unknown): string => {
  const line = printGraph(derive(built(lossOf)))
    .split("entry train")[1]
    .replace(/\s+/g, " ");
  return /output loss = (.*?)( #| v\d+ =|$)/.exec(line)![1];
};

it("has a square without a guard", () => {
  expect(lossesOf((total) => mean(square(total) as never))).toMatch(/^mean\((\w+)²\)$/);
});

it.each<[string, (total: Value) => unknown]>([
  ["less itself", (total) => mean(mul(total, neg(total)) as never)],
  ["some of its squares", (total) => mean(mul(square(total), cast(greater(total, 1), "f32") as never) as never)],
])("has no guard in %s", (_, lossOf) => {
  expect(lossesOf(lossOf)).not.toContain("== 0");
});

it("keeps its guard beside what may be infinite where it is 0", () => {
  expect(lossesOf((total, x) => sum(mul(total, exp(x)) as never))).toContain("== 0");
});

it("gives no warning of a division by 0 where its length has ε beside it", () => {
  const { warnings } = compileWithFacts(
    built((total) => mean(square(rmsNorm(total as never)) as never)),
    {},
  );
  expect(warnings).toEqual([]);
});
