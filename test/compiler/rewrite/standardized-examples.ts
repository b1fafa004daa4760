/// Values on which the rules for rows over their spread fire.
import { softmax } from "../../../ir/nn/softmax.ts";
import { add, div, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { cast, where } from "../../../ir/ops/choose.ts";
import { greater, less } from "../../../ir/ops/compare.ts";
import { maximum } from "../../../ir/ops/functions.ts";
import { reshape } from "../../../ir/ops/layout.ts";
import { inputOp } from "../../../ir/ops/leaf.ts";
import { mean } from "../../../ir/ops/reduce.ts";
import { broadcastAlong, sum } from "../../../ir/ops/sum.ts";
import { apply, type Value } from "../../../ir/value.ts";

const leaf = (name: string, shape: readonly number[]): Value =>
  apply(inputOp, [], { identity: { name, dtype: "f32", shape } });

const [x, y] = [leaf("x", [3, 4]), leaf("y", [3, 4])];
const [c, s] = [leaf("c", [3]), leaf("s", [3])];
const rows = (value: Value): Value => broadcastAlong(value, [3, 4], [0]);
const axis = { axis: 1 } as const;
const deviation = sub(y, rows(mean(y, axis))) as Value;

/** What others read as well as the examples do. */
const known = div(x, rows(s)) as Value;

const knownProduct = mul(x, rows(c)) as Value;

/** How many values read a value of the examples. */
export const readersOf = (value: Value): number => (value === known || value === knownProduct ? 2 : 1);

/** Rule name → a value that it rewrites. */
export const standardizedExamples: readonly { readonly name: string; readonly value: () => Value }[] = [
  {
    name: "calculation before unit axes",
    value: () => div(reshape(c, [3, 1]), reshape(s, [3, 1])),
  },
  {
    name: "calculation before unit axes",
    value: () => greater(reshape(c, [1, 3]), 1),
  },
  { name: "terms that add up to nothing", value: () => sum(sub(x, mul(deviation, rows(c))), axis) },
  {
    name: "terms that add up to nothing",
    value: () => sum(mul(rows(s), add(div(deviation, rows(add(mul(c, c), 1))), x)), axis),
  },
  { name: "sum of quotients", value: () => sum(mul(y, div(x, rows(c))), axis) },
  { name: "sum of quotients", value: () => sum(div(x, rows(c)), axis) },
  { name: "quotient that is there", value: () => mul(x, rows(div(mul(c, div(2, s)), 4))) },
  { name: "number times rows", value: () => mul(2, mul(y, rows(c))) },
  { name: "number times rows", value: () => mul(mul(x, 3), rows(c)) },
  { name: "common divisor of rows", value: () => sub(div(x, rows(c)), mul(y, rows(div(s, c)))) },
  {
    name: "common divisor of rows",
    value: () => sub(add(y, div(x, rows(c))), rows(mean(div(x, rows(c)), axis))),
  },
  {
    name: "weighted variance by deviations",
    value: () => {
      const p = softmax(y);
      const expected = (of: Value): Value => sum(mul(p, of), axis);
      return sub(expected(mul(x, x)), mul(expected(x), expected(x)));
    },
  },
  {
    name: "weighted variance by deviations",
    value: () => {
      const counts = less(x, y);
      const count = sum(cast(counts, "f32"), axis);
      const expected = (of: Value): Value => div(sum(where(counts, of, 0), axis), count);
      return sub(expected(mul(x, y)), mul(expected(x), expected(y)));
    },
  },
  {
    name: "weighted variance by deviations",
    value: () => {
      const count = maximum(sum(cast(less(x, 1), "f32"), axis), 1) as Value;
      const expected = (of: Value): Value => div(sum(where(less(x, y), of, 0), axis), count);
      return sub(expected(mul(x, x)), mul(expected(x), expected(x)));
    },
  },
  {
    name: "sum of weighted deviations",
    value: () => {
      const mean = div(sum(mul(y, x), axis), sum(y, axis));
      return sum(mul(y, sub(x, rows(mean))), axis);
    },
  },
];
