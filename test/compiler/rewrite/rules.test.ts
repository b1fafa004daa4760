/// What every rule keeps whatever its contract: names are unique, types stay, and whole numbers stay what they are.
import { describe, expect, it, test } from "vitest";
import { ownAccuracies } from "./accuracy.ts";
import { allRules } from "../../../compiler/rewrite/rules/all.ts";
import { noise, numbers, randomFeeds } from "../symbolic.ts";
import { functionExamples } from "./examples.ts";
import { examplesOf, surroundings } from "./generate.ts";

test("rules have names of their own, and say their mathematics in one line", () => {
  const names = allRules.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { identity } of allRules) expect(identity).toMatch(/^[^\n]+ = [^\n]+$/);
});

test("what is written down for a rule is for one that exists", () => {
  const names = allRules.map(({ name }) => name);
  for (const { name } of functionExamples) expect(names).toContain(name);
  const stabilizing = allRules.filter(({ contract }) => contract === "stabilizes").map(({ name }) => name);
  for (const name of ownAccuracies) expect(stabilizing).toContain(name);
});

const integerEdges = {
  i32: [0, 1, -1, 2, 3, 65537, -2147483648, 2147483647],
  u32: [0, 1, 2, 3, 65537, 2147483648, 4294967295],
  bool: [0, 1],
} as const;
const integerCases = allRules.flatMap((rule) =>
  (["i32", "u32", "bool"] as const).flatMap((dtype) =>
    examplesOf(rule, dtype).map((value) => [rule.name, dtype, rule, value] as const),
  ),
);

// Whole numbers and truth values neither round nor overflow to ∞: modulo 2³², every rule must be exact.
describe("integers and truth values", () => {
  it.each(integerCases)("rule %s on %s", (_, dtype, rule, value) => {
    const rewritten = rule.apply(value, surroundings)!;
    expect(rewritten.type).toEqual(value.type);
    for (let seed = 1; seed <= 30; seed++) {
      const next = noise(seed);
      const edges = integerEdges[dtype];
      const draw = (): number => edges[Math.floor((next() + 1) * 0.5 * edges.length)];
      const feeds = new Map(
        [...randomFeeds([value], seed)].map(([input, data]) => [
          input,
          input.type.dtype === dtype ? data.map(draw) : data.map((each) => each && 1),
        ]),
      );
      expect(numbers(rewritten, feeds)).toEqual(numbers(value, feeds).map((each) => each + 0));
    }
  });
  it("are what many rules are tried with", () => {
    expect(integerCases.filter(([, dtype]) => dtype === "i32").length).toBeGreaterThan(25);
    expect(integerCases.filter(([, dtype]) => dtype === "u32").length).toBeGreaterThan(10);
    expect(integerCases.filter(([, dtype]) => dtype === "bool").length).toBeGreaterThan(5);
  });
});
