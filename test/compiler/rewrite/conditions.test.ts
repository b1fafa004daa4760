/// Values that a rule must leave alone, because its side condition does not hold.
import { describe, expect, it, test } from "vitest";
import type { Surroundings } from "../../../compiler/rewrite/rule.ts";
import { allRules } from "../../../compiler/rewrite/rules/all.ts";
import { oneHot } from "../../../ir/nn/softmax.ts";
import { add, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { cast, where } from "../../../ir/ops/choose.ts";
import { equal } from "../../../ir/ops/compare.ts";
import { matmul } from "../../../ir/ops/contract.ts";
import { tanh } from "../../../ir/ops/functions.ts";
import { reshape, transpose } from "../../../ir/ops/layout.ts";
import { constant, constantValue, inputOp, iota } from "../../../ir/ops/leaf.ts";
import { logaddexp } from "../../../ir/ops/logspace.ts";
import { argmax, logsumexp } from "../../../ir/ops/reduce.ts";
import { broadcastAlong, sum } from "../../../ir/ops/sum.ts";
import type { DType, Shape } from "../../../ir/type.ts";
import { apply, type Value } from "../../../ir/value.ts";

const leaf = (name: string, dtype: DType, shape: Shape): Value =>
  apply(inputOp, [], { identity: { name, dtype, shape } });
const label = leaf("label", "i32", [3]);
const scores = leaf("scores", "f32", [3, 4]);

function applied(name: string, value: Value, facts: Partial<Surroundings> = {}): Value | undefined {
  const rule = allRules.find((each) => each.name === name)!;
  return rule.apply(value, { uses: () => 1, classes: () => [], ...facts });
}

describe("a one-hot sums to 1", () => {
  const total = (y: Value, classes: readonly number[] = []): number | undefined => {
    const known = applied("sum known by its parts", sum(y, { axis: -1 }), { classes: () => classes });
    return known && constantValue(known);
  };
  it("where the runtime checks that the labels are classes, and of so many", () => {
    expect(total(oneHot(label, 4), [4])).toBe(1);
    expect(total(oneHot(label, 4), [5])).toBeUndefined();
    expect(total(oneHot(label, 4))).toBeUndefined();
  });
  it("where the labels are positions among as many scores", () => {
    expect(total(oneHot(argmax(scores), 4))).toBe(1);
    expect(total(oneHot(argmax(scores), 3))).toBeUndefined();
  });
  it("where the label is a number in range", () => {
    expect(total(oneHot(constant(3, "i32", [3]), 4))).toBe(1);
    for (const outside of [-1, 4]) expect(total(oneHot(constant(outside, "i32", [3]), 4))).toBeUndefined();
    expect(total(oneHot(constant(0.5, "f32", [3]), 4))).toBeUndefined();
  });
  it("not where a label is computed, or no integer", () => {
    expect(total(oneHot(where(equal(label, 255), -1, label), 4), [4])).toBeUndefined();
    expect(total(oneHot(leaf("t", "f32", [3]), 4), [4])).toBeUndefined();
  });
  it("and so does a selection of 1 and 0, but no mask of one that nobody checks", () => {
    const hit = equal(iota([3, 4], 1), broadcastAlong(label, [3, 4], [0]));
    expect(total(where(hit, constant(1, "f32", [3, 4]), 0), [4])).toBe(1);
    expect(total(where(hit, constant(1, "f32", [3, 4]), 0))).toBeUndefined();
    expect(total(cast(hit, "f32"))).toBeUndefined();
  });
});

describe("a shift cancels in ln Σ eˣ", () => {
  const shifted = (x: Value, c: Value, axes: readonly number[], spreadTo: readonly number[]): Value =>
    add(c, logsumexp(sub(x, broadcastAlong(c, x.type.shape, spreadTo)), { axes }));
  const square = leaf("square", "f32", [3, 3]);
  const c = leaf("c", "f32", [3]);
  it("where it is the same along what is reduced", () => {
    expect(applied("sum of logarithms", shifted(square, c, [1], [0]))).toBeDefined();
  });
  it("not where it runs along it", () => {
    expect(applied("sum of logarithms", shifted(square, c, [1], [1]))).toBeUndefined();
    expect(applied("sum of logarithms", shifted(square, c, [0], [0]))).toBeUndefined();
  });
});

test("reshapes of different shapes are not one reshape of a sum", () => {
  const [x, y] = [leaf("x", "f32", [3, 4]), leaf("y", "f32", [2, 6])];
  for (const [name, op] of [["sum of reshapes", add] as const, ["difference of reshapes", sub] as const]) {
    expect(applied(name, op(reshape(x, [12]), reshape(y, [12])))).toBeUndefined();
    expect(applied(name, op(reshape(x, [12]), reshape(scores, [12])))).toBeDefined();
  }
});

test("u32 has no negation to rewrite to", () => {
  const count = leaf("count", "u32", [3]);
  expect(applied("zero minus", sub(0, count))).toBeUndefined();
  expect(applied("zero minus", sub(0, label))).toBeDefined();
});

test("a product that others read is not computed again for its transpose", () => {
  const product = matmul(scores, leaf("w", "f32", [4, 2]));
  expect(applied("transposed product", transpose(product))).toBeDefined();
  expect(applied("transposed product", transpose(product), { uses: () => 2 })).toBeUndefined();
});

test("a sum too long to look through stays as it is", () => {
  const [a, b] = [leaf("a", "f32", [3]), leaf("b", "f32", [3])];
  const long = (count: number): Value =>
    Array.from({ length: count }, (_, i) => tanh(mul(i + 1.5, a))).reduce((total, each): Value => add(total, each));
  for (const count of [22, 23, 24, 25, 26]) {
    expect(applied("sum of logarithms", add(long(count), logaddexp(a, b)))).toBeUndefined();
  }
});
