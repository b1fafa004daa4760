/// Where a column and a vector of one extent meet element by element: a table of all pairs, though one number for each was
/// meant, as in the difference of a layer's f32[n, 1] and labels f32[n].
import { livingValues, type Graph } from "../../ir/graph.ts";
import { inputOp } from "../../ir/ops/leaf.ts";
import { broadcastOp } from "../../ir/ops/sum.ts";
import { postorder, type Value } from "../../ir/value.ts";

/** An operation on all pairs that nobody asked for. */
export interface Meeting {
  readonly value: Value;
  readonly column: Value;
  readonly vector: Value;
}

/** The meetings in a graph as the user wrote it. Who writes a column as one, with expandDims or keepAxes, wants the pairs. */
export function meetings(written: Graph): readonly Meeting[] {
  return [...livingValues(written)].flatMap((value) => {
    const { shape } = value.type;
    if (value.op.kind !== "elementwise" || shape.length !== 2 || shape[0] !== shape[1] || shape[0] === 1) return [];
    const spread = value.operands.flatMap(({ op, operands }) => (op === broadcastOp ? operands : []));
    const column = spread.find(isColumn);
    const vector = spread.find(
      ({ op, type }) => type.shape.length === 1 && op.kind !== "layout" && type.shape[0] !== 1,
    );
    return column && vector && areApart(column, vector) ? [{ value, column, vector }] : [];
  });
}

/** True for f32[n, 1] that no layout has made of a vector. */
function isColumn({ op, operands, type: { shape } }: Value): boolean {
  if (shape.length !== 2 || shape[1] !== 1 || shape[0] === 1 || op.kind === "layout") return false;
  return op.kind !== "elementwise" || operands.some(isColumn);
}

/** True for values that follow from different inputs: those of one may well be paired with each other. */
function areApart(column: Value, vector: Value): boolean {
  const inputsOf = (value: Value) => postorder([value]).filter(({ op }) => op === inputOp);
  const [left, right] = [new Set(inputsOf(column)), inputsOf(vector)];
  return left.size > 0 && right.length > 0 && !right.some((input) => left.has(input));
}
