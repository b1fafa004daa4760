/// Values that rules about rows of scores must leave alone: weights that are not theirs, rows and scales of others.
import { describe, expect, it, test } from "vitest";
import { rangeOf } from "../../../compiler/rewrite/range.ts";
import { evaluateValues } from "../../../ir/evaluate.ts";
import { softmax } from "../../../ir/nn/softmax.ts";
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { where } from "../../../ir/ops/choose.ts";
import { equal } from "../../../ir/ops/compare.ts";
import { exp, maximum } from "../../../ir/ops/functions.ts";
import { reverse, transpose } from "../../../ir/ops/layout.ts";
import { iota } from "../../../ir/ops/leaf.ts";
import { logsumexp, max } from "../../../ir/ops/reduce.ts";
import { broadcastAlong, broadcastTo, sum } from "../../../ir/ops/sum.ts";
import type { Value } from "../../../ir/value.ts";
import { applied, leaf } from "./applied.ts";
import { float32Values } from "./float32.ts";

const [z, y] = [leaf("z", "f32", [3, 3]), leaf("y", "f32", [3, 3])];
const [t, other] = [leaf("t", "f32", [3]), leaf("other", "f32", [3])];
const rows = (value: Value): Value => broadcastAlong(value, [3, 3], [0]);
const axis = { axis: 1 } as const;
const numbersOf = ({ type }: Value): readonly number[] => [3, 1, 4, 1, 5, 9, 2, 6, 5].slice(0, 3 ** type.shape.length);

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
  it("only where all of a row is divided by the same", () => {
    const shares = softmax(z) as Value;
    const sumOf = (element: Value, axes = [1]): Value | undefined =>
      applied("scores under weights of a softmax", sum(element, { axes }));
    const [columns, each] = [broadcastAlong(other, [3, 3], [1]), leaf("each", "f32", [3, 3])];
    for (const wanted of [softmax(y) as Value, y]) {
      const weights = sub(shares, wanted);
      expect(sumOf(div(mul(weights, z), rows(t)))).toBeDefined();
      expect(sumOf(mul(weights, div(z, rows(t))))).toBeDefined();
      for (const divisor of [columns, each]) {
        expect(sumOf(div(mul(weights, z), divisor))).toBeUndefined();
        expect(sumOf(mul(weights, div(z, divisor)))).toBeUndefined();
        expect(sumOf(mul(div(weights, divisor), z))).toBeUndefined();
        expect(sumOf(div(mul(weights, z), divisor), [0, 1])).toBeUndefined();
      }
      // What all is summed along is more than a row: the weights of one add up to nothing, whatever others are divided by.
      expect(sumOf(div(mul(weights, z), rows(t)), [0, 1])).toBeDefined();
    }
  });
  it("scores over other divisors are shifted as they are", () => {
    const scores = div(z, broadcastAlong(other, [3, 3], [1]));
    const feeds = new Map([z, y, other].map((each) => [each, numbersOf(each)]));
    const element = mul(sub(softmax(scores), softmax(y)), scores);
    const after = shifted(sub(softmax(scores), softmax(y)), scores)!;
    const [found, wanted] = [after, sum(element, axis)].map((each) => float32Values([after, each], feeds).get(each)!);
    found.forEach((each, row) => expect(each).toBeCloseTo(wanted[row], 4));
  });
  it("keep what weights add up to, however little", () => {
    const weights = sub(softmax(z), mul(0.9999995, softmax(y)));
    const feeds = new Map([z, y].map((each) => [each, Array<number>(9).fill(each === z ? 1e6 : 1)]));
    const after = shifted(weights, z)!;
    for (const found of float32Values([after], feeds).get(after)!) expect(found).toBeCloseTo(0.47684, 4);
    // No more than a third is rounded by.
    expect(shifted(sub(mul(1 / 3, softmax(z)), div(softmax(y), 3)), z)?.op.name).toBe("sum");
    expect(shifted(sub(mul(0.3333335, softmax(z)), div(softmax(y), 3)), z)?.op.name).toBe("add");
    // Under a product of weights nothing stands for all of what they leave.
    expect(shifted(mul(weights, softmax(rows(t))), z)).toBeUndefined();
  });
  it("not of a square, and not twice", () => {
    expect(applied("scores under weights of a softmax", sum(mul(p, p), axis))).toBeUndefined();
    const again = shifted(sub(mul(p, y), mul(p, mean(y))), z)!;
    expect(applied("scores under weights of a softmax", again)).toBeUndefined();
  });
});

