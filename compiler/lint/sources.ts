/// Where the user wrote what a simplified graph computes, and whether the user did: derivatives and rewrites have made
/// values that no line of the model names.
import type { Place } from "../../ir/diagnostic.ts";
import { livingValues, type Graph } from "../../ir/graph.ts";
import type { Value } from "../../ir/value.ts";
import type { Node } from "./node.ts";
import { textOf, type Names } from "./text.ts";

/** Where an operation comes from. */
export interface Source {
  readonly place?: Place | undefined;
  /** It is no part of the model but of a derivative. */
  readonly derived: boolean;
  /** What it fails on, as text: its divisor, the base of a power, else its operand. */
  readonly subject: string | undefined;
  /** It stands in the model as it is. */
  readonly verbatim: boolean;
}

/** Ops that simplification may put for one another. */
const groups: Readonly<Record<string, string>> = {
  ...{ expm1: "exp", exp2: "exp", sinh: "exp", cosh: "exp" },
  ...{ log1p: "log", log1mexp: "log", logsumexp: "log", logaddexp: "log" },
  ...{ rsqrt: "sqrt", pow: "sqrt" },
};

const groupOf = ({ op: { name } }: Value): string => groups[name] ?? name;

/** A line of a file. */
export const lineOf = ({ file, line }: Place): string => `${file}:${line}`;

/** Finds sources; `written` is the graph as the user wrote it, `results` are the nodes that the simplified one gives. */
export function makeSources(
  results: readonly Node[],
  { notes }: Graph,
  written: Graph,
  names: Names,
): (node: Node) => Source {
  const readers = readersOf(results);
  const index = indexOf(written);
  const forward = forwardNodes(results, notes);
  return (node) => {
    const { value } = node;
    const text = textOf(value, names);
    const facts = {
      subject: subjectOf(value, names),
      verbatim: text !== undefined && index.computed(text) !== undefined,
    };
    const exact = index.formula(value, names);
    if (exact) return { place: exact.place, derived: false, ...facts };
    const isDerived = index.differentiates && !forward.has(node);
    // The derivative of f fails on what f computes or reads: where that is written is the cause.
    const cause = facts.subject === undefined || !isDerived ? undefined : index.computed(facts.subject);
    const place = cause ? cause.place : isDerived ? placeBelow(node, forward, notes) : undefined;
    if (cause || place) return { place, derived: true, ...facts };
    const isWritten = (place: Place): boolean => index.lines.has(`${groupOf(value)} ${lineOf(place)}`);
    const own = notes.get(value)?.place;
    const places = [...(own ? [own] : []), ...nearest(node, readers, notes)];
    // What is derived has the place of the value that it is a derivative for, which stands before the formula.
    const last = [...places.filter(isWritten), ...places].reduce<Place | undefined>((best, each) => {
      if (!best || (isWritten(each) && !isWritten(best))) return each;
      return isWritten(each) === isWritten(best) && each.line > best.line ? each : best;
    }, undefined);
    return { place: last, derived: last ? index.differentiates && !isWritten(last) : isDerived, ...facts };
  };
}

/** What the user wrote, by line and by formula. */
interface Index {
  readonly differentiates: boolean;
  readonly lines: ReadonlySet<string>;
  /** The operation of the same kind on what reads the same. */
  formula(value: Value, names: Names): Written | undefined;
  /** What computes the value that reads like this, or reads it to compute something. */
  computed(text: string): Written | undefined;
}

/** Something that the user wrote; in a graph without source it has no place. */
interface Written {
  readonly place: Place | undefined;
}

