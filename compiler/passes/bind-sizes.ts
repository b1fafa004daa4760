/// Named sizes become numbers, for all entry points or for one (`train.batch`). Parameters and states are shared, so
/// their sizes must come out alike; inputs of entry points that are bound differently become leaves of their own.
import { bindDim, type Dim } from "../../ir/dim.ts";
import { entryPointRoots, type EntryPoint, type Graph, type Note } from "../../ir/graph.ts";
import { inputOp, sizeValue, sizeOp, stateOp } from "../../ir/ops/leaf.ts";
import { sameShape, shapeNames, type DType, type Shape, type TensorType } from "../../ir/type.ts";
import { apply, postorder, withOperands, type Attrs, type Value } from "../../ir/value.ts";
import { sizeConflict, sizeUnbound, sizeUnknown, sizeValue as sizeNotPositive } from "../errors.ts";

/** Numbers for named sizes: by name, or by entry point and name (`train.batch`), which wins. */
export type Dims = Readonly<Record<string, number>>;

/** The graph with every named size replaced by its number. Names that `dims` leaves out are an error. */
export function bindSizes(graph: Graph, dims: Dims): Graph {
  const known = graph.entryPoints.map((entry) => entryNames(entry));
  const all = [...new Set(known.flat())].sort();
  checkDims(graph, dims, all);
  if (all.length === 0) return graph;
  const binder = createBinder();
  const entryPoints = graph.entryPoints.map((entry, position) => {
    const sizes: Record<string, number> = {};
    for (const name of known[position]) {
      const number = dims[`${entry.name}.${name}`] ?? dims[name];
      if (number === undefined) throw sizeUnbound(entry.name, name);
      sizes[name] = number;
    }
    const bind = binder.forSizes(sizes, graph);
    return {
      ...entry,
      outputs: entry.outputs.map((output) => ({ ...output, value: bind(output.value) })),
      updates: entry.updates.map(({ state, value }) => ({ state: bind(state), value: bind(value) })),
    };
  });
  const sizes = Object.fromEntries(all.map((name) => [name, dims[name] ?? anyEntry(graph, dims, name)]));
  const bindRest = binder.forSizes(sizes, graph);
  const states = graph.states.map(bindRest);
  return { ...graph, entryPoints, states, inputs: binder.inputs(), notes: binder.notes() };
}

function anyEntry(graph: Graph, dims: Dims, name: string): number {
  const entry = graph.entryPoints.find((each) => Object.hasOwn(dims, `${each.name}.${name}`));
  return dims[`${entry?.name}.${name}`];
}

function entryNames(entry: EntryPoint): readonly string[] {
  return [...new Set(postorder(entryPointRoots(entry)).flatMap((value) => shapeNames(value.type.shape)))].sort();
}

function checkDims(graph: Graph, dims: Dims, names: readonly string[]): void {
  const entries = graph.entryPoints.map((entry) => entry.name);
  for (const [key, number] of Object.entries(dims)) {
    const [entry, name] = key.includes(".")
      ? [key.slice(0, key.indexOf(".")), key.slice(key.indexOf(".") + 1)]
      : ["", key];
    if (!names.includes(name) || (entry && !entries.includes(entry))) throw sizeUnknown(key, names);
    if (!Number.isSafeInteger(number) || number < 1) throw sizeNotPositive(key, number);
  }
}

/** Rebinds values; states once for all entry points, everything else once for each set of sizes. */
function createBinder() {
  const states = new Map<Value, Value>();
  const bound = new Map<string, Map<Value, Value>>();
  const notes = new Map<Value, Note>();
  const inputs: Value[] = [];

  function forSizes(sizes: Readonly<Record<string, number>>, graph: Graph): (value: Value) => Value {
    const key = JSON.stringify(sizes);
    const memo = bound.get(key) ?? new Map<Value, Value>();
    bound.set(key, memo);
    return (root) => {
      for (const value of postorder([root])) {
        if (memo.has(value)) continue;
        const result = bindValue(value, sizes, graph, memo);
        memo.set(value, result);
        const note = graph.notes.get(value);
        if (note && !notes.has(result)) notes.set(result, note);
      }
      return memo.get(root)!;
    };
  }

  function bindValue(
    value: Value,
    sizes: Readonly<Record<string, number>>,
    graph: Graph,
    memo: ReadonlyMap<Value, Value>,
  ): Value {
    if (value.op === stateOp) return bindState(value, sizes, graph);
    if (value.op === inputOp) {
      const leaf = rebindIdentity(value, sizes);
      inputs.push(leaf);
      return leaf;
    }
    if (value.op.kind === "leaf" && !value.constant) {
      inputs.push(value);
      return value;
    }
    if (value.op === sizeOp) {
      return sizeValue(
        bindDim(value.attrs.size as Dim, sizes),
        value.type.dtype as DType,
        bindShape(value.type.shape, sizes),
      );
    }
    const operands = value.operands.map((operand) => memo.get(operand)!);
    if (!("shape" in value.attrs)) return withOperands(value, operands);
    return apply(value.op, operands, { ...value.attrs, shape: bindShape(value.attrs.shape as Shape, sizes) });
  }

  function bindState(state: Value, sizes: Readonly<Record<string, number>>, graph: Graph): Value {
    const shape = bindShape(state.type.shape, sizes);
    const known = states.get(state);
    if (known) {
      if (!sameShape(known.type.shape, shape)) {
        throw sizeConflict(graph.notes.get(state)?.name ?? "a state", known.type.shape, shape);
      }
      return known;
    }
    const leaf = rebindIdentity(state, sizes);
    states.set(state, leaf);
    return leaf;
  }

  return { forSizes, inputs: () => inputs, notes: () => notes };
}

function rebindIdentity(leaf: Value, sizes: Readonly<Record<string, number>>): Value {
  const identity = leaf.attrs.identity as TensorType & Attrs;
  return apply(leaf.op, [], { identity: { ...identity, shape: bindShape(identity.shape, sizes) } });
}

function bindShape(shape: Shape, sizes: Readonly<Record<string, number>>): Shape {
  return shape.map((extent) => bindDim(extent, sizes));
}
