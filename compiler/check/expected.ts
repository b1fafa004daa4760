/// What a device should find: the formulas as they are written, so that a wrong rewrite shows, in float64.
import { evaluateValues, prepareEvaluation } from "../../ir/evaluate.ts";
import type { EntryPoint, Graph } from "../../ir/graph.ts";
import type { Value } from "../../ir/value.ts";
import { drawLeaves, type LeafData } from "./data.ts";
import { magnitudeOf } from "./magnitudes.ts";

/** One model twice, without derivatives to take; both have the same leaves, entry points and results. */
export interface Witnesses {
  /** No rule has touched it. */
  readonly written: Graph;
  /** What kernels are made of. */
  readonly simplified: Graph;
}

/** The numbers of one output or updated state. */
export interface Expected {
  /** As written; where that is not finite, as simplified: an unstable formula overflows in float64 too. */
  readonly numbers: Float64Array;
  readonly simplified: Float64Array;
  /** How many of the numbers are the simplified graph's alone. */
  readonly onlySimplified: number;
  /** What the numbers would be if nothing cancelled in the formula as written. */
  uncancelled(): Float64Array;
}

/** Data for the leaves, and what the results of an entry point should be, outputs before updates. */
export interface Drawn {
  readonly data: LeafData;
  readonly expected: readonly Expected[];
}

/** Normal inputs, or inputs in (0, 1) where the model wants these to give finite numbers. */
export function drawExpected(
  { written, simplified }: Witnesses,
  position: number,
  sizes: Readonly<Record<string, number>>,
  seed: number,
): Drawn {
  const results = resultsOf(written.entryPoints[position]);
  const evaluateWritten = prepareResults(results, sizes);
  const evaluateSimplified = prepareResults(resultsOf(simplified.entryPoints[position]), sizes);
  const draw = (range: "normal" | "unit"): Drawn => {
    const data = drawLeaves(written, sizes, seed, range);
    const others = evaluateSimplified(data);
    const uncancelled = (place: number) => (): Float64Array => {
      const magnitude = magnitudeOf(results[place]);
      return evaluateValues([magnitude], data, sizes).get(magnitude)!;
    };
    const expected = evaluateWritten(data).map((numbers, place) => ({
      ...completed(numbers, others[place]),
      uncancelled: uncancelled(place),
    }));
    return { data, expected };
  };
  const normal = draw("normal");
  return normal.expected.every(({ numbers }) => numbers.every(Number.isFinite)) ? normal : draw("unit");
}

const resultsOf = ({ outputs, updates }: EntryPoint): readonly Value[] =>
  [...outputs, ...updates].map(({ value }) => value);

function prepareResults(
  results: readonly Value[],
  sizes: Readonly<Record<string, number>>,
): (data: LeafData) => readonly Float64Array[] {
  const evaluate = prepareEvaluation(results, sizes);
  return (data) => {
    const found = evaluate(data);
    return results.map((value) => found.get(value)!);
  };
}

function completed(written: Float64Array, simplified: Float64Array): Omit<Expected, "uncancelled"> {
  const isMissing = (number: number, index: number): boolean =>
    !Number.isFinite(number) && !Object.is(number, simplified[index]);
  return {
    numbers: written.map((number, index) => (isMissing(number, index) ? simplified[index] : number)),
    simplified,
    onlySimplified: written.filter(isMissing).length,
  };
}
