/// Replacing values of a graph, with their names and places.
import { graphRoots, type Graph, type Note } from "../../ir/graph.ts";
import { withOperands, type Value } from "../../ir/value.ts";

/**
 * The graph with every root replaced. A replacement takes the name and place of what it replaces unless it has its own.
 * Unlike `mapGraph`, values that nothing reads keep their notes: a derivative may bring them back. `dce` drops them.
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

function movedNotes(before: Graph["notes"], replace: (value: Value) => Value): Graph["notes"] {
  const notes = new Map<Value, Note>();
  for (const [value, note] of before) if (replace(value) === value) notes.set(value, note);
  for (const [value, note] of before) {
    const replacement = replace(value);
    if (replacement === value) continue;
    const known = notes.get(replacement);
    notes.set(replacement, { name: known?.name ?? note.name, place: known?.place ?? note.place });
  }
  return notes;
}

/** A function that rebuilds values with some of them replaced, each value once. */
export function substitution(replacements: ReadonlyMap<Value, Value>): (value: Value) => Value {
  const rebuilt = new Map(replacements);
  return (root) => bottomUp(root, rebuilt, (value, operands) => withOperands(value, operands));
}

/**
 * Maps a value after its operands, each value once: what `done` has stays, the rest is `map` of the value and its mapped
 * operands. Uses a stack of its own, since graphs are deeper than the call stack.
 */
export function bottomUp(
  root: Value,
  done: Map<Value, Value>,
  map: (value: Value, operands: readonly Value[]) => Value,
): Value {
  const stack = [root];
  for (let value = stack.at(-1); value; value = stack.at(-1)) {
    if (done.has(value)) {
      stack.pop();
      continue;
    }
    const waiting = value.operands.filter((operand) => !done.has(operand));
    if (waiting.length > 0) {
      stack.push(...waiting.reverse());
      continue;
    }
    stack.pop();
    done.set(
      value,
      map(
        value,
        value.operands.map((operand) => done.get(operand)!),
      ),
    );
  }
  return done.get(root)!;
}
