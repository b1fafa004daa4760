/// What a page refers to beside the way from the loss to the target: it is defined where the model is.
import { graphValues, type Graph } from "../../ir/graph.ts";
import { namesIn, type Definition, type Formula } from "./lines.ts";
import { isBareNumber, namesBeside } from "./names.ts";
import { sortedByUse } from "./order.ts";
import { shareParts, type Numbering, type Parts } from "./parts.ts";
import { namesOf } from "./stations.ts";

/**
 * The definitions of a model and those of all values that they or the formulas of the page mention, each before the first
 * that mentions it. `parts` have letters already.
 */
export function withMentioned(
  graph: Graph,
  definitions: readonly Definition[],
  formulas: readonly Formula[],
  parts: Parts,
  number: Numbering,
): readonly Definition[] {
  const names = namesOf(graph);
  const computed = graphValues(graph).filter((value) => value.op.kind !== "leaf" && !isBareNumber(value));
  const byName = new Map(computed.flatMap((value) => (names.has(value) ? [[names.get(value)!, value] as const] : [])));
  const all = [...definitions];
  const defined = new Set(definitions.map(({ name }) => name));
  let known = parts;
  const pending = new Set([...definitions.map(({ formula }) => formula), ...formulas].flatMap(namesIn));
  for (const name of pending) {
    const value = byName.get(name);
    if (!value || defined.has(name)) continue;
    defined.add(name);
    const others = namesBeside(names, value);
    const shared = shareParts({ value, names: others }, known, number);
    known = shared.parts;
    const own = [...shared.definitions, { name, formula: shared.formula }];
    all.push(...own);
    for (const each of own.flatMap(({ formula }) => namesIn(formula))) pending.add(each);
  }
  return sortedByUse(all, ({ formula }) => namesIn(formula));
}
