/// Graphs as JSON, and back: every value with its op, operands, attributes, type, name and place. docs/graph-json.md.
import type { Place } from "../../ir/diagnostic.ts";
import type { Dim } from "../../ir/dim.ts";
import type { Graph, Note } from "../../ir/graph.ts";
import { allOps } from "../../ir/ops/all.ts";
import { layOutPage, type PrintOptions } from "../../ir/print/page.ts";
import { formatType, sameType, type TensorType } from "../../ir/type.ts";
import { apply, postorder, type Op, type Value } from "../../ir/value.ts";
import { graphData } from "../errors.ts";
import { readAttributes, ruleAttributes, writeAttributes, type JsonData, type PartsAt } from "./json-attributes.ts";
import { closedParts, readBodyData, readRuleData, writeBody, writeRule } from "./json-parts.ts";
import type { BodyData, RuleData } from "./json-parts.ts";

/** The version of the schema. */
const graphVersion = 1;

/** One value: `op` applied to the values whose ids are `operands`. */
export interface ValueData {
  readonly id: number;
  readonly op: string;
  readonly operands: readonly number[];
  readonly attrs: JsonData;
  readonly type: TensorType;
  readonly name?: string;
  readonly aliases?: readonly string[];
  readonly place?: Place;
  /** Of a derivative: which half of a step it belongs to. */
  readonly derivative?: Note["derivative"];
  /** Of an input that holds labels: numbers of classes. */
  readonly classes?: readonly Dim[];
}

/** A graph as plain data. Values stand after their operands; other parts refer to their ids. */
export interface GraphData {
  readonly chainruleGraph: number;
  readonly name: string;
  readonly inputs: readonly number[];
  readonly states: readonly number[];
  readonly entryPoints: readonly {
    readonly name: string;
    readonly outputs: readonly { readonly name: string; readonly value: number }[];
    readonly updates: readonly { readonly state: number; readonly value: number }[];
  }[];
  /** Bodies of loops, which attributes refer to by their place. */
  readonly bodies: readonly BodyData[];
  /** Derivatives that the model supplies, which attributes refer to by their place. */
  readonly rules: readonly RuleData[];
  readonly values: readonly ValueData[];
}

/** The graph as JSON, one value a line. The same values are shown as in the printed text. */
export function formatJson(graph: Graph, options: PrintOptions = {}): string {
  const { values, ...head } = graphAsData(graph, options);
  const lines = Object.entries(head).map(([key, part]) => `  ${JSON.stringify(key)}: ${JSON.stringify(part)}`);
  const rows = values.map((value) => `    ${JSON.stringify(value)}`);
  return `{\n${[...lines, `  "values": [\n${rows.join(",\n")}\n  ]`].join(",\n")}\n}\n`;
}

/** The graph as plain data. */
export function graphAsData(graph: Graph, options: PrintOptions = {}): GraphData {
  const { inputs, states, parts, names } = layOutPage(graph, options);
  const written = parts.flatMap(({ updates }) => updates.map((update) => update.state));
  const roots = [...inputs, ...states, ...written, ...parts.flatMap((part) => part.roots)];
  const closed = closedParts(roots);
  const order = [...new Set([...closed.values.flatMap((part) => postorder(part)), ...postorder(roots)])];
  const ids = new Map(order.map((value, id) => [value, id]));
  const id = (value: Value): number => ids.get(value)!;
  const places = placesOf(graph, order);
  return {
    chainruleGraph: graphVersion,
    name: graph.name,
    inputs: inputs.map(id),
    states: states.map(id),
    entryPoints: parts.map(({ entry, updates }) => ({
      name: entry.name,
      outputs: entry.outputs.map(({ name, value }) => ({ name, value: id(value) })),
      updates: updates.map(({ state, value }) => ({ state: id(state), value: id(value) })),
    })),
    bodies: closed.bodies.map((body) => writeBody(body, id)),
    rules: closed.rules.map((rule) => writeRule(rule, id)),
    values: order.map((value): ValueData => {
      const { aliases, classes, derivative } = graph.notes.get(value) ?? {};
      const rule = closed.placeOf(value);
      const place = places.get(value);
      const name = names.get(value);
      const { dtype, shape } = value.type;
      return {
        id: id(value),
        op: value.op.name,
        operands: value.operands.map(id),
        attrs: rule === undefined ? writeAttributes(value.attrs, closed.bodies) : ruleAttributes(rule),
        type: { dtype, shape },
        ...(name === undefined ? {} : { name }),
        ...(aliases ? { aliases } : {}),
        ...(place ? { place } : {}),
        ...(derivative ? { derivative } : {}),
        ...(classes ? { classes } : {}),
      };
    }),
  };
}

