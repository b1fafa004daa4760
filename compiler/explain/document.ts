/// An explanation as sections of equations, for every format.
import { placeText } from "../../ir/diagnostic.ts";
import type { Graph } from "../../ir/graph.ts";
import type { Value } from "../../ir/value.ts";
import { valueNamed } from "../passes/stop-at.ts";
import { linePattern, patternOf } from "./alike.ts";
import type { Factor } from "./formulas.ts";
import type { GradientExplanation } from "./gradient.ts";
import { formulaText, type Definition, type Formula, type Line, type Row, type Section } from "./lines.ts";
import { holdsWayBack, lettersBack, stepSections, stepsBack, wayBack } from "./loops.ts";
import { stepFactors } from "./step-factors.ts";
import { derivativeName, isImmediate, isOneProduct, readersOf, stepName, type Station } from "./stations.ts";

/** The heading of what stabilising rules make of the model's formulas. */
export const madeSafe = "Made safe before it is differentiated";

/** The explanation of a gradient as a document. */
export function gradientDocument(explained: GradientExplanation): readonly Section[] {
  const { graph, loss, target, chain, definitions, factors, prepared, lines, forward, inSteps } = explained;
  const gradient = derivativeName({ name: loss }, target);
  const definition = definitionWriter(graph);
  const formulas = definitions.map(({ formula }) => formula);
  const steps = stepSections(formulas, inSteps);
  const back = stepsBack(explained.compiled.value, explained.compiledNames, inSteps, steps);
  const letters = lettersBack(explained.compiled.value, explained.compiledNames, inSteps);
  const ends = [loss, target].map((name) => valueNamed(graph, name)) as [Value, Value];
  const factorsOfSteps = back.length === 0 ? [] : stepFactors(formulas, ends, inSteps);
  const lineRows = lineWriter();
  const localRow = factorWriter(chain.stations);
  const sections: readonly (Section | undefined)[] = [
    { title: "The model", rows: [...definitions.map(definition), ...aliasRows(explained)] },
    ...steps,
    section(madeSafe, prepared.flatMap(lineRows)),
    section("The chain rule", chainRows(chain.stations, gradient)),
    {
      title: "Each factor",
      rows: factors.map((each) => ("by" in each ? localRow(each) : definition(each))),
    },
    ...factorsOfSteps,
    ...back,
    section("Together", unsimplified(explained)),
    section("Rule by rule", lines.flatMap(lineRows)),
    section("The model, as it is compiled", forward.flatMap(lineRows)),
    {
      title: "The gradient, as it is compiled",
      rows: [
        ...explained.compiledParts,
        { name: gradient, formula: explained.compiled },
        ...(explained.divided ? [explained.divided] : []),
      ].map(definition),
    },
    rulesSection([...prepared, ...lines, ...forward]),
  ];
  return sections.flatMap((each) => (each ? [withLetters(each, letters)] : []));
}

/** Writes what a name stands for, with its place in the model file. */
export function definitionWriter(graph: Graph): (definition: Definition) => Row {
  const places = new Map([...graph.notes.values()].map(({ name, place }) => [name, place && placeText(place)]));
  return ({ name, formula }) => ({ left: name, relation: "=", right: formula, note: places.get(name) });
}

/** What an output is, which has the name of a value beside its own. */
function aliasRows({ aliases, graph }: GradientExplanation): readonly Row[] {
  return aliases.map(([left, name]): Row => {
    const value = valueNamed(graph, name);
    return { left, relation: "=", right: { value, names: new Map([[value, name]]) } };
  });
}

/** Formulas in which the letters of loops have names as well. */
export function withLetters(section: Section, letters: ReadonlyMap<Value, string>): Section {
  if (letters.size === 0) return section;
  const rows = section.rows.map((row): Row => {
    if (!("value" in row.right)) return row;
    const named = ({ value, names }: Formula): Formula => ({ value, names: new Map([...letters, ...names]) });
    const within = row.within?.map(({ name, formula }) => ({ name, formula: named(formula) }));
    return { ...row, right: named(row.right), within };
  });
  return { ...section, rows };
}

