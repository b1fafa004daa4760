/// The suite of one family of operators, and what it leaves for the tally.
import { appendFileSync } from "node:fs";
import { describe, expect, inject, test } from "vitest";
import type { Operators } from "./call.ts";
import { deviceTolerance, interpreterTolerance } from "./compare.ts";
import { folder, isForeign, openRecording, type Case } from "./data.ts";
import { looser, looserInInterpreter, misses } from "./exceptions.ts";
import { runOperator, type Outcome, type ToleranceOf } from "./run.ts";

/** One line of the file of results. */
export interface Line {
  readonly operator: string;
  readonly cases: number;
  readonly failures: readonly { readonly case: number; readonly failure: string; readonly reason?: string }[];
}

/** A reason why a case is missed, where one is known. */
export function reasonFor(each: Case): string | undefined {
  return misses.find(({ operator, when }) => operator === each.op && (when?.(each) ?? true))?.reason;
}

const toleranceOf: ToleranceOf = (each, witness) => {
  const [list, usual] = witness === "GPU" ? [looser, deviceTolerance] : [looserInInterpreter, interpreterTolerance];
  return list.find(({ operator, when }) => operator === each.op && (when?.(each) ?? true)) ?? usual;
};

/** Declares a test for each operator of the table: all of its recorded cases, against the interpreter and on the GPU. */
export function conformance(family: string, operators: Operators): void {
  const recording = openRecording();
  if (!recording) {
    test.skip(`${family}: no recording in ${folder}`, () => {});
    return;
  }
  describe(family, () => {
    const names = Object.keys(operators).filter((name) => recording.cases.some(({ op }) => op === name));
    for (const name of names) {
      test(name, { timeout: 300_000 }, async () => {
        const cases = recording.cases.filter(({ op }) => op === name);
        const outcomes = await runOperator(operators[name], cases, recording, toleranceOf);
        record(name, outcomes);
        // Cases that nobody here has seen count in the tally, which fails where they are too many.
        if (!isForeign) expect(unexplained(outcomes)).toEqual([]);
      });
    }
  });
}

function unexplained(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.flatMap(({ case: each, failure }) => {
    const reason = reasonFor(each);
    if (failure === undefined) return reason === undefined ? [] : [`#${each.i} passes, but is listed: ${reason}`];
    return reason === undefined ? [`#${each.i} ${failure}`] : [];
  });
}

function record(operator: string, outcomes: readonly Outcome[]): void {
  const failures = outcomes.flatMap(({ case: each, failure }) =>
    failure === undefined ? [] : [{ case: each.i, failure, reason: reasonFor(each) }],
  );
  const line: Line = { operator, cases: outcomes.length, failures };
  appendFileSync(inject("opinfoResults"), `${JSON.stringify(line)}\n`);
}
