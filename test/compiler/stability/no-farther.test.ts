/// Formulas at ordinary numbers come out no farther from the truth than step by step as they are written: what a rule wins
/// where numbers are extreme, it does not lose where they are not.
import { describe, expect, it } from "vitest";
import { derive } from "../../../compiler/passes/all.ts";
import { asCompiled, asWritten, truthOf, worstError } from "./scoreboard/measure.ts";
import { programOf, type Numbers, type Row } from "./scoreboard/row.ts";

type At = Readonly<Record<string, Numbers>>;

interface Case {
  readonly loss: string;
  /** Inputs by which it is not differentiated. */
  readonly given?: readonly string[];
  readonly points: readonly At[];
}

const small = [
  [1, 2, 0.3],
  [0.5, 0.7, -1],
  [0.2, 0.3, 0.9],
];
const around30 = small.map((row) => row.map((each) => 30 + each));
const wide = [
  [5, 6, 4],
  [7, 8, 4],
  [-4, 2, 2],
];

const variance = (of: string): string =>
  `const k = { axis: 1, keepAxes: true }, s = ${of}; const v = sub(mean(mul(s, s), k), square(mean(s, k)));`;

/** An element less another of the same values is 0 where it is the same one: nothing of that is to be lost in a logarithm. */
const ownElements: Readonly<Record<string, string>> = {
  "capped logits below their largest": `const y = mul(30, tanh(div(x, 30)));
return mean(log(add(sub(max(y, { axis: 1, keepAxes: true }), y), 1e-6)))`,
  "exponentials less one below their largest":
    "const y = expm1(x); return mean(log(add(sub(max(y, { axis: 1, keepAxes: true }), y), 1e-7)))",
  "sigmoids above the first of them in order": `const y = mul(30, sigmoid(x));
return mean(log(add(sub(y, slice(sort(y), [null, [0, 1]])), 1e-7)))`,
  "hyperbolic sines below the largest so far": "const y = sinh(x); return mean(log(add(sub(cummax(y, 1), y), 1e-7)))",
  "the larger of two gates less one": `const y = mul(x, sigmoid(x));
return mean(log(add(sub(maximum(y, slice(y, [null, [1, 2]])), y), 1e-7)))`,
  "sums of gates and squares below their largest": `const y = add(mul(x, sigmoid(x)), square(x));
return mean(log(add(sub(max(y, { axis: 1, keepAxes: true }), y), 1e-7)))`,
  "a largest with a guard, less what it is among": `const y = mul(30, tanh(div(x, 30)));
return mean(log(sub(add(max(y, { axis: 0 }), 1e-5), y)))`,
};

/** The same among exponentials, of whose differences logarithms are written where they are never 0. */
const ownExponentials: Readonly<Record<string, string>> = {
  "squares of what exponentials lack of their largest":
    "const y = exp(x); return mean(log(add(square(sub(max(y), y)), 1e-6)))",
  "where exponentials lie between their smallest and their largest": `const y = exp(x), low = min(y);
return mean(log(add(div(sub(y, low), sub(max(y), low)), 1e-6)))`,
  "a largest exponential with a guard, less what it is among":
    "const y = exp(x); return mean(log(sub(add(max(y), 1e-6), y)))",
};

/** Under a root what an element lacks of the largest is 0 at the largest, whatever that is: it has the slope 0 there. */
const roots: Readonly<Record<string, string>> = {
  "roots of what elements lack of the largest of the row":
    "return sum(sqrt(sub(max(x, { axis: 1, keepAxes: true }), x)))",
  "powers of what elements lack of the largest": "return sum(pow(sub(max(x), x), 0.7))",
  "roots of what parts of the largest leave of one":
    "return sum(sqrt(sub(1, div(x, max(x, { axis: 1, keepAxes: true })))))",
  "roots of what squares as parts of their largest leave of one":
    "const y = square(x); return sum(sqrt(sub(1, div(y, max(y)))))",
  "roots of what the smallest square as a part of the others leaves of one":
    "const y = square(x); return sum(sqrt(sub(1, div(min(y), y))))",
};

