/// Forgets what nothing reads: values are reached from the roots, so only their notes have to go.
import type { Pass } from "../pass.ts";
import { livingValues, type Graph, type Note } from "../../ir/graph.ts";
import { reshapeOp } from "../../ir/ops/layout.ts";
import type { Value } from "../../ir/value.ts";

/** Drops the names and places of values that no entry point computes. */
export const dce: Pass = {
  name: "dce",
  doc: "Only values that an entry point computes, inputs and states have names and places.",
  run(graph) {
    const alive = livingValues(graph);
    const notes = new Map([...graph.notes].filter(([value]) => alive.has(value)));
    if (notes.size === graph.notes.size) return graph;
    for (const [value, note] of inherited(graph, alive)) notes.set(value, { ...notes.get(value), ...note });
    return { ...graph, notes };
  },
};

/**
 * A mean whose axes stay, with extent 1, is read without them once its repetitions say where they are: then the number
 * for each row has the name that the user gave it.
 */
function inherited({ notes }: Graph, alive: ReadonlySet<Value>): readonly (readonly [Value, Note])[] {
  return [...notes].flatMap(([value, { name, place }]) => {
    if (alive.has(value) || name === undefined || value.op !== reshapeOp) return [];
    const [inner] = value.operands;
    const isRow = alive.has(inner) && !inner.constant && sameBesidesUnits(value, inner);
    if (!isRow || notes.get(inner)?.name !== undefined) return [];
    return [[inner, { name, place }] as const];
  });
}

function sameBesidesUnits(a: Value, b: Value): boolean {
  const [left, right] = [a, b].map(({ type }) => type.shape.filter((extent) => extent !== 1));
  return left.length === right.length && left.every((extent, axis) => extent === right[axis]);
}
