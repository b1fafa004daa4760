/// Replacing values of a graph, with their names and places.
import { graphRoots, graphValues, type Graph, type Note } from "../../ir/graph.ts";
import { postorder, withOperands, type Value } from "../../ir/value.ts";
import { bottomUp } from "../rewrite/bottom-up.ts";

/**
 * The graph with every root replaced. A replacement takes the name and place of what it replaces unless it has its own,
 * or is a constant. Values that nothing reads keep their notes: a derivative may bring them back. `dce` drops them.
 */
export function replaceValues(graph: Graph, replace: (value: Value) => Value): Graph {
  if (graphRoots(graph).every((root) => replace(root) === root)) return graph;
  const entryPoints = graph.entryPoints.map((entry) => ({
    ...entry,
    outputs: entry.outputs.map((output) => ({ ...output, value: replace(output.value) })),
    updates: entry.updates.map((update) => ({ ...update, value: replace(update.value) })),
  }));
  return { ...graph, entryPoints, notes: movedNotes(graph.notes, replace) };
}

/** The graph with `map` of every value and its mapped operands in the value's place, from the leaves up. */
export function rebuildGraph(graph: Graph, map: (value: Value, operands: readonly Value[]) => Value): Graph {
  const done = new Map<Value, Value>();
  return replaceValues(graph, (root) => bottomUp(root, done, map));
}

/** The graph with `rewrite` of every value, after its operands. Most graphs have nothing to rewrite: a look tells. */
export function rewriteValues(graph: Graph, rewrite: (value: Value) => Value): Graph {
  if (graphValues(graph).every((value) => rewrite(value) === value)) return graph;
  return rebuildGraph(graph, (value, operands) => rewrite(withOperands(value, operands)));
}

function movedNotes(before: Graph["notes"], replace: (value: Value) => Value): Graph["notes"] {
  const notes = new Map<Value, Note>();
  const moved: (readonly [Value, Note, Value])[] = [];
  for (const [value, note] of before) {
    const replacement = replace(value);
    if (replacement === value) notes.set(value, note);
    // The same number stands in many places, and is none of them.
    else if (!replacement.constant) moved.push([replacement, note, value]);
  }
  for (const [replacement, note, value] of moved) {
    const known = notes.get(replacement);
    const isPart = note.name !== undefined && known?.name?.startsWith(`${note.name}.`);
    // What an initialiser calls its last value is the variable itself: `quantised.rounded` is `quantised`.
    const isOwn = (isPart && replacement.op.kind !== "leaf") || (known?.derivative && isWritten(value, before));
    const named = known?.name === undefined || isOwn ? note : known;
    // A name goes with its own place.
    const [first, second] = named === note && note.name !== undefined ? [note, known] : [known, note];
    const aliases = [...(known?.aliases ?? []), ...(note.aliases ?? [])];
    notes.set(replacement, {
      ...known,
      ...(aliases.length > 0 ? { aliases } : {}),
      ...{ name: named.name, derivative: named.derivative, place: first?.place ?? second?.place },
    });
  }
  return notes;
}

/** True for a value that the user names and that no derivative is in: its name says more than that of a derivative. */
function isWritten(value: Value, notes: Graph["notes"]): boolean {
  if (notes.get(value)?.name === undefined) return false;
  return postorder([value]).every((each) => each.op.kind !== "derivative" && !notes.get(each)?.derivative);
}
