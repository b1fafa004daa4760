/// docs/language.md has every word that a model file may import, and says of each what it is.
import { expect, it } from "vitest";
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
});

it("lists options with those that they extend", () => {
  const optionsOf = (wanted: string): readonly string[] | undefined =>
    words.find(({ name }) => name === wanted)?.options.map(({ name }) => name);
  expect(optionsOf("adam")).toEqual(expect.arrayContaining(["beta1", "learningRate", "parameters"]));
  expect(optionsOf("param")).not.toContain("dtype");
});
