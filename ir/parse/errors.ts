/// Errors in the text of a graph.
import { defineError } from "../diagnostic.ts";

export const graphSyntax = defineError(
  "graph-syntax",
  "The text of a graph follows the notation that `chainrule print` writes.",
  (wanted: string, found: string) => ({ message: `expected ${wanted}: found ${found}` }),
);

export const unknownWord = defineError(
  "unknown-word",
  "The text of a graph refers to values, sizes and ops that are declared above it.",
  (word: string) => ({ message: `a name must be declared before it is used: found "${word}"` }),
);
