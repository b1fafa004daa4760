/// Values on which rules about lengths, distances and deviations fire that are functions.
import { add, div, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { where } from "../../../ir/ops/choose.ts";
import { equal, greater } from "../../../ir/ops/compare.ts";
import { log, maximum, sqrt } from "../../../ir/ops/functions.ts";
import { einsum } from "../../../ir/ops/einsum.ts";
import { reshape } from "../../../ir/ops/layout.ts";
import { inputOp } from "../../../ir/ops/leaf.ts";
import { root, rsqrt } from "../../../ir/ops/powers.ts";
import { mean } from "../../../ir/ops/reduce.ts";
import { broadcastAlong, sum } from "../../../ir/ops/sum.ts";
import { apply, type Value } from "../../../ir/value.ts";

function leaf(name: string, shape: readonly number[] = [3, 4]): Value {
  return apply(inputOp, [], { identity: { name, dtype: "f32", shape } });
}

const x = leaf("x");
const y = leaf("y");
const column = leaf("column", [3]);
const square = (value: Value): Value => mul(value, value);
const squares = (value: Value): Value => sum(square(value), { axis: 1 });
const spread = (value: Value, axis: 0 | 1, shape = [3, 4]): Value => broadcastAlong(value, shape, [axis]);
const dot = (): Value => sum(mul(x, y), { axis: 1 });

/** Rule name → a value that it rewrites. */
export const lengthExamples: readonly { readonly name: string; readonly value: () => Value }[] = [
  { name: "root of squares", value: () => sqrt(add(add(square(x), mul(4, square(y))), 0.25) as Value) },
  { name: "root of squares", value: () => root(add(square(x), spread(square(column), 0)) as Value) },
  { name: "root of squares", value: () => rsqrt(maximum(squares(x), 1e-12) as Value) },
  { name: "root of squares", value: () => sqrt(add(squares(x), squares(y))) },
  { name: "log of squares", value: () => log(add(square(x), div(square(y), 4)) as Value) },
  { name: "log of squares", value: () => log(mean(square(x), { axis: 1 })) },
  { name: "log of squares", value: () => log(square(x)) },
  {
    name: "slope over the square of a length",
    value: () => {
      const length = root(squares(x));
      const isNothing = equal(length, 0) as never;
      return mul(x, spread(where(isNothing, 0, div(div(column, length), length)) as Value, 0));
    },
  },
  {
    name: "slope over a length, divided already",
    value: () => {
      const length = root(squares(x));
      const isNothing = equal(length, 0) as never;
      const slope = div(div(column, sum(y, { axis: 1 })), add(1, square(column)) as Value);
      return mul(x, spread(where(isNothing, 0, div(slope, where(isNothing, 1, length) as Value) as never) as Value, 0));
    },
  },
  { name: "length beside zero", value: () => greater(squares(x), 0) as Value },
  {
    name: "root of a guarded sum of squares",
    value: () => root(where(greater(column, 0) as never, squares(x), 1) as Value),
  },
  { name: "quotient by squares", value: () => div(dot(), squares(y)) },
  { name: "quotient by squares", value: () => div(square(dot()), mul(squares(x), squares(y))) },
  {
    name: "quotient by squares",
    value: () => div(add(mul(2, dot()), 0.25) as Value, add(add(squares(x), squares(y)), 0.25) as Value),
  },
  { name: "quotient by squares", value: () => div(mul(x, y), add(square(x), square(y))) },
  { name: "quotient by squares", value: () => div(squares(sub(x, y)), mean(square(y), { axis: 1 })) as Value },
  {
    name: "cosine similarity",
    value: () => div(dot(), mul(add(root(squares(x)), 1e-8) as Value, maximum(root(squares(y)), 1e-8) as Value)),
  },
  {
    name: "cosine similarity",
    value: () => {
      const [left, right] = [x, y].map((side) => sqrt(add(squares(side), 1e-12) as Value));
      return mul(dot(), div(div(1, left) as Value, right));
    },
  },
  {
    name: "cosine similarity",
    value: () =>
      div(
        einsum("ik,jk->ij", x, y) as Value,
        mul(spread(root(squares(x)), 0, [3, 3]), spread(root(squares(y)), 1, [3, 3])),
      ),
  },
  {
    name: "cosine similarity beside a number",
    value: () => div(dot(), add(mul(root(squares(x)), root(squares(y))), 1e-8) as Value),
  },
  {
    name: "cosine similarity beside a number",
    value: () => div(dot(), sqrt(maximum(mul(squares(x), squares(y)), 1e-12) as Value)),
  },
  {
    name: "cosine similarity beside a number",
    value: () => div(dot(), sqrt(add(mul(squares(y), squares(x)), 1e-6) as Value)),
  },
  {
    name: "squared distance multiplied out",
    value: () => sub(add(squares(x), squares(y)), mul(2, dot()) as Value),
  },
  {
    name: "squared distance multiplied out",
    value: () =>
      add(
        sub(spread(squares(x), 0, [3, 3]), mul(2, einsum("ik,jk->ij", x, y) as Value) as Value),
        spread(squares(y), 1, [3, 3]),
      ),
  },
  {
    name: "squared distance multiplied out",
    value: () => sub(mul(x, spread(column, 0)), div(add(square(x), spread(square(column), 0)) as Value, 2) as Value),
  },
  {
    name: "multiple of a deviation",
    value: () => sub(mul(2, x) as Value, spread(mul(2, mean(x, { axis: 1 })) as Value, 0)),
  },
  {
    name: "multiple of a deviation",
    value: () => sub(div(x, y), div(broadcastAlong(reshape(mean(x), []), [3, 4], []), y)),
  },
  {
    name: "mean of deviations",
    value: () => {
      const p = div(y, spread(sum(y, { axis: 1 }), 0));
      return sub(sum(mul(p, x), { axis: 1 }), mean(x, { axis: 1 })) as Value;
    },
  },
  {
    name: "mean of deviations",
    value: () => sub(broadcastAlong(mean(x), [3], []), mean(x, { axis: 1 })) as Value,
  },
  {
    name: "weighted variance by deviations",
    value: () => {
      const [n, total] = [sum(y, { axis: 1 }), sum(mul(y, x), { axis: 1 })];
      return sub(sum(mul(mul(y, x), x), { axis: 1 }), div(mul(total, total), n)) as Value;
    },
  },
  {
    name: "deviation of a multiple",
    value: () => {
      const scaled = mul(x, broadcastAlong(column, [3, 4], [0]));
      return sub(scaled, spread(mean(scaled, { axis: 1 }), 0));
    },
  },
  {
    name: "squares of a mean collected",
    value: () => {
      const middle = mean(x, { axis: 1 });
      return add(sub(mean(square(x), { axis: 1 }), mul(2, square(middle)) as Value), square(middle)) as Value;
    },
  },
];
