/// An explanation as sections of equations, for every format.
import { placeText } from "../../ir/diagnostic.ts";
import { layOutBody, loopsBelow } from "../../ir/print/bodies.ts";
import type { Value } from "../../ir/value.ts";
import type { RuleText } from "../rewrite/log.ts";
import type { Factor, GradientExplanation } from "./gradient.ts";
import { formulaText, primed, type Formula, type Line } from "./lines.ts";
import type { Definition } from "./parts.ts";
import { derivativeName, stepName, type Station } from "./stations.ts";

/** One line of an explanation. */
export interface Row {
  /** The name of what is defined; undefined where the line goes on with the one before. */
  readonly left: string | undefined;
  /** Words in the place of a name. */
  readonly label?: string;
  /** Equal, or a map from the cotangent G. */
  readonly relation: "=" | "↦";
  /** A formula, or a sum of products of named derivatives. */
  readonly right: Formula | readonly (readonly string[])[];
  /** The rule, or the place in the model file. */
  readonly note?: string;
}

/** A part with a heading. */
export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly rules?: readonly RuleText[];
}

/** The explanation of a gradient as a document. */
export function gradientDocument(explained: GradientExplanation): readonly Section[] {
  const { graph, loss, target, chain, definitions, factors, prepared, lines, forward } = explained;
  const gradient = derivativeName({ name: loss }, target);
  const places = new Map([...graph.notes.values()].map(({ name, place }) => [name, place && placeText(place)]));
  const definition = ({ name, formula }: Definition): Row => {
    return { left: name, relation: "=", right: formula, note: places.get(name) };
  };
  const sections: readonly (Section | undefined)[] = [
    { title: "The model", rows: definitions.map(definition) },
    ...stepSections(definitions),
    section("Made safe before it is differentiated", prepared.flatMap(lineRows)),
    { title: "The chain rule", rows: chainRows(chain.stations, gradient) },
    {
      title: "Each factor",
      rows: factors.map((each) => ("by" in each ? localRow(each, chain.stations) : definition(each))),
    },
    section("Together", unsimplified(explained)),
    section("Rule by rule", lines.flatMap(lineRows)),
    section("The model, as it is compiled", forward.flatMap(lineRows)),
    {
      title: "The gradient, as it is compiled",
      rows: [...explained.compiledParts, { name: gradient, formula: explained.compiled }].map(definition),
    },
    rulesSection([...prepared, ...lines, ...forward]),
  ];
  return sections.filter((each) => each !== undefined);
}

/** What the loops of formulas repeat: a step each, and what the next step finds in the carries. */
function stepSections(definitions: readonly Definition[]): readonly Section[] {
  const loops = loopsBelow(definitions.map(({ formula }) => formula.value));
  return loops.map((loop): Section => {
    const names = new Map(definitions.flatMap(({ formula }) => [...formula.names]));
    const { body, lines, names: own, automatic } = layOutBody(loop, names);
    const words = new Map([...own, ...automatic]);
    const row = (left: string | undefined, value: Value): Row => {
      return { left, relation: "=", right: { value, names: new Map([...words].filter(([each]) => each !== value)) } };
    };
    const handedOn = body.next.map((value, i): Row => {
      return { left: `${words.get(body.carries[i])}${primed}`, relation: "=", right: { value, names: words } };
    });
    const kept = body.outputs.map((value): Row => {
      return { left: undefined, label: "output", relation: "=", right: { value, names: words } };
    });
    const over = `${body.reverse ? "backwards " : ""}over ${body.length}`;
    return {
      title: `A step of the loop ${over}`,
      rows: [...lines.map((value) => row(words.get(value), value)), ...handedOn, ...kept],
    };
  });
}

/** More than this is easier to read rule by rule. */
const longestProduct = 120;

/** The product of the factors, before any rule: where there is something to put together, and it can be taken in. */
function unsimplified({ chain, loss, target, names }: GradientExplanation): readonly Row[] {
  const value = chain.cotangents.get(chain.target.value)!;
  const right: Formula = { value, names };
  if (chain.locals.length < 2 || formulaText(right).length > longestProduct) return [];
  return [{ left: derivativeName({ name: loss }, target), relation: "=", right }];
}

function section(title: string, rows: readonly Row[]): Section | undefined {
  return rows.length === 0 ? undefined : { title, rows };
}

/** A line and what rules make of it. */
export function lineRows({ name, first, equalities }: Line): readonly Row[] {
  return [
    { left: name, relation: "=", right: first },
    ...equalities.map(({ rule, formula }): Row => ({
      left: undefined,
      relation: "=",
      right: formula,
      note: rule.name,
    })),
  ];
}

/** One product where the way does not branch, else what each value on it gets from its readers. */
function chainRows(stations: readonly Station[], gradient: string): readonly Row[] {
  const [loss] = stations;
  const readersOf = ({ value }: Station): readonly Station[] => stations.filter(({ reads }) => reads.includes(value));
  const factor = (of: Station, by: Station): string => stepName(of, by, stations);
  if (stations.slice(1).every((station) => readersOf(station).length === 1)) {
    const product = stations.slice(1).map((station, i) => factor(stations[i], station));
    if (product.length > 1) return [{ left: gradient, relation: "=", right: [product] }];
  }
  return stations.slice(1).flatMap((station): readonly Row[] => {
    const terms = readersOf(station).map((reader) =>
      reader === loss ? [factor(loss, station)] : [derivativeName(loss, reader.name), factor(reader, station)],
    );
    const left = derivativeName(loss, station.name);
    return terms.length === 1 && terms[0].length === 1 ? [] : [{ left, relation: "=", right: terms }];
  });
}

function localRow({ of, by, formula, letter, names }: Factor, stations: readonly Station[]): Row {
  const left = stepName(of, by, stations);
  return { left, relation: letter ? "↦" : "=", right: { value: formula, names } };
}

/** The rules that lines name, each once. */
export function rulesSection(lines: readonly Line[]): Section | undefined {
  const rules = lines.flatMap(({ equalities }) => equalities.map(({ rule }) => rule));
  const once = [...new Map(rules.map((rule) => [rule.identity, rule])).values()];
  return once.length === 0 ? undefined : { title: "The rules", rows: [], rules: once };
}
