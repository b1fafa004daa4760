/// One derivative by itself: what a gradient's derivation says of it, from what reads the value to what is compiled.
import { chainRow, definitionWriter, factorWriter, lineWriter, madeSafe, section } from "./document.ts";
import type { Factor } from "./formulas.ts";
import type { GradientExplanation } from "./gradient.ts";
import { namesIn, type Definition, type Line, type Section } from "./lines.ts";
import { namesBeside } from "./names.ts";
import { namesInLine, sortedByUse } from "./order.ts";
import { derivativeName, namesOf, readersOf, type Station } from "./stations.ts";

/** The line of a derivative in a derivation, and what the line is made of. */
export interface Alone {
  readonly explained: GradientExplanation;
  readonly line: Line;
  /** Letters in the line, each before what is made of it. */
  readonly parts: readonly Line[];
}

/** The derivative that a derivation ends with, without those before it: they have names. */
export function derivativeAlone(explained: GradientExplanation): Alone {
  const { lines, forward, graph } = explained;
  const named = new Set([...namesOf(graph).values(), ...derivativesIn(explained)]);
  const line = lines.at(-1)!;
  const letters = [...forward, ...lines].filter(({ name }) => !named.has(name));
  const all = sortedByUse([...letters, line], namesInLine, (each) => each === line);
  return { explained, line, parts: all.slice(0, -1) };
}

/** The way to the derivative as sections: the values that are mentioned, its place in the chain rule, and the rules. */
export function aloneSections({ explained, line, parts }: Alone, title: string): readonly Section[] {
  const { chain, target } = explained;
  const shown = [...parts, line];
  const writtenOut = stationsWrittenOut(explained, new Set(shown.flatMap((each) => [...namesInLine(each)])));
  const factors = explained.factors.filter((each) => "by" in each && writtenOut.has(each.by));
  const mentionedNames = [...factors.flatMap(namesInFactor), ...shown.flatMap((each) => [...namesInLine(each)])];
  const readers = readersOf(chain.target, chain.stations).map(({ name }) => name);
  const factorRow = factorWriter(chain.stations);
  const rows = [...writtenOut].flatMap((station) => chainRow(station, chain.stations));
  const definitions = definitionsOf(explained, new Set([target, ...readers, ...mentionedNames]));
  return [
    { title, rows: definitions.map(definitionWriter(explained.graph)) },
    section(madeSafe, preparedIn(explained, definitions).flatMap(lineWriter())),
    section("The chain rule", rows),
    section(
      "Each factor",
      factors.flatMap((each) => ("by" in each ? [factorRow(each)] : [])),
    ),
    section("Rule by rule", shown.flatMap(lineWriter())),
  ].flatMap((each) => each ?? []);
}

/** The target, and what reads it as far as no line refers to the derivative by its name. */
function stationsWrittenOut({ chain, loss }: GradientExplanation, inLines: ReadonlySet<string>): ReadonlySet<Station> {
  const found = new Set([chain.target]);
  for (const station of found) {
    for (const reader of readersOf(station, chain.stations)) {
      if (reader !== chain.loss && !inLines.has(derivativeName({ name: loss }, reader.name))) found.add(reader);
    }
  }
  return found;
}

/** What some names stand for, and the letters in that. */
function definitionsOf(
  { graph, definitions, factors, target }: GradientExplanation,
  wanted: ReadonlySet<string>,
): readonly Definition[] {
  const names = namesOf(graph);
  const [value] = [...names].find(([, name]) => name === target)!;
  const own: Definition = { name: target, formula: { value, names: namesBeside(names, value) } };
  const outside = factors.flatMap((each) => ("by" in each ? [] : [each]));
  const all = [...(definitions.some(({ name }) => name === target) ? [] : [own]), ...definitions, ...outside].filter(
    ({ formula }) => formula.value.op.kind !== "leaf",
  );
  const known = new Set(names.values());
  const lettersIn = ({ formula }: Definition): readonly string[] => namesIn(formula).filter((name) => !known.has(name));
  const found = new Set(sortedByUse(all, lettersIn, ({ name }) => wanted.has(name)));
  return sortedByUse([...found], ({ formula }) => namesIn(formula));
}

/** What is differentiated in the place of the formulas that are shown. */
function preparedIn({ prepared }: GradientExplanation, definitions: readonly Definition[]): readonly Line[] {
  const shown = new Set(definitions.map(({ name }) => name));
  return sortedByUse(prepared, namesInLine, ({ name }) => shown.has(name));
}

function derivativesIn({ chain, loss }: GradientExplanation): readonly string[] {
  return chain.stations.map(({ name }) => derivativeName({ name: loss }, name));
}

function namesInFactor(factor: Definition | Factor): readonly string[] {
  if (!("by" in factor)) return namesIn(factor.formula);
  const { formula, names, within } = factor;
  return [{ value: formula, names }, ...within.map((each) => each.formula)].flatMap(namesIn);
}
