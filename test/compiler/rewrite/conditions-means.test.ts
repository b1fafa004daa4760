/// Values that rules about means under a distribution, and about guards of divisors, must leave alone.
import { describe, expect, it } from "vitest";
import { softmax } from "../../../ir/nn/softmax.ts";
import { div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { log, log1p } from "../../../ir/ops/functions.ts";
import { sum } from "../../../ir/ops/sum.ts";
import type { Value } from "../../../ir/value.ts";
import { equal, greater, where } from "../../../compiler/rewrite/untyped.ts";
import { randomFeeds, numbers } from "../symbolic.ts";
import { applied, leaf } from "./applied.ts";

const [x, y, z] = ["x", "y", "z"].map((name) => leaf(name, "f32", [3, 3]));
const axis = { axis: 1 } as const;

describe("what a mean leaves of one", () => {
  const rest = (mean: Value, one = 1): Value | undefined =>
    applied("log of what a mean leaves of one", log(sub(one, mean) as Value));

  it("is added up, whichever of two factors is the distribution", () => {
    expect(rest(sum(mul(softmax(z), y), axis))).toBeDefined();
    expect(rest(sum(mul(y, softmax(z)), axis))).toBeDefined();
    expect(
      applied("log of what a mean leaves of one", log1p(neg(sum(mul(y, softmax(z)), axis)) as Value)),
    ).toBeDefined();
  });
  it("is none where the weights add up to another number, along other axes, or nothing is known of them", () => {
    expect(rest(sum(mul(softmax(z), y), { axis: 0 }))).toBeUndefined();
    expect(rest(sum(mul(softmax(z), y)))).toBeUndefined();
    expect(rest(sum(mul(mul(2, softmax(z)), y), axis))).toBeUndefined();
    expect(rest(sum(mul(x, y), axis))).toBeUndefined();
    expect(rest(sum(mul(softmax(z), y), axis), 2)).toBeUndefined();
  });
  it("has its digits from the mean where that is small, and from the rest where it is large", () => {
    const before = log(sub(1, sum(mul(softmax(z), y), axis)) as Value);
    const after = applied("log of what a mean leaves of one", before)!;
    for (let seed = 1; seed <= 20; seed++) {
      const share = (each: number): number => Math.abs(each) / (1 + Math.abs(each));
      const feeds = new Map([...randomFeeds([before], seed)].map(([input, data]) => [input, data.map(share)]));
      const [left, right] = [before, after].map((value) => numbers(value, feeds));
      expect(left.every(Number.isFinite), `seed ${seed}`).toBe(true);
      left.forEach((each, i) => expect(right[i], `seed ${seed}`).toBeCloseTo(each, 10));
    }
  });
});

describe("a guarded divisor in a branch", () => {
  const name = "guard of what a branch divides by";
  const none: Value = equal(x, 0);
  const guarded: Value = where(none, 1, x);

  it("is the divisor where what it divides by is a factor too", () => {
    const written = applied(name, where(none, 0, mul(div(y, guarded), div(x, z))));
    expect(written).toBe(where(none, 0, mul(div(y, x), div(x, z))));
  });
  it("stays where nothing cancels, under another guard, and in the other branch", () => {
    expect(applied(name, where(none, 0, div(y, guarded)))).toBeUndefined();
    expect(applied(name, where(greater(x, 0), 0, mul(div(y, guarded), x)))).toBeUndefined();
    expect(applied(name, where(none, mul(div(y, guarded), x), 0))).toBeUndefined();
    expect(applied(name, where(none, 1, mul(div(y, guarded), x)))).toBeUndefined();
  });
});
