/// Letters of an explanation are counted in the order of what is shown.
import { describe, expect, test } from "vitest";
import { inPrintedLetters, shownFirst } from "../../../compiler/explain/letters.ts";
import { explainValue, valueDocument } from "../../../compiler/explain/value.ts";
import { gradientDocument } from "../../../compiler/explain/document.ts";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { explanationText } from "../../../compiler/explain/text.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { add, square } from "../../../ir/index.ts";
import { letter } from "../../../ir/ops/leaf.ts";
import { printGraph } from "../../../ir/print.ts";
import type { Value } from "../../../ir/value.ts";

const twoLoops = await loadModel("test/compiler/explain/fixtures/two-loops.ts", { typeCheck: false });

test("parts that no line defines leave no gap between the letters of the others", () => {
  const x = letter({ dtype: "f32", shape: [3] });
  const parts = [x, square(x as never), add(x as never, 1), add(x as never, 2)].map(
    (value, i) => [`v${i + 1}`, value as Value] as const,
  );
  const printed = { letters: new Map([[parts[0][1], "v7"]]), inSteps: new Map(), taken: new Set(["v7", "v1"]) };
  const letters = inPrintedLetters(shownFirst(parts, ["v1", "v2", "v4"]), printed, []);
  expect(["v1", "v2", "v4"].map((name) => letters.get(name))).toEqual(["v7", "v2", "v3"]);
  expect(new Set(letters.values()).size).toBe(parts.length);
});

describe("two loops one after the other, with parts that have no names", () => {
  /** A line that defines a letter; the steps of the printed page are indented like the rows of an explanation. */
  const definitionsIn = (text: string): readonly string[] =>
    text.split("\n").filter((line) => /^ {2}v\d+ = /.test(line));
  const printed = definitionsIn(printGraph(derive(twoLoops)));

  test("have letters of their own on the printed page", () => {
    const letters = printed.map((line) => line.trim().split(" ")[0]);
    expect(letters.length).toBeGreaterThan(4);
    expect(new Set(letters).size).toBe(letters.length);
  });

  test.each(["W1", "W2"])("are explained in the letters of that page: the gradient of %s", (parameter) => {
    const sections = gradientDocument(explainGradient(twoLoops, "loss", parameter)!);
    const back = sections.filter(({ title }) => title.startsWith("A step of the way back"));
    const explained = definitionsIn(explanationText(back));
    expect(explained.length).toBeGreaterThan(1);
    expect(printed).toEqual(expect.arrayContaining([...explained]));
  });

  test.each(["∂loss/∂W1", "∂loss/∂W2"])("are explained in them where a value is asked for: %s", (name) => {
    const explained = definitionsIn(explanationText(valueDocument(explainValue(twoLoops, name))));
    expect(explained.length).toBeGreaterThan(1);
    expect(printed).toEqual(expect.arrayContaining([...explained]));
  });
});
