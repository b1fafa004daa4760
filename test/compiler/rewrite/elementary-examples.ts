/// Values on which rules about functions of one or two numbers fire that are functions themselves.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { cast, where } from "../../../ir/ops/choose.ts";
import { equal, greater, less } from "../../../ir/ops/compare.ts";
import { abs, exp, expm1, log, log1p, maximum, minimum, pow, sigmoid, sqrt, tanh } from "../../../ir/ops/functions.ts";
import { einsum } from "../../../ir/ops/einsum.ts";
import { inputOp } from "../../../ir/ops/leaf.ts";
import { exp2, hypot, root, rsqrt } from "../../../ir/ops/powers.ts";
import { mean } from "../../../ir/ops/reduce.ts";
import { erf, erfc } from "../../../ir/ops/special.ts";
import { broadcastAlong, sum } from "../../../ir/ops/sum.ts";
import { atan, sin } from "../../../ir/ops/trigonometric.ts";
import { apply, type Value } from "../../../ir/value.ts";

function leaf(name: string): Value {
  return apply(inputOp, [], { identity: { name, dtype: "f32", shape: [3, 4] } });
}

const x = leaf("x");
const y = leaf("y");
const z = apply(inputOp, [], { identity: { name: "z", dtype: "f32", shape: [3] } });
/** Of erfc(10) the digits are few. */
const quarter = mul(0.25, x) as Value;
const rows = (value: Value): Value => broadcastAlong(value, [3, 4], [0]);

