/// The order of lines: what has a name is said before it is used.
import { formulasIn, formulaText, namesIn, type Definition, type Line } from "./lines.ts";

/** The lines, each before the first that mentions it, without parts that none mentions. */
export function inOrder(lines: readonly Line[], isPart: (name: string) => boolean): readonly Line[] {
  return sortedByUse(lines, namesInLine, ({ name }) => !isPart(name));
}

/** What has names, each before the first that uses it; whatever neither `isWanted` nor used by such is left out. */
export function sortedByUse<Named extends { readonly name: string }>(
  all: readonly Named[],
  usesOf: (each: Named) => Iterable<string>,
  isWanted: (each: Named) => boolean = () => true,
): readonly Named[] {
  const byName = new Map(all.map((each) => [each.name, each]));
  const ordered = new Set<Named>();
  const entered = new Set<Named>();
  const visit = (each: Named): void => {
    if (entered.has(each)) return;
    entered.add(each);
    for (const name of usesOf(each)) {
      const used = byName.get(name);
      if (used) visit(used);
    }
    ordered.add(each);
  };
  all.filter(isWanted).forEach(visit);
  return [...ordered];
}

/** All names in the formulas of a line. */
export function namesInLine(line: Line): ReadonlySet<string> {
  return new Set(formulasIn(line).flatMap(namesIn));
}

/** True where the last that was said of a name is this definition. */
export function isStated({ name, formula }: Definition, said: readonly Definition[]): boolean {
  const last = said.findLast((each) => each.name === name);
  return last !== undefined && formulaText(last.formula) === formulaText(formula);
}
