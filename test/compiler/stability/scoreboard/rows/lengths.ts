/// Lengths, cosines and distances in further spellings, and what deviates from a mean.
import type { Point, Row } from "../row.ts";

const nothing = "a vector of 0 has no direction: 0, with the gradient of its numerator over the number";
const vectors = {
  ordinary: { at: { a: [3, -4], b: [1, 1] } },
  large: { at: { a: [1e20, -3e20], b: [2e20, 1e20] } },
  small: { at: { a: [1e-20, 2e-20], b: [2, 1] } },
} as const;
const pairs: readonly Point[] = [vectors.ordinary, vectors.large, vectors.small];

/** Lengths, and logarithms of them. */
const lengths: readonly Row[] = [
  {
    name: "Logarithm of a length",
    about: "ln ‖x‖: its slope x/‖x‖² passes through 1/‖x‖², which overflows.",
    program: "log(norm(x))",
    points: [{ at: { x: [3, -4] } }, { at: { x: [1e-20, 2e-20] } }, { at: { x: [1e20, 2e25] } }],
  },
  {
    name: "Inverse of a length",
    about: "1/‖x‖, whose slope passes through the cube.",
    program: "div(1, norm(x))",
    points: [{ at: { x: [3, -4] } }, { at: { x: [1e-16, 2e-16] } }, { at: { x: [1e25, 2e25] } }],
  },
  {
    name: "Logarithm of a sum of squares",
    about: "ln Σx², as a signal-to-noise ratio has it.",
    program: "log(sum(square(x)))",
    points: [{ at: { x: [3, -4] } }, { at: { x: [1e25, 2e25] } }, { at: { x: [1e-25, 2e-25] } }],
  },
  {
    name: "Logarithm of a modulus",
    about: "½ ln(a² + b²).",
    program: "mul(0.5, log(add(square(a), square(b))))",
    points: [{ at: { a: 3, b: -4 } }, { at: { a: 1e25, b: 1 } }, { at: { a: 1e-25, b: 2e-25 } }],
  },
  {
    name: "Logarithm of a variance",
    about: "½ ln(2πσ²) + x²/(2σ²).",
    program: "sum(add(mul(0.5, log(mul(2 * Math.PI, square(s)))), div(square(x), mul(2, square(s)))))",
    points: [{ at: { x: [1, 2], s: [0.5, 3] } }, { at: { x: [1e25, 2e-25], s: [1e25, 1e-25] } }],
  },
  {
    name: "Root of three squares",
    about: "√(a² + 4b² + c²).",
    program: "sqrt(add(add(square(a), mul(4, square(b))), square(c)))",
    points: [
      { at: { a: 1, b: 2, c: 3 } },
      { at: { a: 1e25, b: 2e25, c: 1e24 } },
      { at: { a: 1e-25, b: 2e-25, c: 1e-24 } },
    ],
  },
  {
    name: "Charbonnier loss, its number learned",
    about: "√(r² + ε²) with one ε for all.",
    program: "sum(sqrt(add(square(r), square(e))))",
    points: [{ at: { r: [0.5, -0.25, 3], e: 2 } }, { at: { r: [1e20, 1e-4, 1e-20], e: 1e-3 } }],
  },
  {
    name: "Unit vector with a floor under the root",
    about: "x/√max(Σx², ε).",
    program: "sum(mul(w, mul(x, rsqrt(maximum(sum(square(x)), 1e-12)))))",
    given: ["w"],
    points: [
      { at: { x: [3, -4], w: [1, 2] } },
      { at: { x: [1e20, 2e20], w: [1, 2] } },
      { at: { x: [0, 0], w: [1, 2] } },
    ],
  },
];

/** Cosines. */
const cosines: readonly Row[] = [
  {
    name: "Cosine similarity with numbers beside the lengths",
    about: "a·b/((‖a‖ + ε)(‖b‖ + ε)).",
    program: "div(sum(mul(a, b)), mul(add(norm(a), 1e-8), add(norm(b), 1e-8)))",
    points: pairs,
  },
  {
    name: "Cosine similarity with a number in the divisor",
    about: "a·b/(‖a‖‖b‖ + ε).",
    program: "div(sum(mul(a, b)), add(mul(norm(a), norm(b)), 1e-8))",
    points: [
      ...pairs,
      { at: { a: [0, 0], b: [1, 1] }, meant: { why: nothing, loss: 0, gradient: { a: [1e8, 1e8], b: [0, 0] } } },
    ],
  },
  {
    name: "Cosine similarity with a number under the root",
    about: "a·b/√(‖a‖²‖b‖² + ε).",
    program: "div(sum(mul(a, b)), sqrt(add(mul(sum(square(a)), sum(square(b))), 1e-12)))",
    points: pairs,
  },
  {
    name: "Cosine similarity by powers",
    about: "a·b · (‖a‖²)^−½ · (‖b‖²)^−½.",
    program: "mul(sum(mul(a, b)), mul(pow(sum(square(a)), -0.5), pow(sum(square(b)), -0.5)))",
    points: pairs,
  },
  {
    name: "Cosines of all pairs",
    about: "A·Bᵀ over the lengths of all rows.",
    program: `const lengths = mul(norm(a, { axis: 1, keepAxes: true }), reshape(norm(b, { axis: 1 }), [1, 2]));
return sum(mul(w, div(matmul(a, transpose(b)), lengths)));`,
    given: ["w"],
    points: [
      {
        at: {
          a: [
            [3, -4],
            [1, 2],
          ],
          b: [
            [1, 1],
            [0, 2],
          ],
          w: [
            [1, 2],
            [0.5, -1],
          ],
        },
      },
      {
        at: {
          a: [
            [3e20, -4e20],
            [1e-20, 2e-20],
          ],
          b: [
            [1e19, 1e20],
            [0, 2],
          ],
          w: [
            [1, 2],
            [0.5, -1],
          ],
        },
      },
    ],
  },
];

