/// Comparisons, and choices between values.
import {
  and,
  cast,
  equal,
  greater,
  greaterEqual,
  heaviside,
  isFinite,
  isInfinite,
  isNaN,
  less,
  lessEqual,
  maximum,
  minimum,
  nanToNum,
  not,
  notEqual,
  or,
  where,
  type Value,
} from "chainrule";
import { isValue, operator, type Call, type Mapping, type Operators } from "../opinfo/call.ts";
import { binary, unary } from "./arithmetic.ts";

/** x within bounds that may be missing; a bound takes the gradient only where it is the result. */
function clamped(x: Value, low: Value | undefined, high: Value | undefined): Value {
  const raised = low ? where(less(x, low), low, x) : x;
  if (!high) return raised;
  const above = low ? or(greater(x, high), greater(low, high)) : greater(x, high);
  return where(above, high, raised);
}

/** The larger (or smaller) of two, where NaN counts as missing; at a tie the first takes the gradient. */
function ignoringNaN(takesFirst: (a: Value, b: Value) => Value): Mapping {
  return binary((a, b) => where(or(and(takesFirst(a, b), not(isNaN(a))), isNaN(b)), a, b));
}

/** A fill of the type of what it replaces. */
function fill(call: Call, name: string): Value | number {
  return isValue(call.any(name)) ? call.float(name) : call.number(name);
}

export const comparisons: Operators = {
  eq: binary((a, b) => equal(a, b)),
  ne: binary((a, b) => notEqual(a, b)),
  lt: binary((a, b) => less(a, b)),
  le: binary((a, b) => lessEqual(a, b)),
  gt: binary((a, b) => greater(a, b)),
  ge: binary((a, b) => greaterEqual(a, b)),
  isnan: unary(isNaN),
  isinf: unary(isInfinite),
  isfinite: unary(isFinite),
  heaviside: binary((a, b) => heaviside(a, b)),
  maximum: binary((a, b) => maximum(a, b)),
  minimum: binary((a, b) => minimum(a, b)),
  "max.binary": binary((a, b) => maximum(a, b)),
  "min.binary": binary((a, b) => minimum(a, b)),
  fmax: ignoringNaN((a, b) => greaterEqual(a, b)),
  fmin: ignoringNaN((a, b) => lessEqual(a, b)),
  clamp: operator("input min max", (call) => clamped(call.float("input"), call.maybe("min"), call.maybe("max"))),
  clamp_min: operator("input min", (call) => clamped(call.float("input"), call.float("min"), undefined)),
  clamp_max: operator("input max", (call) => clamped(call.float("input"), undefined, call.float("max"))),
  nan_to_num: operator("input nan posinf neginf", (call) =>
    nanToNum(call.float("input"), {
      nan: call.number("nan", 0),
      ...(call.has("posinf") ? { positiveInfinity: call.number("posinf") } : {}),
      ...(call.has("neginf") ? { negativeInfinity: call.number("neginf") } : {}),
    }),
  ),
  where: operator("input condition other", (call) => {
    // The recording's first argument is the value that is taken; its condition comes second.
    return where(cast(call.tensor("condition"), "bool"), call.float("input"), fill(call, "other"));
  }),
  masked_fill: operator("input mask value", (call) => {
    const x = call.float("input");
    return where(call.tensor("mask"), fill(call, "value"), x);
  }),
};
