import { describe, expect, test } from "vitest";
import { gradientDocument } from "../../../compiler/explain/document.ts";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { explanationText } from "../../../compiler/explain/text.ts";
import {
  grad,
  greater,
  input,
  matmul,
  maximum,
  mean,
  minimum,
  model,
  mul,
  param,
  square,
  sum,
  tanh,
  transpose,
  where,
  withDerivative,
  type Tensor,
} from "../../../ir/index.ts";
import { derive } from "../../../compiler/passes/all.ts";
import type { Graph } from "../../../ir/graph.ts";
import { printValue } from "../../../ir/print.ts";
import type { Value } from "../../../ir/value.ts";
import { as, expectCentralDifferences, randomFeeds } from "../symbolic.ts";
import { expectTrueSteps } from "./true-steps.ts";

describe("a gradient in a loss", () => {
  const cut = withDerivative(
    (z: Tensor<"f32", readonly [3, 2]>) => maximum(minimum(z, 1), -1),
    (cotangent, { operands: [z] }) => [where(greater(z, -1), cotangent, mul(0.1, cotangent))],
    { exact: false },
  );
  const graph = model("slope", () => {
    const [x, W] = [input("x", "f32", [3, 4]), param([4, 2], { name: "W" })];
    const z = as("z", () => matmul(x, W)) as Tensor<"f32", readonly [3, 2]>;
    const a = as("a", () => cut(z));
    const b = as("b", () => matmul(tanh(x), W));
    const s = as("s", () => sum(matmul(a, transpose(b))));
    const g = as("g", () => grad(s, x));
    const L = as("L", () => mean(square(g)));
    return { train: { L, d: grad(L, W) } };
  });

  test("may read a value in comparisons alone: no derivative comes through them", () => {
    const { chain, steps, lines } = explainGradient(graph, "L", "W")!;
    const slope = chain.stations.find(({ name }) => name === "g")!;
    expect(slope.reads.map((read) => chain.stations.find(({ value }) => value === read)!.name)).not.toContain("z");
    expectTrueSteps(steps);
    const value = lines.at(-1)!.first.value;
    expectCentralDifferences(chain.loss.value, chain.target.value, value, randomFeeds([chain.loss.value, value], 5));
  });

  test("does not depend on the value of what it is the gradient of", () => {
    expect(explainGradient(graph, "L", "s")).toBeUndefined();
  });

  test("can be explained with respect to every named value of the model", () => {
    const named = [...graph.notes].flatMap(([{ type }, { name }]) => (type.dtype === "f32" && name ? [name] : []));
    expect(named).toEqual(expect.arrayContaining(["x", "W", "z", "a", "b", "s", "g", "L"]));
    for (const name of named)
      for (const loss of ["L", "s"])
        if (name !== loss) expect(() => explainGradient(graph, loss, name), name).not.toThrow();
  });

  test("ends with what is compiled, also where the rules played back stop short of it", () => {
    const valueOf = (name: string): Value => [...graph.notes].find(([, note]) => note.name === name)![0];
    const value = grad(valueOf("L"), valueOf("x"));
    const entry = { name: "slope", outputs: [{ name: "slope", value }], updates: [] };
    const compiled = derive({ ...graph, entryPoints: [...graph.entryPoints, entry] }).entryPoints.at(-1)!.outputs[0]
      .value;
    const { steps, ...explained } = explainGradient(graph, "L", "x")!;
    expect(printValue(explained.compiled.value)).toBe(printValue(compiled));
    expectTrueSteps(steps);
  });

  test("is explained without a heading over nothing, and with G in its own rule alone", () => {
    const two = (name: (slope: () => Value) => Value): Graph =>
      model("two layers", () => {
        const [x, W, V] = [input("x", "f32", [3, 4]), param([4, 5], { name: "W" }), param([5, 2], { name: "V" })];
        const s = as("s", () => sum(tanh(matmul(tanh(matmul(x, W)), V))));
        const L = as("L", () => mean(square(name(() => grad(s, x)))));
        return { train: { L, d: grad(L, V) } };
      });
    const bare = gradientDocument(
      explainGradient(
        two((slope) => slope()),
        "L",
        "V",
      )!,
    );
    for (const { title, rows, rules = [] } of bare) expect(rows.length + rules.length, title).toBeGreaterThan(0);
    expect(bare.map(({ title }) => title)).not.toContain("The chain rule");
    const text = explanationText(
      gradientDocument(
        explainGradient(
          two((slope) => as("g", slope)),
          "L",
          "V",
        )!,
      ),
    );
    const [, within] = /^ {2}∂L\.g\/∂V: G ↦\n((?: {6}.*\n)+)/m.exec(text)!;
    expect(within).toMatch(/^ {6}v\d+ = .*\bG\b/m);
    expect(within).toMatch(/^ {6}result = .*\n$/m);
    expect(text).not.toMatch(/^ {2}v\d+ = .*\bG\b/m);
  });
});
