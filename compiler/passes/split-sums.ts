/// A sum of few rows over a long axis, in two steps that each are short: rows enough to keep a device busy, and no row so
/// long that threads must wait for each other.
import type { Graph } from "../../ir/graph.ts";
import { reshapeTo } from "../../ir/ops/layout.ts";
import { largestDivisor } from "../../ir/dim.ts";
import { axesOf, sumOp } from "../../ir/ops/sum.ts";
import { elementCount } from "../../ir/type.ts";
import { apply, type Value } from "../../ir/value.ts";
import { shortRow } from "../cluster/partition.ts";
import type { Pass } from "../pass.ts";
import { rewriteValues } from "./replace.ts";

/** Shorter rows are not worth a second kernel. */
const longRow = 2048;

/** So many rows keep a device busy by themselves. */
const enoughRows = 64;

export const splitSums: Pass = {
  name: "split-sums",
  doc: "A sum of few rows over a long axis is a sum of sums over parts of it.",
  run(graph: Graph): Graph {
    return rewriteValues(graph, split);
  },
};

function split(value: Value): Value {
  if (value.op !== sumOp) return value;
  const [operand] = value.operands;
  const { shape } = operand.type;
  const axes = axesOf(value);
  const length = elementCount(axes.map((axis) => shape[axis]));
  const rows = elementCount(value.type.shape);
  if (typeof length !== "number" || typeof rows !== "number" || axes.length === shape.length) return value;
  if (length < longRow || rows > enoughRows) return value;
  // From the innermost axis outwards, as much as a short row holds; one axis may be cut in two.
  const inner: number[] = [];
  let [size, cut] = [1, 1];
  for (const axis of axes.toSorted((a, b) => b - a)) {
    const extent = shape[axis] as number;
    cut = largestDivisor(extent, shortRow / size);
    size *= cut;
    inner.unshift(axis);
    if (cut < extent) break;
  }
  if (length / size > shortRow) return value;
  const [at] = inner;
  const steps = (shape[at] as number) / cut;
  // The outer part of the cut axis stays in its place, of extent 1 where all of it is summed at once.
  const parts = reshapeTo(operand, [...shape.slice(0, at), steps, cut, ...shape.slice(at + 1)]);
  const sums = apply(sumOp, [parts], { axes: inner.map((axis) => axis + 1) });
  return apply(sumOp, [sums], { axes: axes.filter((axis) => axis <= at) });
}
