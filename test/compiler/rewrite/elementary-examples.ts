/// Values on which rules about functions of one or two numbers fire that are functions themselves.
import { add, div, mul } from "../../../ir/ops/arithmetic.ts";
import { where } from "../../../ir/ops/choose.ts";
import { greater, less } from "../../../ir/ops/compare.ts";
import { inputOp } from "../../../ir/ops/leaf.ts";
import { apply, type Value } from "../../../ir/value.ts";

function leaf(name: string): Value {
  return apply(inputOp, [], { identity: { name, dtype: "f32", shape: [3, 4] } });
}

const x = leaf("x");
const y = leaf("y");

/** Rule name → a value that it rewrites. */
export const elementaryExamples: readonly { readonly name: string; readonly value: () => Value }[] = [
  {
    name: "factor beside a sum of selections",
    value: () => mul(add(where(greater(y, 0) as never, x, 0), where(less(y, 1) as never, 0, x)), div(1, y)) as Value,
  },
];
