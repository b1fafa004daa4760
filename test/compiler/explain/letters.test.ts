/// Letters of an explanation are counted in the order of what is shown.
import { expect, test } from "vitest";
import { inPrintedLetters, shownFirst } from "../../../compiler/explain/letters.ts";
import { add, square } from "../../../ir/index.ts";
import { letter } from "../../../ir/ops/leaf.ts";
import type { Value } from "../../../ir/value.ts";

test("parts that no line defines leave no gap between the letters of the others", () => {
  const x = letter({ dtype: "f32", shape: [3] });
  const parts = [x, square(x as never), add(x as never, 1), add(x as never, 2)].map(
    (value, i) => [`v${i + 1}`, value as Value] as const,
  );
  const printed = { letters: new Map([[parts[0][1], "v7"]]), taken: new Set(["v7", "v1"]) };
  const letters = inPrintedLetters(shownFirst(parts, ["v1", "v2", "v4"]), printed, []);
  expect(["v1", "v2", "v4"].map((name) => letters.get(name))).toEqual(["v7", "v2", "v3"]);
  expect(new Set(letters.values()).size).toBe(parts.length);
});
