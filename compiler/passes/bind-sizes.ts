/// Named sizes become numbers, for all entry points or for one (`train.batch`). Parameters and states are shared, so
/// their sizes must come out alike; inputs of entry points that are bound differently become leaves of their own.
import { bindDim, type Dim } from "../../ir/dim.ts";
import { entryPointRoots, type EntryPoint, type Graph, type Note } from "../../ir/graph.ts";
import { inputOp, letterOp, sizeValue, sizeOp, stateOp } from "../../ir/ops/leaf.ts";
import { scanBody, type ScanBody } from "../../ir/ops/scan.ts";
import { sameShape, shapeNames, type Shape, type TensorType } from "../../ir/type.ts";
import { apply, postorder, withOperands, type Attrs, type Value } from "../../ir/value.ts";
import { bottomUp } from "../rewrite/bottom-up.ts";
import { sizeConflict, sizeUnbound, sizeUnknown, sizeValue as sizeNotPositive } from "../errors.ts";

/** Numbers for named sizes: by name, or by entry point and name (`train.batch`), which wins. */
export type Dims = Readonly<Record<string, number>>;

/** The graph with every named size replaced by its number. Names that `dims` leaves out are an error. */
export function bindSizes(graph: Graph, dims: Dims): Graph {
  const known = graph.entryPoints.map((entry) => entryNames(entry));
  const all = [...new Set(known.flat())].sort();
  checkDims(graph, dims, all);
  if (all.length === 0) return graph;
  checkBound(graph.entryPoints, known, dims);
  const bound: Bound = { graph, states: new Map(), values: new Map(), bodies: new Map(), notes: new Map(), inputs: [] };
  const entryPoints = graph.entryPoints.map((entry, position) => {
    const sizes: Record<string, number> = {};
    for (const name of known[position]) {
      sizes[name] = numberOf(dims, entry, name)!;
    }
    const bind = (value: Value): Value => bindUnder(value, sizes, bound);
    return {
      ...entry,
      outputs: entry.outputs.map((output) => ({ ...output, value: bind(output.value) })),
      updates: entry.updates.map(({ state, value }) => ({ state: bind(state), value: bind(value) })),
    };
  });
  // States that no entry point reads still have a place and a first value.
  const sizes = Object.fromEntries(all.map((name) => [name, dims[name] ?? anyEntry(graph, dims, name)]));
  const states = graph.states.map((state) => bindUnder(state, sizes, bound));
  return { ...graph, entryPoints, states, inputs: bound.inputs, notes: bound.notes };
}

function numberOf(dims: Dims, entry: EntryPoint, name: string): number | undefined {
  return dims[`${entry.name}.${name}`] ?? dims[name];
}

/** All sizes without a number are told at once. */
function checkBound(entries: readonly EntryPoint[], known: readonly (readonly string[])[], dims: Dims): void {
  const lacking = new Map<string, { sizes: readonly string[]; entries: string[] }>();
  entries.forEach((entry, position) => {
    const sizes = known[position].filter((name) => numberOf(dims, entry, name) === undefined);
    const alike = lacking.get(sizes.join()) ?? { sizes, entries: [] };
    alike.entries.push(entry.name);
    if (sizes.length > 0) lacking.set(sizes.join(), alike);
  });
  if (lacking.size === 0) return;
  const groups = [...lacking.values()];
  throw sizeUnbound(groups, [...new Set(groups.flatMap(({ sizes }) => sizes))]);
}

function anyEntry(graph: Graph, dims: Dims, name: string): number {
  const entry = graph.entryPoints.find((each) => Object.hasOwn(dims, `${each.name}.${name}`));
  return dims[`${entry?.name}.${name}`];
}

function entryNames(entry: EntryPoint): readonly string[] {
  const extents = new Set<Dim>();
  for (const { op, attrs, type } of postorder(entryPointRoots(entry))) {
    for (const extent of type.shape) extents.add(extent);
    // A loop without sequences may have a length that shows in no tensor.
    if (op.kind === "scan") extents.add(scanBody(attrs).length);
  }
  return shapeNames([...extents]);
}

function checkDims(graph: Graph, dims: Dims, names: readonly string[]): void {
  const entries = graph.entryPoints.map((entry) => entry.name);
  for (const [key, number] of Object.entries(dims)) {
    const [entry, name] = key.includes(".")
      ? [key.slice(0, key.indexOf(".")), key.slice(key.indexOf(".") + 1)]
      : ["", key];
    if (!names.includes(name) || (entry && !entries.includes(entry))) throw sizeUnknown(key, names, entries);
    if (!Number.isSafeInteger(number) || number < 1) throw sizeNotPositive(key, number);
  }
}

