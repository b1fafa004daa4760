/// A row meets what another row was reduced to: nothing holds of it that holds of a row and its own reduction.
import { describe, expect, it, test } from "vitest";
import * as cr from "chainrule";
import type { Graph, Value } from "chainrule";
import { runPasses } from "../../../compiler/pass.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { kernelPasses } from "../../../compiler/passes/kernel-passes.ts";
import { rangeOf } from "../../../compiler/rewrite/range.ts";
import { isSpreadOf } from "../../../compiler/rewrite/rules/uniform.ts";
import { evaluateValues } from "../../../ir/evaluate.ts";
import { inputOp } from "../../../ir/ops/leaf.ts";
import { broadcastAlong } from "../../../ir/ops/sum.ts";
import { apply } from "../../../ir/value.ts";
import { asWritten } from "../../../compiler/passes/as-written.ts";
import { noise } from "../symbolic.ts";

type Shape = readonly number[];
type Move = (each: Value) => Value;

/** Ways for the numbers of rows, one for each, to come to other rows. */
const ways: readonly (readonly [name: string, shape: Shape, move: Move])[] = [
  ["in reverse", [4, 3], (each) => cr.reverse(each, [0])],
  ["transposed", [2, 2, 3], (each) => cr.transpose(each, [1, 0])],
  ["transposed as a matrix", [4, 3], (each) => cr.reshape(cr.transpose(cr.reshape(each, [2, 2])), [4]) as Value],
  ["that of the second for all", [4, 3], (each) => cr.slice(each, [[1, 2]]) as Value],
];

const last = { axis: -1 } as const;
const less = (x: Value, y: Value): Value => cr.sub(x, y) as Value;
const over = (x: Value, y: Value): Value => cr.div(x, y) as Value;

/** Means of rows of x under weights whose sum may be that of other rows. */
function weighted(x: Value, moved: Move) {
  const weight = cr.cos(x) as Value;
  const total = moved(cr.sum(weight, last));
  const meanOf = (y: Value): Value => over(cr.sum(cr.mul(weight, y) as Value, last), total);
  const below = (row: Value): Value =>
    less(x, cr.broadcastTo(cr.reshape(row, [...row.type.shape, 1]) as Value, x.type.shape) as Value);
  return { weight, meanOf, below };
}

/**
 * Formulas of x, in which `other` takes one number for each row to other rows, and repeats it there; `moved` does not
 * repeat it.
 */
const formulas: readonly (readonly [name: string, define: (x: Value, other: Move, moved: Move) => Value])[] = [
  ["total of a softmax", (x, other) => cr.sum(cr.exp(less(x, other(cr.logsumexp(x, last)))), last)],
  ["total of shares", (x, other) => cr.sum(over(x, other(cr.sum(x, last))), last)],
  [
    "logarithm of the rest",
    (x, other) => cr.log(less(cr.constant(1) as Value, cr.exp(less(x, other(cr.logsumexp(x, last)))))),
  ],
  ["squares of deviations", (x, other) => cr.square(less(x, other(cr.mean(x, last))))],
  ["unit vector", (x, other) => over(x, other(cr.norm(x, last)))],
  ["what is above the largest", (x, other) => cr.relu(less(x, other(cr.max(x, last))))],
  [
    "softmax under a mask",
    (x, other) => {
      const weighed = cr.mul(cr.square(x), cr.exp(cr.mul(30, x))) as Value;
      return over(weighed, other(cr.sum(weighed, last)));
    },
  ],
  [
    "at least 1 beside its peak",
    (x, other) => cr.maximum(cr.sum(cr.exp(less(x, other(cr.max(x, last)))), last), 1) as Value,
  ],
  [
    "weighted deviations",
    (x, _, moved) => {
      const { weight, meanOf, below } = weighted(x, moved);
      return cr.sum(cr.mul(weight, below(meanOf(x))) as Value, last);
    },
  ],
  [
    "weighted variance",
    (x, _, moved) => {
      const { meanOf } = weighted(x, moved);
      return less(meanOf(cr.square(x) as Value), cr.square(meanOf(x)) as Value);
    },
  ],
  ["below a weighted mean", (x, _, moved) => weighted(x, moved).below(weighted(x, moved).meanOf(x))],
  [
    "weighted deviations from the mean of other rows",
    (x, other) => {
      const { weight, meanOf } = weighted(x, (each) => each);
      return cr.sum(cr.mul(weight, less(x, other(meanOf(x)))) as Value, last);
    },
  ],
];

