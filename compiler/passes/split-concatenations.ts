/// Concatenations of more tensors than a kernel may bind, in several steps: what is put together first is written once.
import type { Graph } from "../../ir/graph.ts";
import { concatenate, concatenateOp } from "../../ir/ops/pad.ts";
import { underLayouts, type Value } from "../../ir/value.ts";
import { mostBindings } from "../cluster/partition.ts";
import type { Pass } from "../pass.ts";
import { rewriteValues } from "./replace.ts";

/** Tensors that a kernel may read where it writes one. */
const mostRead = mostBindings - 1;

export const splitConcatenations: Pass = {
  name: "split-concatenations",
  doc: "A concatenation of more tensors than a kernel may read becomes one of concatenations.",
  run(graph: Graph): Graph {
    return rewriteValues(graph, split);
  },
};

function split(value: Value): Value {
  if (value.op !== concatenateOp || new Set(value.operands.map(underLayouts)).size <= mostRead) return value;
  const axis = value.attrs.axis as number;
  return split(
    concatenate(
      groups(value.operands).map((group) => concatenate(group, axis)),
      axis,
    ),
  );
}

/** Neighbours that together read as many tensors as a kernel may, at most. */
function groups(operands: readonly Value[]): readonly (readonly Value[])[] {
  const all: Value[][] = [];
  let [group, read]: [Value[], Set<Value>] = [[], new Set()];
  for (const operand of operands) {
    const base = underLayouts(operand);
    if (all.length === 0 || (read.size === mostRead && !read.has(base))) {
      [group, read] = [[], new Set()];
      all.push(group);
    }
    group.push(operand);
    read.add(base);
  }
  return all;
}