const rows = [
  [0.5, -1.25, 3],
  [0, -2, 1.5],
] as const;
const offset = [
  [10005, 10012.5, 10020],
  [20000, 19995, 20007.5],
] as const;
const weights = [
  [0.5, -1, 2],
  [1, 0.25, -0.75],
] as const;
const centres = {
  ordinary: {
    a: [
      [1, 2],
      [3, 4],
    ],
    b: [
      [1, 1],
      [0, 2],
      [2, 1],
    ],
  },
  near: {
    a: [
      [100.1, 200],
      [300, 400.3],
    ],
    b: [
      [100.2, 200.5],
      [300, 400],
      [101, 200.1],
    ],
  },
} as const;

/** Squared distances multiplied out, and differences from means. */
const distances: readonly Row[] = [
  {
    name: "Squared distance multiplied out",
    about: "‖a‖² + ‖b‖² − 2a·b of near points.",
    program: "sub(add(sum(square(a)), sum(square(b))), mul(2, dot(a, b)))",
    points: [{ at: { a: [1, 2], b: [3, 1] } }, { at: { a: [1000.5, 2000.1], b: [1000.25, 2000.5] } }],
  },
  {
    name: "Kernel of all pairs",
    about: "e^(−½d) for all d = ‖a‖² + ‖b‖² − 2a·b, as a Gaussian process or k-means has them.",
    program: `const lengths = add(sum(square(a), { axis: 1, keepAxes: true }), reshape(sum(square(b), { axis: 1 }), [1, 3]));
return sum(mul(w, exp(mul(-0.5, sub(lengths, mul(2, matmul(a, transpose(b))))))));`,
    given: ["w"],
    points: [{ at: { ...centres.ordinary, w: weights } }, { at: { ...centres.near, w: weights } }],
  },
  {
    name: "Mean of squared differences, multiplied out",
    about: "Of all pairs: twice the variance.",
    program: `const [a, b] = [reshape(x, [3, 1]), reshape(x, [1, 3])];
return mean(sub(add(square(a), square(b)), mul(2, mul(a, b))));`,
    points: [{ at: { x: [1, 2, 3] } }, { at: { x: [10000.5, 10001, 10002] } }],
  },
  {
    name: "Twice what deviates from a mean",
    about: "2x − 2x̄, weighted.",
    program: "sum(mul(w, sub(mul(2, x), mul(2, mean(x, { axis: 1, keepAxes: true })))))",
    given: ["w"],
    points: [{ at: { x: rows, w: weights } }, { at: { x: offset, w: weights } }],
  },
  {
    name: "Standard score, its mean divided apart",
    about: "x/σ − x̄/σ.",
    program: "const m = mean(x), s = sqrt(mean(square(sub(x, m)))); return sum(mul(w, sub(div(x, s), div(m, s))))",
    given: ["w"],
    points: [{ at: { x: [1, 2, 4], w: [1, 2, -1] } }, { at: { x: [10000.5, 10001, 10003], w: [1, 2, -1] } }],
  },
  {
    name: "Mean under weights less the plain one",
    about: "Σpx − x̄.",
    program: "sum(sub(sum(mul(softmax(z), x), { axis: 1 }), mean(x, { axis: 1 })))",
    points: [{ at: { x: rows, z: weights } }, { at: { x: offset, z: weights } }],
  },
  {
    name: "Means of groups about the mean of all",
    about: "Σ(x̄ᵢ − x̄)², as an analysis of variance has it.",
    program: "sum(square(sub(mean(x, { axis: 1 }), mean(x))))",
    points: [
      { at: { x: rows } },
      {
        at: {
          x: [
            [10000.5, 10001, 10003],
            [10002, 10001, 10002],
          ],
        },
      },
    ],
  },
  {
    name: "Variance under weights, from sums",
    about: "(Σwx² − (Σwx)²/Σw)/Σw.",
    program: `const n = sum(w), total = sum(mul(w, x));
return div(sub(sum(mul(w, square(x))), div(square(total), n)), n);`,
    points: [{ at: { x: [1, 2, 3], w: [0.5, 1, 2] } }, { at: { x: [10000.5, 10001, 10002], w: [0.5, 1, 2] } }],
  },
];

/** Lengths, cosines and distances. */
export const lengthRows: readonly Row[] = [...lengths, ...cosines, ...distances];
