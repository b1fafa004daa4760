/// Before and after all test files: adds up what the families of operators came to, and prints one line.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import type { Line } from "./suite.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** File to which each operator appends what its cases came to. */
    opinfoResults: string;
  }
}

const mostMissed = 0.02;

/** Gives the tests a file for their results; returns what reads it in the end. */
export default function setup(project: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), "chainrule-opinfo-"));
  const file = join(directory, "results.jsonl");
  project.provide("opinfoResults", file);
  return () => {
    if (existsSync(file)) report(readFileSync(file, "utf8").trim().split("\n"));
    rmSync(directory, { recursive: true });
  };
}

function report(texts: readonly string[]): void {
  const lines = texts.map((text) => JSON.parse(text) as Line);
  const cases = lines.reduce((total, line) => total + line.cases, 0);
  const missed = lines.flatMap(({ operator, failures }) =>
    failures.map((each) => `  ${operator} #${each.case}: ${each.failure}${each.reason ? ` (${each.reason})` : ""}`),
  );
  for (const line of missed) console.log(line);
  console.log(`opinfo: ${lines.length} operators mapped, ${cases - missed.length} of ${cases} cases pass`);
  if (missed.length <= mostMissed * cases) return;
  console.error(`opinfo: at most ${100 * mostMissed} % of the cases may be missed`);
  process.exitCode = 1;
}
