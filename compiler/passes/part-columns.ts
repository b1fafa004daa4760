/// Columns of several axes for products of few rows: a thread has four columns, and shares what it reads of its rows with
/// nobody, so that it does not matter which axes are columns and which a batch. The slopes of a convolution of every channel
/// by itself have nine columns, three fours of them; as three times three columns, no thread has none.
import type { Dim } from "../../ir/dim.ts";
import type { Graph } from "../../ir/graph.ts";
import { contract, contractAttrs, operandAxes, type AxisPair } from "../../ir/ops/contract.ts";
import { transpose } from "../../ir/ops/layout.ts";
import { broadcastAlong } from "../../ir/ops/sum.ts";
import type { Value } from "../../ir/value.ts";
import { describeContraction, type ContractionShape } from "../lower/contraction-shape.ts";
import type { Pass } from "../pass.ts";
import { rewriteValues } from "./replace.ts";

/** So many rows are shared by threads side by side. */
const manyRows = 4;

export const partColumns: Pass = {
  name: "part-columns",
  doc: "Columns of several axes are those of the last one, beside each other, where few rows reach less far beyond so.",
  run: (graph: Graph): Graph => rewriteValues(graph, apart),
};

/**
 * The product of few rows with all axes of its columns but the last side by side, if fewer threads reach beyond the edges so:
 * nine places of a filter are three times three.
 */
function apart(value: Value): Value {
  if (value.op.kind !== "contraction" || contractAttrs(value).picks) return value;
  const attrs = contractAttrs(value);
  const { batch, contracted } = attrs;
  const [left, right] = value.operands;
  const [rows, columns] = [left, right].map(({ type }, side) => {
    return operandAxes(attrs, side === 0 ? 0 : 1, type.shape.length).free;
  });
  const before = describeContraction(value);
  if (columns.length < 2 || before.tile.rows >= manyRows) return value;
  const moved = columns.slice(0, -1);
  const { shape } = left.type;
  const along = moved.map((axis) => right.type.shape[axis]);
  const spread = broadcastAlong(
    left,
    [...along, ...shape],
    shape.map((_, axis) => moved.length + axis),
  );
  const past = (axis: number): number => moved.length + axis;
  const product = contract(spread, right, {
    batch: [...batch.map(([a, b]): AxisPair => [past(a), b]), ...moved.map((axis, i): AxisPair => [i, axis])],
    contracted: contracted.map(([a, b]): AxisPair => [past(a), b]),
  });
  if (beyondOf(describeContraction(product)) >= beyondOf(before)) return value;
  const [first, count] = [batch.length, moved.length];
  const order = value.type.shape.map((_, axis) => {
    if (axis < first || axis >= first + rows.length + count) return axis;
    return axis < first + rows.length ? axis + count : axis - rows.length;
  });
  return transpose(product, order);
}

/** How many times the results threads compute, with those beyond the edges. */
function beyondOf({ batchCount, rowCount, columnCount, tile }: ContractionShape): number {
  const over = (extent: Dim, per: number): number =>
    typeof extent === "number" ? (Math.ceil(extent / per) * per) / extent : 1;
  const { rows, columns, across, down, deep } = tile;
  return over(batchCount, deep) * over(rowCount, rows * down) * over(columnCount, columns * across);
}
