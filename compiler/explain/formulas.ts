/// The formulas that a derivation begins with: those of the model and their local derivatives, in terms of the same parts.
import type { Graph } from "../../ir/graph.ts";
import { postorder, type Value } from "../../ir/value.ts";
import { cotangentLetter, type Chain, type LocalDerivative } from "./chain.ts";
import { endOf, type Course } from "./derivation.ts";
import type { Definition } from "./lines.ts";
import { isBareNumber, namesBeside, namesBut } from "./names.ts";
import { nameParts, shareParts, type NamedCourse, type Numbering, type Parts } from "./parts.ts";
import type { Moment } from "./replay.ts";
import { namesOf } from "./stations.ts";

/** A local derivative, and what it may refer to. */
export interface Factor extends LocalDerivative {
  readonly names: ReadonlyMap<Value, string>;
  /** Parts that it shares and that hang on its letter. */
  readonly within: readonly Definition[];
}

/** What the formulas are taken from. */
export interface Source {
  readonly graph: Graph;
  readonly chain: Chain;
  /** What is done to the model's formulas before they are differentiated. */
  readonly written: Course;
  /** Names of the model's values between the loss and the target. */
  readonly onTheWay: readonly string[];
  /** A value of the graph without placeholders of derivatives. */
  expanded(value: Value): Value;
}

/** The formulas, with names for their parts. */
export interface Formulas {
  /** As the model has them, each after the parts that it shares. */
  readonly model: Defined;
  readonly ofModel: Parts;
  /** As they are differentiated. */
  readonly forward: NamedCourse;
  readonly names: ReadonlyMap<Value, string>;
  readonly local: { readonly factors: readonly (Definition | Factor)[]; readonly parts: Parts };
  /** Goes on where the names of these parts stop. */
  readonly number: Numbering;
}

/** Definitions, and the parts among them. */
interface Defined {
  readonly definitions: readonly Definition[];
  readonly parts: Parts;
}

/** Names parts of the formulas; what a local derivative reads of a formula has its name from there on. */
export function formulasOf(source: Source, numbering: () => Numbering): Formulas {
  const first = withParts(source, numbering(), new Set());
  const read = first.local.factors.flatMap((each) => ("by" in each ? [] : [each.formula.value]));
  const written = new Set(postorder(first.model.definitions.map(({ formula }) => formula.value)));
  const wanted = new Set(read.filter((value) => written.has(value)));
  return wanted.size === 0 ? first : withParts(source, numbering(), wanted);
}

function withParts(
  { graph, chain, written, onTheWay, expanded }: Source,
  number: Numbering,
  wanted: ReadonlySet<Value>,
): Formulas {
  const model = definitionsOf(graph, chain, number, wanted);
  const known = new Set(written.start.keys());
  const ofModel = new Map([...model.parts].map(([name, value]) => [name, expanded(value)]));
  const forward = nameParts(written, [...ofModel.keys(), ...onTheWay], known, ofModel, number);
  const names = calledAt(endOf(forward.course));
  return { model, ofModel, forward, names, local: factorsOf(chain, names, forward.parts, number), number };
}

/** What values are called, but for numbers that stand in many places: a zero state is no derivative. */
export function calledAt(moment: Moment): ReadonlyMap<Value, string> {
  return new Map([...moment].flatMap(([name, value]) => (isBareNumber(value) ? [] : [[value, name] as const])));
}

/** The formulas of the model's values on the way, the loss last. */
function definitionsOf(graph: Graph, chain: Chain, number: Numbering, wanted: ReadonlySet<Value>): Defined {
  const names = namesOf(graph);
  const definitions: Definition[] = [];
  let parts: Parts = new Map();
  for (const { name } of chain.stations.filter((station) => station !== chain.target).toReversed()) {
    const [value] = [...names].find(([, each]) => each === name)!;
    const shared = shareParts({ value, names: namesBeside(names, value) }, parts, number, wanted);
    definitions.push(...shared.definitions, { name, formula: shared.formula });
    parts = shared.parts;
  }
  return { definitions, parts };
}

/** The local derivatives in their order; the letter of a cotangent has its name in each of them. */
function factorsOf(
  chain: Chain,
  names: ReadonlyMap<Value, string>,
  given: Parts,
  number: Numbering,
): Formulas["local"] {
  const factors: (Definition | Factor)[] = [];
  let parts = given;
  for (const local of chain.locals) {
    const own = local.letter ? namesBut(names, new Map([[local.letter, cotangentLetter]])) : names;
    const shared = shareParts({ value: local.formula, names: own }, parts, number);
    const hangs = ({ formula }: Definition): boolean => postorder([formula.value]).includes(local.letter!);
    const within = shared.definitions.filter(hangs);
    const outside = shared.definitions.filter((each) => !hangs(each));
    factors.push(...outside, { ...local, names: shared.formula.names, within });
    const inner = new Set(within.map(({ name }) => name));
    parts = new Map([...shared.parts].filter(([name]) => !inner.has(name)));
  }
  return { factors, parts };
}
