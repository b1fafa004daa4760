/// Ranges hold: whatever ordinary numbers, zeros and edges go into random formulas, every float32 result that is a number
/// lies within its range, and so does every integer, wrapped.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as cr from "chainrule";
import type { Value } from "chainrule";
import { derive } from "../../../compiler/passes/all.ts";
import { rangeOf } from "../../../compiler/rewrite/range.ts";
import { evaluate } from "chainrule";
import { inputOp } from "../../../ir/ops/leaf.ts";
import { postorder } from "../../../ir/value.ts";
import { leaf } from "./applied.ts";
import { float32Values } from "./float32.ts";

const seed = Number(process.env.CHAINRULE_SEED ?? 20261121);

type Combine = (a: Value, b: Value) => Value;

const axes = [{ axis: 0 }, { axis: 1 }, { axes: [0, 1] }] as const;
const reductions = [cr.sum, cr.max, cr.min, cr.logsumexp, cr.product] as readonly ((
  x: Value,
  options: cr.ReductionOptions,
) => Value)[];

const parts: readonly Combine[] = [
  ...[cr.exp, cr.log, cr.sqrt, cr.rsqrt, cr.tanh, cr.sigmoid, cr.softplus, cr.square, cr.abs, cr.neg, cr.relu],
  ...[cr.log1p, cr.expm1, cr.erf, cr.floor, cr.ceil, cr.round, cr.trunc, cr.sign, cr.sinh, cr.asinh, cr.exp2],
  ...[cr.log1mexp, cr.sin, cr.step, cr.erfc],
].map((f) => (a: Value) => (f as (x: Value) => Value)(a));
const pairs: readonly Combine[] = [
  ...[cr.add, cr.sub, cr.mul, cr.div, cr.maximum, cr.minimum, cr.hypot, cr.logaddexp].map(
    (f) => f as unknown as Combine,
  ),
  (a) => cr.add(a, 1) as Value,
  (a) => cr.sub(1, a) as Value,
  (a) => cr.sub(1 + 1e-8, a) as Value,
  (a) => cr.add(a, 1e-30) as Value,
  (a) => cr.mul(a, 1e-20) as Value,
  (a) => cr.pow(a, 0.5) as Value,
  (a) => cr.pow(a, 2) as Value,
  (a) => cr.pow(a, -2) as Value,
  (a, b) => cr.where(cr.greater(a as never, 0), a as never, b as never),
  ...axes.flatMap((which) =>
    reductions.map(
      (reduce) =>
        (a: Value): Value =>
          reduce(a, { ...which, keepAxes: true }),
    ),
  ),
  // Distances from the largest, and marks of extremes, along one axis; sums along another see few of them.
  ...axes.flatMap((which) => [
    (a: Value): Value => cr.exp(cr.sub(a as never, cr.max(a as never, { ...which, keepAxes: true } as never) as never)),
    (a: Value): Value => cr.exp(cr.sub(cr.min(a as never, { ...which, keepAxes: true } as never) as never, a as never)),
    (a: Value): Value =>
      cr.cast(cr.equal(a as never, cr.max(a as never, { ...which, keepAxes: true } as never) as never), "f32"),
    (a: Value): Value => cr.sub(a as never, cr.logsumexp(a as never, { ...which, keepAxes: true } as never) as never),
  ]),
];
const all = [...parts, ...pairs];

const numbers = [0, 0.25, 1, -1, -0.5, 3, 90, -110, 1000, -1000, 1e20, -1e-20];
const shape = [3, 4];
const formulas = fc.array(fc.tuple(fc.nat(all.length - 1), fc.nat(99), fc.nat(99)), { minLength: 1, maxLength: 6 });

/** All values of a formula of a few steps, each of what came before. */
function valuesOf(steps: readonly (readonly [number, number, number])[]): readonly Value[] {
  const graph = cr.model("random", () => {
    const made: Value[] = ["x", "y"].map((name) => cr.input(name, "f32", shape));
    for (const [part, ...places] of steps) {
      const [a, b] = places.map((place) => made[made.length - 1 - (place % made.length)]);
      made.push(cr.broadcastTo(all[part](a, b) as never, shape as never));
    }
    return { run: { result: cr.mul(1, made.at(-1)! as never) } } as never;
  });
  return postorder([graph.entryPoints[0].outputs[0].value]);
}

test(`every result lies in the range that is claimed of it (seed ${seed})`, () => {
  const property = fc.property(formulas, fc.shuffledSubarray(numbers, { minLength: 12 }), (steps, other) => {
    const values = valuesOf(steps);
    const leaves = values.filter(({ op }) => op === inputOp);
    const feeds = new Map(leaves.map((leaf, i) => [leaf, i === 0 ? numbers : other]));
    const found = float32Values(values, feeds);
    for (const value of values) {
      const { low, high } = rangeOf(value);
      for (const number of found.get(value)!) {
        // The sign of 0 is not followed, nor that of what is divided by it.
        const isPole = Math.abs(number) === Infinity && (low === -Infinity || high === Infinity);
        if (!Number.isNaN(number) && !isPole && !(number >= low && number <= high))
          throw new Error(`${cr.printValue(value)}: ${number} is not in [${low}, ${high}]`);
      }
    }
  });
  fc.assert(property, { seed, numRuns: 1500 });
});

