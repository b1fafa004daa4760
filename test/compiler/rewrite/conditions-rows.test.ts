/// Values that rules about rows of scores must leave alone: weights that are not theirs, rows and scales of others.
import { describe, expect, it } from "vitest";
import { softmax } from "../../../ir/nn/softmax.ts";
import { div, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { where } from "../../../ir/ops/choose.ts";
import { exp } from "../../../ir/ops/functions.ts";
import { reverse, transpose } from "../../../ir/ops/layout.ts";
import { logsumexp } from "../../../ir/ops/reduce.ts";
import { broadcastAlong, sum } from "../../../ir/ops/sum.ts";
import type { Value } from "../../../ir/value.ts";
import { applied, leaf } from "./applied.ts";

const [z, y] = [leaf("z", "f32", [3, 3]), leaf("y", "f32", [3, 3])];
const [t, other] = [leaf("t", "f32", [3]), leaf("other", "f32", [3])];
const rows = (value: Value): Value => broadcastAlong(value, [3, 3], [0]);
const axis = { axis: 1 } as const;

describe("scores under weights of a softmax", () => {
  const shifted = (weights: Value, scores: Value): Value | undefined =>
    applied("scores under weights of a softmax", sum(mul(weights, scores), axis));
  const p = softmax(div(z, rows(t))) as Value;
  const mean = (of: Value): Value => rows(sum(mul(p, of), axis));

  it("are taken less what they have in common", () => {
    expect(shifted(sub(p, y), z)).toBeDefined();
    expect(shifted(sub(mul(p, y), mul(p, mean(y))), div(z, rows(t)))).toBeDefined();
  });
  it("not where the weights are of other scores, or of the columns", () => {
    expect(shifted(sub(softmax(y), y), z)).toBeUndefined();
    expect(shifted(sub(softmax(transpose(z)), y), z)).toBeUndefined();
    expect(shifted(sub(softmax(z, 0), y), z)).toBeUndefined();
  });
  it("not where nothing says that the weights nearly add up to nothing", () => {
    expect(shifted(p, z)).toBeUndefined();
    expect(shifted(mul(p, y), z)).toBeUndefined();
    expect(shifted(sub(mul(p, y), mul(p, reverse(mean(y), [0]))), z)).toBeUndefined();
  });
  it("not of a square, and not twice", () => {
    expect(applied("scores under weights of a softmax", sum(mul(p, p), axis))).toBeUndefined();
    const again = shifted(sub(mul(p, y), mul(p, mean(y))), z)!;
    expect(applied("scores under weights of a softmax", again)).toBeUndefined();
  });
});

describe("entries of a scaled row", () => {
  const moved = (scale: Value, picked: Value): Value | undefined =>
    applied("entries of a scaled row", sub(logsumexp(div(z, rows(t)), axis), div(picked, scale)));

  it("are those of the row", () => {
    expect(moved(t, sum(mul(y, z), axis))).toBeDefined();
    expect(moved(t, sum(where(leaf("c", "bool", [3, 3]), z, 0), axis))).toBeDefined();
  });
  it("not with another scale, the scales of other rows, of columns, or of another formula", () => {
    expect(moved(other, sum(mul(y, z), axis))).toBeUndefined();
    expect(moved(reverse(t, [0]), sum(mul(y, z), axis))).toBeUndefined();
    expect(moved(t, sum(mul(y, z), { axis: 0 }))).toBeUndefined();
    expect(moved(t, sum(mul(y, exp(z)), axis))).toBeUndefined();
    expect(moved(t, sum(where(leaf("c", "bool", [3, 3]), z, 1), axis))).toBeUndefined();
  });
});

describe("a mean under exponentials", () => {
  it("is one under a softmax where both sums are along the same axes", () => {
    const mean = (axes: readonly number[]): Value | undefined =>
      applied("quotient of sums of weighted exponentials", div(sum(mul(y, exp(z)), axis), sum(exp(z), { axes })));
    expect(mean([1])?.op.name).toBe("sum");
    expect(mean([0])?.op.name).not.toBe("sum");
  });
});