/** Where values come from: what a rule has made comes from where its first user does. */
function placesOf({ notes }: Graph, order: readonly Value[]): ReadonlyMap<Value, Place> {
  const places = new Map<Value, Place>();
  for (const value of order.toReversed()) {
    const place = notes.get(value)?.place ?? places.get(value);
    if (!place) continue;
    places.set(value, place);
    for (const operand of value.operands) if (!places.has(operand)) places.set(operand, place);
  }
  return places;
}

/** The graph that `formatJson` wrote. Throws `graph-data` and the errors of the ops. */
export function readGraphJson(text: string): Graph {
  const data = readData(text);
  const ops = new Map(allOps().map((op) => [op.name, op]));
  const values: Value[] = [];
  const parts = partsReader(data, values);
  const notes = new Map<Value, Note>();
  for (const entry of data.values) {
    const value = readValue(entry, values, ops, parts);
    values.push(value);
    const { name, aliases, place, derivative, classes } = entry;
    const note: Note = { name, ...(aliases ? { aliases } : {}), place, derivative, classes };
    if (Object.values(note).some((each) => each !== undefined)) notes.set(value, note);
  }
  const at = (id: number): Value => values[id] ?? refuse("ids of its values", String(id));
  return {
    name: data.name,
    inputs: data.inputs.map(at),
    states: data.states.map(at),
    entryPoints: data.entryPoints.map(({ name, outputs, updates }) => ({
      name,
      outputs: outputs.map((output) => ({ name: output.name, value: at(output.value) })),
      updates: updates.map(({ state, value }) => ({ state: at(state), value: at(value) })),
    })),
    notes,
  };
}

function readData(text: string): GraphData {
  let data: Partial<GraphData>;
  try {
    data = JSON.parse(text) as Partial<GraphData>;
  } catch (error) {
    return refuse("the syntax of JSON", (error as Error).message);
  }
  if (data.chainruleGraph !== graphVersion) {
    return refuse(`chainruleGraph ${graphVersion}`, String(data.chainruleGraph));
  }
  const lists = [data.values, data.inputs, data.states, data.entryPoints];
  return lists.every(Array.isArray) ? (data as GraphData) : refuse("values, inputs, states and entryPoints", "others");
}

/** A part is read where the first value needs it: what it is made of is there by then. */
function partsReader({ bodies = [], rules = [] }: Partial<GraphData>, values: readonly Value[]): PartsAt {
  const at = (id: number): Value => values[id] ?? refuse("the values of a part before those that need it", String(id));
  const once = <T>(read: (place: number) => T): ((place: number) => T) => {
    const known = new Map<number, T>();
    return (place) => {
      if (!known.has(place)) known.set(place, read(place));
      return known.get(place)!;
    };
  };
  return {
    body: once((place) => readBodyData(bodies[place] ?? refuse("bodies of its loops", String(place)), at)),
    rule: once((place) => readRuleData(rules[place] ?? refuse("rules of its derivatives", String(place)), at)),
  };
}

function readValue(entry: ValueData, values: readonly Value[], ops: ReadonlyMap<string, Op>, parts: PartsAt): Value {
  const op = ops.get(entry.op) ?? refuse("ops of this version", entry.op);
  if (entry.id !== values.length) return refuse(`values in the order of their ids`, `${entry.id}`);
  const operands = entry.operands.map((id) => values[id] ?? refuse("operands before their users", `${id}`));
  const value = apply(op, operands, readAttributes(entry.attrs, parts));
  if (sameType(value.type, entry.type)) return value;
  return refuse(`the type ${formatType(value.type)} for value ${entry.id}`, formatType(entry.type));
}

function refuse(wanted: string, found: string): never {
  throw graphData(wanted, found);
}
