/// Numbers of a derived model, for tests that compare formulas.
import { expect } from "vitest";
import { derive } from "../../../compiler/passes/all.ts";
import { input, type EntryPointRecord, type Value } from "../../../ir/index.ts";
import { graphOf, numbers, opNames, output, randomFeeds } from "../symbolic.ts";

/** Derives a model with the outputs that a test names, and gives the numbers of each. */
export function outcomes(define: () => EntryPointRecord, seed = 3): (name: string) => readonly number[] {
  const graph = derive(graphOf(define));
  expect([...opNames(graph)].filter((name) => /grad|jvp|vjp|letter|stopGradient|withDerivative/.test(name))).toEqual(
    [],
  );
  const feeds = randomFeeds(
    graph.entryPoints[0].outputs.map(({ value }) => value),
    seed,
  );
  return (name) => numbers(output(graph, name), feeds);
}

/** Compares element by element. */
export function expectEqual(found: readonly number[], expected: readonly number[], digits = 9): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((each, position) => expect(each).toBeCloseTo(expected[position], digits));
}

/** An input of one axis. */
export const vector = (name: string, length = 4): Value => input(name, "f32", [length]);