/** More than this is easier to read rule by rule. */
const longestProduct = 120;

/** The product of the factors, before any rule: where there is something to put together, and it can be taken in. */
function unsimplified({ chain, loss, target, names }: GradientExplanation): readonly Row[] {
  const value = chain.cotangents.get(chain.target.value)!;
  const right: Formula = { value, names };
  if (chain.locals.length < 2 || holdsWayBack(right) || formulaText(right).length > longestProduct) return [];
  return [{ left: derivativeName({ name: loss }, target), relation: "=", right }];
}

/** A section, unless there is nothing to say. */
export function section(title: string, rows: readonly Row[]): Section | undefined {
  return rows.length === 0 ? undefined : { title, rows };
}

/** Writes a line and what rules make of it; of steps that an earlier line has taken already, what comes of them. */
export function lineWriter(): (line: Line) => readonly Row[] {
  const seen = new Map<string, string>();
  return (line) => {
    const { name, first, equalities } = line;
    const pattern = linePattern(line);
    const like = seen.get(pattern);
    if (like === undefined) seen.set(pattern, name);
    const isShort = like === undefined || equalities.length < 2;
    const shown = isShort ? equalities : equalities.slice(-1);
    const rows = shown.map(({ rule, formula }): Row => {
      return { left: undefined, relation: "=", right: formula, note: isShort ? rule.name : `as ${like}` };
    });
    return [{ left: name, relation: "=", right: first }, ...rows];
  };
}

/** One product where the way does not branch, else what each value on it gets from its readers. */
function chainRows(stations: readonly Station[], gradient: string): readonly Row[] {
  if (isOneProduct(stations)) {
    const product = stations.slice(1).map((station, i) => stepName(stations[i], station, stations));
    if (product.length > 1) return [{ left: gradient, relation: "=", right: [product] }];
  }
  return stations.slice(1).flatMap((station) => chainRow(station, stations));
}

/** What a value on the way gets from its readers; nothing where the loss alone reads it. */
export function chainRow(station: Station, stations: readonly Station[]): readonly Row[] {
  const [loss] = stations;
  const terms = readersOf(station, stations).map((reader) => {
    const step = stepName(reader, station, stations);
    return reader === loss ? [step] : [derivativeName(loss, reader.name), step];
  });
  const left = derivativeName(loss, station.name);
  const note = terms.flat().some(isImmediate) ? "∂⁺: through the formula of the loss itself" : undefined;
  return terms.length === 1 && terms[0].length === 1 ? [] : [{ left, relation: "=", right: terms, note }];
}

/** Writes local derivatives; one with lines of its own that differs from an earlier one by names alone says by which. */
export function factorWriter(stations: readonly Station[]): (factor: Factor) => Row {
  const seen = new Map<string, { readonly left: string; readonly names: readonly string[] }>();
  return ({ of, by, formula, letter, names, within }) => {
    const left = stepName(of, by, stations);
    const right: Formula = { value: formula, names };
    if (letter && holdsWayBack(right)) return { left, relation: "↦", right, words: wayBack };
    const pattern = patternOf([...within.map((each) => each.formula), right]);
    const like = within.length > 0 ? seen.get(pattern.text) : undefined;
    if (!like) seen.set(pattern.text, { left, names: pattern.names });
    const own = new Set(within.map(({ name }) => name));
    const changed = pattern.names.map((name, i) => [name, like?.names[i] ?? name] as const);
    const pairs = changed.filter(([name, other]) => name !== other && !own.has(name));
    const words = like && `as in ${like.left}, with ${pairs.map(([name, other]) => `${name} for ${other}`).join(", ")}`;
    return { left, relation: letter ? "↦" : "=", right, within: words === undefined ? within : [], words };
  };
}

/** The rules that lines name, each once. */
export function rulesSection(lines: readonly Line[]): Section | undefined {
  const rules = lines.flatMap(({ equalities }) => equalities.map(({ rule }) => rule));
  const once = [...new Map(rules.map((rule) => [rule.identity, rule])).values()];
  return once.length === 0 ? undefined : { title: "The rules", rows: [], rules: once };
}
