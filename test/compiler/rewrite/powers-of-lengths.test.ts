/// Only what is a length to the first power is taken for one: a root of a length, its square, and sums and floors of them in
/// divisors and under roots and logarithms keep their numbers.
import { expect, test } from "vitest";
import { add, div, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { einsum } from "../../../ir/ops/einsum.ts";
import { abs, log, maximum, sqrt } from "../../../ir/ops/functions.ts";
import { norm } from "../../../ir/ops/norm.ts";
import { root, rsqrt } from "../../../ir/ops/powers.ts";
import { broadcastAlong, sum } from "../../../ir/ops/sum.ts";
import type { Value } from "../../../ir/value.ts";
import { makeRewriter } from "../../../compiler/rewrite/driver.ts";
import { stabilizingRules } from "../../../compiler/rewrite/rules/all.ts";
import { cosineRules } from "../../../compiler/rewrite/rules/cosines.ts";
import { hypotenuseRules } from "../../../compiler/rewrite/rules/hypotenuses.ts";
import { noise, numbers } from "../symbolic.ts";
import { leaf } from "./applied.ts";

const [a, b] = ["a", "b"].map((name) => leaf(name, "f32", [2]));
const dot = (): Value => sum(mul(a, b));
const [long, wide] = [a, b].map((vector) => norm(vector as never) as Value);

test.each<[string, () => Value, number]>([
  [
    "root of a product of lengths and a number",
    () => div(dot(), sqrt(add(mul(long, wide), 1) as Value)),
    -1 / Math.sqrt(5 * Math.SQRT2 + 1),
  ],
  [
    "roots of lengths and a number",
    () => div(dot(), add(mul(sqrt(long), sqrt(wide)), 1) as Value),
    -1 / (Math.sqrt(5 * Math.SQRT2) + 1),
  ],
  [
    "roots of lengths with a floor",
    () => div(dot(), maximum(mul(sqrt(long), sqrt(wide)), 0.1) as Value),
    -1 / Math.sqrt(5 * Math.SQRT2),
  ],
  [
    "a length, a root of one and a number",
    () => div(dot(), add(mul(long, sqrt(wide)), 2) as Value),
    -1 / (5 * Math.sqrt(Math.SQRT2) + 2),
  ],
  ["roots of lengths", () => div(dot(), mul(sqrt(long), root(wide))), -1 / Math.sqrt(5 * Math.SQRT2)],
  [
    "a floor under a root of lengths",
    () => div(dot(), root(maximum(mul(long, wide), 0.1) as Value)),
    -1 / Math.sqrt(5 * Math.SQRT2),
  ],
])("%s", (_, define, right) => {
  const feeds = new Map([
    [a, [3, -4]],
    [b, [1, 1]],
  ]);
  expect(numbers(makeRewriter(stabilizingRules)(define()), feeds)[0]).toBeCloseTo(right, 6);
});

type Draw = <T>(...choices: readonly T[]) => T;

const [x, y] = ["x", "y"].map((name) => leaf(name, "f32", [3, 4]));
const some = [0.1, 0.25, 1, 2];

/** What is made of a vector for each row, a length to any power, with numbers beside it. */
function power(draw: Draw, of: Value, depth = draw(0, 0, 0, 1, 2)): Value {
  if (depth === 0) return draw(sqrt, root)(sum(mul(of, of), { axis: 1 }));
  const inner = (): Value => power(draw, of, depth - 1);
  return draw<() => Value>(
    () => sum(mul(of, of), { axis: 1 }),
    () => norm(of as never, { axis: 1 }) as Value,
    () => sqrt(inner()),
    () => root(inner()),
    () => add(inner(), draw(...some)) as Value,
    () => maximum(inner(), draw(...some)) as Value,
    () => mul(draw(...some), inner()) as Value,
    () => div(inner(), draw(...some)) as Value,
    () => ((part) => mul(part, part))(inner()),
  )();
}

/** A product over powers of lengths, as a cosine is one over lengths. */
function quotient(draw: Draw): Value {
  const vector = (of: Value): Value => draw<Value>(of, of, of, of, sqrt(abs(of)), x);
  const [left, right] = [vector(x), vector(y)];
  const pairwise = draw(false, false, true);
  const onto = (part: Value, axis: number): Value => (pairwise ? broadcastAlong(part, [3, 3], [axis]) : part);
  const sides = [onto(power(draw, left), 0), onto(power(draw, right), draw(0, 1, 1, 1, 1))] as const;
  const top = pairwise ? (einsum("ik,jk->ij", left, right) as Value) : sum(mul(left, right), { axis: 1 });
  const product = mul(...draw<[Value, Value]>([...sides], [sides[1], sides[0]]));
  const guarded = (inner: Value): Value => draw(add, maximum)(inner, draw(...some)) as Value;
  return draw<() => Value>(
    () => div(top, product),
    () => div(div(top, sides[0]), sides[1]),
    () => mul(top, div(div(1, sides[0]) as Value, sides[1])),
    () => div(top, guarded(product)),
    () => div(top, guarded(product)),
    () => div(top, draw(sqrt, root)(product)),
    () => div(top, draw(sqrt, root)(guarded(product))),
    () => div(top, draw(sqrt, root)(guarded(product))),
    () => div(top, guarded(draw(sqrt, root)(guarded(product)))),
  )();
}

/** A root or a logarithm of a sum of squares, and of what is no square. */
function rootOfSum(draw: Draw): Value {
  const square = (part: Value): Value => mul(part, part);
  const term = (): Value =>
    draw<() => Value>(
      () => broadcastAlong(power(draw, draw(x, y)), [3, 4], [0]),
      () => square(draw(x, y)),
      () => square(square(draw(x, y))),
      () => mul(draw(...some), square(draw(x, y))) as Value,
      () => div(square(draw(x, y)), draw(...some)) as Value,
      () => abs(mul(x, y)),
      () => abs(draw(x, y)),
    )();
  const more = (total: Value): Value =>
    draw<() => Value>(
      () => add(total, term()),
      () => add(total, draw(...some)) as Value,
      () => maximum(total, draw(...some)) as Value,
      () => sub(add(total, 9) as Value, square(broadcastAlong(sum(x, { axis: 1 }), [3, 4], [0]))),
      () => total,
    )();
  return draw(sqrt, root, rsqrt, log)(more(more(term())));
}

test.each([
  ["a product over powers of lengths", quotient],
  ["a root of a sum of squares", rootOfSum],
])("%s keeps its number", (_, make) => {
  const own = makeRewriter([...cosineRules, ...hypotenuseRules]);
  const stabilizing = makeRewriter(stabilizingRules);
  const wrong: string[] = [];
  let fired = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const next = noise(seed);
    const draw: Draw = (...choices) => choices[Math.floor(((next() + 1) / 2) * choices.length)];
    const value = make(draw);
    const feeds = new Map([x, y].map((each) => [each, Array.from({ length: 12 }, () => 3 * next())]));
    const before = numbers(value, feeds);
    for (const [name, rewrite] of Object.entries({ own, stabilizing })) {
      const after = rewrite(value);
      if (name === "own" && after !== value) fired++;
      const found = numbers(after, feeds);
      const isRight = before.every(
        (each, i) => !Number.isFinite(each) || Math.abs(each - found[i]) <= 1e-6 * (1 + Math.abs(each)),
      );
      if (!isRight) wrong.push(`seed ${seed}, ${name} rules: ${before[0]} became ${found[0]}`);
    }
  }
  expect(wrong).toEqual([]);
  // Many of them are what the rules are for.
  expect(fired).toBeGreaterThan(60);
});
