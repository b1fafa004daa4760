/// A derivation of many layers as a page to read: what is said, it says once, and before it is used.
import { describe, expect, test } from "vitest";
import { gradientDocument } from "../../../compiler/explain/document.ts";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { explanationLatex } from "../../../compiler/explain/latex.ts";
import { formulaText } from "../../../compiler/explain/lines.ts";
import { explanationText } from "../../../compiler/explain/text.ts";
import { layoutRules } from "../../../compiler/rewrite/rules/layout.ts";
import { add, attention, dense, input, layerNorm, mean, model, param, square, tanh } from "../../../ir/index.ts";
import type { Tensor, Value } from "../../../ir/value.ts";
import { expectBalanced } from "../format/balance.ts";
import { as as named } from "../symbolic.ts";
import { expectTrueSteps } from "./true-steps.ts";

const as = (name: string, define: () => Value) => named(name, define) as Tensor<"f32", readonly [2, 3, 4]>;

const block = model("block", () => {
  const [x, W] = [input("x", "f32", [2, 3, 4]), param([3, 4], { name: "W" })];
  const first = as("first", () => add(x, tanh(dense(x, 4, { name: "W1" }))));
  const heard = as("heard", () => attention(layerNorm(first, { name: "before" }), 2, { name: "attention" }));
  const second = as("second", () => add(first, heard));
  const wide = as("wide", () => tanh(dense(layerNorm(second, { name: "between" }), 5, { name: "up" })));
  const third = as("third", () => add(second, dense(wide, 4, { name: "down" })));
  const last = as("last", () => layerNorm(third, { name: "after" }));
  const L = as("L", () => mean(square(add(last, W))));
  return { train: { L } };
});

const explained = explainGradient(block, "L", "W1.weight")!;
const text = explanationText(gradientDocument(explained));
const sections = new Map(text.split("\n\n").map((each) => [each.split("\n")[0], each] as const));

describe("a derivation through layers of one kind", () => {
  test("defines every letter before it uses it", () => {
    const defined = new Set<string>();
    for (const line of text.split("\n")) {
      const [, own] = /^ +(v\d+) = /.exec(line) ?? [];
      if (own) defined.add(own);
      for (const [letter] of line.matchAll(/(?<![\w.])v\d+\b/g)) expect(defined, line).toContain(letter);
    }
    expect(defined.size).toBeGreaterThan(8);
  });

  test("says once how such a layer hands its derivative back", () => {
    expect(sections.get("Each factor")).toMatch(
      /∂between\.normalized\/∂second: G ↦ as in ∂after\.normalized\/∂third, with v\d+ for v\d+, v\d+ for\s+v\d+,\s+between\.normalized for after\.normalized/,
    );
  });

  test("takes the steps of such a layer once, and says of the others what comes of them", () => {
    const rules = sections.get("Rule by rule")!;
    expect(rules).toMatch(/# as v\d+$/m);
    expect(rules.match(/# quotient that is there$/gm)).toHaveLength(1);
  });

  test("names parts of the model where the model is written", () => {
    expect(sections.get("The model")).toContain("between.normalized = v3 / v9[:, :, _]");
    expect(sections.get("Each factor")).not.toMatch(/^ {2}v\d+ = /m);
  });

  test("reads values of the model by their names, also where they are not on the way", () => {
    const bias = explainGradient(block, "L", "down.weight")!;
    const factor = bias.factors.at(-1)!;
    expect("by" in factor && formulaText({ value: factor.formula, names: factor.names })).toBe(
      'einsum("cda,cdb->ab", wide, G)',
    );
  });

  test("does not say line by line where axes stand", () => {
    const spellings = layoutRules.map(({ name }) => name);
    const lines = [...explained.prepared, ...explained.lines, ...explained.forward];
    const named = lines.flatMap(({ equalities }) => equalities.map(({ rule }) => rule.name));
    expect(named.filter((name) => spellings.includes(name))).toEqual([]);
    expect(sections.get("The model, as it is compiled") ?? "").not.toContain("normalized");
  });

  test("writes no definition twice", () => {
    // What rules go on from is said again.
    const lines = text.split("\n");
    const definitions = lines.filter((line, i) => /^ {2}v\d+ = /.test(line) && !/^ {4}= /.test(lines[i + 1]));
    expect(new Set(definitions).size).toBe(definitions.length);
  });

  test("takes true steps, also those that no line shows", () => expectTrueSteps(explained.steps));

  test("is balanced in LaTeX", () => expectBalanced(explanationLatex(gradientDocument(explained))));
});

test("the name of a rule stands on the last line of its formula", () => {
  expect(text).toMatch(/^ {6}\S.* {2}# common divisor of rows$/m);
  expect(text).not.toMatch(/^ {6}# common divisor of rows$/m);
});

test("a factor that is a number is written as one", () => {
  expect(text).toContain("  ∂third/∂second = 1\n");
});

test("an index is not broken between lines", () => {
  expect(text).not.toMatch(/\[[:_, ]*$/m);
});