describe("scores under weights of two softmaxes", () => {
  const table = leaf("table", "f32", [3, 3]);
  const onDiagonal = (number: number): Value =>
    where(equal(iota([3, 3], 0) as never, iota([3, 3], 1) as never), number, 0) as Value;
  const crossed = (weights: Value, scores: Value = table): Value | undefined =>
    applied("scores under weights of two softmaxes", sum(mul(weights, scores)));
  const both = (along = 1, other = 1): Value => add(mul(along, softmax(table)), mul(other, softmax(table, 0))) as Value;

  it("are taken less what rows have in common, and columns", () => {
    expect(crossed(add(both(), onDiagonal(-2)))).toBeDefined();
    expect(crossed(add(onDiagonal(-1), both(0.25, 0.75)))).toBeDefined();
    expect(crossed(neg(sub(onDiagonal(2), both())))).toBeDefined();
  });
  it("not where weights leave something, or the softmaxes are of other scores, or of one axis", () => {
    expect(crossed(add(both(), onDiagonal(-1)))).toBeUndefined();
    expect(crossed(add(both(), onDiagonal(2)))).toBeUndefined();
    expect(crossed(add(both(1, -1), onDiagonal(0.5)))).toBeUndefined();
    expect(crossed(add(both(), onDiagonal(-2)), z)).toBeUndefined();
    expect(crossed(add(add(softmax(table), softmax(mul(2, table))), onDiagonal(-2)))).toBeUndefined();
    expect(crossed(add(add(softmax(table), mul(y, softmax(table, 0))), onDiagonal(-2)))).toBeUndefined();
  });
  it("also where what is given adds up at run time only", () => {
    expect(crossed(sub(both(), mul(2, y)))).toBeDefined();
    expect(crossed(sub(both(0.25, 0.75), y))).toBeDefined();
    expect(crossed(sub(both(1, -1), y))).toBeUndefined();
  });
  it("are those of targets that weights follow, of which the parts make one whole", () => {
    const targets = leaf("y", "f32", [3, 3]);
    const onRows = mul(broadcastAlong(sum(targets, { axis: 1 }), [3, 3], [0]), softmax(table));
    const onColumns = mul(broadcastAlong(sum(targets, { axis: 0 }), [3, 3], [1]), softmax(table, 0));
    expect(crossed(sub(add(onRows, onColumns), mul(2, targets)))).toBeDefined();
    expect(crossed(sub(add(mul(0.25, onRows), mul(0.75, onColumns)), targets))).toBeDefined();
    expect(crossed(sub(add(onRows, onColumns), targets))).toBeUndefined();
    expect(crossed(sub(add(onRows, onColumns), mul(3, targets)))).toBeUndefined();
    expect(crossed(sub(add(onRows, mul(2, onColumns)), mul(2, targets)))).toBeUndefined();
    expect(crossed(sub(sub(onRows, onColumns), targets))).toBeUndefined();
    expect(crossed(add(add(onRows, onColumns), mul(2, targets)))).toBeUndefined();
    expect(crossed(sub(add(onRows, onColumns), mul(2, transpose(targets))))).toBeUndefined();
    expect(crossed(sub(add(transpose(onRows), onColumns), mul(2, targets)))).toBeUndefined();
  });
  it("not for sums along one axis alone", () => {
    const along = sum(mul(add(both(), onDiagonal(-2)), table), axis);
    expect(applied("scores under weights of two softmaxes", along)).toBeUndefined();
  });
});

