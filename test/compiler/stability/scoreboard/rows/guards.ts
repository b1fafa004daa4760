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
  {
    name: "Binary cross-entropy, both sides clamped",
    about: "1 − σ(z) has lost what is beside a clamp before it is clamped.",
    program: `const p = sigmoid(z);
return neg(mean(add(mul(y, log(clamp(p, 1e-7, 1))), mul(sub(1, y), log(clamp(sub(1, p), 1e-7, 1))))))`,
    given: ["y"],
    points: [{ at: { z: [0.5, -1], y: [1, 0] } }, { at: { z: [15, 2], y: [0, 1] } }],
  },
  {
    name: "Binary cross-entropy with a clamp",
    about: "σ(z) between 1e-7 and 1 − 1e-7, as Keras has it: beside 1 the complement has lost its digits.",
    program: `const p = clamp(sigmoid(z), 1e-7, 1 - 1e-7);
return neg(mean(add(mul(y, log(p)), mul(sub(1, y), log(sub(1, p))))));`,
    given: ["y"],
    points: [
      { at: { z: [0.5, -2, 3], y: [1, 0, 0] } },
      { at: { z: [10, -12, 14], y: [0, 1, 0] } },
      { at: { z: [30, -40, 60], y: [0, 1, 1] } },
    ],
  },
  {
    name: "Huber loss by a mask of numbers",
    about: "½s·d² + (1 − s)(|d| − ½), where s is 1 or 0 and d² overflows where it is 0.",
    program: `const d = abs(sub(x, y)), s = cast(less(d, 1), "f32");
return mean(add(mul(mul(s, 0.5), square(d)), mul(sub(1, s), sub(d, 0.5))));`,
    points: [{ at: { x: [1, 2], y: [0.5, -3] } }, { at: { x: [1e25, 1e-4], y: [0, 0] } }],
  },
  {
    name: "Weighted share times its logarithm",
    about: "Σ(w·p)·ln p, in which 0·ln 0 is 0.",
    program: "sum(mul(mul(w, p), log(p)))",
    given: ["p"],
    points: [
      { at: { w: [1, 2, 3], p: [0.2, 0.3, 0.5] } },
      {
        at: { w: [1, 2, 3], p: [0, 1, 0.5] },
        meant: { why: "0·ln 0 is 0", loss: 1.5 * Math.log(0.5), gradient: { w: [0, 0, 0.5 * Math.log(0.5)] } },
      },
    ],
  },
  {
    name: "Generalised cross-entropy",
    about: "(1 − pᵠ)/q of the probability of the class, which vanishes where the class is none of the likely.",
    program: "const p = sum(mul(softmax(z), y), { axis: 1 }); return mean(div(sub(1, pow(p, 0.7)), 0.7));",
    given: ["y"],
    points: [
      {
        at: {
          z: [
            [0.5, -1.25, 3],
            [0, -2, 1.5],
          ],
          y: [
            [0, 1, 0],
            [1, 0, 0],
          ],
        },
      },
      {
        at: {
          z: [
            [1000, -1000, 0],
            [-100, -100, 99],
          ],
          y: [
            [0, 1, 0],
            [1, 0, 0],
          ],
        },
      },
      {
        at: {
          z: [
            [10000.5, 10001, 9999],
            [-1e4, -10001, -9998],
          ],
          y: [
            [0, 1, 0],
            [1, 0, 0],
          ],
        },
      },
    ],
  },
  {
    name: "Logarithm of a Tversky index",
    about: "Hits over hits and misses, where every hit vanishes.",
    program: `const p = sigmoid(z), hits = sum(mul(p, y));
const alarms = mul(0.3, sum(mul(p, sub(1, y)))), misses = mul(0.7, sum(mul(sub(1, p), y)));
return neg(log(div(hits, add(hits, add(alarms, misses)))));`,
    given: ["y"],
    points: [
      { at: { z: [0.5, -1, 2], y: [1, 0, 1] } },
      { at: { z: [-200, -190, -210], y: [1, 0, 1] } },
      { at: { z: [200, -100, -150], y: [0, 1, 1] } },
    ],
  },
];