type Sizes = Readonly<Record<string, number>>;

/** What is bound so far: states once for all entry points, everything else once for each set of sizes. */
interface Bound {
  readonly graph: Graph;
  readonly states: Map<Value, Value>;
  readonly values: Map<string, Map<Value, Value>>;
  /** Bodies of loops by what they were, for each set of sizes. */
  readonly bodies: Map<string, Map<object, ScanBody>>;
  readonly notes: Map<Value, Note>;
  readonly inputs: Value[];
}

/** The value with sizes bound, and everything under it. */
function bindUnder(root: Value, sizes: Sizes, bound: Bound): Value {
  const key = JSON.stringify(sizes);
  const memo = bound.values.get(key) ?? new Map<Value, Value>();
  bound.values.set(key, memo);
  return bottomUp(root, memo, (value, operands) => {
    const result = bindValue(value, operands, sizes, bound);
    const note = bound.graph.notes.get(value);
    if (note && !bound.notes.has(result)) bound.notes.set(result, bindNote(note, sizes));
    return result;
  });
}

function bindNote(note: Note, sizes: Sizes): Note {
  return note.classes ? { ...note, classes: note.classes.map((count) => bindDim(count, sizes)) } : note;
}

/** A loop's body with sizes bound, the same for all results of the loop. */
function bindBody(body: ScanBody, sizes: Sizes, bound: Bound): ScanBody {
  const key = JSON.stringify(sizes);
  const bodies = bound.bodies.get(key) ?? new Map<object, ScanBody>();
  bound.bodies.set(key, bodies);
  const known = bodies.get(body.identity);
  if (known) return known;
  const all = (values: readonly Value[]): readonly Value[] => values.map((value) => bindUnder(value, sizes, bound));
  const { carries, elements, captures, next, outputs } = body;
  const result: ScanBody = {
    ...{ identity: {}, reverse: body.reverse, length: bindDim(body.length, sizes) },
    position: bindUnder(body.position, sizes, bound),
    ...{ carries: all(carries), elements: all(elements), captures: all(captures) },
    ...{ next: all(next), outputs: all(outputs) },
  };
  bodies.set(body.identity, result);
  return result;
}

function bindValue(value: Value, operands: readonly Value[], sizes: Sizes, bound: Bound): Value {
  if (value.op === stateOp) return bindState(value, sizes, bound);
  if (value.op === letterOp) return rebindIdentity(value, sizes);
  if (value.op.kind === "leaf" && !value.constant) {
    const leaf = value.op === inputOp ? rebindIdentity(value, sizes) : value;
    bound.inputs.push(leaf);
    return leaf;
  }
  if (value.op === sizeOp) {
    return sizeValue(bindDim(value.attrs.size as Dim, sizes), value.type.dtype, bindShape(value.type.shape, sizes));
  }
  const { op, attrs } = value;
  if (op.kind === "scan") return apply(op, operands, { ...attrs, body: bindBody(scanBody(attrs), sizes, bound) });
  if (op.mapSizes)
    return apply(
      op,
      operands,
      op.mapSizes(attrs, (size) => bindDim(size, sizes)),
    );
  if (!("shape" in attrs)) return withOperands(value, operands);
  return apply(op, operands, { ...attrs, shape: bindShape(attrs.shape as Shape, sizes) });
}

function bindState(state: Value, sizes: Sizes, { graph, states }: Bound): Value {
  const shape = bindShape(state.type.shape, sizes);
  const known = states.get(state);
  if (known && !sameShape(known.type.shape, shape)) {
    throw sizeConflict(graph.notes.get(state)?.name ?? "a state", known.type.shape, shape);
  }
  const leaf = known ?? rebindIdentity(state, sizes);
  states.set(state, leaf);
  return leaf;
}

function rebindIdentity(leaf: Value, sizes: Sizes): Value {
  const identity = leaf.attrs.identity as TensorType & Attrs;
  return apply(leaf.op, [], { identity: { ...identity, shape: bindShape(identity.shape, sizes) } });
}

function bindShape(shape: Shape, sizes: Sizes): Shape {
  return shape.map((extent) => bindDim(extent, sizes));
}
