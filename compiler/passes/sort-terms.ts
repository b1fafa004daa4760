/// The terms of large tables in the order of the rows that they are added to: a thread then goes to those of its rows, where
/// it would look at all of them otherwise.
import type { Dim } from "../../ir/dim.ts";
import type { Graph } from "../../ir/graph.ts";
import { where } from "../../ir/ops/choose.ts";
import { equal } from "../../ir/ops/compare.ts";
import { contract, contractAttrs } from "../../ir/ops/contract.ts";
import { gatherOp } from "../../ir/ops/gather.ts";
import { reshapeTo, transpose } from "../../ir/ops/layout.ts";
import { iota, iotaOp } from "../../ir/ops/leaf.ts";
import { argsortOp } from "../../ir/ops/sort.ts";
import { broadcastAlong, broadcastOp } from "../../ir/ops/sum.ts";
import { elementCount } from "../../ir/type.ts";
import { apply, postorder, type Value } from "../../ir/value.ts";
import { extentsOf, placesOf } from "../lower/contraction-shape.ts";
import type { Pass } from "../pass.ts";
import { along } from "./pick-sums.ts";
import { rewriteValues } from "./replace.ts";

/** With fewer terms times results, threads have looked at all terms before these are in order. */
const manyTerms = 2 ** 31;

/** A comparison of two terms takes as long as so many of those: one workgroup sorts alone. */
const worthComparison = 2 ** 10;

export const sortTerms: Pass = {
  name: "sort-terms",
  doc: "What is added to rows of a large table comes in the order of the rows.",
  run(graph: Graph): Graph {
    return rewriteValues(graph, inOrder);
  },
};

function inOrder(value: Value): Value {
  if (value.op.kind !== "contraction" || contractAttrs(value).inRows) return value;
  const extents = extentsOf(value);
  const places = placesOf(extents);
  const { batch, length, rowCount, columnCount, right } = extents;
  if (places?.op !== broadcastOp || batch.length > 0 || !isWorthOrder([rowCount, columnCount], length)) return value;
  if (isCounted(places)) return value;
  const pairs = contractAttrs(value).contracted.toSorted(([a], [b]) => a - b);
  const [asked, walked] = [0, 1].map((side) => pairs.map((pair) => pair[side]));
  const flat = reshapeTo(along(places, asked), [length]);
  const [, terms] = value.operands;
  const free = terms.type.shape.map((_, axis) => axis).filter((axis) => !walked.includes(axis));
  const order = apply(argsortOp, [flat], { axis: 0, descending: false });
  const inOrderOf = (each: Value): Value => apply(gatherOp, [each, order], { batch: 0 });
  const space = [rowCount, length];
  const match = equal(broadcastAlong(inOrderOf(flat), space, [1]), iota(space, 0, flat.type.dtype));
  const sorted = inOrderOf(reshapeTo(transpose(terms, [...walked, ...free]), [length, ...right]));
  return contract(where(match, 1, 0), sorted, { batch: [], contracted: [[1, 0]], picks: true, inRows: true });
}

/** True for positions that nobody gives: what counts rows, as a tied head does, meets each of them in order. */
export const isCounted = (places: Value): boolean =>
  postorder([places]).every(({ op, constant }) => op.kind !== "leaf" || op === iotaOp || constant);

/** True where so many terms of a table of so many rows and columns are sorted. */
export function isWorthOrder(table: readonly Dim[], length: Dim): boolean {
  const [results, terms] = [elementCount(table), length].filter((extent) => typeof extent === "number");
  // Of undefined, as of NaN, nothing is worth it.
  return results * terms >= Math.max(manyTerms, worthComparison * terms * Math.log2(terms) ** 2);
}
