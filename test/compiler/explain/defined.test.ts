/// A page of an explanation by itself: all that it names it defines, above; what the printed page names is named the same.
import { describe, expect, test } from "vitest";
import { gradientDocument } from "../../../compiler/explain/document.ts";
import { explainGradient, type GradientExplanation } from "../../../compiler/explain/gradient.ts";
import { mentioned, type Formula } from "../../../compiler/explain/lines.ts";
import { explainValue, valueDocument } from "../../../compiler/explain/value.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import { derive } from "../../../compiler/passes/all.ts";
import type { Graph } from "../../../ir/graph.ts";
import { add, dense, grad, input, layerNorm, mean, model, square, tanh } from "../../../ir/index.ts";
import { layOutPage } from "../../../ir/print/page.ts";
import type { Tensor } from "../../../ir/value.ts";
import { as } from "../symbolic.ts";

const load = (path: string): Promise<Graph> => loadModel(path, { typeCheck: false });
const residual = await load("test/compiler/explain/fixtures/residual.ts");
const byHand = await load("test/compiler/explain/fixtures/by-hand.ts");
const digits = await load("samples/digits/model.ts");

const cases = [
  ["weights that are used twice", residual, "block.weight"],
  ["a value beside the way", residual, "once.slope"],
  ["a softmax written out", byHand, "z.weight"],
  ["digits", digits, "hidden.weight"],
] as const;

/** Names that formulas refer to, leaves apart: inputs and parameters need no line. */
function namesIn(formula: Formula): readonly string[] {
  return [...mentioned(formula)].flatMap(([value, name]) => (value.op.kind === "leaf" ? [] : [name]));
}

/** The names that a page uses before a line says what they are. */
function usedBeforeDefined(explained: GradientExplanation): readonly string[] {
  const defined = new Set<string>();
  const found: string[] = [];
  for (const { title, rows } of gradientDocument(explained)) {
    for (const { left, right, within = [] } of rows) {
      const inner = new Set(within.map(({ name }) => name));
      const used = "value" in right ? [right, ...within.map(({ formula }) => formula)].flatMap(namesIn) : [];
      found.push(...used.filter((name) => !defined.has(name) && !inner.has(name)));
      if (left !== undefined && title !== "The chain rule") defined.add(left);
    }
  }
  return found;
}

describe.each(cases)("%s", (_, graph, parameter) => {
  const explained = explainGradient(graph, "loss", parameter)!;

  test("what a line refers to stands above it", () => {
    expect(usedBeforeDefined(explained)).toEqual([]);
  });

  test("a letter of the printed page means the same value", () => {
    const { automatic } = layOutPage(derive(graph));
    const printed = new Map([...automatic].map(([value, letter]) => [letter, value]));
    const ends = [...explained.compiledParts, { formula: explained.compiled }].map(({ formula }) => formula);
    for (const { names } of ends) {
      for (const [value, name] of names) if (printed.has(name)) expect(value, name).toBe(printed.get(name));
    }
  });
});

test("values that only the loss refers to are defined as well", () => {
  const names = explainGradient(byHand, "loss", "z.weight")!.definitions.map(({ name }) => name);
  expect(names).toEqual(["z", "truth", "powers", "p", "loss"]);
});

test("a value without a name is called what the printed page calls it, beside others in the same explanation", () => {
  const { automatic } = layOutPage(derive(residual));
  const { compiledParts } = explainGradient(residual, "loss", "once.slope")!;
  const shown = compiledParts.map(({ name, formula }) => [name, automatic.get(formula.value)] as const);
  expect(shown).toContainEqual(["v2", "v2"]);
  for (const [name, letter] of shown) expect(letter ?? name).toBe(name);
});

test("the parts of one value have the letters of the printed page", () => {
  const graph = model("normalised", () => {
    const x = input("x", "f32", [3, 4]);
    const first = as("first", () => tanh(dense(x, 4, { name: "W" }))) as Tensor<"f32", readonly [3, 4]>;
    const last = as("last", () => layerNorm(first, { name: "after" }));
    const L = as("L", () => mean(square(add(last, 1))));
    return { train: { L, d: grad(L, x) } };
  });
  const { automatic } = layOutPage(derive(graph));
  const explained = explainValue(graph, "∂L/∂first");
  const letters = new Set(automatic.values());
  const defined = valueDocument(explained).flatMap(({ rows }) => rows.flatMap(({ left }) => left ?? []));
  expect(defined.filter((name) => letters.has(name))).toEqual(["v1", "v2"]);
  const { last } = explained.line;
  for (const [value, name] of mentioned(last)) if (letters.has(name)) expect(automatic.get(value)).toBe(name);
});

test("an entry point that is printed by itself has the letters of the whole page", () => {
  const derived = derive(residual);
  const whole = layOutPage(derived).automatic;
  for (const entry of ["explain", "train"]) {
    const own = layOutPage(derived, { entry }).automatic;
    expect(own.size).toBeGreaterThan(0);
    for (const [value, letter] of own) expect(letter).toBe(whole.get(value) ?? letter);
    const others = [...own].filter(([value]) => !whole.has(value)).map(([, letter]) => letter);
    expect([...whole.values()].filter((letter) => others.includes(letter))).toEqual([]);
  }
});
