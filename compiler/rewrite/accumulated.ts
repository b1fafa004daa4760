/// Exponentials that are multiplied or added up along an axis, as one exponential each.
import { cumprodOp, cumsumOp, logcumsumexpOp } from "../../ir/ops/cumulative.ts";
import { productOp } from "../../ir/ops/product.ts";
import { sum } from "../../ir/ops/sum.ts";
import { apply, type Value } from "../../ir/value.ts";
import { addLinear, linearAtom, linearConstant, writeLinear } from "./linear.ts";
import { atomMonomial, exponentialMonomial, isExponential, isPure, type Monomial } from "./monomial.ts";

/** Π eᵘ = e^Σu, and the running sums of eᵘ are exponentials of the running logsumexp. */
export function accumulatedMonomial(value: Value, element: Monomial): Monomial {
  if (!isExponential(element) || !isPure(element) || !(element.coefficient > 0)) return atomMonomial(value);
  const whole = addLinear(element.exponent, linearConstant(Math.log(element.coefficient)));
  const exponent = writeLinear(whole, value.operands[0].type);
  return exponentialMonomial(linearAtom(accumulated(value, exponent)));
}

function accumulated({ op, attrs }: Value, exponent: Value): Value {
  if (op === productOp) return sum(exponent, { axes: attrs.axes as readonly number[] });
  return apply(op === cumprodOp ? cumsumOp : logcumsumexpOp, [exponent], attrs);
}
