/// Errors of evaluating a graph with numbers.
import { defineError } from "../diagnostic.ts";
import { suggestion } from "../suggest.ts";

/** An input, state or value that an evaluation asks for. */
export interface EvaluationSubject {
  readonly name: string | undefined;
  readonly what: string;
}

export const missingFeed = defineError(
  "missing-feed",
  "Evaluating a graph needs data for every input and state that it reads.",
  (missing: readonly EvaluationSubject[]) => ({
    message: `inputs and states must be given: missing ${missing.map(({ name, what }) => (name ? `${what} "${name}"` : `an unnamed ${what}`)).join(", ")}`,
    help: 'pass them by name: evaluate(graph, { image: [...], "hidden.weight": [...] })',
  }),
);

export const inputUnknown = defineError(
  "unknown-feed",
  "Data is given to inputs, states and settings of the graph, by their names.",
  (name: string, known: readonly string[]) => ({
    message: `data must be for an input, state or setting of the graph: found "${name}", known are ${known.join(", ")}`,
    help: suggestion(name, known),
  }),
);

export const feedLength = defineError(
  "feed-length",
  "Data has as many numbers as its type has elements.",
  (name: string, type: string, expected: number, found: number) => ({
    message: `${name}: ${type} must have ${expected} elements: found ${found}`,
  }),
);

export const unboundSize = defineError(
  "unbound-size",
  "A named size needs a number before anything can be computed.",
  (size: unknown) => ({
    message: `every named size must be bound to a number: "${String(size)}" is not`,
    help: "give it, for example --dim batch=64 or { sizes: { batch: 64 } }",
  }),
);

export const unknownEntryPoint = defineError(
  "unknown-entry-point",
  "A graph is asked for one of its own entry points.",
  (name: string | undefined, known: readonly string[]) => ({
    message:
      name === undefined
        ? `one of several entry points must be chosen: known are ${known.join(", ")}`
        : `an entry point must be one of ${known.join(", ")}: found "${name}"`,
    help: name === undefined ? undefined : suggestion(name, known),
  }),
);
