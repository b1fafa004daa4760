/// The lint is asked about random formulas as they are written, without simplification: where it says nothing, nothing but
/// finite numbers comes out, whichever ordinary numbers and zeros go in.
import fc from "fast-check";
import { expect, test } from "vitest";
import { lint } from "../../../compiler/lint/index.ts";
import { evaluateValues } from "../../../ir/evaluate.ts";
import type { Graph } from "../../../ir/graph.ts";
import * as cr from "../../../ir/index.ts";
import type { Value } from "../../../ir/value.ts";

const seed = Number(process.env.CHAINRULE_SEED ?? 20261121);

type Combine = (a: Value, b: Value, c: Value) => Value;

/** What formulas are made of; most of it fails somewhere. */
const parts: readonly Combine[] = [
  (a) => cr.exp(a),
  (a) => cr.log(a),
  (a) => cr.sqrt(a),
  (a) => cr.rsqrt(a),
  (a) => cr.tanh(a),
  (a) => cr.sigmoid(a),
  (a) => cr.square(a),
  (a) => cr.abs(a),
  (a) => cr.neg(a),
  (a) => cr.relu(a),
  (a) => cr.log1p(a),
  (a) => cr.expm1(a),
  (a) => cr.acos(a),
  (a) => cr.add(a, 1),
  (a) => cr.sub(1, a),
  (a) => cr.add(a, 1e-3),
  (a) => cr.pow(a, 0.5),
  (a) => cr.pow(a, -2),
  (a, b) => cr.add(a, b),
  (a, b) => cr.sub(a, b),
  (a, b) => cr.mul(a, b),
  (a, b) => cr.div(a, b),
  (a, b) => cr.maximum(a, b),
  (a, b) => cr.minimum(a, b),
  (a) => cr.sum(a, { axis: 0, keepAxes: true }) as Value,
  (a) => cr.max(a, { axis: 0, keepAxes: true }) as Value,
  (a) => cr.logsumexp(a, { axis: 0, keepAxes: true }) as Value,
  (a) => cr.clamp(a, 0.01, 3) as Value,
  (a, b, c) => cr.where(cr.greater(a, 0), b, c) as Value,
  (a, b, c) => cr.where(cr.less(a, b), b, c) as Value,
  (a, b) => cr.where(cr.greater(a, 0), cr.log(a), b) as Value,
  (a, b) => cr.where(cr.equal(a, 0), b, cr.div(1, a)) as Value,
  (a, b) => cr.where(cr.less(cr.abs(a), 2), cr.exp(a), b) as Value,
  (a, b) => cr.where(cr.and(cr.less(a, 1), cr.greater(a, -1)), cr.acos(a), b) as Value,
  (a, b) => cr.where(cr.isFinite(a), a, b) as Value,
];

const numbers = [0, 0.25, 1, -1, -0.5, 3, 90, -110, 1000, -1000];

/** A formula of a few steps, each of what came before. */
const formulas = fc.array(fc.tuple(fc.nat(parts.length - 1), fc.nat(99), fc.nat(99), fc.nat(99)), {
  minLength: 1,
  maxLength: 6,
});

function graphOf(steps: readonly (readonly [number, number, number, number])[]): Graph {
  return cr.model("random", () => {
    const values: Value[] = ["x", "y"].map((name) => cr.input(name, "f32", [numbers.length]));
    for (const [part, ...places] of steps) {
      const [a, b, c] = places.map((place) => values[values.length - 1 - (place % values.length)]);
      values.push(cr.broadcastTo(parts[part](a, b, c), [numbers.length]));
    }
    return { run: { result: cr.mul(1, values.at(-1)!) } } as never;
  });
}

test(`where there is no warning, all is finite (seed ${seed})`, () => {
  let [quiet, warned] = [0, 0];
  const property = fc.property(
    formulas,
    fc.shuffledSubarray(numbers, { minLength: numbers.length }),
    (steps, other) => {
      const graph = graphOf(steps);
      if (lint(graph, graph).length > 0) {
        warned++;
        return;
      }
      quiet++;
      const { value } = graph.entryPoints[0].outputs[0];
      const [x, y] = graph.inputs;
      const found = evaluateValues([value], new Map([[x, numbers], ...(y ? [[y, other] as const] : [])])).get(value)!;
      expect(cr.printValue(value) + [...found].filter((each) => !Number.isFinite(each)).join()).toBe(
        cr.printValue(value),
      );
    },
  );
  fc.assert(property, { seed, numRuns: 600 });
  // Neither is rare, so the property says something, and the lint does.
  expect(quiet).toBeGreaterThan(100);
  expect(warned).toBeGreaterThan(100);
});
