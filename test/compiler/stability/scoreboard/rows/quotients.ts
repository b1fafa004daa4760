/// Quotients of squares and lengths, powers that are learned, and logarithms of nearly one.
import type { Row } from "../row.ts";

/** Rows whose quotients or powers have few digits, or overflow, before the result does. */
export const quotientRows: readonly Row[] = [
  {
    name: "Projection on a vector",
    about: "a·b/b·b: both products overflow and vanish long before the quotient does.",
    program: "sum(mul(w, mul(div(sum(mul(a, b)), sum(square(b))), b)))",
    given: ["w"],
    points: [
      { at: { a: [1, 2], b: [3, -1], w: [1, 2] } },
      { at: { a: [1e20, 2], b: [1e20, 2e20], w: [1, 2] } },
      { at: { a: [1e-18, 2e-18], b: [1e-19, 2e-19], w: [1, 2] } },
    ],
  },
  {
    name: "Dice coefficient with squares",
    about: "2Σab/(Σa² + Σb²).",
    program: "div(mul(2, sum(mul(a, b))), add(sum(square(a)), sum(square(b))))",
    points: [
      { at: { a: [0.5, 0.25], b: [1, 0] } },
      { at: { a: [1e20, 2e20], b: [1e20, 1e20] } },
      { at: { a: [1e-20, 2e-20], b: [1e-20, 1e-20] } },
    ],
  },
  {
    name: "Relative squared error",
    about: "Σ(a − b)²/Σb².",
    program: "div(sum(square(sub(a, b))), sum(square(b)))",
    points: [
      { at: { a: [0.5, 0.25], b: [1, 2] } },
      { at: { a: [1e20, 2e20], b: [1e20, 1e20] } },
      { at: { a: [1.0001, 2], b: [1, 2] } },
    ],
  },
  {
    name: "Squared difference over a sum",
    about: "(a − b)²/(a + b), as in a distance of histograms.",
    program: "sum(div(square(sub(a, b)), add(a, b)))",
    points: [{ at: { a: [0.5, 0.25], b: [1, 2] } }, { at: { a: [1e20, 2e-25], b: [3e20, 1e-25] } }],
  },
  {
    name: "Harmonic mean of several",
    about: "3/Σ1/x: squares of the inverses in its slopes.",
    program: "div(3, sum(div(1, x)))",
    points: [{ at: { x: [1, 0.5, 2] } }, { at: { x: [1e30, 2e30, 1e30] } }, { at: { x: [1e-25, 1e-25, 1e-30] } }],
  },
  {
    name: "Precision and recall in one number",
    about: "2pr/(p + r).",
    program: "div(mul(2, mul(p, r)), add(p, r))",
    points: [{ at: { p: 0.5, r: 0.25 } }, { at: { p: 1e-25, r: 2e-25 } }, { at: { p: 1e-30, r: 0.5 } }],
  },
  {
    name: "Cosine similarity, squared",
    about: "(a·b)²/(a·a · b·b).",
    program: "div(square(sum(mul(a, b))), mul(sum(square(a)), sum(square(b))))",
    points: [
      { at: { a: [3, -4], b: [1, 2] } },
      { at: { a: [1e20, 2e20], b: [2e20, -1e20] } },
      { at: { a: [1e20, 2e20], b: [1e-20, 3e-20] } },
    ],
  },
  {
    name: "Cosines of all pairs by a product of lengths",
    about: "The lengths as a column and a row that are multiplied, with a number.",
    program: `
const length = (x) => norm(x, { axis: 1, keepAxes: true });
return sum(mul(w, div(matmul(a, transpose(b)), add(matmul(length(a), transpose(length(b))), 1e-8))))`,
    given: ["w"],
    points: [
      {
        at: {
          a: [
            [3, -4],
            [1, 2],
          ],
          b: [
            [1, 2],
            [2, 1],
          ],
          w: [
            [1, 2],
            [3, 4],
          ],
        },
      },
      {
        at: {
          a: [
            [1e20, 2e20],
            [1, 2],
          ],
          b: [
            [1e20, -2e20],
            [2, 1],
          ],
          w: [
            [1, 2],
            [3, 4],
          ],
        },
      },
    ],
  },
  {
    name: "Cosine similarity of a large and a tiny vector",
    about: "A number in the divisor; the slope of the tiny one is as large as the other is small.",
    program: "div(sum(mul(a, b)), maximum(mul(norm(a), norm(b)), 1e-6))",
    points: [{ at: { a: [3, -4], b: [1, 2] } }, { at: { a: [1e20, 2e20], b: [1e-20, 3e-20] } }],
  },
  {
    name: "Length, guarded twice",
    about: "A selection under the root and one around it, so that no gradient is infinite at 0.",
    program: `
const squares = sum(square(x), { axis: 1 }), safe = greater(squares, 0);
return sum(where(safe, sqrt(where(safe, squares, 1)), 0))`,
    points: [
      {
        at: {
          x: [
            [3, -4],
            [1, 2],
          ],
        },
      },
      {
        at: {
          x: [
            [0, 0],
            [1e-3, 0],
          ],
        },
      },
      {
        at: {
          x: [
            [1e20, 2e20],
            [1e-20, 0],
          ],
        },
      },
    ],
  },
  {
    name: "Root mean square norm without a number",
    about: "x/√mean(x²), and its slopes, of tiny and huge rows.",
    program: "sum(mul(w, mul(x, rsqrt(mean(square(x), { axis: 1, keepAxes: true })))))",
    given: ["w"],
    points: [
      {
        at: {
          x: [
            [3, -4],
            [1, 2],
          ],
          w: [
            [1, 2],
            [3, 4],
          ],
        },
      },
      {
        at: {
          x: [
            [3e-20, -4e-20],
            [1e20, 2e20],
          ],
          w: [
            [1, 2],
            [3, 4],
          ],
        },
      },
    ],
  },
  {
    name: "Power less one over its exponent, learned",
    about: "(xˡ − 1)/l for a learned l: 0/0 at 0, and few digits near.",
    program: "sum(div(sub(pow(x, l), 1), l))",
    points: [{ at: { x: [1, 0.5], l: 2 } }, { at: { x: [3, 2], l: 1e-5 } }, { at: { x: [3, 0.125], l: -1e-3 } }],
  },
  {
    name: "Compound interest",
    about: "(1 + x/n)ⁿ: what the sum with 1 rounds is multiplied by n.",
    program: "sum(pow(add(1, div(x, n)), n))",
    points: [{ at: { x: [1, 0.5], n: 3 } }, { at: { x: [1, 0.5], n: 1e6 } }, { at: { x: [0.125, -0.5], n: 1e8 } }],
  },
  {
    name: "Student's t as a difference of logarithms",
    about: "½(ν + 1)(ln(ν + x²) − ln ν), which is nearly Gaussian for a large ν.",
    program: "sum(mul(mul(0.5, add(v, 1)), sub(log(add(v, square(x))), log(v))))",
    points: [{ at: { x: [1, 2], v: 3 } }, { at: { x: [1, 2], v: 1e6 } }, { at: { x: [1e25, 1], v: 3 } }],
  },
  {
    name: "Negative binomial likelihood",
    about: "−r·ln(r/(r + m)) − y·ln(m/(r + m)), which is that of Poisson for a large r.",
    program: "neg(sum(add(mul(r, log(div(r, add(r, m)))), mul(y, log(div(m, add(r, m)))))))",
    given: ["y"],
    points: [{ at: { y: [3, 1], m: [2, 1.5], r: 2 } }, { at: { y: [3, 1], m: [2, 1.5], r: 1e6 } }],
  },
  {
    name: "Logarithm of a complement",
    about: "ln(1 − 1/(1 + x)).",
    program: "sum(log(sub(1, div(1, add(1, x)))))",
    points: [{ at: { x: [1, 0.5] } }, { at: { x: [1e-5, 1e-6] } }, { at: { x: [1e-15, 1e10] } }],
  },
  {
    name: "Smooth absolute value, the size taken away",
    about: "√(x² + 1) − |x|.",
    program: "sum(sub(sqrt(add(square(x), 1)), abs(x)))",
    points: [{ at: { x: [1, -2] } }, { at: { x: [1e4, -1e8] } }, { at: { x: [0.5, -1e3] } }],
  },
  {
    name: "Share of what is not truncated",
    about: "x/(1 − e⁻ˣ): 0/0 at 0.",
    program: "sum(div(x, sub(1, exp(neg(x)))))",
    points: [{ at: { x: [1, 0.5] } }, { at: { x: [1e-5, 1e-20] } }, { at: { x: [-80, 200] } }],
  },
  {
    name: "What deviates of a multiple",
    about: "1.7x − Σ1.7x/n: rounding the multiples of a common offset costs digits.",
    program: "const y = mul(1.7, x); return sum(square(sub(y, div(sum(y), 4))))",
    points: [{ at: { x: [1, 2, 4, 3] } }, { at: { x: [10000.5, 10001, 10003, 10002] } }],
  },
  {
    name: "Mean of all squared differences, doubled before",
    about: "a² − (2a)·b + b² for all pairs.",
    program: `
const a = reshape(x, [4, 1]), b = reshape(x, [1, 4]);
return div(sum(add(sub(mul(a, a), mul(mul(2, a), b)), mul(b, b))), 32)`,
    points: [{ at: { x: [1, 2, 4, 3] } }, { at: { x: [10000.5, 10001, 10003, 10002] } }],
  },
];
