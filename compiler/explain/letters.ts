/// One letter for one value: what `print --gradient` calls `v3` is `v3` in an explanation, and nothing else is.
import type { Graph } from "../../ir/graph.ts";
import { layOutPage } from "../../ir/print/page.ts";
import type { Value } from "../../ir/value.ts";
import type { Definition, Formula, Line } from "./lines.ts";
import { renamedNames } from "./names.ts";
import { partNumbering } from "./parts.ts";

/** What a printed page calls the values without a name, and all names that it makes up. */
export interface PrintedLetters {
  readonly letters: ReadonlyMap<Value, string>;
  /** What is in the bodies of its loops, letters of bodies included. */
  readonly inSteps: ReadonlyMap<Value, string>;
  readonly taken: ReadonlySet<string>;
}

/** The letters of the page that `print --gradient` prints of a derived graph. */
export function printedLetters(derived: Graph): PrintedLetters {
  const { automatic, loops } = layOutPage(derived);
  const inSteps = new Map([...loops.values()].flatMap((body) => [...body.names, ...body.automatic]));
  return { letters: automatic, inSteps, taken: new Set([...automatic.values(), ...inSteps.values()]) };
}

/** Letters of an explanation → those that the reader gets. */
export type Renaming = ReadonlyMap<string, string>;

/**
 * Parts are called what the printed page calls what they are in the end, and others by letters that it has not; `others` are
 * names that the explanation uses besides.
 */
export function inPrintedLetters(
  parts: Iterable<readonly [string, Value]>,
  { letters, taken }: PrintedLetters,
  others: Iterable<string>,
): Renaming {
  const renaming = new Map<string, string>();
  const given = new Set<string>();
  const rest: string[] = [];
  for (const [name, end] of parts) {
    const letter = letters.get(end);
    if (letter === undefined || given.has(letter)) rest.push(name);
    else renaming.set(name, letter);
    if (letter !== undefined) given.add(letter);
  }
  const next = partNumbering([...taken, ...others]);
  for (const name of rest) renaming.set(name, next());
  return renaming;
}

/** Parts in the order in which a page defines them, and then the others: letters are counted so, without gaps. */
export function shownFirst<Part extends readonly [string, Value]>(
  parts: Iterable<Part>,
  shown: Iterable<string>,
): readonly Part[] {
  const places = new Map([...new Set(shown)].map((name, place) => [name, place]));
  const placeOf = ([name]: Part): number => places.get(name) ?? places.size;
  return [...parts].sort((a, b) => placeOf(a) - placeOf(b));
}

/** A formula in other letters. */
export function renamedFormula({ value, names }: Formula, renaming: Renaming): Formula {
  return { value, names: renamedNames(names, renaming) };
}

/** A definition in other letters. */
export function renamedDefinition({ name, formula }: Definition, renaming: Renaming): Definition {
  return { name: renaming.get(name) ?? name, formula: renamedFormula(formula, renaming) };
}

/** A line in other letters. */
export function renamedLine({ name, first, equalities, last }: Line, renaming: Renaming): Line {
  return {
    name: renaming.get(name) ?? name,
    first: renamedFormula(first, renaming),
    equalities: equalities.map(({ rule, formula }) => ({ rule, formula: renamedFormula(formula, renaming) })),
    last: renamedFormula(last, renaming),
  };
}