/** The elements of a formula and the gradient of their weighted sum, of a graph after passes. */
function results(define: (x: Value) => Value, shape: Shape, data: readonly number[], passes: (graph: Graph) => Graph) {
  const graph = cr.model("mirrored", () => {
    const x = cr.input("x", "f32", shape);
    const y = define(x);
    const weights = cr.add(
      cr.iota(y.type.shape, 0, "f32"),
      cr.cos(cr.iota(y.type.shape, y.type.shape.length - 1, "f32")),
    );
    return { run: { y: y as cr.Tensor, gradient: cr.grad(cr.sum(cr.mul(weights as Value, y) as Value), x), x } };
  });
  const values = passes(graph).entryPoints[0].outputs.map(({ value }) => value);
  const x = values.at(-1)!;
  const found = evaluateValues(values, new Map([[x, data]]));
  return values.slice(0, 2).map((value) => Array.from(found.get(value)!));
}

const forKernels = (graph: Graph): Graph => runPasses(derive(graph), kernelPasses());

/** Rows of different sizes; `zero` is a row of zeros, if any. */
function rowsOf(count: number, zero?: number): readonly number[] {
  const next = noise(7);
  for (let i = 0; i < 5; i++) next();
  return Array.from({ length: count }, (_, i) => (Math.floor(i / 3) === zero ? 0 : next() + (i / 3) * 0.5));
}

describe.each(ways)("%s", (_, shape, move) => {
  it.each(formulas)("%s", (_, define) => {
    const other: Move = (each) => cr.reshape(move(each), [...move(each).type.shape, 1]) as Value;
    const repeated: Move = (each) => cr.broadcastTo(other(each), shape) as Value;
    const moved: Move = (each) => cr.broadcastTo(move(each), shape.slice(0, -1)) as Value;
    const formula = (x: Value): Value => define(x, repeated, moved);
    for (const zero of [undefined, 0, 1, 2]) {
      const data = rowsOf(12, zero);
      const written = results(formula, shape, data, asWritten);
      for (const passes of [derive, forKernels]) {
        const found = results(formula, shape, data, passes);
        written.forEach((numbers, which) => {
          // Slopes at 0 and of what is not finite are a matter of convention.
          if (which === 1 && zero !== undefined) return;
          numbers.forEach((each, i) => {
            if (Number.isFinite(each))
              expect(Math.abs(found[which][i] - each)).toBeLessThan(1e-9 * Math.abs(each) + 1e-12);
            else expect(found[which][i]).toBe(each);
          });
        });
      }
    }
  });
});

describe("a value is the spread of a reduction", () => {
  const x = apply(inputOp, [], { identity: { name: "x", dtype: "f32", shape: [3, 3, 3] } });
  const total = cr.sum(x, last) as Value;
  const isSpread = (value: Value): boolean => isSpreadOf(value, total, [2]);
  it("where each row meets its own", () => {
    expect(isSpread(broadcastAlong(total, [3, 3, 3], [0, 1]))).toBe(true);
    expect(isSpread(broadcastAlong(cr.reshape(total, [3, 3, 1]) as Value, [3, 3, 3], [0, 1, 2]))).toBe(true);
  });
  it("not where rows have changed places, or it is another", () => {
    expect(isSpread(broadcastAlong(total, [3, 3, 3], [1, 0]))).toBe(false);
    expect(isSpread(broadcastAlong(total, [3, 3, 3], [0, 2]))).toBe(false);
    expect(isSpread(broadcastAlong(cr.reverse(total, [0]), [3, 3, 3], [0, 1]))).toBe(false);
    expect(isSpread(broadcastAlong(cr.reshape(cr.transpose(total), [3, 3, 1]) as Value, [3, 3, 3], [0, 1, 2]))).toBe(
      false,
    );
    expect(isSpread(broadcastAlong(cr.exp(total) as Value, [3, 3, 3], [0, 1]))).toBe(false);
  });
});

test("what is at most 0 is a row less its own largest", () => {
  const x = apply(inputOp, [], { identity: { name: "x", dtype: "f32", shape: [3, 3, 3] } });
  const below = (axes: readonly number[]): Value => less(x, broadcastAlong(cr.max(x, last), [3, 3, 3], axes));
  const [own, other] = [below([0, 1]), below([1, 0])];
  expect(rangeOf(own).high).toBe(0);
  expect(rangeOf(other).high).toBe(Infinity);
  expect(rangeOf(cr.sum(cr.exp(own), last)).low).toBe(1);
  expect(rangeOf(cr.sum(cr.exp(other), last)).low).toBe(0);
});
