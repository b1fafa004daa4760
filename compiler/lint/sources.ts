/// Where the user wrote what a simplified graph computes, and whether the user did: derivatives and rewrites have made
/// values that no line of the model names.
import type { Place } from "../../ir/diagnostic.ts";
import { livingValues, type Graph } from "../../ir/graph.ts";
import type { Value } from "../../ir/value.ts";
import type { Node } from "./node.ts";
import { textOf, type Names } from "./text.ts";

/** Where an operation comes from. */
export interface Source {
  readonly place?: Place;
  /** It is no part of the model but of a derivative. */
  readonly derived: boolean;
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
  return (node) => {
    const { value } = node;
    const exact = index.formula(value, names);
    if (exact) return { place: exact, derived: false };
    const isWritten = (place: Place): boolean => index.lines.has(`${groupOf(value)} ${lineOf(place)}`);
    const own = notes.get(value)?.place;
    const places = [...(own ? [own] : []), ...nearest(node, readers, notes)];
    // What is derived has the place of the value that it is a derivative for, which stands before the formula.
    const last = [...places.filter(isWritten), ...places].reduce<Place | undefined>((best, each) => {
      if (!best || (isWritten(each) && !isWritten(best))) return each;
      return isWritten(each) === isWritten(best) && each.line > best.line ? each : best;
    }, undefined);
    return { place: last, derived: index.differentiates && last !== undefined && !isWritten(last) };
  };
}

/** What the user wrote, by line and by formula. */
interface Index {
  readonly differentiates: boolean;
  readonly lines: ReadonlySet<string>;
  /** The place of the operation of the same kind on what reads the same. */
  formula(value: Value, names: Names): Place | undefined;
}

function indexOf(graph: Graph): Index {
  const names = new Map([...graph.notes].flatMap(([value, { name }]) => (name === undefined ? [] : [[value, name]])));
  const lines = new Set<string>();
  const byName = new Map<string, Value[]>();
  let differentiates = false;
  for (const value of livingValues(graph)) {
    differentiates ||= value.op.kind === "derivative";
    const place = graph.notes.get(value)?.place;
    if (!place || value.op.kind !== "elementwise" || isPlain(value)) continue;
    // An operand that another line computes as well has its place there.
    for (const each of [value, ...value.operands]) lines.add(`${groupOf(each)} ${lineOf(place)}`);
    byName.set(value.op.name, [...(byName.get(value.op.name) ?? []), value]);
  }
  const formula = (value: Value, others: Names): Place | undefined => {
    const text = sensitive(value, others);
    if (text === undefined) return undefined;
    const found = byName.get(value.op.name)?.find((each) => sensitive(each, names) === text);
    return found && graph.notes.get(found)?.place;
  };
  return { differentiates, lines, formula };
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
