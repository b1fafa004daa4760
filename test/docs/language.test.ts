/// docs/language.md has every word that a model file may import, and says of each what it is.
import { expect, it } from "vitest";
import { languagePage } from "../../docs/language-page.ts";
import { language } from "../../docs/language.ts";
import * as exported from "../../ir/index.ts";

const { words, types } = language();

it("knows every value that the language exports", () => {
  const names = new Set(words.map(({ name }) => name.split(".")[0]));
  expect([...names].sort()).toEqual(Object.keys(exported).sort());
});

it("says what each word and type is", () => {
  expect([...words, ...types].filter(({ doc }) => doc === "").map(({ name }) => name)).toEqual([]);
});

it("writes calls as they are made", () => {
  const calls = words.map(({ call }) => call);
  expect(calls).toEqual(
    expect.arrayContaining(["dense(x, units, options?)", "dense.layer(units, options?)", "param(shape, options?)"]),
  );
  expect(calls).toEqual(expect.arrayContaining(["add(a, b)", "relu(x)", "softmax(x, axis = -1)", "grad(loss, x)"]));
  expect(calls).toEqual(expect.arrayContaining(["floor(x)", "isNaN(x)", "atan2(a, b)"]));
});

it("keeps code of doc comments as code, and gives every word a part of its own", () => {
  const page = languagePage();
  expect(page).toMatch(/handing its carries on:\n\n```ts\nconst .*\n {2}const next = .*\n[^`]*```\n\nSequences/);
  expect(page).toMatch(/```ts\nconst clippedRelu = withDerivative\(\n[^`]*readonly [^`]*```\n\nErrors:/);
  // Parts by kind: what no part asked for would stand here.
  expect(page).not.toContain("## More ops");
  for (const row of page.match(/^\|.*$/gm)!) expect(row, row).not.toContain("```");
});

it("lists options with those that they extend", () => {
  const optionsOf = (wanted: string): readonly string[] | undefined =>
    words.find(({ name }) => name === wanted)?.options.map(({ name }) => name);
  expect(optionsOf("adam")).toEqual(expect.arrayContaining(["beta1", "learningRate", "parameters"]));
  expect(optionsOf("param")).not.toContain("dtype");
  const scale = types.find(({ name }) => name === "DynamicLossScale")?.doc;
  expect(scale).toMatch(
    /`initial` \(`number`\): The scale .* Default 65536. `doubledAfter` \(`number`\): .* Default 2000.$/,
  );
  expect(types.find(({ name }) => name === "Note")?.doc).not.toContain("aliases");
});
