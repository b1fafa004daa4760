/// Graphs as JSON.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { formatDot } from "../../../compiler/format/dot.ts";
import { formatJson, graphAsData, readGraphJson } from "../../../compiler/format/json.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { exp, grad, input, less, minimum, model } from "../../../ir/index.ts";
import { square, sum, where, withDerivative, type Tensor } from "../../../ir/index.ts";
import { add } from "../../../ir/ops/arithmetic.ts";
import { mul } from "../../../ir/ops/arithmetic.ts";
import { parseGraph } from "../../../ir/parse.ts";
import { printGraph } from "../../../ir/print.ts";
import { verifyGraph } from "../../../ir/verify.ts";
import { graphOf, leaf, loops } from "../../ir/graphs.ts";
import { buildPlan, planOf } from "../../random/plan.ts";
import { expectJson } from "./expect-json.ts";
import { classifier, trained } from "./models.ts";

describe("JSON", () => {
  test.each([
    ["a model", classifier],
    ["its gradient", derive(classifier)],
    ["updates of states", derive(trained)],
    ["numbers that JSON lacks", graphOf({ r: add(add(leaf("x", [2]), -Infinity), mul(leaf("y", [2]), -0)) })],
    ["loops", graphOf({ r: loops() })],
  ])("%s reads back", (_, graph) => expectJson(graph));

  const seeds = Array.from({ length: 40 }, (_, i) => i + 1);
  test.each(seeds)("the random graph of seed %i reads back, also differentiated", (seed) => {
    const graph = buildPlan(planOf(seed, 40));
    expectJson(graph);
    expectJson(derive(graph));
  });

  test("every field is documented", () => {
    const { values, bodies, entryPoints, ...head } = graphAsData(derive({ ...graphOf({ r: loops() }) }));
    const entries = [entryPoints, graphAsData(derive(trained)).entryPoints].flat();
    const parts = [{ values, bodies, entryPoints, ...head }, ...values, ...bodies, ...entries];
    const page = readFileSync("docs/graph-json.md", "utf8");
    for (const field of new Set(parts.flatMap((part) => Object.keys(part)))) expect(page).toContain(`\`${field}\``);
  });

  test("derivatives that the model supplies read back as rules", () => {
    const supplied = model("supplied", () => {
      const x = input("x", "f32", ["batch", 3]);
      const clipped = withDerivative(
        (v: Tensor<"f32", readonly ["batch", 3]>) => minimum(v, 1),
        (cotangent, { operands: [v], result }) => [mul(cotangent, where(less(v, 1), result, 0))],
        { name: "clipped" },
      );
      const outer = withDerivative(
        (a: Tensor<"f32", readonly ["batch", 3]>, b: Tensor<"f32", readonly ["batch", 3]>) => mul(a, b),
        (cotangent, { operands: [a] }) => [null, mul(cotangent, clipped(a))],
        { name: "outer", exact: false },
      );
      type Row = Tensor<"f32", readonly ["batch", 3]>;
      const itself: (v: Row) => Row = withDerivative(
        (v: Row) => exp(v),
        (cotangent, { operands: [v] }) => [mul(cotangent, itself(v))],
        { name: "itself" },
      );
      const loss = sum(outer(clipped(itself(x)), square(x)));
      return { run: { loss, dx: grad(loss, x) } };
    });
    const text = formatJson(supplied);
    const back = verifyGraph(readGraphJson(text));
    expect(formatJson(back)).toBe(text);
    expect(printGraph(derive(back))).toBe(printGraph(derive(supplied)));
    expect(printGraph(derive(back))).toContain("∂loss/∂x");
    const { rules } = graphAsData(supplied);
    expect(rules.map(({ name, exact }) => [name, exact])).toEqual(
      expect.arrayContaining([
        ["clipped", true],
        ["itself", true],
        ["outer", false],
      ]),
    );
    const page = readFileSync("docs/graph-json.md", "utf8");
    for (const field of Object.keys(rules[0])) expect(page).toContain(`\`${field}\``);
  });

  test("derivatives say which half of a step they belong to", () => {
    const { values } = graphAsData(derive(classifier));
    const backward = values.filter(({ derivative }) => derivative === "backward");
    expect(backward.map(({ name }) => name)).toEqual(expect.arrayContaining(["∂L/∂z2", "∂L/∂h1", "∂L/∂W1", "∂L/∂W2"]));
    const back = readGraphJson(formatJson(derive(classifier)));
    expect(formatDot(back)).toBe(formatDot(derive(classifier)));
    expect(formatDot(parseGraph(printGraph(derive(classifier))))).toBe(formatDot(derive(classifier)));
  });

  test("every value says what it is, and a derived one where it comes from", () => {
    const { values } = graphAsData(derive(classifier));
    for (const value of values) {
      expect(value).toMatchObject({
        id: expect.any(Number),
        op: expect.any(String),
        type: { dtype: expect.any(String) },
      });
      expect(value.operands.every((id) => id < value.id)).toBe(true);
      if (value.name !== "key")
        expect(value.place, JSON.stringify(value)).toMatchObject({ file: "samples/classifier/model.ts" });
    }
  });

  test.each([
    ["no JSON", "{", "the syntax of JSON"],
    ["another version", '{"chainruleGraph":2}', "chainruleGraph 1: found 2"],
    [
      "an op that there is not",
      edited((value) => ({ ...value, op: "frobnicate" })),
      "ops of this version: found frobnicate",
    ],
    ["a wrong type", edited((value) => ({ ...value, type: { dtype: "f32", shape: [7] } })), "found f32[7]"],
    [
      "a user before its operand",
      edited((value) => ({ ...value, operands: [99] })),
      "operands before their users: found 99",
    ],
  ])("%s is refused", (_, text, message) => {
    expect(() => readGraphJson(text)).toThrow(
      expect.objectContaining({ code: "graph-data", message: expect.stringContaining(message) }),
    );
  });
});

/** The classifier's JSON with its last value changed. */
function edited(change: (value: Record<string, unknown>) => unknown): string {
  const data = JSON.parse(formatJson(classifier, { gradient: false })) as { values: Record<string, unknown>[] };
  return JSON.stringify({ ...data, values: [...data.values.slice(0, -1), change(data.values.at(-1)!)] });
}
