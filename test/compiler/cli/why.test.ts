/// The table of kernels that are two: a value that reads several kernels has one line, with all of them.
import { expect, test } from "vitest";
import { run } from "../../../compiler/cli/run.ts";

async function printed(...args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const print = (text: string) => void lines.push(text);
  await run(args, { print, warn: print, style: (_, text) => text });
  return lines.join("\n");
}

test("a product of what two kernels write has one line", async () => {
  const text = await printed("report", "--why", "samples/digits/model.ts", "--dim", "batch=64", "--dim", "pixels=256");
  const [, table] = /\ntrain\n[^]*?\n {2}not one kernel.*\n([^]*?)\n\n/.exec(text)!;
  const rows = [...table.matchAll(/^ {4}(.*) → (.*)$/gm)];
  const read = rows.map(([, , what]) => what.replaceAll(/ +/g, " "));
  expect(rows.length).toBeGreaterThan(3);
  expect(new Set(read).size).toBe(read.length);
  expect(rows.some(([, writers]) => writers.includes(", "))).toBe(true);
});
