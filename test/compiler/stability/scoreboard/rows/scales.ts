/// Cosines near 1, roots near what they are subtracted from, norms of other orders, and squares over a scale.
import type { Row } from "../row.ts";

const rows = [
  [1, 2, 0.5],
  [-1, 0.25, 3],
];
const zeros = [
  [0, 0, 0],
  [1e-3, 0, 0],
];
const large = [
  [1e19, 2e19, 1e18],
  [-3e20, 1e20, 1e20],
];
const small = [
  [1e-22, 2e-22, 0],
  [1e-25, -1e-24, 1e-25],
];
const offset = [
  [10000.5, 10001, 9999],
  [-10000, -10001, -9998],
];

/** Cosines, roots and scales. */
export const scaleRows: readonly Row[] = [
  {
    name: "Concentration on a circle",
    about: "Σκ(cos(x − μ) − 1), as von Mises has it: the cosine rounds to 1.",
    program: "neg(sum(mul(k, sub(cos(sub(x, m)), 1))))",
    points: [
      { at: { x: [1, 2], m: [0.5, 2.5], k: 3 } },
      { at: { x: [1, 2], m: [1.001, 2.001], k: 1e4 } },
      { at: { x: [0.01, 0.001], m: [0, 0], k: 1e4 } },
    ],
  },
  {
    name: "Concentration on a circle, multiplied out",
    about: "κ − κ cos(x − μ).",
    program: "sum(sub(k, mul(k, cos(sub(x, m)))))",
    points: [{ at: { x: [1, 2], m: [0.5, 2.5], k: 3 } }, { at: { x: [1, 2], m: [1.001, 2.001], k: 1e4 } }],
  },
  {
    name: "Energy of a pendulum",
    about: "k cos θ − k, with the sign of a potential.",
    program: "sum(sub(mul(k, cos(x)), k))",
    points: [{ at: { x: [1, -2], k: 3 } }, { at: { x: [1e-3, -1e-2], k: 1e4 } }],
  },
  {
    name: "Quadratic formula",
    about: "(√(b² − 4ac) − b)/(2a), in which the root is b to the last digit.",
    program: "sum(div(sub(sqrt(sub(square(b), mul(4, mul(a, c)))), b), mul(2, a)))",
    points: [{ at: { a: [1, 2], b: [3, -5], c: [1, 2] } }, { at: { a: [1, 0.5], b: [1e4, -1e4], c: [1, 2] } }],
  },
  {
    name: "Quadratic formula, other solution",
    about: "−(b + √(b² − 4ac))/(2a), which cancels for a negative b.",
    program: "sum(div(sub(neg(b), sqrt(sub(square(b), mul(4, mul(a, c))))), mul(2, a)))",
    points: [{ at: { a: [1, 2], b: [3, -5], c: [1, 2] } }, { at: { a: [1, 0.5], b: [1e4, -1e4], c: [1, 2] } }],
  },
  {
    name: "Softened positive part",
    about: "(x + √(x² + c))/2, which cancels far below 0.",
    program: "sum(div(add(x, sqrt(add(square(x), c))), 2))",
    points: [{ at: { x: [1, -2, 3], c: 0.5 } }, { at: { x: [-1000, 0, 1e5], c: 4 } }],
  },
  {
    name: "Root less its side",
    about: "√(x² + 4) − x.",
    program: "sum(sub(sqrt(add(square(x), 4)), x))",
    points: [{ at: { x: [1, -2, 3] } }, { at: { x: [1e4, -1e4, 0] } }],
  },
  {
    name: "Norm of order 4, written out",
    about: "(Σx⁴)^¼: the powers overflow beyond 4·10⁹.",
    program: "pow(sum(pow(x, 4)), 0.25)",
    points: [{ at: { x: [1, -2, 3] } }, { at: { x: [1e15, 1e14, 100] } }, { at: { x: [1e-15, 1e-14, 1e-13] } }],
  },
  {
    name: "Norm of order 20, written out",
    about: "(Σx²⁰)^(1/20): the powers of 1000 overflow.",
    program: "pow(sum(pow(x, 20)), 0.05)",
    points: [{ at: { x: [1, -2, 3] } }, { at: { x: [1000, 999, 100] } }],
  },
  {
    name: "Cube root of a mean of cubes",
    about: "Of rows, by sizes.",
    program: "sum(pow(mean(pow(abs(x), 3), { axis: 1 }), 1 / 3))",
    points: [
      {
        at: {
          x: [
            [1, -2],
            [3, 4],
          ],
        },
      },
      {
        at: {
          x: [
            [1e15, 1e14],
            [1e-15, 1e-14],
          ],
        },
      },
    ],
  },
  {
    name: "Square over a scale",
    about: "(x − μ)²/(2σ²) for a σ whose square vanishes.",
    program: "const s = softplus(r); return sum(div(square(sub(x, m)), mul(2, square(s))))",
    points: [{ at: { x: [1, 2], m: [0, 3], r: [0.5, 1] } }, { at: { x: [1, 2], m: [1, 3], r: [-60, 30] } }],
  },
  {
    name: "Student's t, its scale given",
    about: "ln(1 + x²/ν), whose square overflows.",
    program: "sum(log(add(1, div(square(x), v))))",
    points: [
      { at: { x: [1, -2, 3], v: 3 } },
      { at: { x: [1e25, 1e-4, 0], v: 3 } },
      { at: { x: [1, -1e20, 0], v: 1e8 } },
    ],
  },
  {
    name: "Log of a scale and a square",
    about: "ln(ν + x²), whose square overflows.",
    program: "sum(log(add(v, square(x))))",
    points: [{ at: { x: [1, -2, 3], v: 3 } }, { at: { x: [1e25, 1e-4, 0], v: 3 } }],
  },
  {
    name: "Lengths of rows beside a number",
    about: "√(Σx² + ε), whose squares overflow beyond 10¹⁹.",
    program: "sum(sqrt(add(sum(square(x), { axis: 1 }), 1e-12)))",
    points: [{ at: { x: rows } }, { at: { x: zeros } }, { at: { x: large } }],
  },
  {
    name: "Root of a mean of squares",
    about: "Of rows whose squares overflow, and of some whose squares vanish.",
    program: "sum(sqrt(mean(square(x), { axis: 1 })))",
    points: [{ at: { x: rows } }, { at: { x: large } }, { at: { x: small } }],
  },
  {
    name: "Rows over their root mean square",
    about: "x/√(mean x² + ε), weighted, with rows far from 1.",
    program: "sum(mul(w, div(x, sqrt(add(mean(square(x), { axis: 1, keepAxes: true }), 1e-6)))))",
    given: ["w"],
    points: [{ at: { x: rows, w: rows } }, { at: { x: zeros, w: rows } }, { at: { x: large, w: rows } }],
  },
  {
    name: "Cosine of the largest and the smallest",
    about: "1 − a·b/(‖a‖‖b‖), the gradient of which is over a length once, not three times.",
    program: `const dot = einsum("ij,ij->i", a, b);
return sum(sub(1, div(dot, mul(norm(a, { axis: 1 }), norm(b, { axis: 1 })))));`,
    points: [
      {
        at: {
          a: rows,
          b: [
            [0.5, 1, 1],
            [2, 1, 0],
          ],
        },
      },
      {
        at: {
          a: [
            [1e-20, 2e-20, 0],
            [2e20, 1e20, 1e19],
          ],
          b: [
            [0.5, 1, 1],
            [2, 1, 0],
          ],
        },
      },
    ],
  },
  {
    name: "Variance under the shares of a softmax",
    about: "Σpx² − (Σpx)², where the digits of a common offset cancel.",
    program: `const p = softmax(z), mean = sum(mul(p, x), { axis: 1 });
return sum(sub(sum(mul(p, square(x)), { axis: 1 }), square(mean)));`,
    points: [
      {
        at: {
          x: rows,
          z: [
            [0.5, -1.25, 3],
            [0, -2, 1.5],
          ],
        },
      },
      {
        at: {
          x: offset,
          z: [
            [0.5, -1.25, 3],
            [0, -2, 1.5],
          ],
        },
      },
    ],
  },
  {
    name: "Variance under a mask",
    about: "Σmx²/Σm − (Σmx/Σm)².",
    program: `const n = sum(m, { axis: 1 }), mean = div(sum(mul(m, x), { axis: 1 }), n);
return sum(sub(div(sum(mul(m, square(x)), { axis: 1 }), n), square(mean)));`,
    given: ["m"],
    points: [
      {
        at: {
          x: rows,
          m: [
            [1, 1, 0],
            [1, 1, 1],
          ],
        },
      },
      {
        at: {
          x: offset,
          m: [
            [1, 1, 0],
            [1, 1, 1],
          ],
        },
      },
    ],
  },
];
