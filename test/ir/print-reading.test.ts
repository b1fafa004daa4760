/// Formulas that are only read: numbers are numbers, and what is spread along axes is spread without a word.
import { expect, test } from "vitest";
import { sizeValue } from "../../ir/ops/leaf.ts";
import { broadcastOp } from "../../ir/ops/sum.ts";
import {
  constant,
  input,
  model,
  mul,
  neg,
  reshape,
  add,
  div,
  equal,
  iota,
  matmul,
  transpose,
  where,
} from "../../ir/index.ts";
import { printReading, printValue } from "../../ir/print.ts";
import { apply, type Value } from "../../ir/value.ts";

const names = new Map<Value, string>();
const leaf = (name: string, shape: readonly (string | number)[], dtype: "f32" | "i32" = "f32"): Value => {
  let found: Value | undefined;
  model("leaf", () => {
    found = input(name, dtype, shape);
    return { run: { found: found as never } };
  });
  names.set(found!, name);
  return found!;
};
const [x, row, one, column] = [leaf("x", ["m", 3]), leaf("row", [3]), leaf("one", [1]), leaf("column", ["m"])];
const label = leaf("label", ["m"], "i32");
const hits = equal(iota(["m", 3], 1), apply(broadcastOp, [label], { axes: [0], shape: ["m", 3] }) as never);
const spread = (value: Value, axes: readonly number[], shape: readonly (string | number)[]): Value =>
  apply(broadcastOp, [value], { axes, shape });

test.each([
  ["-1 / m · x", mul(spread(div(neg(constant(1)), sizeValue("m")), [], ["m", 3]), x as never)],
  ["-(1 / m) · x", mul(neg(div(constant(1, "f32", ["m", 3]), sizeValue("m", "f32", ["m", 3]))), x as never)],
  [
    "(1 / m)[:, _] · x",
    mul(spread(div(constant(1, "f32", ["m"]), sizeValue("m", "f32", ["m"])), [0], ["m", 3]), x as never),
  ],
  ["column[:, _] · x", mul(spread(spread(column, [0], ["m", 1]), [0, 1], ["m", 3]), x as never)],
  ["row · x", mul(spread(row, [1], ["m", 3]), x as never)],
  ["one² + x", add(reshape(mul(one as never, one as never), []) as never, x as never)],
  ["select(oneHot(label, 3), x, 0)", where(hits as never, x as never, 0)],
  ["x @ xᵀ", matmul(x as never, transpose(x as never) as never)],
])("%s", (text, value) => {
  expect(printReading(value, names)).toBe(text);
});

test("text that reads back says of which shape numbers are", () => {
  const value = mul(neg(div(constant(1, "f32", ["m", 3]), sizeValue("m", "f32", ["m", 3]))), x as never);
  expect(printValue(value, names)).toBe("-(fill(1, f32[m, 3]) / m) · x");
});
