/// Exponentials that are multiplied or added up along an axis, as one exponential each.
import { logcumsumexpOp } from "../../ir/ops/cumulative.ts";
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
  const accumulated: Value =
    value.op === productOp
      ? sum(exponent, { axes: value.attrs.axes as readonly number[] })
      : apply(logcumsumexpOp, [exponent], value.attrs);
  return exponentialMonomial(linearAtom(accumulated));
}
