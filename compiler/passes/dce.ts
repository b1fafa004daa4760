/// Forgets what nothing reads: values are reached from the roots, so only their notes have to go.
import type { Pass } from "../pass.ts";
import { livingValues } from "../../ir/graph.ts";

/** Drops the names and places of values that no entry point computes. */
export const dce: Pass = {
  name: "dce",
  doc: "Only values that an entry point computes, inputs and states have names and places.",
  run(graph) {
    const alive = livingValues(graph);
    const notes = new Map([...graph.notes].filter(([value]) => alive.has(value)));
    return notes.size === graph.notes.size ? graph : { ...graph, notes };
  },
};