/** A number that keeps what may be 0 from it is not lost in another, of which nothing is left there. */
const guards: Readonly<Record<string, string>> = {
  "what bounded numbers leave of one": "return mean(log(add(sub(1, clamp(mul(3, x), 0, 1)), 1e-7)))",
  "what parts of the largest leave of one": "const y = tanh(x); return mean(log(add(sub(1, div(y, max(y))), 1e-6)))",
  "two more than the largest, less what is two more": `const y = softmax(x);
return mean(log(add(sub(add(2, max(y)), add(2, y)), 1e-6)))`,
  "two more than a softplus, less the smallest of that": `const y = add(2, softplus(x));
return mean(log(add(sub(y, min(y)), 1e-6)))`,
  "two more than gates, less two more than the smallest": `const y = sigmoid(x);
return mean(log(add(sub(add(2, y), add(2, min(y))), 1e-6)))`,
};

/** The same element counts as such where it is turned round, or a part of it is taken. */
const multiples: Readonly<Record<string, string>> = {
  "tangents less the smallest as the largest of what is negated":
    "const y = tanh(x); return mean(log(add(1e-6, sub(y, neg(max(neg(y)))))))",
  "gates and the largest of what is negated":
    "const y = mul(x, sigmoid(x)); return mean(log(add(add(y, max(neg(y))), 1e-6)))",
  "half the largest less half of what it is among":
    "const y = tanh(x); return mean(log(add(sub(div(max(y), 2), div(y, 2)), 1e-6)))",
  "what an exponential lacks of the largest, over one more than it":
    "const y = exp(x); return mean(log(div(add(sub(max(y), y), 1e-6), add(1, y))))",
  "exponentials less the smallest as the largest of what is negated":
    "const y = exp(x); return mean(log(add(1e-6, sub(y, neg(max(neg(y)))))))",
  "what a gate as a part of the largest leaves of one":
    "const y = mul(x, sigmoid(x)); return mean(log(add(sub(1, div(y, max(y))), 1e-6)))",
  "what the smallest square as a part of the others leaves of one":
    "const y = square(x); return mean(log(add(sub(1, div(min(y), y)), 1e-6)))",
  "squares as multiples of the smallest, less one":
    "const y = square(x); return mean(log(add(sub(div(y, min(y)), 1), 1e-6)))",
  "three times what is among less the smallest of that":
    "const y = sinh(x); return mean(log(add(sub(mul(3, y), min(mul(3, y))), 1e-6)))",
};