describe("entries of a scaled row", () => {
  const moved = (scale: Value, picked: Value): Value | undefined =>
    applied("entries of a scaled row", sub(logsumexp(div(z, rows(t)), axis), div(picked, scale)));

  it("are those of the row", () => {
    expect(moved(t, sum(mul(y, z), axis))).toBeDefined();
    expect(moved(t, sum(where(leaf("c", "bool", [3, 3]), z, 0), axis))).toBeDefined();
  });
  it("also where a number stands beside the logarithm", () => {
    const beside = (total: Value, picked: Value): Value | undefined =>
      applied("entries of a scaled row", sub(total, div(picked, t)));
    const total = logsumexp(div(z, rows(t)), axis) as Value;
    expect(beside(sub(total, 2), sum(mul(y, z), axis))).toBeDefined();
    expect(beside(sub(2, total), sum(mul(y, z), axis))).toBeDefined();
    expect(beside(sub(total, other), sum(mul(y, z), axis))).toBeUndefined();
    expect(beside(sub(total, 2), sum(mul(y, exp(z)), axis))).toBeUndefined();
    expect(beside(mul(total, 2), sum(mul(y, z), axis))).toBeUndefined();
  });
  it("not with another scale, the scales of other rows, of columns, or of another formula", () => {
    expect(moved(other, sum(mul(y, z), axis))).toBeUndefined();
    expect(moved(reverse(t, [0]), sum(mul(y, z), axis))).toBeUndefined();
    expect(moved(t, sum(mul(y, z), { axis: 0 }))).toBeUndefined();
    expect(moved(t, sum(mul(y, exp(z)), axis))).toBeUndefined();
    expect(moved(t, sum(where(leaf("c", "bool", [3, 3]), z, 1), axis))).toBeUndefined();
  });
});

describe("a share of exponentials beside a number", () => {
  const shared = (above: Value, below: Value): Value | undefined =>
    applied("share of exponentials beside a number", div(above, below));
  const beside = (element: Value, number: number, axes = [1]): Value =>
    broadcastAlong(add(sum(element, { axes }), number), [3, 3], axes[0] === 1 ? [0] : [1]);
  const e = exp(z) as Value;
  const [some, others] = [leaf("c", "bool", [3, 3]), leaf("d", "bool", [3, 3])];
  const masked = (condition: Value): Value => where(condition, e, 0) as Value;

  it("is relative to the largest, along whichever axis", () => {
    expect(shared(e, beside(e, 1e-8))).toBeDefined();
    expect(shared(e, beside(e, 1e-8, [0]))).toBeDefined();
    expect(shared(mul(y, e), beside(mul(y, e), 1e-8))).toBeDefined();
    expect(shared(masked(some), beside(masked(some), 1e-8))).toBeDefined();
    expect(shared(masked(some), beside(e, 1e-8))).toBeDefined();
  });
  it("not beside a number that is not positive, nor of other exponents, nor of what the sum leaves out", () => {
    expect(shared(e, beside(e, -1e-8))).toBeUndefined();
    expect(shared(e, beside(e, 0))).toBeUndefined();
    expect(shared(e, beside(exp(y) as Value, 1e-8))).toBeUndefined();
    expect(shared(e, beside(masked(some), 1e-8))).toBeUndefined();
    expect(shared(masked(others), beside(masked(some), 1e-8))).toBeUndefined();
    expect(shared(e, transpose(beside(e, 1e-8)))).toBeUndefined();
    const small = exp(neg(mul(z, z))) as Value;
    expect(shared(small, beside(small, 1e-8))).toBeUndefined();
  });
});

