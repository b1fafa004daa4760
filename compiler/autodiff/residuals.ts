/// Which forward values the backward half of a step reads: what has to be kept until then.
import { multiplyDims, type Dim } from "../../ir/dim.ts";
import { entryPointRoots, type EntryPoint, type Graph } from "../../ir/graph.ts";
import { elementCount } from "../../ir/type.ts";
import { postorder, type Value } from "../../ir/value.ts";

/** A forward value that the backward half reads. */
export interface Residual {
  readonly value: Value;
  readonly name: string | undefined;
  /** Size in bytes, while sizes have names. */
  readonly bytes: Dim;
  /** What reads it. */
  readonly readers: readonly Value[];
}

/**
 * The residuals of one entry point of a derived graph, in order of computation. Leaves are kept anyway and do not count.
 * The forward half is what the outputs need that are no gradients; without such outputs, what leads to no gradient.
 */
export function residuals(graph: Graph, entry: EntryPoint): readonly Residual[] {
  const order = postorder(entryPointRoots(entry));
  const backward = gradientsAndTheirUsers(graph, order);
  const results = entry.outputs.map((output) => output.value).filter((value) => !backward.has(value));
  const forward = new Set(results.length > 0 ? postorder(results) : order.filter((value) => !backward.has(value)));
  const readers = new Map<Value, Value[]>();
  for (const reader of order) {
    if (forward.has(reader)) continue;
    for (const operand of new Set(reader.operands)) {
      if (!forward.has(operand) || operand.op.kind === "leaf") continue;
      readers.set(operand, [...(readers.get(operand) ?? []), reader]);
    }
  }
  return order.flatMap((value) => {
    const read = readers.get(value);
    const bytes = multiplyDims(elementCount(value.type.shape), bytesOf(value));
    return read ? [{ value, name: graph.notes.get(value)?.name, bytes, readers: read }] : [];
  });
}

function gradientsAndTheirUsers(graph: Graph, order: readonly Value[]): ReadonlySet<Value> {
  const found = new Set<Value>();
  for (const value of order) {
    const named = graph.notes.get(value)?.name?.startsWith("∂") ?? false;
    if (named || value.operands.some((operand) => found.has(operand))) found.add(value);
  }
  return found;
}

/** Every element type takes 4 bytes in a buffer, except half floats. */
function bytesOf(value: Value): number {
  return value.type.dtype === "f16" ? 2 : 4;
}
