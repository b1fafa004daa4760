/// Differences of nearly equal numbers.
import type { Row } from "../row.ts";

/** Two tables whose means are near each other: at 0, and far from it. */
const groups = [0, 30, 10000].map((offset) =>
  [
    [
      [0.5, -1.1, 2.3, 0.2],
      [-0.7, 1, 0.1, 0.9],
    ],
    [
      [0.3, -0.4, 1.7, 0.6],
      [-0.2, 0.8, 0.4, 0.1],
    ],
  ].map((table) => table.map((row) => row.map((each) => offset + each))),
);

/** Digits that cancel. */
export const digitRows: readonly Row[] = [
  {
    name: "Variance as a difference of means",
    about: "E[x²] − E[x]²: of numbers near 1000 that differ in the third digit after the point nothing is left.",
    program: "sub(mean(square(x)), square(mean(x)))",
    points: [
      { at: { x: [0.5, -1, 2, 0] } },
      { at: { x: [1000.5, 1000.25, 999.5, 1001] } },
      { at: { x: [10000.5, 10000.25, 9999.5, 10001] } },
    ],
  },
  {
    name: "Variance of rows as a difference of means",
    about: "The same along an axis, as in a layer norm, with sums over counts.",
    program: `
const m = div(sum(x, { axis: 1 }), 3);
const variance = sub(div(sum(mul(x, x), { axis: 1 }), 3), mul(m, m));
return sum(mul(w, variance))`,
    given: ["w"],
    points: [
      {
        at: {
          x: [
            [0.5, -1, 2],
            [1, 2, 3],
          ],
          w: [1, -0.5],
        },
      },
      {
        at: {
          x: [
            [1000.5, 999, 1002],
            [-500.25, -500.5, -500],
          ],
          w: [1, -0.5],
        },
      },
    ],
  },
  {
    name: "Difference of sums of squares",
    about: "Two lengths that are nearly the same.",
    program: "sub(sum(square(a)), sum(square(b)))",
    points: [{ at: { a: [0.5, 2], b: [1, 1] } }, { at: { a: [1000.5, 2000], b: [1000.25, 2000.001] } }],
  },
  {
    name: "Sine from its cosine",
    about: "1 − cos² is the rounding of a cosine near 0.",
    program: "sum(sqrt(sub(1, square(cos(x)))))",
    points: [{ at: { x: [0.5, -2] } }, { at: { x: [1e-4, -1e-3] } }],
  },
  {
    name: "Variance in two passes",
    about: "The mean of numbers with a large offset is rounded itself.",
    program: "mean(square(sub(x, mean(x))))",
    points: [
      { at: { x: [0.5, -1, 2] } },
      { at: { x: [10000.5, 9999.25, 10001] } },
      { at: { x: [1000001, 1000002, 1000002] } },
    ],
  },
  {
    name: "Log-softmax at a common offset",
    about: "x − ln Σ eˣ: the logarithm is rounded where x is large, and the difference shows it.",
    program: "sum(mul(y, sub(x, logsumexp(x))))",
    given: ["y"],
    points: [
      { at: { x: [0.5, -1, 2], y: [0.2, 0.3, 0.5] } },
      { at: { x: [10000.5, 9999, 10001], y: [0.2, 0.3, 0.5] } },
      { at: { x: [-1000000, -1000001, -1000003], y: [0, 0, 1] } },
    ],
  },
  {
    name: "Softmax at a common offset",
    about: "exp(x − ln Σ eˣ), whose exponent has lost its digits.",
    program: "sum(mul(v, exp(sub(x, log(sum(exp(x)))))))",
    given: ["v"],
    points: [
      { at: { x: [0.5, -1, 2], v: [1, 2, 4] } },
      { at: { x: [10000.5, 9999, 10001], v: [1, 2, 4] } },
      { at: { x: [-500, -501, -502.5], v: [1, 2, 4] } },
    ],
  },
  {
    name: "Covariances of all pairs as a difference",
    about:
      "E[xxᵀ] − E[x]·E[x]ᵀ by a product of matrices, and the square of each beside the diagonal, as in decorrelation.",
    program: `const m = mean(x, { axis: 0 });
return sum(square(sub(div(matmul(transpose(x), x), 2), mul(expandDims(m, 1), expandDims(m, 0)))));`,
    points: groups.map(([x]) => ({ at: { x } })),
  },
  {
    name: "Mean less another mean",
    about: "A critic's loss, and how far two groups are apart: each mean is rounded by more than that.",
    program: `const apart = sub(mean(x, { axis: 1 }), mean(y, { axis: 1 }));
return add(sub(mean(x), mean(y)), sum(square(apart)))`,
    points: groups.map(([x, y]) => ({ at: { x, y } })),
  },
  {
    name: "Mean less another mean of fewer",
    about: "The rows are not equally long.",
    program: "sum(square(sub(mean(x, { axis: 1 }), mean(y, { axis: 0 }))))",
    points: groups.map(([x, y]) => ({ at: { x, y: y.map((row) => row.slice(0, 2)) } })),
  },
  {
    name: "Multiples of means and numbers, and a number beside them",
    about: "What all have in common adds up to nothing, however it is written.",
    program: `const twice = sub(mul(2, mean(add(x, 0.5), { axis: 1 })), add(y, z));
return sum(add(square(twice), square(sub(y, mul(0.5, add(mean(x, { axis: 1 }), z))))));`,
    points: groups.map(([x, [[a, b], [c, d]]]) => ({ at: { x, y: [a, b], z: [c, d] } })),
  },
  {
    name: "What a mean has beyond each",
    about: "x̄ − x: the mean is rounded, as in x − x̄; a policy gradient with a baseline comes to it by itself.",
    program: "add(sum(mul(w, sub(mean(x), x))), sum(exp(sub(mean(x), x))))",
    given: ["w"],
    points: [
      { at: { x: [1, 2, 4], w: [1, 2, 4] } },
      { at: { x: [10000, 10001, 10003], w: [1, 2, 4] } },
      { at: { x: [-1000.5, -1001, -998], w: [1, -2, 0.5] } },
    ],
  },
  {
    name: "Standard score",
    about: "(x − x̄)/√(variance + ε), the variance as a difference of means.",
    program: `
const m = mean(x);
const variance = sub(mean(square(x)), square(m));
return sum(mul(w, div(sub(x, m), sqrt(add(variance, 1e-5)))))`,
    given: ["w"],
    points: [{ at: { x: [0.5, -1, 2], w: [1, 2, -0.5] } }, { at: { x: [1000.5, 999.25, 1001], w: [1, 2, -0.5] } }],
  },
  {
    name: "Difference of two roots",
    about: "√(x + 1) − √x for large x.",
    program: "sum(sub(sqrt(add(x, 1)), sqrt(x)))",
    points: [{ at: { x: [0.5, 3] } }, { at: { x: [1e4, 1e6] } }],
  },
  {
    name: "Power less one over its exponent (Box–Cox)",
    about: "(xᵏ − 1)/k for a small k.",
    program: "sum(div(sub(pow(x, 0.001), 1), 0.001))",
    points: [{ at: { x: [0.5, 3] } }, { at: { x: [1.001, 20] } }, { at: { x: [1e-20, 1e20] } }],
  },
  {
    name: "One minus a cosine",
    about: "The chord of a small angle: cos x rounds to 1.",
    program: "sum(mul(1e4, sub(1, cos(x))))",
    points: [{ at: { x: [0.5, 3] } }, { at: { x: [0.01, -0.003] } }, { at: { x: [1e-4, 2e-3] } }],
  },
  {
    name: "Complement of a squared tanh",
    about: "1 − tanh²x, the slope of a saturated unit, divided by e⁻²ˣ.",
    program: "sum(mul(exp(mul(2, x)), sub(1, square(tanh(x)))))",
    points: [{ at: { x: [0.5, -1] } }, { at: { x: [9, 12] } }, { at: { x: [-30, 20] } }],
  },
  {
    name: "Area hyperbolic sine by hand",
    about: "ln(x + √(x² + 1)): a small number beside 1, or nothing left of a large negative one.",
    program: "sum(log(add(x, sqrt(add(square(x), 1)))))",
    points: [{ at: { x: [0.5, -1] } }, { at: { x: [1e-4, -100] } }, { at: { x: [1e20, -1e4] } }],
  },
  {
    name: "Hypotenuse less a side",
    about: "√(x² + 1) − x for large x.",
    program: "sum(sub(sqrt(add(square(x), 1)), x))",
    points: [{ at: { x: [0.5, -1] } }, { at: { x: [1000, 1e5] } }, { at: { x: [1e20, -1e20] } }],
  },
  {
    name: "Variance by a dot product",
    about: "x·x/n − x̄².",
    program: "sub(div(dot(x, x), 4), square(mean(x)))",
    points: [{ at: { x: [0.5, -1, 2, 0] } }, { at: { x: [1000.5, 1000.25, 999.5, 1001] } }],
  },
  {
    name: "Variance of means of means",
    about: "The mean over the places of an image, and of that over a batch, for each channel.",
    program: `const mean2 = (x) => mean(mean(x, { axis: 0, keepAxes: true }), { axis: 2, keepAxes: true });
return sum(sub(mean2(square(x)), square(mean2(x))));`,
    points: [0, 1e3, 1e4].map((offset) => ({
      at: {
        x: [
          [
            [offset + 1, offset + 2],
            [offset + 0.5, offset - 1],
          ],
          [
            [offset - 1, offset],
            [offset + 2, offset + 1.5],
          ],
        ],
      },
    })),
  },
  {
    name: "Variance where a mask counts",
    about: "Divided by how many count, and by 1 where none does.",
    program: `const n = maximum(sum(m, { axis: 1 }), 1), counted = (x) => div(sum(where(greater(m, 0), x, 0), { axis: 1 }), n);
return sum(sub(counted(square(x)), square(counted(x))));`,
    given: ["m"],
    points: [0, 1e3, 1e4].map((offset) => ({
      at: {
        x: [
          [offset + 1, offset + 2, offset - 0.5],
          [offset + 3, offset, offset - 1],
          [offset + 1, offset - 2, offset + 0.5],
        ],
        m: [
          [1, 1, 1],
          [1, 0, 1],
          [0, 0, 0],
        ],
      },
    })),
  },
  {
    name: "Variance under shares, as products of a matrix and a vector",
    about: "Shares of a whole add up to 1, and so they do where a product repeats them for each row.",
    program: `const p = div(w, sum(w));
return sum(sub(matmul(square(x), p), square(matmul(x, p))));`,
    given: ["w"],
    points: [0, 1e3, 1e4].map((offset) => ({
      at: {
        x: [
          [offset + 1, offset + 2, offset - 0.5],
          [offset + 3, offset, offset - 1],
        ],
        w: [1, 2, 0.5],
      },
    })),
  },
  {
    name: "Log-probability of a squashed action",
    about: "ln(1 − tanh²u + 10⁻⁶), as in policies with bounded actions.",
    program: "sum(log(add(sub(1, square(tanh(u))), 1e-6)))",
    points: [{ at: { u: [0.5, -1] } }, { at: { u: [9, -30] } }],
  },
];