const cases: Readonly<Record<string, Case>> = {
  "a square of exponentials of which one is large": {
    loss: "const s = add(exp(z), softmax(x, 0)); return sum(mul(s, s))",
    points: [
      { x: small, z: small },
      { x: small, z: wide },
    ],
  },
  "a whole power of a difference of exponentials": {
    loss: `${variance("sigmoid(sigmoid(x))")} return sum(pow(v, 3))`,
    points: [{ x: small }, { x: around30 }],
  },
  "what the square of a tangent leaves of 1, taken away from 1 again": {
    loss: "const q = sub(1, square(tanh(z))); return sum(log(sub(1, q)))",
    points: [{ z: [1e-3, 0.1, 2] }, { z: [1e-5, -1e-4, 10] }],
  },
  "a variance of probabilities that are nearly equal": {
    loss: `${variance("sigmoid(z)")} return sum(sqrt(add(v, 1e-6)))`,
    points: [{ z: small }, { z: small.map((row) => row.map((each) => 1 + each / 100)) }],
  },
  "a third moment of raw ones": {
    loss: `const m = mean(x), c = mean(mul(x, square(x)));
return add(sub(c, mul(3, mul(m, mean(square(x))))), mul(2, mul(m, square(m))))`,
    points: [{ x: small }, { x: around30 }],
  },
  "a skewness of rows by a variance": {
    loss: `${variance("x")} const m = mean(x, k), c = mean(pow(x, 3), k);
return sum(div(sub(sub(c, mul(3, mul(m, v))), pow(m, 3)), pow(v, 1.5)))`,
    points: [{ x: small }, { x: around30 }],
  },
  "a fourth moment and a number that keeps it from 0": {
    loss: `const m = mean(x), s = mean(square(x)), c = mean(pow(x, 3)), f = mean(pow(x, 4));
return log(sub(add(add(sub(f, mul(4, mul(m, c))), mul(6, mul(square(m), s))), 5e-7), mul(3, square(square(m)))))`,
    points: [{ x: [0.012, 0.019, 0.003, -0.007] }],
  },
  "a third moment of shares beside a number": {
    loss: `const v = add(10, softmax(x)), m = mean(v, { axis: 1 }), c = mean(mul(v, square(v)), { axis: 1 });
return sum(add(sub(c, mul(3, mul(m, mean(square(v), { axis: 1 })))), mul(2, mul(m, square(m)))))`,
    points: [{ x: small }],
  },
  "a sum of weighted exponentials, times a sigmoid, beside a number": {
    loss: "return log(add(2, mul(sum(mul(square(x), exp(z))), sigmoid(s))))",
    points: [{ x: [0.5, 1, 2], z: [-1, 0.25, 3], s: 0.5 }],
  },
  "a covariance of weighted sigmoids under a root": {
    loss: `const s = mul(x, sigmoid(z)), g = sigmoid(y);
return sqrt(sub(mean(mul(s, g)), mul(mean(s), mean(g))))`,
    points: [{ x: [0.5, 1, 2], z: [-1, 0.25, 3], y: [-2, 0.5, 1] }],
  },
  "a temperature that is a table of one number": {
    loss: "return sum(mul(softmax(mul(z, t)), x))",
    points: [
      { z: small, x: wide, t: [[0.5]] },
      { z: small, x: wide, t: [[-2]] },
    ],
  },
  "a kurtosis of raw moments": {
    loss: `const m = mean(x), v = sub(mean(square(x)), square(m)), f = mean(square(square(x)));
const c = sub(f, mul(4, mul(m, mean(mul(x, square(x))))));
return div(sub(add(c, mul(6, mul(square(m), mean(square(x))))), mul(3, square(square(m)))), square(v))`,
    points: [{ x: small }, { x: around30 }],
  },
  ...Object.fromEntries(
    Object.entries({ ...ownElements, ...ownExponentials }).map(([name, loss]) => [
      name,
      { loss, points: [{ x: small }] },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries({ ...guards, ...multiples }).map(([name, loss]) => [
      name,
      { loss, given: ["x"], points: [{ x: small }] },
    ]),
  ),
  "a third moment that is none": {
    loss: `const m = mean(x), c = mean(mul(x, square(x)));
return add(sub(c, mul(2, mul(m, mean(square(x))))), mul(2, mul(m, square(m))))`,
    points: [{ x: small }],
  },
};

/** Errors in units of what the scoreboard allows; luck of rounding is worth a factor of two. */
describe("at ordinary numbers", () => {
  it.each(Object.entries(cases))("nothing is lost by rules for %s", (name, { loss, given, points }) => {
    for (const at of points) {
      const row: Row = { name, about: "", program: loss, given, points: [{ at }] };
      const program = programOf(row);
      const truth = truthOf(program, row.points[0]);
      const written = worstError(asWritten(program, row.points[0]), truth);
      const found = worstError(asCompiled(program, row.points[0]), truth);
      expect(found, `at ${JSON.stringify(at)}`).toBeLessThanOrEqual(Math.max(1, 2 * written));
    }
  });
});

it.each(Object.entries(roots))("there is a slope of %s", (name, loss) => {
  const row: Row = { name, about: "", program: loss, points: [{ at: { x: small } }] };
  const program = programOf(row);
  expect(worstError(asCompiled(program, row.points[0]), truthOf(program, row.points[0]))).toBeLessThan(1);
});

it("what an element lacks of its largest is 0 beside an exponential that vanishes, of which the logarithm is taken", () => {
  const loss = "const y = mul(30, tanh(div(x, 30))); return sum(log(add(sub(max(y), y), exp(z))))";
  const point = { at: { x: [1, 2, 0.3], z: [-2, -200, 1] } };
  const program = programOf({ name: "largest", about: "", program: loss, given: ["x"], points: [point] });
  expect(worstError(asCompiled(program, point), truthOf(program, point))).toBeLessThan(1);
});

const settling: Readonly<Record<string, string>> = {
  "the logarithm of the softplus of what cancels": "sum(add(x, log(softplus(sub(x, x)))))",
  "rows times a sigmoid, standardized": `const k = { axis: 1, keepAxes: true };
const u = mul(sigmoid(mean(x, k)), sub(x, mean(x, { axis: 0, keepAxes: true })));
return sum(div(sub(u, mean(u, k)), sqrt(add(variance(u, k), 0.001))))`,
};

describe("rewriting settles", () => {
  it.each(Object.entries(settling))("for %s", (name, program) => {
    const { graph } = programOf({ name, about: "", program, points: [{ at: { x: small } }] });
    expect(() => derive(graph)).not.toThrow();
  });
});
