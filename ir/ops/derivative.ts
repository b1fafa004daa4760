/// Derivatives as values: placeholders that the compiler expands, innermost first, after stabilising what they look at.
import { gradientOfInteger, lossNotScalar } from "../errors.ts";
import type { ScalarFloat } from "../static.ts";
import { isFloat, type DType, type Shape } from "../type.ts";
import { apply, type DerivativeOp, type Value } from "../value.ts";

export const gradOp: DerivativeOp = {
  name: "grad",
  doc: "Gradient of a scalar with respect to a value that it depends on.",
  kind: "derivative",
  infer([loss, x]) {
    if (loss.shape.length !== 0 || !isFloat(loss.dtype)) throw lossNotScalar(loss);
    if (!isFloat(x.dtype)) throw gradientOfInteger(x);
    return x;
  },
};

/** ∂loss/∂x, of the shape of `x`; of several values at once, in their order. `loss` is a scalar. */
export function grad<D extends DType, S extends Shape, T extends Value>(loss: ScalarFloat<"grad", D, S>, x: T): T;
export function grad<D extends DType, S extends Shape, const T extends readonly Value[]>(
  loss: ScalarFloat<"grad", D, S>,
  x: T,
): T;
export function grad(loss: Value, x: Value | readonly Value[]): Value | readonly Value[] {
  return isValue(x) ? apply(gradOp, [loss, x]) : x.map((each) => apply(gradOp, [loss, each]));
}

function isValue(x: Value | readonly Value[]): x is Value {
  return !Array.isArray(x);
}
