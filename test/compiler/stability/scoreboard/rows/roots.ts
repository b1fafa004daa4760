/// Norms, roots, powers and products with logarithms where they vanish, and where their squares overflow.
import type { Row } from "../row.ts";

const norms = "norms have the gradient 0 at 0";

/** Norms, roots and powers. */
export const rootRows: readonly Row[] = [
  {
    name: "Smooth absolute value",
    about: "√(x² + ε): the square overflows beyond 1.8·10¹⁹.",
    program: "sum(sqrt(add(square(x), 1e-6)))",
    points: [{ at: { x: [0.5, -1] } }, { at: { x: [0, 1e-4] } }, { at: { x: [1e20, -1e30] } }],
  },
  {
    name: "Norm, written out",
    about: "√Σx², whose derivative is 0/0 at 0.",
    program: "sqrt(sum(square(x)))",
    points: [
      { at: { x: [3, -4] } },
      { at: { x: [0, 0] }, meant: { why: norms, gradient: { x: [0, 0] } } },
      { at: { x: [1e-3, 2e-3] } },
    ],
  },
  {
    name: "Norms of rows",
    about: "One row is 0; the others have their gradient.",
    program: "sum(norm(x, { axis: 1 }))",
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
            [1, 2],
          ],
        },
        meant: {
          why: norms,
          gradient: {
            x: [
              [0, 0],
              [0.4472135954999579, 0.8944271909999159],
            ],
          },
        },
      },
    ],
  },
  {
    name: "Distance between points",
    about: "√Σ(a − b)² of equal points.",
    program: "sqrt(sum(square(sub(a, b))))",
    points: [
      { at: { a: [3, -4], b: [1, 1] } },
      { at: { a: [1.5, 2], b: [1.5, 2] }, meant: { why: norms, gradient: { a: [0, 0], b: [0, 0] } } },
    ],
  },
  {
    name: "Cosine similarity",
    about: "a·b/(‖a‖‖b‖), which is 0/0 at 0.",
    program: "div(sum(mul(a, b)), mul(sqrt(sum(square(a))), sqrt(sum(square(b)))))",
    points: [
      { at: { a: [3, -4], b: [1, 1] } },
      {
        at: { a: [0, 0], b: [1, 1] },
        meant: { why: "cosine similarity is 0 with gradient 0 at 0", loss: 0, gradient: { a: [0, 0], b: [0, 0] } },
      },
      { at: { a: [1e-3, 2e-3], b: [200, -100] } },
    ],
  },
  {
    name: "Cosine similarity with a floor",
    about: "a·b/(‖a‖‖b‖), with a floor under the divisor.",
    program: `
const lengths = mul(sqrt(sum(square(a))), sqrt(sum(square(b))));
return div(sum(mul(a, b)), maximum(lengths, 1e-8))`,
    points: [
      { at: { a: [3, -4], b: [1, 1] } },
      {
        at: { a: [0, 0], b: [1, 1] },
        meant: {
          why: "cosine similarity has the gradient of its numerator over the floor at 0",
          gradient: { a: [1e8, 1e8], b: [0, 0] },
        },
      },
      { at: { a: [1e-3, 2e-3], b: [200, -100] } },
    ],
  },
  {
    name: "x ln x",
    about: "Guarded where x is 0: the derivative of the branch that is not taken is −∞.",
    program: "sum(where(greater(x, 0), mul(x, log(x)), 0))",
    points: [
      { at: { x: [0.5, 3] } },
      { at: { x: [0, 1] }, meant: { why: "the branch that is taken is the constant 0", gradient: { x: [0, 1] } } },
      { at: { x: [1e-30, 1e30] } },
    ],
    others: { pytorch: "0 / NaN, 1", jax: "0 / NaN, 1", point: 1 },
  },
  {
    name: "Entropy with zeros",
    about: "−Σ p ln q with `xlogy`: 0 where p is, whatever q.",
    program: "neg(sum(xlogy(p, q)))",
    given: ["p"],
    points: [
      { at: { p: [0.5, 0.25], q: [0.5, 3] } },
      {
        at: { p: [0, 1], q: [0, 0.5] },
        meant: { why: "0·ln 0 is 0, and so is its gradient", loss: Math.LN2, gradient: { q: [0, -2] } },
      },
    ],
  },
  {
    name: "Powers at 0",
    about: "The derivative of x³ by the general formula is xᵖ·p/x.",
    program: "sum(pow(x, p))",
    points: [
      { at: { x: [0.5, 3], p: [2, 1.5] } },
      {
        at: { x: [0, 2], p: [3, 2] },
        meant: { why: "0ᵖ·ln 0 is 0 for p > 0", gradient: { p: [0, 2.772588722239781] } },
      },
      {
        at: { x: [0, 0], p: [1.5, 1] },
        side: "above",
        meant: { why: "0ᵖ·ln 0 is 0 for p > 0", gradient: { p: [0, 0] } },
      },
    ],
  },
  {
    name: "Fractional power of a sum of squares",
    about: "(Σx²)^0.75 at 0.",
    program: "pow(sum(square(x)), 0.75)",
    points: [{ at: { x: [3, -4] } }, { at: { x: [0, 0] } }, { at: { x: [1e-4, 1e-5] } }],
  },
  {
    name: "Root mean square norm",
    about: "x/√(mean(x²) + ε) of tiny and of large numbers.",
    program: "sum(mul(w, div(x, sqrt(add(mean(square(x)), 1e-6)))))",
    given: ["w"],
    points: [
      { at: { x: [3, -4], w: [1, 2] } },
      { at: { x: [0, 0], w: [1, 2] } },
      { at: { x: [1e-8, 3e-9], w: [1, 2] } },
    ],
  },
];
