/// Values that a rule must leave alone, because digits or readers would be lost: sums under weights, roots, closeness,
/// choices.
import { describe, expect, it, test } from "vitest";
import { evaluateValues } from "../../../ir/evaluate.ts";
import { add, div, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { cast, where } from "../../../ir/ops/choose.ts";
import { greater } from "../../../ir/ops/compare.ts";
import { abs, exp, log, log1p, maximum, sigmoid, sqrt } from "../../../ir/ops/functions.ts";
import { reshape, reverse } from "../../../ir/ops/layout.ts";
import { broadcastAlong, sum } from "../../../ir/ops/sum.ts";
import type { Value } from "../../../ir/value.ts";
import { applied, leaf } from "./applied.ts";
import { float32Values } from "./float32.ts";

const scores = leaf("scores", "f32", [3, 4]);
const rows = (value: Value): Value => broadcastAlong(value, [3, 4], [0]);

describe("a variance under weights", () => {
  const [w, other] = [leaf("w", "f32", [3, 4]), leaf("v", "f32", [3, 4])];
  const total = (y: Value, axes: readonly number[] = [1]): Value => sum(y, { axes });
  const meanOf = (y: Value, divisor: Value | undefined): Value =>
    divisor ? div(total(mul(w, y)), divisor) : total(mul(w, y));
  const variance = (divisor: Value | undefined, y = scores): Value | undefined =>
    applied(
      "weighted variance by deviations",
      sub(meanOf(mul(y, scores), divisor), mul(meanOf(y, divisor), meanOf(scores, divisor))),
    );
  const deviations = (divisor: Value | undefined): Value | undefined =>
    applied("sum of weighted deviations", total(mul(w, sub(scores, rows(meanOf(scores, divisor))))));
  it("is that of deviations where the weights add up to the divisor", () => {
    for (const found of [variance, deviations]) {
      expect(found(total(w))).toBeDefined();
      expect(found(reshape(reshape(total(w), [3, 1]), [3]))).toBeDefined();
    }
  });
  it("not where others add up to it, or the weights of other rows, or nothing says what they add up to", () => {
    for (const divisor of [total(other), reverse(total(w), [0]), total(mul(w, w)), leaf("n", "f32", [3]), undefined]) {
      expect(variance(divisor)).toBeUndefined();
      expect(deviations(divisor)).toBeUndefined();
    }
    const square = leaf("square", "f32", [3, 3]);
    const turned = div(total(mul(square, square)), total(square, [0]));
    expect(
      applied("sum of weighted deviations", total(mul(square, sub(square, broadcastAlong(turned, [3, 3], [0]))))),
    ).toBe(undefined);
  });
  it("may be one of a condition, as 1 and 0", () => {
    expect(variance(total(w), cast(leaf("mask", "bool", [3, 4]), "f32"))?.type.dtype).toBe("f32");
  });
  it("has a divisor that guards what the weights add up to, or any where none of them is negative", () => {
    const under = (weight: Value, divisor: Value): Value | undefined => {
      const mean = (y: Value): Value => div(total(mul(weight, y)), divisor);
      return applied(
        "weighted variance by deviations",
        sub(mean(mul(scores, scores)), mul(mean(scores), mean(scores))),
      );
    };
    const guarded = (weight: Value): readonly Value[] => [
      maximum(total(weight), 1) as Value,
      add(total(weight), 1e-6) as Value,
    ];
    const any = leaf("n", "f32", [3]);
    for (const weight of [cast(leaf("mask", "bool", [3, 4]), "f32") as Value, mul(w, w), abs(w) as Value])
      for (const divisor of [...guarded(weight), any]) expect(under(weight, divisor)).toBeDefined();
    for (const weight of [w, mul(w, other), sub(abs(w) as Value, 1) as Value]) {
      for (const divisor of guarded(weight)) expect(under(weight, divisor)).toBeDefined();
      for (const divisor of [any, sub(total(weight), 1) as Value, maximum(total(weight), -1) as Value])
        expect(under(weight, divisor)).toBeUndefined();
    }
    for (const divisor of [...guarded(exp(w) as Value), any]) expect(under(exp(w) as Value, divisor)).toBeUndefined();
  });
});

describe("a difference of roots", () => {
  const x = leaf("x", "f32", [1]);
  const atZero = (name: string, value: Value): number => {
    const found = applied(name, value)!;
    return evaluateValues([found], new Map([[x, [0]]])).get(found)![0];
  };
  const root = (number: number): Value => sqrt(add(x, number) as Value);
  it("keeps what constants under the roots differ by", () => {
    const many = atZero("difference of roots", sub(root(1000.0001831), root(1000)));
    expect(many).toBeCloseTo((Math.fround(1000.0001831) - 1000) / (2 * Math.sqrt(1000)), 10);
    const few = atZero("root minus a number", sub(root(1.0000002384), 1) as Value);
    expect(few).toBeCloseTo((Math.fround(1.0000002384) - 1) / 2, 12);
  });
  it("is nothing where a number is the root, and both were rounded", () => {
    for (const number of [0.001, 0.1, 0.01, 0.3, 1.1]) {
      expect(atZero("root minus a number", sub(root(number * number), number) as Value), `${number}`).toBe(0);
    }
  });
});

test("closeness is that of a probability to something", () => {
  const [a, b] = [leaf("a", "f32", [3]), leaf("b", "f32", [3])];
  const closeness = (left: Value, right: Value): Value | undefined =>
    applied("log of closeness", log(sub(1, abs(sub(left, right)))) as Value);
  expect(closeness(exp(a), sigmoid(b))).toBeDefined();
  expect(closeness(sigmoid(a), b)).toBeDefined();
  expect(closeness(exp(a), b)).toBeUndefined();
  expect(closeness(exp(a), exp(b))).toBeUndefined();
  expect(closeness(exp(a), add(sigmoid(b), 1) as Value)).toBeUndefined();
});

test("a part goes into one branch of a choice where nobody else reads the choice or the part", () => {
  const [x, y, z] = ["x", "y", "z"].map((name) => leaf(name, "f32", [3]));
  const c = leaf("c", "bool", [3]) as never;
  const choice: Value = where(c, x as never, y as never);
  const [first, second]: readonly Value[] = [where(c, z as never, 0), where(c, 0, z as never)];
  for (const [name, op, part] of [
    ["sum in one branch", add, first],
    ["sum in the other", add, second],
    ["difference in one", sub, first],
    ["difference in the other", sub, second],
  ] as const) {
    const found = (isRead?: Value): Value | undefined =>
      applied(name, op(choice, part), { uses: (each) => (each === isRead ? 2 : 1) });
    expect(found(), name).toBeDefined();
    expect(found(choice), name).toBeUndefined();
    expect(found(part), name).toBeUndefined();
  }
});

describe("a difference of logarithms", () => {
  const [x, y] = ["x", "y"].map((name) => leaf(name, "f32", [3]));
  const differenceOf = (left: Value, right: Value): Value | undefined =>
    applied("logarithms of a sum and a part", sub(left, right));
  const isLarge = greater(x as never, 5) as never;
  const chosen = (other: Value | number, value: Value): Value =>
    where(isLarge, other as never, value as never) as Value;
  const total = add(x, y);
  it("may have a square whose far side is written otherwise already", () => {
    const far = applied("log of a large square beside a value", log(add(y, mul(x, x))))!;
    expect(differenceOf(far, log(y))).toBeDefined();
    expect(differenceOf(log(y), far)).toBeDefined();
  });
  it("is none of a selection of a logarithm and anything else", () => {
    expect(differenceOf(log(total), log(x))).toBeDefined();
    for (const other of [7, y, log(y), log(total), mul(2, log(abs(chosen(1, x)))) as Value]) {
      expect(differenceOf(chosen(other, log(total)), log(x))).toBeUndefined();
      expect(differenceOf(log(total), chosen(other, log(x)))).toBeUndefined();
      expect(differenceOf(chosen(other, log(x)), log(total))).toBeUndefined();
      expect(differenceOf(chosen(other, log(add(y, mul(x, x)))), log(y))).toBeUndefined();
    }
  });
  it("is none where the far side is that of another sum", () => {
    const farOf = (v: Value, side: Value): Value => {
      const outside = where(isLarge, side as never, 1) as Value;
      const share = div(div(where(isLarge, v as never, 0) as Value, outside), outside);
      return add(mul(2, log(abs(outside))) as Value, log1p(share) as Value);
    };
    const close = log(add(y, mul(x, x)));
    expect(differenceOf(chosen(farOf(y, x), close), log(y))).toBeDefined();
    expect(differenceOf(chosen(farOf(x, x), close), log(y))).toBeUndefined();
    expect(differenceOf(chosen(farOf(y, y), close), log(y))).toBeUndefined();
  });
});

test("inverse squares are multiplied one length at a time, whatever the number", () => {
  const [x, y, z] = ["x", "y", "z"].map((name) => leaf(name, "f32", [1]));
  const float32 = (number: number, at: readonly number[]): number => {
    const found = applied("product of inverse squares", mul(div(div(number, x) as Value, x), div(div(z, y), y)))!;
    return float32Values([found], new Map([x, y, z].map((each, i) => [each, [at[i]]]))).get(found)![0];
  };
  for (const number of [1, -3, 1e-30, 1e30]) {
    for (const at of [
      [1e-15, 1e-10, 1e-20],
      [1e15, 1e10, 1e20],
      [1e-12, 1e-10, 1e-30],
    ]) {
      const [a, b, c] = at.map(Math.fround);
      const wanted = (number * c) / a / a / b / b;
      if (Math.abs(wanted) < 1e38 && Math.abs(wanted) > 1e-37)
        expect(Math.abs(float32(number, at) / wanted - 1), `${number} at ${at.join()}`).toBeLessThan(1e-6);
    }
  }
});

test("a long sum over a sum of squares is divided once, also where few terms are read often", () => {
  const [x, y] = ["x", "y"].map((name) => leaf(name, "f32", [3]));
  const over = (above: Value): Value | undefined => applied("quotient by squares", div(above, sum(mul(x, x)) as never));
  const shared = (count: number): Value => {
    let [a, b]: readonly Value[] = [sum(mul(x, y)), sum(mul(x, x))];
    for (let k = 0; k < count; k++) [a, b] = [b, add(a, b)];
    return b;
  };
  for (const count of [0, 1, 3]) expect(over(shared(count)), `${count}`).toBeDefined();
  for (const count of [6, 12, 400]) expect(over(shared(count)), `${count}`).toBeUndefined();
  const power = Array.from({ length: 60 }).reduce((product: Value) => mul(product, product), y);
  expect(applied("quotient by squares", div(power, add(mul(x, x), mul(y, y))))).toBeDefined();
});
