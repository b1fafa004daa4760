/// Sums, products, quotients, powers and what is made of them.
import {
  abs,
  add,
  atan2,
  ceil,
  copysign,
  div,
  floor,
  floorDivide,
  fmod,
  hypot,
  logaddexp,
  lerp,
  mul,
  neg,
  pow,
  reciprocal,
  remainder,
  round,
  rsqrt,
  sign,
  sqrt,
  square,
  sub,
  trunc,
  truncDivide,
  xlogy,
  type Value,
} from "chainrule";
import { isValue, operator, type Call, type Mapping, type Operators } from "../opinfo/call.ts";

/** Two operands that broadcast. */
export function binary(build: (a: Value, b: Value) => Value): Mapping {
  return operator("input other", (call) => build(call.float("input"), call.float("other")));
}

/** One operand. */
export function unary(build: (x: Value) => Value): Mapping {
  return operator("input", (call) => build(call.float("input")));
}

/** A factor that may be left out: 1. */
function factor(call: Call, name: string, x: Value): Value {
  const alpha = call.any(name) ?? 1;
  return alpha === 1 ? x : isValue(alpha) ? mul(alpha, x) : mul(call.number(name), x);
}

function division(): Mapping {
  return operator("input other rounding_mode", (call) => {
    const [a, b] = [call.float("input"), call.float("other")];
    if (!call.has("rounding_mode")) return div(a, b);
    return call.text("rounding_mode") === "floor" ? floorDivide(a, b) : truncDivide(a, b);
  });
}

/** Rounded to a number of decimals; the factor is a power of ten, or divides by one. */
function rounding(): Mapping {
  return operator("input decimals", (call) => {
    const [x, decimals] = [call.float("input"), call.number("decimals", 0)];
    const power = 10 ** Math.abs(decimals);
    if (decimals === 0) return round(x);
    return decimals > 0 ? div(round(mul(x, power)), power) : mul(round(div(x, power)), power);
  });
}

export const arithmetic: Operators = {
  add: operator("input other alpha", (call) => add(call.float("input"), factor(call, "alpha", call.float("other")))),
  sub: operator("input other alpha", (call) => sub(call.float("input"), factor(call, "alpha", call.float("other")))),
  rsub: operator("input other alpha", (call) => sub(call.float("other"), factor(call, "alpha", call.float("input")))),
  mul: binary((a, b) => mul(a, b)),
  "div.no_rounding_mode": division(),
  "div.floor_rounding": division(),
  "div.trunc_rounding": division(),
  true_divide: binary((a, b) => div(a, b)),
  neg: unary(neg),
  abs: unary(abs),
  sign: unary(sign),
  reciprocal: unary(reciprocal),
  square: unary(square),
  sqrt: unary(sqrt),
  rsqrt: unary(rsqrt),
  pow: binary((a, b) => pow(a, b)),
  float_power: binary((a, b) => pow(a, b)),
  hypot: binary((a, b) => hypot(a, b)),
  atan2: binary((a, b) => atan2(a, b)),
  copysign: binary((a, b) => copysign(a, b)),
  fmod: binary((a, b) => fmod(a, b)),
  remainder: binary((a, b) => remainder(a, b)),
  logaddexp: binary((a, b) => logaddexp(a, b)),
  logaddexp2: binary((a, b) => div(logaddexp(mul(a, Math.LN2), mul(b, Math.LN2)), Math.LN2)),
  xlogy: binary((a, b) => xlogy(a, b)),
  ceil: unary(ceil),
  floor: unary(floor),
  trunc: unary(trunc),
  frac: unary((x) => sub(x, trunc(x))),
  round: rounding(),
  "round.decimals_0": rounding(),
  "round.decimals_3": rounding(),
  "round.decimals_neg_3": rounding(),
  lerp: operator("input end weight", (call) => lerp(call.float("input"), call.float("end"), call.float("weight"))),
  addcmul: operator("input tensor1 tensor2 value", (call) =>
    add(call.float("input"), factor(call, "value", mul(call.float("tensor1"), call.float("tensor2")))),
  ),
  addcdiv: operator("input tensor1 tensor2 value", (call) =>
    add(call.float("input"), factor(call, "value", div(call.float("tensor1"), call.float("tensor2")))),
  ),
};
