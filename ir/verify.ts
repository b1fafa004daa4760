/// What holds of every graph between passes, and when two graphs are the same.
import { CompileError } from "./diagnostic.ts";
import { invalidGraph } from "./errors.ts";
import { graphRoots, graphValues, type Graph } from "./graph.ts";
import { inputOp, letterOp, settingOp, stateOp } from "./ops/leaf.ts";
import { formatType, sameType } from "./type.ts";
import { postorder, sameAttrs, type Op, type Value } from "./value.ts";

/**
 * Checks the invariants of a graph and returns it. Throws `invalid-graph`: names are unique; types are what the ops infer;
 * leaves are inputs and states of this graph; updates give states values of their type, each state once per entry point;
 * entry points and outputs have different names.
 */
export function verifyGraph(graph: Graph): Graph {
  const nameOf = (value: Value): string => graph.notes.get(value)?.name ?? `a ${value.op.name}`;
  checkUnique(
    graph.entryPoints.map((entry) => entry.name),
    "entry points",
  );
  const leaves = new Set([...graph.inputs, ...graph.states]);
  for (const leaf of graph.inputs) {
    if (leaf.op !== inputOp && leaf.op !== settingOp && leaf.op !== letterOp)
      throw invalidGraph("an input is an input, a setting or a letter", nameOf(leaf));
  }
  for (const leaf of graph.states) if (leaf.op !== stateOp) throw invalidGraph("a state is a state leaf", nameOf(leaf));
  for (const entry of graph.entryPoints) {
    checkUnique(
      entry.outputs.map((output) => output.name),
      `outputs of ${entry.name}`,
    );
    checkUnique(
      entry.updates.map((update) => nameOf(update.state)),
      `updated states of ${entry.name}`,
    );
    for (const { state, value } of entry.updates) {
      if (!graph.states.includes(state)) throw invalidGraph("an update targets a state of the graph", nameOf(state));
      if (sameType(state.type, value.type)) continue;
      throw invalidGraph(
        `an update of ${nameOf(state)} has the type ${formatType(state.type)}`,
        formatType(value.type),
      );
    }
  }
  const values = postorder(graphRoots(graph));
  for (const value of values) checkValue(value, leaves, nameOf);
  checkUnique(
    [...graph.notes.values()].flatMap(({ name }) => name ?? []),
    "values",
  );
  return graph;
}

function checkUnique(names: readonly string[], what: string): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw invalidGraph(`${what} have different names`, `"${twice}" twice`);
}

function checkValue(value: Value, leaves: ReadonlySet<Value>, nameOf: (value: Value) => string): void {
  const { op, operands, attrs, type } = value;
  if (op.kind === "leaf" && !op.structural && !leaves.has(value)) {
    throw invalidGraph("every leaf belongs to the graph", `a foreign ${op.name} ${formatType(type)}`);
  }
  const inferred = inferredType(value);
  if (inferred === undefined || !sameType(inferred, type)) {
    const wanted = inferred
      ? formatType(inferred)
      : `nothing of ${operands.map((each) => formatType(each.type)).join(", ")}`;
    throw invalidGraph(`${nameOf(value)} has the type that ${op.name} gives, ${wanted}`, formatType(type));
  }
  const constant = op.kind === "leaf" ? op.structural : operands.every((operand) => operand.constant);
  if (constant !== value.constant)
    throw invalidGraph(`${nameOf(value)} knows whether it is constant`, `${value.constant}`);
  if (attrs === null) throw invalidGraph("attributes are a record", "null");
}

function inferredType({ op, operands, attrs }: Value): Value["type"] | undefined {
  try {
    return op.infer(
      operands.map((operand) => operand.type),
      attrs,
    );
  } catch (error) {
    if (error instanceof CompileError) return undefined;
    throw error;
  }
}

/**
 * True when two graphs are the same up to identity: names, leaves in order, entry points with outputs in order, the same
 * expressions for outputs and updates. Leaves correspond by their names; a named value corresponds to one that has the
 * same name or none.
 */
export function sameGraph(a: Graph, b: Graph): boolean {
  const number = numbering();
  const [left, right] = [describe(a, number), describe(b, number)];
  if (!sameAttrs(left, right)) return false;
  const names = new Map<number, string>();
  for (const [value, { name }] of a.notes) if (name !== undefined) names.set(number(value, a), name);
  const sameNames = [...b.notes].every(([value, { name }]) => {
    const other = names.get(number(value, b));
    return name === undefined || other === undefined || other === name;
  });
  return sameNames && sameAttrs(aliasesIn(a, number), aliasesIn(b, number));
}

/** Second names that a page shows, each with the value that has it. Outputs say theirs themselves. */
function aliasesIn(graph: Graph, number: Numbering): readonly (readonly [string, number])[] {
  const outputs = new Set(graph.entryPoints.flatMap((entry) => entry.outputs.map(({ name }) => name)));
  const shown = new Set(graphValues(graph));
  return [...graph.notes]
    .filter(([value]) => shown.has(value))
    .flatMap(([value, { aliases = [] }]) => aliases.map((name) => [name, number(value, graph)] as const))
    .filter(([name]) => !outputs.has(name))
    .toSorted(([x], [y]) => (x < y ? -1 : 1));
}

function describe(graph: Graph, number: Numbering): unknown {
  const leaf = (value: Value): unknown => {
    const identity = value.attrs.identity as Readonly<Record<string, unknown>>;
    return { ...identity, name: graph.notes.get(value)?.name, op: value.op.name };
  };
  return {
    name: graph.name,
    inputs: graph.inputs.map(leaf),
    states: graph.states.map(leaf),
    entryPoints: graph.entryPoints.map((entry) => ({
      name: entry.name,
      outputs: entry.outputs.map(({ name, value }) => [name, number(value, graph)]),
      updates: entry.updates
        .map(({ state, value }) => [number(state, graph), number(value, graph)])
        .sort((x, y) => x[0] - y[0]),
    })),
  };
}

type Numbering = (value: Value, graph: Graph) => number;

/** Numbers values so that equal numbers mean equal expressions, also across graphs. */
function numbering(): Numbering {
  const numbers = new Map<Value, number>();
  const known = new Map<string, number>();
  const ops = new Map<Op, number>();
  const numberOf = (value: Value, graph: Graph): number => {
    const { op, operands, attrs } = value;
    if (!ops.has(op)) ops.set(op, ops.size);
    const own = "identity" in attrs ? (graph.notes.get(value)?.name ?? attrs.identity) : attrs;
    const key = JSON.stringify([ops.get(op), own, value.type, operands.map((operand) => numbers.get(operand))], exact);
    if (!known.has(key)) known.set(key, known.size);
    return known.get(key)!;
  };
  return (value, graph) => {
    if (!numbers.has(value))
      for (const each of postorder([value])) if (!numbers.has(each)) numbers.set(each, numberOf(each, graph));
    return numbers.get(value)!;
  };
}

/** JSON has no NaN, infinity or -0, and keeps the order of keys. */
function exact(_: string, part: unknown): unknown {
  if (typeof part === "number" && (!Number.isFinite(part) || Object.is(part, -0)))
    return `number ${Object.is(part, -0) ? "-0" : part}`;
  if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
  return Object.fromEntries(Object.entries(part).sort(([x], [y]) => (x < y ? -1 : 1)));
}
