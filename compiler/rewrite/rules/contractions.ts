/// Logarithms of products of matrices, whose elements are sums of exponentials: each sum is written out as such.
import { mul } from "../../../ir/ops/arithmetic.ts";
import { castOp } from "../../../ir/ops/choose.ts";
import { contractAttrs, contractOp, operandAxes } from "../../../ir/ops/contract.ts";
import { log } from "../../../ir/ops/functions.ts";
import { broadcastAlong, sum } from "../../../ir/ops/sum.ts";
import { apply, type Value } from "../../../ir/value.ts";
import { classComparison } from "../../../ir/classes.ts";
import { mentionsExponential, monomialOf } from "../exponential.ts";
import { isExponential } from "../monomial.ts";
import { rule, type Rule } from "../rule.ts";

/** Σ over the contracted axes of x·y, both repeated along the free axes of the other. */
function asSum(value: Value): Value {
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
  return sum(product, { axes: summed.map((_, i) => rank + i) });
}

const isMatch = ({ op, operands }: Value): boolean => op === castOp && classComparison(operands[0]) !== undefined;
const isExponentials = (x: Value): boolean => mentionsExponential(x) && isExponential(monomialOf(x));

/** ln of a product of exponentials, or of exponentials that a match picks, under layouts. */
function logOfContraction(x: Value): Value | undefined {
  if (x.op.kind === "layout") {
    const inner = logOfContraction(x.operands[0]);
    return inner && apply(x.op, [inner], x.attrs);
  }
  if (x.op !== contractOp) return undefined;
  const [a, b] = x.operands;
  const [left, right] = [isExponentials(a), isExponentials(b)];
  if (!(left && (right || isMatch(b))) && !(right && isMatch(a))) return undefined;
  return log(asSum(x));
}

/** Products of matrices in logarithms. */
export const contractionRules: readonly Rule[] = [
  rule("log of a contraction", "stabilizes", "log(contract(exp(u), exp(v))) = logsumexp(u + v)", ["log"], (value) =>
    logOfContraction(value.operands[0]),
  ),
];
