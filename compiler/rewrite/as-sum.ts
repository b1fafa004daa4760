/// Products of matrices as sums of products, for rules that look at what is added up.
import { mul } from "../../ir/ops/arithmetic.ts";
import { contractAttrs, contractOp, operandAxes } from "../../ir/ops/contract.ts";
import { broadcastAlong, sum } from "../../ir/ops/sum.ts";
import type { Value } from "../../ir/value.ts";

/** Σ over the contracted axes of x·y, both repeated along the free axes of the other; the product where none is contracted. */
export function asSum(value: Value): Value {
  const attrs = contractAttrs(value);
  const [left, right] = [0, 1].map((side) => {
    const operand = value.operands[side];
    const axes = operandAxes(attrs, side as 0 | 1, operand.type.shape.length);
    return { operand, ...axes };
  });
  const rank = value.type.shape.length;
  const summed = left.contracted.map((axis) => left.operand.type.shape[axis]);
  const shape = [...value.type.shape, ...summed];
  const spread = ({ operand, batch, free, contracted }: typeof left, before: number): Value => {
    const along = operand.type.shape.map((_, axis) => {
      const [inBatch, inFree] = [batch.indexOf(axis), free.indexOf(axis)];
      if (inBatch >= 0) return inBatch;
      return inFree >= 0 ? before + inFree : rank + contracted.indexOf(axis);
    });
    return broadcastAlong(operand, shape, along);
  };
  const product = mul(spread(left, left.batch.length), spread(right, left.batch.length + left.free.length));
  return summed.length === 0 ? product : sum(product, { axes: summed.map((_, i) => rank + i) });
}

/** The same of a weighted sum: of a matrix and a vector, or of rows and rows, where nothing is computed more than once. */
export function asWeightedSum(value: Value): Value | undefined {
  if (value.op !== contractOp) return undefined;
  const attrs = contractAttrs(value);
  const isWeight = (side: 0 | 1): boolean =>
    operandAxes(attrs, side, value.operands[side].type.shape.length).free.length === 0;
  return attrs.contracted.length === 0 || isWeight(0) || isWeight(1) ? asSum(value) : undefined;
}
