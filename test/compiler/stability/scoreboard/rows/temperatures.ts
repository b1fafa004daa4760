/// Scores that are scaled by a number that is learned, scores beside a common offset, and products of probabilities.
import type { Row } from "../row.ts";

const offset = [
  [10000.5, 10001, 9999],
  [-10000, -10001, -9998],
];
const ordinary = [
  [0.5, -1.25, 3],
  [0, -2, 1.5],
];
const targets = [
  [0.25, 0.5, 0.25],
  [0, 0, 1],
];
const similarities = [
  [0.9, 0.1, -0.2],
  [0.3, 0.8, 0.1],
  [0.2, -0.4, 0.7],
];
const alike = [
  [0.99, 0.98, 0.97],
  [0.3, 0.31, 0.33],
  [0.9, -0.9, 0.91],
];
const far = [
  [10000.5, 10001, 9999],
  [10000.25, 10001, 9998],
];
const beside90 = [
  [90.5, 88.75, 93],
  [90, 88, 91.5],
];
const noise = [
  [0.3, -0.2, 1.1],
  [0.1, 0.7, -0.4],
];

/** A temperature or a scale among what is learned. */
export const temperatureRows: readonly Row[] = [
  {
    name: "Cross-entropy at a temperature that is learned",
    about: "Its slope is Σ (p − y)·z, where what all z have in common adds up to nothing, and hides the rest.",
    program: "neg(mean(sum(mul(y, logSoftmax(div(z, t))), { axis: 1 })))",
    given: ["y"],
    points: [ordinary, offset].map((z) => ({ at: { z, t: 0.5, y: targets } })),
  },
  {
    name: "Distillation at a temperature that is learned",
    about: "Two softmaxes of one temperature, each with an offset of its own.",
    program: `const p = softmax(div(a, t)), q = logSoftmax(div(z, t));
return mul(square(t), mean(sum(mul(p, sub(log(p), q)), { axis: 1 })));`,
    points: [
      { at: { a: ordinary, z: noise, t: 4 } },
      { at: { a: offset, z: offset.map((row) => row.map((each, i) => each + i / 2)), t: 20 } },
      { at: { a: offset, z: offset.map((row) => row.map((each, i) => each + i)), t: 4 } },
    ],
  },
  {
    name: "Distillation as a cross-entropy less an entropy",
    about: "Both are of the size of ln n; at a high temperature nearly nothing is left of their difference.",
    program: `const p = softmax(div(a, t)), q = softmax(div(z, t));
const less = sub(sum(mul(p, log(p)), { axis: 1 }), sum(mul(p, log(q)), { axis: 1 }));
return mul(square(t), mean(less));`,
    points: [
      { at: { a: ordinary, z: noise, t: 2 } },
      { at: { a: offset, z: offset.map((row) => row.map((each, i) => each + i / 2)), t: 20 } },
    ],
  },
  {
    name: "Contrastive loss both ways, its scale learned",
    about: "Rows and columns of one table; the slope by the scale is all that they have not in common.",
    program: `const s = mul(z, exp(t));
return mul(-0.5, add(mean(diagonal(logSoftmax(s))), mean(diagonal(logSoftmax(s, 0)))));`,
    points: [similarities, alike].flatMap((z) => [1, 2.66, 4.6].map((t) => ({ at: { z, t } }))),
  },
  {
    name: "Log-sum-exp less the pair, over a temperature",
    about: "The pair is taken before it is divided: two sums of which the slope is a small difference.",
    program: "mean(sub(logsumexp(div(z, t), { axis: 1 }), div(diagonal(z), t)))",
    points: [
      { at: { z: similarities, t: 0.07 } },
      { at: { z: alike, t: 0.01 } },
      { at: { z: [...offset, [100, 101, 102]], t: 0.3 } },
    ],
  },
  {
    name: "Attention at a temperature that is learned",
    about: "A mean under exponentials, whose slope by the temperature is a covariance.",
    program: "const e = exp(div(z, t)); return sum(div(sum(mul(e, v), { axis: 1 }), sum(e, { axis: 1 })))",
    points: [ordinary, offset].map((z) => ({ at: { z, t: 2, v: [1, 2, -1] } })),
  },
  {
    name: "Scores with noise",
    about: "The sum is rounded beside a large offset; what the scores have in common is taken away before.",
    program: "neg(sum(mul(y, logSoftmax(add(z, c)))))",
    given: ["y", "c"],
    points: [ordinary, offset].map((z) => ({ at: { z, c: noise, y: targets } })),
  },
  {
    name: "Rows of scores, each times a number of either sign that is learned",
    about: "Below a negative number the smallest score comes out on top: the largest, taken away, leaves its noise.",
    program: "neg(sum(mul(y, logSoftmax(mul(z, reshape(t, [2, 1]))))))",
    given: ["y"],
    points: [
      { at: { z: ordinary, t: [-1, 2], y: targets } },
      { at: { z: offset, t: [-1, 2], y: targets } },
      {
        at: {
          z: [
            [1, 10001, 2],
            [3, 30000, 1],
          ],
          t: [-1, -2],
          y: targets,
        },
      },
      {
        at: {
          z: [
            [1, 10001, 2],
            [3, 1, 30000],
          ],
          t: [-1, 2],
          y: targets,
        },
      },
    ],
  },
  {
    name: "Mean under a softmax at a temperature of either sign",
    about: "What comes out on top is known when it runs.",
    program: "sum(mul(softmax(mul(t, z)), z))",
    points: [
      { at: { z: [0.5, -1.25, 3], t: -0.5 } },
      { at: { z: [0, 1e6, 1], t: -1 } },
      ...[2, -2].map((t) => ({ at: { z: [10000, 10001, 9998], t } })),
    ],
  },
  {
    name: "Which of two, over a temperature",
    about: "Both quotients are rounded before they are subtracted.",
    program: "neg(log(div(exp(div(a, t)), add(exp(div(a, t)), exp(div(b, t))))))",
    points: [{ at: { a: 1, b: 2, t: 3 } }, { at: { a: 10000, b: 10001, t: 3 } }, { at: { a: 1000, b: 3, t: 0.1 } }],
  },
  {
    name: "Logarithm of a product of chosen probabilities",
    about: "The product vanishes long before its logarithm does.",
    program: "const p = sigmoid(z); return neg(log(product(where(greater(m, 0), p, sub(1, p)))))",
    given: ["m"],
    points: [
      { at: { z: [0.5, -1, 2], m: [1, 0, 1] } },
      { at: { z: [-100, -200, 30], m: [1, 0, 1] } },
      { at: { z: [-100, 200, 30], m: [1, 0, 1] } },
    ],
  },
  {
    name: "Logarithm of a product of masked survivals",
    about: "Of 1 − h·m nothing says that it is positive: the sign counts apart.",
    program: "const h = sigmoid(z); return log(product(sub(1, mul(h, m))))",
    given: ["m"],
    points: [
      { at: { z: [0.5, -1, 2], m: [1, 0, 1] } },
      { at: { z: [100, 200, -30], m: [1, 1, 1] } },
      { at: { z: [30, 40, 50], m: [1, 1, 0] } },
    ],
  },
  {
    name: "Softmax of negative scores with noise, over a temperature that is learned",
    about: "What the scores have in common is taken away before the noise is added, and before the sign.",
    program: "sum(mul(c, softmax(neg(div(add(z, g), t)))))",
    given: ["c", "g"],
    points: [ordinary, offset].flatMap((z) => [0.5, 2].map((t) => ({ at: { z, t, c: [1, 2, -1], g: noise } }))),
  },
  {
    name: "Mean under exponentials of its own scores, over a temperature",
    about: "Each score times its share less the mean times the share: two products of one large number.",
    program: "sum(mul(z, softmax(neg(div(z, t)))))",
    points: [ordinary, far].flatMap((z) => [0.5, 2].map((t) => ({ at: { z, t } }))),
  },
  {
    name: "Soft maximum less the largest",
    about: "Both are as large as the scores.",
    program: "sum(sub(mul(t, logsumexp(div(z, t), { axis: 1 })), max(z, { axis: 1 })))",
    points: [ordinary, far].flatMap((z) => [0.5, 2].map((t) => ({ at: { z, t } }))),
  },
  {
    name: "Soft maximum less the mean under its softmax, over a temperature",
    about: "An entropy: what either has of an offset is more than all of it, and so in both slopes.",
    program: `const p = softmax(div(z, t));
return mean(sub(mul(logsumexp(div(z, t), { axis: 1 }), t), sum(mul(p, z), { axis: 1 })));`,
    points: [ordinary, beside90, far].flatMap((z) => [0.07, 0.5, 1, 20].map((t) => ({ at: { z, t } }))),
  },
  {
    name: "Soft maximum less a wanted mean, over a temperature",
    about: "That the wanted shares add up to 1 is known when it runs.",
    program: "mean(sub(mul(t, logsumexp(div(z, t), { axis: 1 })), sum(mul(y, z), { axis: 1 })))",
    given: ["y"],
    points: [ordinary, beside90, far].flatMap((z) => [0.07, 1].map((t) => ({ at: { z, t, y: targets } }))),
  },
  {
    name: "Number less a mean under exponentials, squared, over a temperature",
    about: "The mean is as large as its scores, and its slope tells apart what they have not in common.",
    program: "sum(square(sub(u, sum(mul(softmax(div(z, t)), z), { axis: 1 }))))",
    given: ["u"],
    points: [
      ...[0.5, 20].map((t) => ({ at: { z: ordinary, t, u: [1, 2] } })),
      ...[0.5, 1].map((t) => ({ at: { z: far, t, u: [10002, 10000] } })),
    ],
  },
  {
    name: "Rows and columns of one table, their logarithms less the pairs",
    about: "An offset of the table is in both logarithms, each along its axis, and twice in the pair.",
    program: `const q = div(s, t);
return mean(sub(add(logsumexp(q, { axis: 1 }), logsumexp(q, { axis: 0 })), mul(2, diagonal(q))));`,
    points: [
      ...[0, 90, 1e4].map((all) => ({ at: { s: similarities.map((row) => row.map((each) => each + all)), t: 0.5 } })),
      {
        at: {
          s: [
            [1e4, 0.5, 1],
            [0.25, -1, 0.5],
            [-0.5, 0.75, 1.5],
          ],
          t: 1,
        },
      },
    ],
  },
];
