/// What a rule refuses at a glance, by the ops of a value and of its operands, it would have refused anyway; and sums of
/// many parts are taken as they are.
import { describe, expect, test } from "vitest";
import { add, mul, sub, type Value } from "chainrule";
import { graphValues } from "../../../ir/graph.ts";
import { letter } from "../../../ir/ops/leaf.ts";
import { isLongSum } from "../../../compiler/rewrite/long-sum.ts";
import { arithmeticIn } from "../../../compiler/rewrite/polynomial.ts";
import { allRules } from "../../../compiler/rewrite/rules/all.ts";
import { passFixtures } from "../passes/corpus.ts";

const surroundings = { uses: () => 1, classes: () => [] };

test("no rule applies to what it does not fit", () => {
  let refused = 0;
  for (const { graph } of passFixtures()) {
    for (const value of graphValues(graph)) {
      const rooted = allRules.filter(
        ({ roots }) => roots.includes(value.op.name) || roots.includes(`any ${value.op.kind}`),
      );
      for (const rule of rooted.filter(({ fits }) => fits && !fits(value))) {
        refused++;
        const rewritten = rule.apply(value, surroundings);
        expect(rewritten === undefined || rewritten === value, rule.name).toBe(true);
      }
    }
  }
  expect(refused).toBeGreaterThan(1000);
});

describe("sums of many parts", () => {
  const scalar = { dtype: "f32", shape: [] } as const;
  const sum = (parts: number): Value =>
    Array.from({ length: parts }, () => letter(scalar)).reduce((left, right) => add(left, right) as Value);

  test("begin at seventeen, differences and signs counted through", () => {
    expect(isLongSum(sum(16))).toBe(false);
    expect(isLongSum(sum(17))).toBe(true);
    expect(isLongSum(sub(sum(9), sum(8)) as Value)).toBe(true);
  });

  test("are letters of a formula, and a formula of their own", () => {
    const stream = sum(17);
    const formula = mul(stream, letter(scalar)) as Value;
    expect(arithmeticIn(formula)).toEqual([formula]);
    expect(arithmeticIn(stream)).toHaveLength(16);
  });
});
