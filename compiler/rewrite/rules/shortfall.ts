/// Divisors that are guarded: max(Σw, c) and Σw + c are not below Σw, and where they are Σw nothing is missing.
import { add, sub } from "../../../ir/ops/arithmetic.ts";
import { maximum } from "../../../ir/ops/functions.ts";
import { constant, constantValue } from "../../../ir/ops/leaf.ts";
import { underLayouts, type Value } from "../../../ir/value.ts";
import { ontoLayouts } from "./uniform.ts";

/**
 * n − Σw for a guarded divisor n, without a difference that rounds: 0 to the last bit where the guard does nothing.
 * `isTotal` says whether a side is Σw; `image` is what has become of it.
 */
export function shortfall(
  divisor: Value,
  isTotal: (side: Value) => boolean,
  image: (side: Value) => Value = (side) => side,
): Value | undefined {
  const inner = underLayouts(divisor);
  if (inner.op !== maximum.op && inner.op !== add.op) return undefined;
  const at = inner.operands.findIndex((side) => isTotal(ontoLayouts(divisor, inner, side)));
  const guard = at < 0 ? undefined : constantValue(inner.operands[1 - at]);
  if (guard === undefined || guard < 0) return undefined;
  const { shape } = inner.type;
  const missing: Value =
    inner.op === add.op ? constant(guard, "f32", shape) : maximum(0, sub(guard, image(inner.operands[at])));
  return ontoLayouts(divisor, inner, missing);
}
