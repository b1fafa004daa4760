/// `check` says what it found of a gradient before it checks the next: large models take minutes.
import { expect, test } from "vitest";
import type { GradientToCheck } from "../../../compiler/check/index.ts";
import { printGradients } from "../../../compiler/cli/check-command.ts";

test("each gradient has its line as soon as it is checked, in columns as wide as those to come", () => {
  const events: string[] = [];
  const print = (text: string): void => void events.push(text);
  const gradient = (name: string, count: number): GradientToCheck => {
    const known = { entryPoint: "train", name, count, checked: Math.min(count, 64) };
    const numbers = { worst: 1e-9, index: 0, derived: 1, measured: 1, kinks: 0, notFinite: 0, ok: true };
    return { ...known, check: () => (events.push(`checks ${name}`), { ...known, ...numbers }) };
  };
  printGradients([gradient("a", 1), gradient("longer", 100)], { print, warn: print, style: (_, text) => text });
  expect(events.slice(1)).toEqual([
    "checks a",
    "  ok  train: a       1 entry            worst   1.0e-9",
    "checks longer",
    "  ok  train: longer  64 of 100 entries  worst   1.0e-9",
  ]);
});
