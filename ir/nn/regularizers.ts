/// Penalties on the size of weights, to be added to a loss.
import { setting } from "../build.ts";
import { noParameters, optionValue } from "../errors.ts";
import { atLeastZero, checkArgument, someTensors, tensorOrNumber } from "../options.ts";
import { add, mul, square } from "../ops/arithmetic.ts";
import { abs } from "../ops/functions.ts";
import { sum } from "../ops/sum.ts";
import type { Scalar } from "../static.ts";
import type { Tensor, Value } from "../value.ts";

/**
 * L2 penalty: strength · Σ w² over one or several parameters; a scalar. A number becomes the run-time setting `l2`, so the
 * strength changes without recompiling. Its gradient is 2 · strength · w.
 */
export function l2(parameters: Value | readonly Value[], strength: number | Value): Tensor<"f32", Scalar> {
  return penalty("l2", parameters, strength, square);
}

/** L1 penalty: strength · Σ |w| over one or several parameters; a scalar. A number becomes the run-time setting `l1`. */
export function l1(parameters: Value | readonly Value[], strength: number | Value): Tensor<"f32", Scalar> {
  return penalty("l1", parameters, strength, abs);
}

function penalty(
  name: string,
  parameters: Value | readonly Value[],
  strength: number | Value,
  size: (w: Value) => Value,
): Tensor<"f32", Scalar> {
  checkArgument(name, "parameters", parameters, someTensors);
  checkArgument(name, "the strength", strength, tensorOrNumber);
  const chosen = [parameters].flat();
  if (chosen.length === 0) throw noParameters(name, true);
  if (typeof strength === "number" && !atLeastZero.holds(strength))
    throw optionValue(name, "strength", atLeastZero.must, strength, "0 leaves the penalty out");
  const factor = typeof strength === "number" ? setting(name, strength) : strength;
  const total: Value = chosen.map((parameter) => sum(size(parameter))).reduce((sum, term) => add(sum, term));
  return mul(factor, total) as Tensor<"f32", Scalar>;
}