describe("exponentials of distances from an extreme", () => {
  const x = leaf("x", "f32", ["n", 3]);
  const total = (distance: Value): Value => cr.sum(cr.exp(distance as never), { axis: 1 }) as Value;
  const extreme = (of: (x: never, options: never) => Value): Value =>
    of(x as never, { axis: 1, keepAxes: true } as never);
  test("add up to 1 at least, and to how many they are at most", () => {
    const least = cr.stopGradient(extreme(cr.min) as never) as Value;
    const distances = [cr.sub(x as never, extreme(cr.max) as never), cr.sub(least as never, x as never)] as Value[];
    for (const distance of distances) {
      expect(rangeOf(distance).high).toBe(0);
      expect(rangeOf(total(distance)).low).toBe(1);
      expect(rangeOf(total(distance)).high).toBeCloseTo(3, 4);
      expect(rangeOf(cr.sum(total(distance) as never) as Value).high).toBeLessThan(1e13);
    }
  });
  test("are not bounded where the extreme is that of other rows", () => {
    const y = leaf("y", "f32", [3, 3]);
    const others = cr.transpose(cr.max(y as never, { axis: 1, keepAxes: true }) as never) as Value;
    for (const largest of [others, cr.stopGradient(others as never) as Value])
      expect(rangeOf(cr.sub(y as never, largest as never) as Value).high).toBe(Infinity);
    expect(rangeOf(cr.sub(x as never, extreme(cr.min) as never) as Value)).toEqual({ low: 0, high: Infinity });
  });
});

describe("what is taken away is the larger", () => {
  const [x, y] = ["x", "y"].map((name) => leaf(name, "f32", [3, 4]));
  const high = (a: unknown, b: unknown): number => rangeOf(cr.sub(a as never, b as never) as Value).high;
  const logarithm = (of: Value): Value => cr.logsumexp(of as never, { axis: 1, keepAxes: true }) as Value;
  test("x − ln(1 + eˣ)", () => {
    expect(high(x, cr.softplus(x))).toBe(0);
    expect(high(x, cr.softplus(y))).toBe(Infinity);
  });
  test("3·x − 3·ln Σ eˣ, of one number and one x", () => {
    expect(high(cr.mul(3, x), cr.mul(3, logarithm(x)))).toBe(0);
    expect(high(cr.mul(3, x), cr.mul(2, logarithm(x)))).toBe(Infinity);
    expect(high(cr.mul(-3, x), cr.mul(-3, logarithm(x)))).toBe(Infinity);
    expect(high(cr.mul(3, x), cr.mul(3, logarithm(y)))).toBe(Infinity);
  });
});

describe("guards that hold stay", () => {
  const run = (define: () => Value, data: Record<string, number[]>): number[] => {
    const graph = cr.model("guard", () => ({ run: { result: define() as cr.Tensor } }));
    return Array.from(evaluate(derive(graph), data).outputs.result);
  };
  test("a sum of marks along another axis than that of the largest may be 0", () => {
    const mean = (): Value => {
      const score = cr.input("score", "f32", [3, 4]);
      const hit = cr.cast(cr.equal(score, cr.max(score, { axis: 1, keepAxes: true })), "f32");
      const count = cr.sum(hit, { axis: 0 });
      return cr.where(cr.equal(count, 0), 0, cr.div(count, count));
    };
    expect(run(mean, { score: [5, 1, 0, 0, 4, 1, 0, 0, 0, 9, 1, 0] })).toEqual([1, 1, 0, 0]);
  });
  test("halves are rounded to the even number", () => {
    const inverse = (): Value => {
      const n = cr.round(cr.add(cr.mul(cr.sigmoid(cr.input("x", "f32", [1])), 4), 0.5));
      return cr.where(cr.equal(n, 0), 0, cr.div(1, n));
    };
    expect(run(inverse, { x: [-2000] })).toEqual([0]);
  });
  test("whole numbers wrap", () => {
    const wrapped = (): Value => cr.cast(cr.equal(cr.cast(cr.add(cr.input("u", "u32", [1]), 1), "f32"), 0), "f32");
    expect(run(wrapped, { u: [4294967295] })).toEqual([1]);
  });
  test("a probability of what a mask leaves out is 0", () => {
    const counted = (): Value => {
      const p = cr.softmax(cr.where(cr.input("m", "bool", [4]), cr.input("x", "f32", [4]), -Infinity));
      return cr.sum(cr.where(cr.greater(p, 0), cr.mul(p, cr.log(p)), 0));
    };
    const p = [1, 2, 4].map((x) => Math.exp(x) / (Math.exp(1) + Math.exp(2) + Math.exp(4)));
    const wanted = p.reduce((total, each) => total + each * Math.log(each), 0);
    expect(run(counted, { x: [1, 2, 3, 4], m: [1, 1, 0, 1] })[0]).toBeCloseTo(wanted, 5);
  });
});