/** Rule name → a value that it rewrites. */
export const elementaryExamples: readonly { readonly name: string; readonly value: () => Value }[] = [
  {
    name: "factor beside a sum of selections",
    value: () => mul(add(where(greater(y, 0) as never, x, 0), where(less(y, 1) as never, 0, x)), div(1, y)) as Value,
  },
  { name: "log of a normal tail", value: () => log(mul(0.5, add(1, erf(quarter))) as Value) },
  { name: "log of a normal tail", value: () => log(sub(1, mul(0.5, erfc(quarter)))) },
  { name: "log of a normal tail", value: () => log1p(neg(erf(quarter))) },
  { name: "function over its operand", value: () => div(sin(x), x) },
  { name: "function over its operand", value: () => div(expm1(mul(2, x) as Value), x) },
  { name: "function over its operand", value: () => div(mul(y, log1p(x)), x) },
  { name: "function over its operand", value: () => div(tanh(neg(x)), x) },
  { name: "operand over its function", value: () => div(x, expm1(x)) },
  { name: "operand over its function", value: () => div(x, neg(expm1(neg(x)))) },
  { name: "product of inverse squares", value: () => mul(div(div(1, x) as Value, x), div(div(y, rows(z)), rows(z))) },
  { name: "product over a sum", value: () => div(mul(2, mul(x, y)) as Value, add(x, y)) },
  { name: "logarithms of a sum and a part", value: () => sub(log(add(x, y)), log(x)) },
  { name: "logarithms of a sum and a part", value: () => sub(log(y), log(add(y, mul(x, x)))) },
  { name: "log of a sum over a part", value: () => log(div(add(x, y), x)) },
  { name: "log of a sum over a part", value: () => log(div(x, add(y, x))) },
  { name: "one less a number over a sum", value: () => sub(div(1, add(x, 1) as Value) as Value, 1) as Value },
  { name: "one less a number over a sum", value: () => sub(1, div(2, add(2, x) as Value) as Value) as Value },
  { name: "power less one, its exponent learned", value: () => sub(pow(x, y), 1) as Value },
  { name: "power less one, its exponent learned", value: () => sub(1, pow(x, y)) as Value },
  { name: "power less one, its exponent learned", value: () => sub(pow(add(1, x) as Value, 12), 1) as Value },
  { name: "power of nearly one", value: () => pow(add(1, x) as Value, y) },
  { name: "difference of large reciprocals", value: () => sub(div(1, tanh(x)) as Value, div(1, x) as Value) },
  { name: "operand over its function", value: () => div(x, atan(x)) },
  { name: "log of a large square", value: () => log1p(mul(x, x)) },
  { name: "log of a large square", value: () => log(add(4, div(mul(x, x), 2) as Value) as Value) },
  { name: "power of a large square", value: () => pow(add(1, mul(x, x)) as Value, 0.25) as Value },
  { name: "large square over itself", value: () => div(mul(x, x), add(mul(x, x), 4) as Value) },
  { name: "unit vector", value: () => div(x, rows(root(sum(mul(x, x), { axis: 1 })))) },
  {
    name: "slope of a unit vector",
    value: () => {
      const length = root(sum(mul(x, x), { axis: 1 }));
      const isZero = equal(length, 0);
      const divisor = where(isZero as never, Infinity, length as never);
      return where(isZero as never, 0, div(div(sum(y, { axis: 1 }), divisor as never), length) as never) as Value;
    },
  },
  { name: "inverse root of what is never negative", value: () => rsqrt(sum(mul(x, x), { axis: 1 })) },
  {
    name: "root of a product of squares",
    value: () => root(mul(sum(mul(x, x), { axis: 1 }), sum(mul(y, y), { axis: 1 }))),
  },
  {
    name: "cosine similarity",
    value: () => {
      const [left, right] = [x, y].map((side) => root(sum(mul(side, side), { axis: 1 })));
      return div(sum(mul(x, y), { axis: 1 }), mul(left, right));
    },
  },
  {
    name: "cosine similarity",
    value: () => {
      const [left, right] = [x, y].map((side) => root(sum(mul(side, side), { axis: 1 })));
      return div(div(einsum("ij,ij->i", x, y), left), right) as Value;
    },
  },
  { name: "length in a mean or beside a number", value: () => root(mean(mul(x, x), { axis: 1 })) },
  { name: "length in a mean or beside a number", value: () => sqrt(add(sum(mul(x, x), { axis: 0 }), 1e-6) as Value) },
  { name: "length in a mean or beside a number", value: () => rsqrt(add(mean(mul(x, x)), 0.25) as Value) },
  { name: "nothing times its logarithm, among factors", value: () => mul(mul(y, x), log(x)) as Value },
  { name: "mask times a square", value: () => mul(mul(cast(less(x, y), "f32"), 0.5), mul(x, x)) as Value },
  {
    name: "complement of a clamp",
    value: () => sub(1, minimum(maximum(sigmoid(x), 0.25) as Value, 0.75) as Value) as Value,
  },
  {
    name: "complement of a clamp",
    value: () => sub(1, where(less(sigmoid(x), 0.25) as never, 0.25, sigmoid(x) as never) as Value) as Value,
  },
  { name: "complement under a guard", value: () => log(maximum(sub(1, sigmoid(x)) as Value, 1e-7) as Value) as Value },
  {
    name: "complement under a guard",
    value: () =>
      div(y, add(where(less(x, y) as never, sub(1, sigmoid(x)) as never, 0.5) as Value, 1e-3) as Value) as Value,
  },
  {
    name: "log of differences of sigmoids",
    value: () => log(sum(sub(sigmoid(x), sigmoid(y)) as Value, { axis: 1 }) as Value) as Value,
  },
  { name: "difference of inverse exponentials", value: () => sub(exp(x), exp(neg(x))) },
  { name: "difference of inverse exponentials", value: () => sub(exp(neg(x)), exp(x)) },
  {
    name: "root beside a number, over the rest",
    value: () => div(sub(sqrt(add(1, x) as Value), 1) as Value, x),
  },
  {
    name: "root beside a number, over the rest",
    value: () => div(sub(1, hypot(x, 1) as Value) as Value, mul(x, x)),
  },
  { name: "root of a sum, of another order", value: () => pow(sum(abs(x), { axis: 1 }), 0.25) as Value },
  { name: "root beside its side", value: () => sub(sqrt(add(mul(x, x), y)), x) },
  { name: "root beside its side", value: () => sub(x, sqrt(sub(mul(x, x), y)) as Value) },
  { name: "root beside its side", value: () => add(x, sqrt(add(y, mul(x, x)) as Value) as Value) },
  { name: "root beside its side", value: () => sub(hypot(x, y) as Value, x) },
  { name: "norm of another order", value: () => pow(sum(pow(abs(x), 4), { axis: 1 }), 0.25) as Value },
  { name: "norm of another order", value: () => sqrt(sqrt(sum(pow(x, 4), { axis: 1 }))) as Value },
  { name: "norm of another order", value: () => pow(mean(pow(x, 16), { axis: 1 }), 1 / 16) as Value },
  { name: "quotient of squares", value: () => div(mul(x, x), mul(2, mul(y, y)) as Value) },
  { name: "log of a normal tail", value: () => log(mul(3, erfc(quarter)) as Value) },
  { name: "remainder over a power", value: () => div(sub(expm1(x), x), mul(x, x)) as Value },
  { name: "remainder over a power", value: () => div(sub(sub(exp(x), 1), x), x) as Value },
  { name: "remainder over a power", value: () => div(sub(x, sin(x)), pow(x, 3)) as Value },
  { name: "logarithm over the distance from one", value: () => div(log(x), sub(x, 1)) as Value },
  { name: "logarithm over the distance from one", value: () => div(sub(x, 1), log(x)) as Value },
  { name: "root of a product", value: () => sqrt(mul(x, y)) },
  { name: "power of a number less one", value: () => sub(exp2(x), 1) },
  { name: "power of a number less one", value: () => sub(1, pow(10, x)) },
  { name: "root of a product", value: () => sqrt(abs(mul(x, y)) as Value) },
  { name: "product over a sum", value: () => div(mul(x, y), add(x, y)) as Value },
  {
    name: "square less that of what is beyond",
    value: () => {
      const excess = maximum(sub(abs(x), 1) as Value, 0) as Value;
      return sub(mul(0.5, mul(x, x)), mul(0.5, mul(excess, excess))) as Value;
    },
  },
];
