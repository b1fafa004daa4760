/// Selections that guard a formula from where it has no value: the branch that is not taken must not be felt.
import type { Row } from "../row.ts";

const taken = "the branch that is taken is constant there";

/** Selections. */
export const guardRows: readonly Row[] = [
  {
    name: "Guarded division",
    about: "a/b where b is not 0.",
    program: "sum(where(equal(b, 0), 0, div(a, b)))",
    points: [
      { at: { a: [0.5, 3], b: [2, -4] } },
      { at: { a: [1, 3], b: [0, 2] }, meant: { why: taken, gradient: { b: [0, -0.75] } } },
      { at: { a: [0, 3e30], b: [0, 1e20] }, meant: { why: taken, gradient: { b: [0, -3e-10] } } },
    ],
  },
  {
    name: "Guarded root",
    about: "√x where x > 0.",
    program: "sum(where(greater(x, 0), sqrt(x), 0))",
    points: [
      { at: { x: [0.5, 3] } },
      { at: { x: [0, 4] }, meant: { why: taken, gradient: { x: [0, 0.25] } } },
      { at: { x: [-1, 1e-30] } },
    ],
  },
  {
    name: "Guarded reciprocal times a weight",
    about: "The guard is followed by other factors, as in a masked mean.",
    program: "const share = where(greater(n, 0), div(1, n), 0); return sum(mul(share, mul(total, w)))",
    given: ["w"],
    points: [
      { at: { n: [2, 4], total: [3, -1], w: [1, 2] } },
      { at: { n: [0, 4], total: [3, -1], w: [1, 2] }, meant: { why: taken, gradient: { n: [0, 0.125] } } },
    ],
  },
  {
    name: "Sine over x",
    about: "sin(x)/x, and 1 at 0.",
    program: "sum(where(equal(x, 0), 1, div(sin(x), x)))",
    points: [
      { at: { x: [0.5, 3] } },
      { at: { x: [0, 1] }, meant: { why: taken, gradient: { x: [0, -0.3011686789397568] } } },
      { at: { x: [1e-6, 0.25] } },
    ],
  },
  {
    name: "Exponential linear unit",
    about: "eˣ − 1 below 0; above, the branch overflows.",
    program: "sum(where(greater(x, 0), x, sub(exp(x), 1)))",
    points: [{ at: { x: [0.5, -1] } }, { at: { x: [200, -200] } }, { at: { x: [1e4, -1e-6] } }],
  },
  {
    name: "Softplus by hand",
    about: "ln(1 + eˣ) below a threshold, x above.",
    program: "sum(where(greater(x, 20), x, log(add(1, exp(x)))))",
    points: [{ at: { x: [0.5, -1] } }, { at: { x: [200, 15] } }, { at: { x: [1e4, -30] } }],
  },
  {
    name: "Softmax over what is not masked",
    about: "Scores of masked places are −∞.",
    program:
      "const s = where(greater(mask, 0), x, -Infinity); return neg(sum(where(greater(mask, 0), mul(y, log(softmax(s))), 0)))",
    given: ["mask", "y"],
    points: [
      { at: { x: [0.5, -1, 2], mask: [1, 1, 0], y: [0.25, 0.75, 0] } },
      { at: { x: [200, 0, 1e30], mask: [1, 1, 0], y: [0, 1, 0] } },
    ],
  },
  {
    name: "Guarded logarithm of a ratio",
    about: "y·ln(y/p), and 0 where y is 0.",
    program: "sum(where(greater(y, 0), mul(y, log(div(y, p))), 0))",
    given: ["y"],
    points: [
      { at: { y: [0.5, 0.25], p: [0.2, 0.3] } },
      { at: { y: [0, 1], p: [0, 0.5] }, meant: { why: taken, gradient: { p: [0, -2] } } },
    ],
  },
  {
    name: "Cross-entropy over what is not masked",
    about: "y·ln p where a mask makes p 0 and y is 0 as well: 0·ln 0.",
    program: "neg(sum(mul(y, logSoftmax(where(greater(m, 0), x, -Infinity)))))",
    given: ["y", "m"],
    points: [
      { at: { x: [0.5, -1, 2], y: [0.25, 0.75, 0], m: [1, 1, 1] } },
      {
        at: { x: [0.5, 0.5, 2], y: [0.25, 0.75, 0], m: [1, 1, 0] },
        meant: { why: "0·ln 0 is 0", loss: Math.LN2, gradient: { x: [0.25, -0.25, 0] } },
      },
    ],
  },
];
