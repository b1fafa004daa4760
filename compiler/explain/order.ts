/// The order of lines: what has a letter is said before it is used.
import { formulaText, mentioned, type Definition, type Line } from "./lines.ts";

/** The lines, each part before the first that mentions it, without parts that none mentions. */
export function inOrder(lines: readonly Line[], isPart: (name: string) => boolean): readonly Line[] {
  const byName = new Map(lines.map((line) => [line.name, line]));
  const ordered = new Set<Line>();
  const entered = new Set<Line>();
  const visit = (line: Line): void => {
    if (entered.has(line)) return;
    entered.add(line);
    for (const name of mentionedBy(line)) {
      const part = isPart(name) ? byName.get(name) : undefined;
      if (part) visit(part);
    }
    ordered.add(line);
  };
  // A part comes by way of what mentions it.
  lines.filter(({ name }) => !isPart(name)).forEach(visit);
  return [...ordered];
}

function mentionedBy({ first, equalities }: Line): ReadonlySet<string> {
  return new Set([first, ...equalities.map(({ formula }) => formula)].flatMap((each) => [...mentioned(each).values()]));
}

/** True where the last that was said of a name is this definition. */
export function isStated({ name, formula }: Definition, said: readonly Definition[]): boolean {
  const last = said.findLast((each) => each.name === name);
  return last !== undefined && formulaText(last.formula) === formulaText(formula);
}
