/// Elements that exist under a condition, or where other data says, in float64.
import { batchAxes } from "../ops/gather.ts";
import { wrapped } from "../ops/wrap.ts";
import type { PiecewiseOp, Value } from "../value.ts";
import { columnAlgebra, countOf, indexColumns, positionsOf, type BindSize, type EvaluationKernel } from "./indices.ts";

/** The kernel of padding and concatenation: for each element the operand it comes from, and where it lies there. */
export function piecewiseKernel(op: PiecewiseOp, value: Value, bind: BindSize): EvaluationKernel {
  const shapes = value.operands.map((operand) => operand.type.shape);
  const shape = value.type.shape.map(bind);
  const count = countOf(shape);
  const pieces = op.pieces(indexColumns(shape), shapes, value.attrs, columnAlgebra(bind));
  const from = new Int32Array(count).fill(-1);
  const at = new Int32Array(count);
  for (const { operand, index, condition = true } of pieces) {
    const positions = positionsOf(index, shapes[operand].map(bind), count);
    for (let i = 0; i < count; i++) {
      if (from[i] >= 0 || !(typeof condition === "boolean" ? condition : condition[i])) continue;
      from[i] = operand;
      at[i] = positions[i];
    }
  }
  const fill = (value.attrs.fill as number | undefined) ?? 0;
  return (operands) => {
    const result = new Float64Array(count);
    for (let i = 0; i < count; i++) result[i] = from[i] < 0 ? fill : operands[from[i]][at[i]];
    return result;
  };
}

/** The kernel of a gather: [B…, n, R…] at [B…, K…] → [B…, K…, R…]; what lies outside the axis reads 0. */
export function gatherKernel(value: Value, bind: BindSize): EvaluationKernel {
  const [operand, indices] = value.operands.map(({ type }) => type.shape.map(bind));
  const batch = batchAxes(value.attrs);
  const batches = countOf(operand.slice(0, batch));
  const extent = operand[batch];
  const rest = countOf(operand.slice(batch + 1));
  const positions = countOf(indices.slice(batch));
  return ([x, at]) => {
    const result = new Float64Array(batches * positions * rest);
    for (let read = 0; read < batches * positions; read++) {
      const index = at[read];
      if (!(index >= 0 && index < extent)) continue;
      const start = (Math.floor(read / positions) * extent + index) * rest;
      result.set(x.subarray(start, start + rest), read * rest);
    }
    return result;
  };
}

/**
 * The kernel of what a gather transposes to: updates [B…, K…, R…] added up at positions [B…, K…] → [B…, n, R…]. Written
 * out, as products with a one-hot, they would be compared with every place of the axis, and that does not fit into memory.
 */
export function scatterKernel(value: Value, bind: BindSize): EvaluationKernel {
  const result = value.type.shape.map(bind);
  const indices = value.operands[0].type.shape.map(bind);
  const batch = batchAxes(value.attrs);
  const extent = result[batch];
  const rest = countOf(result.slice(batch + 1));
  const positions = countOf(indices.slice(batch));
  return ([at, updates]) => {
    const sums = new Float64Array(countOf(result));
    at.forEach((index, place) => {
      if (!(index >= 0 && index < extent)) return;
      const start = (Math.floor(place / positions) * extent + index) * rest;
      for (let i = 0; i < rest; i++) sums[start + i] += updates[place * rest + i];
    });
    return sums.map((total) => wrapped(total, value.type.dtype));
  };
}
