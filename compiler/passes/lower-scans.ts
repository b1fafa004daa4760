/// The tensors of loops are decided: a carry that is wanted for all places keeps a row for each, any other has two rows
/// that take turns. Results become parts of these tensors.
import { addDims } from "../../ir/dim.ts";
import { entryPointRoots, graphValues, type EntryPoint, type Graph } from "../../ir/graph.ts";
import { reshapeTo } from "../../ir/ops/layout.ts";
import { sliceTo } from "../../ir/ops/pad.ts";
import { scanBody, scanOp, scanResult } from "../../ir/ops/scan.ts";
import { apply, postorder, withOperands, type Value } from "../../ir/value.ts";
import { carryRows, loopOp, type Loop } from "../cluster/loop.ts";
import type { Pass } from "../pass.ts";
import { insideScans } from "./inside-scans.ts";
import { rebuildGraph } from "./replace.ts";

/** The scans of one graph, bodies of others apart. */
const outermost: Pass = {
  name: "lower-scans",
  doc: "No scan is left: results are parts of the tensors that its loop writes.",
  run(graph: Graph): Graph {
    if (graphValues(graph).every((value) => value.op !== scanOp)) return graph;
    // Each entry point has loops of its own: one that wants no history is not to keep what another wants.
    return graph.entryPoints.reduce((lowered, entry, position) => lowerEntry(lowered, entry, position), graph);
  },
};

/** The graph with one of its entry points lowered. */
function lowerEntry(graph: Graph, entry: EntryPoint, position: number): Graph {
  const values = new Set(postorder(entryPointRoots(entry)));
  const loops = findLoops([...values]);
  const own = new Map([...graph.notes].filter(([value]) => values.has(value)));
  const alone = rebuildGraph({ ...graph, entryPoints: [entry], notes: own }, (value, operands) => {
    const loop = value.op === scanOp ? loops.get(scanBody(value.attrs).identity) : undefined;
    return loop ? partOf(loop, value, operands) : withOperands(value, operands);
  });
  // Names stay with the values of other entry points as well.
  const notes = new Map([...graph.notes, ...alone.notes]);
  return { ...graph, entryPoints: graph.entryPoints.with(position, alone.entryPoints[0]), notes };
}

/** The loops of scans by the identity of their bodies: carries whose history is wanted keep all their rows. */
function findLoops(values: readonly Value[]): ReadonlyMap<object, Loop> {
  const loops = new Map<object, Loop>();
  for (const { op, attrs } of values) {
    if (op !== scanOp) continue;
    const body = scanBody(attrs);
    const { tag, index } = scanResult(attrs);
    const known = loops.get(body.identity) ?? { identity: {}, body, rows: body.carries.map(() => 2) };
    const rows = known.rows.map((count, carry) =>
      tag === "history" && carry === index ? addDims(body.length, 1) : count,
    );
    loops.set(body.identity, { ...known, rows });
  }
  return loops;
}

/** A result of a scan, as a part of a tensor of its loop. */
function partOf(loop: Loop, value: Value, operands: readonly Value[]): Value {
  const { tag, index } = scanResult(value.attrs);
  const tensor = tag === "output" ? loop.rows.length + index : index;
  const whole = apply(loopOp, operands, { loop, tensor });
  if (tag === "output") return whole;
  const rows = carryRows(loop, index);
  const start = tag === "carry" ? rows.last : rows.history;
  const count = tag === "carry" ? 1 : loop.body.length;
  const { shape } = whole.type;
  const part = sliceTo(whole, {
    starts: shape.map((_, axis) => (axis === 0 ? start : 0)),
    limits: shape.map((extent, axis) => (axis === 0 ? addDims(start, count) : extent)),
    strides: shape.map(() => 1),
  });
  return reshapeTo(part, value.type.shape);
}

/** Loops inside loops as well. */
export const lowerScans: Pass = {
  ...outermost,
  run: (graph) => outermost.run(insideScans([outermost]).run(graph)),
};
