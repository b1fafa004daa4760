/// Sums, differences and quotients of exponentials, and their logarithms.
import type { Point, Row } from "../row.ts";

const attended = [0, 1e4, -1e4].map((offset) => [
  [offset + 0.5, offset - 1.25, offset + 3],
  [offset, offset - 2, offset + 1.5],
]);
const values = [
  [1, 2],
  [3, -1],
  [0.5, 0.25],
];
const slopes = [
  [1, -0.5],
  [2, 0.25],
];

/** The same scores with larger and larger numbers added. */
const offsetPoints: readonly Point[] = [
  { at: { x: [0, 1.5, -10], c: [1, 2, 3] } },
  { at: { x: [1e4, 10001.5, 9990], c: [1, 2, 3] } },
  { at: { x: [1e5, 100001.5, 99990], c: [1, 2, 3] } },
  { at: { x: [1e6, 1000001.5, 999990], c: [1, 2, 3] } },
  { at: { x: [1000, -1000, 0], c: [1, 2, 3] } },
];

/** Exponentials and logarithms. */
export const exponentialRows: readonly Row[] = [
  {
    name: "Softplus by log1p",
    about: "ln(1 + eˣ): eˣ overflows beyond 88.7.",
    program: "sum(log1p(exp(x)))",
    points: [{ at: { x: [0.5, -3] } }, { at: { x: [200] } }, { at: { x: [1e4] } }].map(({ at: { x } }) => ({
      at: { x: x.length === 1 ? [x[0], -x[0]] : x },
    })),
    others: { pytorch: "∞ / NaN", jax: "∞ / NaN", point: 1 },
  },
  {
    name: "Difference of two log-sum-exps",
    about: "How much more one set of scores weighs than another.",
    program: "sub(log(sum(exp(a))), log(sum(exp(b))))",
    points: [
      { at: { a: [0.5, -1], b: [1, 2] } },
      { at: { a: [1000, 999], b: [998, 1000] } },
      { at: { a: [-300, -301], b: [200, 0] } },
    ],
  },
  {
    name: "Sum of two exponentials in log space",
    about: "ln(eᵃ + eᵇ).",
    program: "log(add(exp(a), exp(b)))",
    points: [
      { at: { a: 0.5, b: -1 } },
      { at: { a: 1000, b: 999 } },
      { at: { a: -500, b: -501 } },
      { at: { a: 90, b: -90 } },
    ],
  },
  {
    name: "Difference of two exponentials in log space",
    about: "ln(eᵃ − eᵇ).",
    program: "log(sub(exp(a), exp(b)))",
    points: [
      { at: { a: 0.5, b: -1 } },
      { at: { a: 1000, b: 999 } },
      { at: { a: -500, b: -501 } },
      { at: { a: 1.001, b: 1 } },
    ],
  },
  {
    name: "Probability of the complement in log space",
    about: "ln(1 − eˣ) for x < 0: near 0 and far below.",
    program: "sum(log(sub(1, exp(x))))",
    points: [{ at: { x: [-0.5, -3] } }, { at: { x: [-1e-6, -1e-10] } }, { at: { x: [-30, -200] } }],
  },
  {
    name: "Growth at a small rate",
    about: "eˣ − 1, a million times: eˣ rounds to 1.",
    program: "sum(mul(1e6, sub(exp(x), 1)))",
    points: [{ at: { x: [0.5, -3] } }, { at: { x: [1e-8, -3e-6] } }, { at: { x: [-200, 50] } }],
  },
  {
    name: "Logarithm of nearly one",
    about: "ln(1 + x) where 1 + x has lost most of x.",
    program: "sum(div(log(add(1, x)), 1e-6))",
    points: [{ at: { x: [0.5, 3] } }, { at: { x: [1e-8, -3e-7] } }, { at: { x: [1e30, 2e-4] } }],
  },
  {
    name: "Hyperbolic tangent from e²ˣ",
    about: "(e²ˣ − 1)/(e²ˣ + 1).",
    program: "const e = exp(mul(2, x)); return sum(div(sub(e, 1), add(e, 1)))",
    points: [{ at: { x: [0.5, -1] } }, { at: { x: [100, -100] } }, { at: { x: [1e-3, 1e-5] } }],
  },
  {
    name: "Hyperbolic tangent from eˣ and e⁻ˣ",
    about: "(eˣ − e⁻ˣ)/(eˣ + e⁻ˣ).",
    program: "sum(div(sub(exp(x), exp(neg(x))), add(exp(x), exp(neg(x)))))",
    points: [{ at: { x: [0.5, -1] } }, { at: { x: [100, -100] } }, { at: { x: [1e-3, 1e-5] } }],
  },
  {
    name: "Swish",
    about: "x/(1 + e⁻ˣ): the derivative squares a divisor that overflows.",
    program: "sum(div(x, add(1, exp(neg(x)))))",
    points: [{ at: { x: [0.5, -1] } }, { at: { x: [-60, 60] } }, { at: { x: [-200, 200] } }],
  },
  {
    name: "Mish",
    about: "x·tanh(ln(1 + eˣ)).",
    program: "sum(mul(x, tanh(log(add(1, exp(x))))))",
    points: [{ at: { x: [0.5, -1] } }, { at: { x: [-15, 10] } }, { at: { x: [-200, 200] } }],
  },
  {
    name: "Density of the logistic distribution",
    about: "e⁻ˣ/(1 + e⁻ˣ)².",
    program: "const e = exp(neg(x)); return sum(mul(1000, div(e, square(add(1, e)))))",
    points: [{ at: { x: [0.5, -1] } }, { at: { x: [-15, 10] } }, { at: { x: [-200, 200] } }],
  },
  {
    name: "Log-odds of a sigmoid",
    about: "ln(p/(1 − p)) gives back the score.",
    program: "const p = sigmoid(z); return sum(log(div(p, sub(1, p))))",
    points: [{ at: { z: [0.5, -1] } }, { at: { z: [20, -20] } }, { at: { z: [-200, 300] } }],
  },
  {
    name: "Soft minimum",
    about: "−T·ln Σ e^(−x/T).",
    program: "mul(-0.01, log(sum(exp(div(neg(x), 0.01)))))",
    points: [{ at: { x: [0.005, -0.01, 0.02] } }, { at: { x: [3, 2, 2.005] } }, { at: { x: [-30, 40, -29.99] } }],
  },
  {
    name: "Attention",
    about: "Weights from scores, normalised by hand, times values.",
    program: "const e = exp(s); return div(sum(mul(e, v)), sum(e))",
    points: [
      { at: { s: [0.5, -1, 2], v: [1, 2, 3] } },
      { at: { s: [100, 99, 0], v: [1, 2, 3] } },
      { at: { s: [-200, -201, -199], v: [1, -2, 3] } },
    ],
  },
  {
    name: "Softmax by hand, a number in the denominator",
    about:
      "The largest score taken away, ε against a division by 0: nothing overflows, and the offset does not matter.",
    program: `const e = exp(sub(x, max(x)));
return sum(mul(c, div(e, add(sum(e), 1e-8))))`,
    given: ["c"],
    points: offsetPoints,
  },
  {
    name: "Softmax with a place for none",
    about: "eˣ/(1 + Σ eˣ), the largest score taken away, and added to 1 in either order.",
    program: `const e = exp(sub(x, max(x)));
return sub(div(sum(mul(c, e)), add(1, sum(e))), sum(mul(2, div(mul(c, e), add(sum(e), 1)))))`,
    given: ["c"],
    points: offsetPoints,
  },
  {
    name: "Softmax without its largest score, a number in the denominator",
    about: "eˣ/(Σ eˣ + ε) overflows as it is written; ln(Σ eˣ + ε) is as large as x, whose digits go.",
    program: "const e = exp(x); return sum(mul(c, div(e, add(sum(e), 1e-8))))",
    given: ["c"],
    points: [...offsetPoints, { at: { x: [-1000, -1001, -1002], c: [1, 2, 3] } }],
  },
  {
    name: "Weighted mean of distances",
    about: "e^(−(x − min x)) as weights, and ε against a division by 0.",
    program: "const e = exp(neg(sub(x, min(x)))); return div(sum(mul(x, e)), add(sum(e), 1e-6))",
    points: offsetPoints.slice(0, 3).map(({ at: { x } }) => ({ at: { x } })),
  },
  {
    name: "Scores masked by −∞, a number in the denominator",
    about: "Where the mask leaves nothing, ε makes 0 of 0/0.",
    program: `const e = exp(where(greater(x, 3), x, -Infinity));
return sum(mul(c, div(e, add(sum(e), 1e-8))))`,
    given: ["c"],
    points: [{ at: { x: [0, 1, 2], c: [1, 2, 3] } }, { at: { x: [4, 5, 0], c: [1, 2, 3] } }],
  },
  {
    name: "Attention as a product of matrices",
    about: "Exponentials of scores times values, over their sum: the weights are shares, and none overflows.",
    program: `const e = exp(z);
return sum(mul(w, div(matmul(e, v), sum(e, { axis: 1, keepAxes: true }))))`,
    given: ["w"],
    points: attended.map((z) => ({ at: { z, v: values, w: slopes } })),
  },
  {
    name: "Attention as a product of matrices, masked, a number in the denominator",
    about: "A row that is masked as a whole is 0.",
    program: `const e = mul(m, exp(z));
return sum(mul(w, div(matmul(e, v), add(sum(e, { axis: 1, keepAxes: true }), 1e-6))))`,
    given: ["w", "m"],
    points: attended.slice(0, 2).map((z) => ({
      at: {
        z,
        v: values,
        w: slopes,
        m: [
          [1, 0, 1],
          [0, 0, 0],
        ],
      },
    })),
  },
  {
    name: "Attention pooling",
    about: "One weight for all numbers of a place.",
    program: `const e = exp(s);
return sum(mul(w, div(sum(mul(reshape(e, [3, 1]), v), { axis: 0 }), sum(e))))`,
    given: ["w"],
    points: [0, 1e4, -1e4].map((offset) => ({
      at: { s: [offset + 0.5, offset - 1.25, offset + 3], v: values, w: [1, -0.5] },
    })),
  },
  {
    name: "Logarithm of many exponentials, added up one by one",
    about: "Six terms and a number, with weights: each of them may overflow.",
    program: `
const few = add(add(exp(a), mul(0.5, exp(b))), exp(sub(c, a)));
return log(add(add(add(add(few, mul(2, exp(d))), exp(sub(b, d))), div(exp(c), 3)), 1))`,
    points: [
      { at: { a: 1, b: 2, c: 3, d: -1 } },
      { at: { a: 100, b: 120, c: 119, d: -30 } },
      { at: { a: -100, b: -120, c: -250, d: -130 } },
    ],
  },
  {
    name: "Softmax of six, written out",
    about: "eᵃ over a sum of six exponentials.",
    program: "div(exp(a), add(add(add(add(add(exp(a), exp(b)), exp(c)), exp(d)), exp(mul(2, a))), exp(neg(b))))",
    points: [
      { at: { a: 1, b: 2, c: 0.5, d: -1 } },
      { at: { a: 100, b: 200, c: 199, d: 198 } },
      { at: { a: -50, b: 0, c: -1, d: -60 } },
    ],
  },
];
