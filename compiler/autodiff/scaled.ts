/// Derivatives that are taken of a multiple of a loss and divided by the factor: loss scaling.
import { div, mul } from "../../ir/ops/arithmetic.ts";
import { gradOp } from "../../ir/ops/derivative.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { postorder, same, underLayouts, type Value } from "../../ir/value.ts";

/** ∂(s·L)/∂w / s, which is ∂L/∂w. */
export interface ScaledSlope {
  readonly quotient: Value;
  readonly loss: Value;
  /** s·L. */
  readonly scaled: Value;
  readonly target: Value;
}

/** What a value of a model is the derivative of, where it is one in this spelling. */
export function scaledSlope(quotient: Value): ScaledSlope | undefined {
  const [slope, divisor] = quotient.operands;
  if (quotient.op !== div.op || slope.op !== gradOp) return undefined;
  const [scaled, target] = slope.operands;
  if (scaled.op !== mul.op) return undefined;
  const [scale, loss] = scaled.operands;
  // A factor that hangs on the target has a slope of its own.
  if (!isRepeated(scale, divisor) || postorder([scale]).includes(target)) return undefined;
  return { quotient, loss, scaled, target };
}

/** True for one number in two shapes. */
function isRepeated(number: Value, value: Value): boolean {
  const known = constantValue(number);
  return known === undefined ? same(underLayouts(value), number) : constantValue(value) === known;
}
