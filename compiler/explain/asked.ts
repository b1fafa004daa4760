/// Names that a reader asks for: those of values, and those of outputs, which may be other names of the same values.
import type { Graph } from "../../ir/graph.ts";

/** A graph in which a value has a name, and which that is. */
export interface Asked {
  readonly graph: Graph;
  readonly name: string;
}

/** Finds what the name of an output stands for; a value that has no other name is called that from now on. */
export function askedFor(graph: Graph, name: string): Asked {
  const isNamed = [...graph.notes.values()].some((note) => note.name === name);
  const output = graph.entryPoints.flatMap(({ outputs }) => outputs).find((each) => each.name === name);
  if (isNamed || !output) return { graph, name };
  const note = graph.notes.get(output.value);
  if (note?.name !== undefined) return { graph, name: note.name };
  return { graph: { ...graph, notes: new Map([...graph.notes, [output.value, { ...note, name }]]) }, name };
}