function indexOf(graph: Graph): Index {
  const names = new Map([...graph.notes].flatMap(([value, { name }]) => (name === undefined ? [] : [[value, name]])));
  const lines = new Set<string>();
  const byName = new Map<string, Value[]>();
  const byText = new Map<string, Written>();
  let differentiates = false;
  for (const value of livingValues(graph)) {
    differentiates ||= value.op.kind === "derivative";
    const place = graph.notes.get(value)?.place;
    if (value.op.kind === "leaf" || value.op.kind === "derivative") continue;
    const text = textOf(value, names);
    if (text !== undefined && !byText.has(text)) byText.set(text, { place });
    if (value.op.kind !== "elementwise" || isPlain(value)) continue;
    // An operand that another line computes as well has its place there.
    if (place) for (const each of [value, ...value.operands]) lines.add(`${groupOf(each)} ${lineOf(place)}`);
    byName.set(value.op.name, [...(byName.get(value.op.name) ?? []), value]);
  }
  const formula = (value: Value, others: Names): Written | undefined => {
    const text = sensitive(value, others);
    if (text === undefined) return undefined;
    const found = byName.get(value.op.name)?.find((each) => sensitive(each, names) === text);
    return found && { place: graph.notes.get(found)?.place };
  };
  return { differentiates, lines, formula, computed: (text) => byText.get(text) };
}

/** What results need that look at no gradient. */
function forwardNodes(results: readonly Node[], notes: Graph["notes"]): ReadonlySet<Node> {
  const below = (result: Node): readonly Node[] => nodesBelow([result]);
  const isGradient = ({ value }: Node): boolean => notes.get(value)?.derivative === "backward";
  return new Set(results.map(below).flatMap((nodes) => (nodes.some(isGradient) ? [] : nodes)));
}

/** The last line of those that compute what a derivative fails on. */
function placeBelow(node: Node, forward: ReadonlySet<Node>, notes: Graph["notes"]): Place | undefined {
  const pending = node.inputs.slice(-1);
  let last: Place | undefined;
  for (const next of pending) {
    if (pending.length > mostNodes) break;
    const place = forward.has(next) && next.value.op.kind !== "leaf" ? notes.get(next.value)?.place : undefined;
    if (!place) pending.push(...next.inputs.filter((each) => !pending.includes(each)));
    else if (!last || place.line > last.line) last = place;
  }
  return last;
}

/** So far away there is no cause any more. */
const mostNodes = 40;

/** What an operation fails on, as text. */
function subjectOf(value: Value, names: Names): string | undefined {
  return value.op.name === "pow" ? textOf(value.operands[0], names) : sensitive(value, names);
}

/** A mean divides as well, but by a number. */
function isPlain({ op, operands }: Value): boolean {
  return op.name === "div" && operands[1].constant;
}

/** What can make an operation fail: its divisor, its operand. */
function sensitive({ operands }: Value, names: Names): string | undefined {
  const operand = operands.at(-1);
  return operand && textOf(operand, names);
}

/** The places of the nearest readers that have one. */
function nearest(node: Node, readers: ReadonlyMap<Node, readonly Node[]>, notes: Graph["notes"]): readonly Place[] {
  const places: Place[] = [];
  const seen = new Set<Node>();
  const pending = [node];
  for (let next = pending.pop(); next; next = pending.pop()) {
    for (const reader of readers.get(next) ?? []) {
      if (seen.has(reader)) continue;
      seen.add(reader);
      const place = notes.get(reader.value)?.place;
      if (place) places.push(place);
      else pending.push(reader);
    }
  }
  return places;
}

function readersOf(results: readonly Node[]): ReadonlyMap<Node, readonly Node[]> {
  const readers = new Map<Node, Node[]>();
  const pending = [...results];
  const seen = new Set<Node>(results);
  for (let node = pending.pop(); node; node = pending.pop()) {
    for (const input of node.inputs) {
      const known = readers.get(input);
      if (known) known.push(node);
      else readers.set(input, [node]);
      if (!seen.has(input)) pending.push(input);
      seen.add(input);
    }
  }
  return readers;
}

/** Every node below results, each once. */
export function nodesBelow(results: readonly Node[]): readonly Node[] {
  return [...new Set([...results, ...readersOf(results).keys()])];
}
