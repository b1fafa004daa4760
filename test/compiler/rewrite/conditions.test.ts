/// Values that a rule must leave alone, because its side condition does not hold.
import { describe, expect, it, test } from "vitest";
import { oneHot } from "../../../ir/nn/softmax.ts";
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { cast, where } from "../../../ir/ops/choose.ts";
import { equal, not } from "../../../ir/ops/compare.ts";
import { matmul } from "../../../ir/ops/contract.ts";
import { cumsum } from "../../../ir/ops/cumulative.ts";
import { exp, log, softplus, tanh } from "../../../ir/ops/functions.ts";
import { reshape, transpose } from "../../../ir/ops/layout.ts";
import { constant, constantValue, iota } from "../../../ir/ops/leaf.ts";
import { log1mexp, logaddexp } from "../../../ir/ops/logspace.ts";
import { pad } from "../../../ir/ops/pad.ts";
import { argmax, logsumexp } from "../../../ir/ops/reduce.ts";
import { erf, erfc } from "../../../ir/ops/special.ts";
import { broadcastAlong, sum } from "../../../ir/ops/sum.ts";
import type { Value } from "../../../ir/value.ts";
import { applied, leaf } from "./applied.ts";

const label = leaf("label", "i32", [3]);
const scores = leaf("scores", "f32", [3, 4]);

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
  /** The comparison that a one-hot is, of labels that it would refuse. */
  const ofFloats = (labels: Value): Value =>
    cast(equal(iota([3, 4], 1, "f32"), broadcastAlong(labels, [3, 4], [0])), "f32");
  it("where the labels are positions among as many scores", () => {
    expect(total(oneHot(argmax(scores), 4))).toBe(1);
    expect(total(oneHot(argmax(scores), 3))).toBeUndefined();
  });
  it("where the label is a number in range", () => {
    expect(total(oneHot(constant(3, "i32", [3]), 4))).toBe(1);
    for (const outside of [-1, 4]) expect(total(oneHot(constant(outside, "i32", [3]), 4))).toBeUndefined();
    expect(total(ofFloats(constant(0.5, "f32", [3])))).toBeUndefined();
  });
  it("not where a label is computed, or no integer", () => {
    expect(total(oneHot(where(equal(label, 255), -1, label), 4), [4])).toBeUndefined();
    expect(total(ofFloats(leaf("t", "f32", [3])), [4])).toBeUndefined();
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
    expect(applied("offset of a log of a sum", shifted(square, c, [1], [0]))).toBeDefined();
  });
  it("and no logarithms are added up there", () => {
    expect(applied("offset of a log of a sum", sub(softplus(square), square))).toBeUndefined();
    expect(applied("sum of logarithms", sub(softplus(square), square))).toBeDefined();
  });
  it("not where it runs along it", () => {
    expect(applied("offset of a log of a sum", shifted(square, c, [1], [1]))).toBeUndefined();
    expect(applied("offset of a log of a sum", shifted(square, c, [0], [0]))).toBeUndefined();
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

const logits = leaf("logits", "f32", [3, 4]);
const none = (number: number, like: Value): Value => constant(number, "f32", like.type.shape);
const rows = (value: Value): Value => broadcastAlong(value, [3, 4], [0]);

describe("what a share leaves of its row", () => {
  const total = logsumexp(scores, { axes: [1] });
  const rest = (part: Value, whole = total, classes: readonly number[] = [4]): Value | undefined =>
    applied("complement of a share", log1mexp(sub(part, whole)), { classes: () => classes });
  const hit = equal(iota([3, 4], 1), rows(label));
  const mask = leaf("mask", "bool", [3, 4]);
  const picked = (condition: Value): Value => sum(where(condition, scores, none(0, scores)), { axes: [1] });
  it("is that of all but the one that a checked label picks", () => {
    expect(rest(picked(hit))).toBeDefined();
    expect(rest(picked(equal(iota([3, 4], 1), rows(argmax(scores)))), total, [])).toBeDefined();
  });
  it("not where several may be picked, or none: their sum is the logarithm of no share", () => {
    expect(rest(picked(hit), total, [])).toBeUndefined();
    expect(rest(picked(hit), total, [5])).toBeUndefined();
    expect(rest(picked(mask))).toBeUndefined();
    expect(rest(picked(not(hit)))).toBeUndefined();
    const column = equal(iota([3, 4], 0), broadcastAlong(leaf("k", "i32", [4]), [3, 4], [1]));
    expect(rest(picked(column), total, [3])).toBeUndefined();
  });
  it("nor where it is picked of other scores, or out of more than its row", () => {
    expect(rest(sum(where(hit, logits, none(0, logits)), { axes: [1] }))).toBeUndefined();
    expect(rest(sum(where(hit, scores, none(1, scores)), { axes: [1] }))).toBeUndefined();
    const all = sum(where(hit, scores, none(0, scores)), { axes: [0, 1] });
    expect(rest(all, logsumexp(scores, { axes: [0, 1] }))).toBeUndefined();
  });
  it("is that of all whose exponentials are not added up", () => {
    const some = (condition: Value, other: number): Value =>
      logsumexp(where(condition, scores, none(other, scores)), { axes: [1] });
    expect(rest(some(mask, -Infinity), total, [])).toBeDefined();
    expect(rest(some(mask, 0), total, [])).toBeUndefined();
  });
});

describe("1 − Π (1 − p)", () => {
  const rest = (logarithm: Value): Value | undefined =>
    applied("complement of a product of complements", log1mexp(logarithm));
  const parts = softplus(scores) as Value;
  it("is a sum of shares, up to each place as well", () => {
    expect(rest(neg(sum(parts, { axes: [1] })))).toBeDefined();
    expect(rest(sum(neg(parts), { axes: [1] }))).toBeDefined();
    expect(rest(neg(cumsum(parts, 1)))).toBeDefined();
    expect(rest(neg(cumsum(parts, 1, { reverse: true })))).toBeDefined();
  });
  it("not without the place itself, where the first product is empty and the rest 0", () => {
    expect(rest(neg(cumsum(parts, 1, { exclusive: true })))).toBeUndefined();
    expect(rest(cumsum(neg(parts), 1, { exclusive: true }))).toBeUndefined();
  });
  it("not along two axes, for which there are no running sums, nor where signs are others", () => {
    expect(rest(neg(sum(parts, { axes: [0, 1] })))).toBeUndefined();
    expect(rest(sum(parts, { axes: [1] }))).toBeUndefined();
    expect(rest(neg(sum(neg(parts), { axes: [1] })))).toBeUndefined();
  });
});

describe("terms that add up to nothing", () => {
  const left = (term: Value, axes: readonly number[] = [1]): Value | undefined =>
    applied("terms that add up to nothing", sum(add(scores, term), { axes }));
  const mean = (x: Value, axes: readonly number[]): Value =>
    broadcastAlong(div(sum(x, { axes }), axes.includes(1) ? 4 : 3) as Value, [3, 4], axes.includes(1) ? [0] : [1]);
  const deviation: Value = sub(logits, mean(logits, [1]));
  const perRow = rows(leaf("s", "f32", [3]));
  it("are deviations from the mean of the row, times what is one number for the row", () => {
    for (const term of [deviation, mul(deviation, perRow), div(deviation, perRow), neg(deviation), mul(2, deviation)]) {
      expect(left(term)).toBeDefined();
    }
  });
  it("not times what differs in the row", () => {
    const perElement = leaf("t", "f32", [3, 4]);
    const perColumn = broadcastAlong(leaf("u", "f32", [4]), [3, 4], [1]);
    for (const factor of [perElement, perColumn]) {
      expect(left(mul(deviation, factor))).toBeUndefined();
      expect(left(mul(factor, deviation))).toBeUndefined();
      expect(left(div(deviation, factor))).toBeUndefined();
    }
    expect(left(div(perRow, deviation))).toBeUndefined();
  });
  it("not from another mean, or along another axis", () => {
    expect(left(deviation, [0])).toBeUndefined();
    expect(left(sub(scores, mean(logits, [1])))).toBeUndefined();
    expect(left(sub(logits, rows(div(sum(logits, { axes: [1] }), 5) as Value)))).toBeUndefined();
    expect(left(add(logits, mean(logits, [1])))).toBeUndefined();
    const square = leaf("square", "f32", [4, 4]);
    const turned = broadcastAlong(div(sum(square, { axes: [1] }), 4) as Value, [4, 4], [1]);
    const value = sum(add(square, sub(square, turned)), { axes: [1] });
    expect(applied("terms that add up to nothing", value)).toBeUndefined();
  });
});

describe("a common divisor of rows", () => {
  const s = leaf("s", "f32", [3]);
  const y = leaf("y", "f32", [3, 4]);
  const c = leaf("c", "f32", [3]);
  const quotient: Value = div(scores, rows(s));
  const product = (divisor: Value): Value => mul(y, rows(div(c, divisor)));
  const merged = (value: Value, readers: (value: Value) => number = () => 1): Value | undefined =>
    applied("common divisor of rows", value, { uses: readers });
  it("is taken out of a sum or a difference of quotients", () => {
    expect(merged(add(quotient, product(s)))).toBeDefined();
    expect(merged(sub(quotient, product(s)))).toBeDefined();
  });
  it("not where it is another one, or a number", () => {
    expect(merged(add(quotient, product(leaf("r", "f32", [3]))))).toBeUndefined();
    expect(merged(add(quotient, y))).toBeUndefined();
    const four = rows(constant(4, "f32", [3]));
    expect(merged(add(div(scores, four), div(y, four)))).toBeUndefined();
  });
  it("not where others read a quotient, which would be there all the same", () => {
    const value = add(quotient, product(s));
    expect(merged(value, (each) => (each === quotient ? 2 : 1))).toBeUndefined();
    expect(merged(value, (each) => (each === value.operands[1] ? 2 : 1))).toBeUndefined();
  });
});

describe("the logarithm of a normal tail", () => {
  const u = leaf("u", "f32", [3]);
  const tail = (x: Value): Value | undefined => applied("log of a normal tail", log(x) as Value);
  it("is that of a multiple whose parts have one sign, up to 4", () => {
    for (const k of [0.5, 1, 2, 4]) expect(tail(mul(k, erfc(u)))).toBeDefined();
    for (const k of [4.5, 100]) expect(tail(mul(k, erfc(u)))).toBeUndefined();
  });
  it("not where what is left in the end is no tail", () => {
    expect(tail(sub(1, erf(u)))).toBeDefined();
    expect(tail(sub(2, erf(u)))).toBeUndefined();
    expect(tail(sub(1, mul(2, erf(u))))).toBeUndefined();
    expect(tail(sub(2, erfc(u)))).toBeDefined();
    expect(tail(sub(3, erfc(u)))).toBeUndefined();
    expect(tail(mul(-1, erfc(u)))).toBeUndefined();
    expect(tail(add(erfc(u), erfc(leaf("v", "f32", [3]))))).toBeUndefined();
  });
});

describe("the logarithm of exponentials in a frame", () => {
  const framed = (fill: number): Value | undefined =>
    applied("log of an exponential", log(pad(exp(leaf("u", "f32", [3])), [[1, 1]], { value: fill } as never)) as Value);
  it("is a frame around exponents, of numbers that have logarithms", () => {
    for (const fill of [0, 0.5, 3]) expect(framed(fill)).toBeDefined();
    for (const fill of [-0.5, -3, NaN]) expect(framed(fill)).toBeUndefined();
  });
});
