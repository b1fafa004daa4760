import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { families } from "./operators/all.ts";
import { isForeign, openRecording } from "./opinfo/data.ts";
import { looser, looserInInterpreter, misses, unmapped } from "./opinfo/exceptions.ts";

const mapped = Object.values(families).flatMap((operators) => Object.keys(operators));
const recording = openRecording();

describe("the table of operators", () => {
  test("names each operator once", () => {
    expect(mapped.filter((name, i) => mapped.indexOf(name) !== i)).toEqual([]);
  });

  test("is run family by family, each by one test", () => {
    const folder = new URL(".", import.meta.url);
    const texts = readdirSync(folder)
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => readFileSync(new URL(name, folder), "utf8"));
    const runs = Object.keys(families).map((name) => [
      name,
      texts.filter((text) => text.includes(`, ${name});`)).length,
    ]);
    expect(runs.filter(([, count]) => count !== 1)).toEqual([]);
  });

  test("says of every operator that it leaves out why", () => {
    expect(Object.keys(unmapped).filter((name) => mapped.includes(name))).toEqual([]);
    if (!recording) return;
    const names = [...new Set(recording.cases.map(({ op }) => op))];
    for (const name of names) if (unmapped[name]) console.log(`opinfo: ${name} is not mapped: ${unmapped[name]}`);
    // Of another recording, operators that nobody here has heard of.
    if (!isForeign) expect(names.filter((name) => !mapped.includes(name) && !(name in unmapped))).toEqual([]);
  });

  test("is never looser than 1e-2, and misses at most 2 % of the cases", () => {
    expect(
      [...looser, ...looserInInterpreter].filter(({ relative, absolute }) => relative > 1e-2 || absolute > 1e-2),
    ).toEqual([]);
    if (!recording) return;
    const known = recording.cases.filter((each) =>
      misses.some(({ operator, when }) => operator === each.op && (when?.(each) ?? true)),
    );
    expect(known.length).toBeLessThanOrEqual(0.02 * recording.cases.length);
  });
});