describe("a mean under exponentials beside a number", () => {
  const mean = (above: Value, below: Value): Value | undefined =>
    applied("mean under exponentials beside a number", div(above, below));
  const total = (element: Value, axes = [1]): Value => sum(element, { axes });
  const e = exp(z) as Value;
  const [some, others] = [leaf("c", "bool", [3, 3]), leaf("d", "bool", [3, 3])];
  const masked = (condition: Value, x = e): Value => where(condition, x, 0) as Value;

  it("is relative to the largest, whichever side the selection is on", () => {
    expect(mean(total(mul(e, y)), add(total(e), 1e-8))).toBeDefined();
    expect(mean(total(mul(masked(some), y)), add(1, total(masked(some))))).toBeDefined();
    expect(mean(total(masked(some, mul(e, y))), add(total(masked(some)), 1e-8))).toBeDefined();
    expect(mean(total(mul(e, y), [0]), add(total(e, [0]), 1e-8))).toBeDefined();
  });
  it("not of other exponents, axes or masks, nor beside a number that is not positive", () => {
    expect(mean(total(mul(exp(y) as Value, y)), add(total(e), 1e-8))).toBeUndefined();
    expect(mean(total(mul(exp(mul(2, z)) as Value, y)), add(total(e), 1e-8))).toBeUndefined();
    expect(mean(total(mul(e, y), [0]), add(total(e), 1e-8))).toBeUndefined();
    expect(mean(total(mul(e, y)), add(total(masked(some)), 1e-8))).toBeUndefined();
    expect(mean(total(mul(masked(others), y)), add(total(masked(some)), 1e-8))).toBeUndefined();
    expect(mean(total(mul(e, y)), sub(total(e), 1e-8))).toBeUndefined();
    expect(mean(total(mul(e, y)), add(total(e), t))).toBeUndefined();
    expect(mean(total(y), add(total(e), 1e-8))).toBeUndefined();
    expect(mean(total(add(e, y)), add(total(e), 1e-8))).toBeUndefined();
    expect(mean(total(mul(e, y)), add(total(y), 1e-8))).toBeUndefined();
  });
});

describe("what counts above a sum that leaves it out", () => {
  const [w, m] = [leaf("w", "f32", [3, 3]), leaf("m", "f32", [3, 3])];
  // 85 above all that the sum holds: e⁸⁵ is a number of float32.
  const feeds = new Map([
    [z, [85, 0, 1, 2, 87, 1, 0, 0, 0]],
    [w, [2, 1, 1, 0, 3, 1, 1, 0, 1]],
    [m, [0, 1, 1, 1, 0, 1, 1, 0, 1]],
  ]);
  const e = exp(z) as Value;
  const over = (number: number): Value => broadcastAlong(add(sum(mul(m, e), axis), number), [3, 3], [0]) as Value;
  const expectSame = (name: string, quotient: Value): void => {
    const found = applied(name, quotient)!;
    const values = evaluateValues([found, quotient], feeds);
    [...values.get(found)!].forEach((each, i) => {
      const truth = values.get(quotient)![i];
      expect(Math.abs(each - truth)).toBeLessThanOrEqual(1e-7 * Math.abs(truth));
    });
  };

  it("is not capped, beside a number or not", () => {
    expectSame("share of exponentials beside a number", div(mul(w, e), over(1e-8)));
    const total = broadcastAlong(sum(mul(m, e), axis), [3, 3], [0]);
    expectSame("share of weighted exponentials", div(mul(w, e), total));
  });
});

test("a sum beside a number holds its largest only where that is of its own row", () => {
  const total = (peak: Value, axes: readonly number[]): Value => {
    const largest = maximum(peak, -50) as Value;
    const place = axes.length === 2 ? broadcastTo(largest, [3, 3]) : broadcastAlong(largest, [3, 3], [0]);
    const onRow = axes.length === 2 ? broadcastTo(largest, [3]) : largest;
    return add(sum(exp(sub(z, place)), axis), mul(1e-20, exp(neg(onRow)))) as Value;
  };
  expect(rangeOf(total(max(z, axis) as Value, [1])).low).toBeGreaterThan(0.9);
  expect(rangeOf(total(max(z) as Value, [0, 1])).low).toBe(0);
});

describe("a mean under exponentials", () => {
  it("is one under a softmax where both sums are along the same axes", () => {
    const mean = (axes: readonly number[]): Value | undefined =>
      applied("quotient of sums of weighted exponentials", div(sum(mul(y, exp(z)), axis), sum(exp(z), { axes })));
    expect(mean([1])?.op.name).toBe("sum");
    expect(mean([0])?.op.name).not.toBe("sum");
  });
});
