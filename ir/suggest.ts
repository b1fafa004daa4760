/// "Did you mean": the known word nearest to a mistyped one.

import { calledHere } from "./other-words.ts";

/** A question that names the known word that `word` was probably meant to be, or undefined where none is near. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  const near = nearest(word, known);
  return near === undefined ? undefined : didYouMean(near);
}

/** How somebody is asked whether a word was meant. */
export const didYouMean = (word: string): string => `did you mean ${word}?`;

/**
 * The known word that `word` was probably meant to be: what another library calls so, else the only one of which it is the
 * last part, else one that is spelled like it.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const other = known.includes(word) ? undefined : calledHere(word, known);
  if (other !== undefined) return other;
  const scoped = known.includes(word) ? [] : known.filter((each) => each.endsWith(`.${word}`));
  if (scoped.length === 1) return scoped[0];
  const near = known
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => {
      const length = Math.max(word.length, candidate.length);
      return edits < length && edits <= Math.max(1, Math.floor(length / 3));
    })
    .toSorted((a, b) => a.edits - b.edits);
  return near.at(0)?.candidate;
}

/** Edits, of which the rest of a word that somebody began to write is one. */
function distance(word: string, candidate: string): number {
  return word.length >= 3 && candidate.startsWith(word) ? Number(candidate !== word) : editDistance(word, candidate);
}

/** Fewest insertions, deletions, replacements and swaps of neighbours that turn `from` into `to` (Damerau 1964). */
function editDistance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= from.length; row++) {
    const [above, current] = [rows[row - 1], [row]];
    for (let column = 1; column <= to.length; column++) {
      const replaced = above[column - 1] + (from[row - 1] === to[column - 1] ? 0 : 1);
      const isSwap = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const swapped = isSwap ? rows[row - 2][column - 2] + 1 : Infinity;
      current.push(Math.min(replaced, swapped, above[column] + 1, current[column - 1] + 1));
    }
    rows.push(current);
  }
  return rows[from.length][to.length];
}
