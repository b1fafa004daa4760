/// A graph cut at named values: each becomes a letter, and what only it depends on is gone.
import { graphRoots, graphValues, type Graph, type Note } from "../../ir/graph.ts";
import { letter } from "../../ir/ops/leaf.ts";
import type { Value } from "../../ir/value.ts";
import { valueUnknown } from "../errors.ts";
import { substitution } from "../rewrite/bottom-up.ts";
import { suggestion } from "../../ir/suggest.ts";
import { replaceValues } from "./replace.ts";

/** The graph with the values of these names as letters beside its inputs. Throws `value-unknown`. */
export function stopAt(graph: Graph, names: readonly string[]): Graph {
  const letters = new Map<Value, Value>();
  const notes = new Map<Value, Note>();
  for (const name of names) {
    const value = valueNamed(graph, name);
    if (value.op.kind === "leaf" || letters.has(value)) continue;
    letters.set(value, letter(value.type));
    notes.set(letters.get(value)!, graph.notes.get(value)!);
  }
  if (letters.size === 0) return graph;
  const cut = replaceValues(graph, substitution(letters));
  const stillRead = readLeaves(cut);
  const wereRead = readLeaves(graph);
  const isShown = (leaf: Value): boolean => stillRead.has(leaf) || !wereRead.has(leaf);
  return {
    ...cut,
    inputs: [...graph.inputs.filter(isShown), ...[...letters.values()].filter((each) => stillRead.has(each))],
    states: graph.states.filter(isShown),
    notes: new Map([...cut.notes, ...notes]),
  };
}

/**
 * `derive` keeps what somebody reads: the written graph, with an entry point that reads the values of these names as long
 * as `derive` runs. Names that the graph does not have yet are those of derivatives.
 */
export function deriveReading(graph: Graph, names: readonly string[], derive: (graph: Graph) => Graph): Graph {
  const wanted = new Set(names);
  const outputs = [...graph.notes].flatMap(([value, { name }]) =>
    name !== undefined && wanted.has(name) && value.op.kind !== "leaf" ? [{ name, value }] : [],
  );
  const reading = { name: "stop at", outputs, updates: [] };
  const derived = derive({ ...graph, entryPoints: [...graph.entryPoints, reading] });
  return { ...derived, entryPoints: derived.entryPoints.slice(0, -1) };
}

/** The value that a name stands for. Throws `value-unknown`, with the name that was probably meant. */
export function valueNamed(graph: Graph, name: string): Value {
  const computed = new Set([...graphValues(graph), ...graph.inputs, ...graph.states]);
  const named = new Map<string, Value>();
  for (const [value, note] of graph.notes) {
    if (note.name !== undefined && computed.has(value)) named.set(note.name, value);
  }
  const found = named.get(name);
  if (!found) throw valueUnknown(name, suggestion(name, [...named.keys()]), [...named.keys()]);
  return found;
}

/** Leaves that entry points read or write. */
function readLeaves(graph: Graph): ReadonlySet<Value> {
  const written = graph.entryPoints.flatMap((entry) => entry.updates.map((update) => update.state));
  return new Set([...graphRoots(graph), ...graphValues(graph), ...written]);
}
