/// What is derived in the same steps is derived once: layers of one kind differ by names alone.
import { formulaText, mentioned, type Formula, type Line } from "./lines.ts";

/** Formulas without their names: those that are alike have equal texts. */
export interface Pattern {
  readonly text: string;
  /** What they mention, in order: the names of alike formulas correspond. */
  readonly names: readonly string[];
}

/** What formulas have in common with others that only name other things. */
export function patternOf(formulas: readonly Formula[]): Pattern {
  const numbers = new Map<string, number>();
  const texts = formulas.map((formula) => {
    const names = [...mentioned(formula)].map(([value, name]) => {
      if (!numbers.has(name)) numbers.set(name, numbers.size);
      return [value, `name${numbers.get(name)}`] as const;
    });
    return formulaText({ value: formula.value, names: new Map(names) });
  });
  return { text: texts.join("\n"), names: [...numbers.keys()] };
}

/** The pattern of a line: its formulas and the rules between them. */
export function linePattern({ first, equalities }: Line): string {
  const { text } = patternOf([first, ...equalities.map(({ formula }) => formula)]);
  return [text, ...equalities.map(({ rule }) => rule.name)].join("\n");
}
