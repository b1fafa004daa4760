/// Sums that do not see what all scores of a row have in common, and lose the digits of everything else beside it.
import type { Row } from "../row.ts";

const ordinary = [
  [0.5, -1.25, 3],
  [0, -2, 1.5],
];
const offset = [
  [10000.5, 10001, 9999],
  [10000, 10001, 9998],
];
const apart = [
  [1000.25, 1003.5, 999.125],
  [-2000.5, -2001.25, -1999.75],
];
const targets = [
  [0.25, 0.5, 0.25],
  [0, 0, 1],
];
const scores = [ordinary, offset, apart] as const;

const values = (common: number): readonly (readonly number[])[] => [
  [common + 1.5, common - 2, common + 0.25],
  [common + 3, common + 1, common - 1],
];

/** Log-sum-exps beside means of their scores, and means under softmaxes. */
export const offsetRows: readonly Row[] = [
  {
    name: "Log-sum-exp less the mean score",
    about: "Both are as large as the offset; their difference is not.",
    program: "mean(sub(log(sum(exp(z), { axis: 1 })), mean(z, { axis: 1 })))",
    points: scores.map((z) => ({ at: { z } })),
  },
  {
    name: "Label smoothing as a mean beside the score",
    about: "0.9 + 0.1 is 1 but for the rounding of both, and that counts at an offset.",
    program: `const picked = sum(mul(oneHot(t, 3), z), { axis: 1 });
return mean(sub(sub(logsumexp(z, { axis: 1 }), mul(0.9, picked)), mul(0.1, mean(z, { axis: 1 }))));`,
    labels: ["t"],
    points: scores.map((z) => ({ at: { z, t: [1, 0] } })),
  },
  {
    name: "Cross-entropy as a difference of two sums",
    about: "The offset of each row is in both, added up over the batch.",
    program: "div(sub(sum(logsumexp(z, { axis: 1 })), sum(mul(oneHot(t, 3), z))), 2)",
    labels: ["t"],
    points: scores.map((z) => ({ at: { z, t: [1, 2] } })),
  },
  {
    name: "Perplexity",
    about: "The exponential of a cross-entropy joins that of the softmax in the gradient.",
    program: "exp(mean(sub(logsumexp(z, { axis: 1 }), sum(mul(oneHot(t, 3), z), { axis: 1 }))))",
    labels: ["t"],
    points: scores.map((z) => ({ at: { z, t: [1, 2] } })),
  },
  {
    name: "Soft maximum at a temperature that is learned",
    about: "Its slope by the temperature is an entropy: ln Σ e^(z/t) less the mean of z/t.",
    program: "mul(t, sum(logsumexp(div(z, t), { axis: 1 })))",
    points: scores.map((z) => ({ at: { z, t: 0.7 } })),
  },
  {
    name: "Logarithm of a mean of exponentials, over its rate",
    about: "The rate is learned; its slope is a mean less the value.",
    program: "sum(div(log(mean(exp(mul(z, t)), { axis: 1 })), t))",
    points: scores.map((z) => ({ at: { z, t: 0.7 } })),
  },
  {
    name: "Expected value under a softmax",
    about: "The slope of a score is its value less the mean: both are as large as what all values have in common.",
    program: "sum(sum(mul(softmax(z), v), { axis: 1 }))",
    points: [0, 1e3, 1e4].map((common) => ({ at: { z: ordinary, v: values(common) } })),
  },
  {
    name: "Expected value and entropy",
    about: "What a policy earns, and a tenth of its entropy.",
    program: "const p = softmax(z); return mean(sum(mul(p, sub(v, mul(0.1, log(p)))), { axis: 1 }))",
    given: ["v"],
    points: [0, 1e3, 1e4].map((common) => ({ at: { z: ordinary, v: values(common) } })),
  },
  {
    name: "Expected value less what it should be",
    about: "A distribution over given values, as a product of a matrix and a vector.",
    program: "mean(square(sub(matmul(softmax(z), v), y)))",
    given: ["v", "y"],
    points: [0, 1e3, 1e4].map((common) => ({
      at: { z: ordinary, v: values(common)[0], y: [common + 0.5, common + 1] },
    })),
  },
  {
    name: "Variance under a softmax",
    about: "E[v²] − E[v]² of given values, as products of a matrix and a vector.",
    program: "const p = softmax(z); return sum(sub(matmul(p, square(v)), square(matmul(p, v))))",
    given: ["v"],
    points: [0, 1e3].map((common) => ({ at: { z: ordinary, v: values(common)[0] } })),
  },
  {
    name: "Label smoothing as a mean less means",
    about: "Three sums over the batch; that the targets of a row add up to 1 is known when it runs.",
    program: `const wanted = mean(sum(mul(y, z), { axis: 1 }));
return sub(sub(mean(logsumexp(z, { axis: 1 })), mul(0.9, wanted)), mul(0.1, mean(z)));`,
    given: ["y"],
    points: scores.map((z) => ({ at: { z, y: targets } })),
  },
  {
    name: "Cross-entropy as the mean of logarithms less the mean of picked scores",
    about: "A label picks the score by its place: where there is none it picks nothing.",
    program: "sub(mean(logsumexp(z, { axis: 1 })), mean(takeAlongAxis(z, expandDims(t, 1), 1)))",
    labels: ["t"],
    points: scores.map((z) => ({ at: { z, t: [1, 2] } })),
  },
  {
    name: "Label smoothing of a score picked by its place",
    about: "0.9 of the picked score and 0.1 of the mean are an offset together.",
    program: `const picked = squeeze(takeAlongAxis(z, expandDims(t, 1), 1), [1]);
return mean(sub(sub(logsumexp(z, { axis: 1 }), mul(0.9, picked)), mul(0.1, mean(z, { axis: 1 }))));`,
    labels: ["t"],
    points: scores.map((z) => ({ at: { z, t: [1, 0] } })),
  },
  {
    name: "Attention to values far from 0",
    about: "The slope of the scores is p·(G − Σ p·G) for G = g·vᵀ, in which what all values have in common is large.",
    program: "const p = softmax(div(matmul(q, transpose(k)), Math.sqrt(2))); return mean(square(matmul(p, v)));",
    points: [0, 30, 1000].map((offset) => ({
      at: {
        q: scores[0].map((row) => row.slice(0, 2)),
        // Scores whose slopes differ: where an entry is a rest of 0.2 of parts of 23, these alone round by 1e-6.
        k: [
          [1.1, 0.2],
          [-0.4, 0.9],
          [0.3, 0.6],
        ],
        v: [
          [0.5, -1, 2],
          [-0.75, 1, 0.2],
          [0.3, -0.2, 0.9],
        ].map((row) => row.map((each) => offset + each)),
      },
    })),
  },
  {
    name: "Partial likelihood (Cox), its risk sets in a table",
    about: "ln of r·eᶻ, a product of a table and exponentials, which overflow.",
    program: "neg(sum(mul(e, sub(z, log(matmul(r, exp(z)))))))",
    given: ["r", "e"],
    points: [
      [0.5, -1, 2],
      [100, 101, 99],
      [-200, -201, -199],
    ].map((z) => ({
      at: {
        z,
        r: [
          [1, 1, 1],
          [0, 1, 1],
          [0, 0, 1],
        ],
        e: [1, 0, 1],
      },
    })),
  },
  {
    name: "Entropy of the mean share less the mean entropy",
    about:
      "As in clustering by information: softmaxes see no offset of their rows, and their logarithms along columns neither.",
    program: `const p = softmax(z), m = mean(p, { axis: 0 });
return sub(sum(mul(m, log(m))), mean(sum(mul(p, log(p)), { axis: 1 })));`,
    points: scores.slice(0, 2).map((z) => ({ at: { z } })),
  },
];
