/// Probabilities made from scores, and the logarithms of these probabilities.
import type { Row } from "../row.ts";

const mixed = { at: { l: [0.5, -1, 2], y: [0.2, 0.3, 0.5] } };

/** Cross-entropy in its spellings. */
export const crossEntropyRows: readonly Row[] = [
  {
    name: "Cross-entropy of a softmax",
    about: "Where a probability is 0 in float32 its logarithm is −∞, and 0·∞ is NaN.",
    program: "neg(sum(mul(y, log(softmax(l)))))",
    given: ["y"],
    points: [
      mixed,
      { at: { l: [200, 0, 1], y: [0, 1, 0] } },
      { at: { l: [1e4, 0, -1e4], y: [0, 0.5, 0.5] } },
      { at: { l: [10000.5, 9999, 10001], y: [0.2, 0.3, 0.5] } },
    ],
    others: { pytorch: "NaN / NaN, NaN, NaN", jax: "NaN / NaN, NaN, NaN", point: 1 },
  },
  {
    name: "Cross-entropy with the logarithm of a sum",
    about: "The loss of a log-softmax written out: eˣ overflows beyond 88.7.",
    program: "neg(sum(mul(y, sub(l, log(sum(exp(l)))))))",
    given: ["y"],
    points: [mixed, { at: { l: [100, 0, 1], y: [0, 1, 0] } }, { at: { l: [-200, -210, -190], y: [0.5, 0.25, 0.25] } }],
    others: { pytorch: "NaN / NaN, −1, 0", jax: "NaN / NaN, −1, 0", point: 1 },
  },
  {
    name: "Binary cross-entropy of a sigmoid",
    about: "1 − p is 0 as soon as p rounds to 1.",
    program: "const p = sigmoid(a); return neg(add(mul(y, log(p)), mul(sub(1, y), log(sub(1, p)))))",
    given: ["y"],
    points: [{ at: { a: 0.5, y: 0.3 } }, { at: { a: 200, y: 0 } }, { at: { a: -200, y: 1 } }, { at: { a: 20, y: 0 } }],
    others: { pytorch: "∞ / NaN", jax: "∞ / NaN", point: 1 },
  },
  {
    name: "Likelihood of a coin as a power",
    about: "p to the power of y times (1 − p) to the power of 1 − y, before the logarithm.",
    program: "const p = div(1, add(1, exp(neg(a)))); return neg(log(mul(pow(p, y), pow(sub(1, p), sub(1, y)))))",
    given: ["y"],
    points: [
      { at: { a: 0.5, y: 0.3 } },
      { at: { a: 200, y: 0 } },
      { at: { a: -200, y: 1 } },
      { at: { a: 150, y: 0.25 } },
    ],
  },
  {
    name: "Probability of the class by its label",
    about: "Integer labels: the probability of the right class is picked, then its logarithm is taken.",
    program: `
const p = softmax(z);
const picked = takeAlongAxis(p, reshape(label, [2, 1]), 1);
return neg(mean(log(picked)))`,
    labels: ["label"],
    points: [
      {
        at: {
          z: [
            [0.5, -1, 2],
            [1, 0, 0.25],
          ],
          label: [1, 2],
        },
      },
      {
        at: {
          z: [
            [200, 0, 1],
            [-150, 3, 150],
          ],
          label: [1, 0],
        },
      },
      {
        at: {
          z: [
            [10000, 10001, 9999],
            [-1e4, 1e4, 0],
          ],
          label: [2, 2],
        },
      },
    ],
  },
  {
    name: "Softmax with a temperature, labels as one-hot rows",
    about: "Scores over 0.01 are a hundred times as large.",
    program: `
const e = exp(div(z, 0.01));
const p = div(e, sum(e, { axis: 1, keepAxes: true }));
return div(neg(sum(mul(oneHot(label, 3), log(p)))), 2)`,
    labels: ["label"],
    points: [
      {
        at: {
          z: [
            [0.005, -0.01, 0.02],
            [0.01, 0, 0.0025],
          ],
          label: [1, 2],
        },
      },
      {
        at: {
          z: [
            [2, 0, 1],
            [-1.5, 3, 1.5],
          ],
          label: [1, 0],
        },
      },
    ],
  },
  {
    name: "Label smoothing",
    about: "A tenth of the weight is spread over all classes, also over those whose probability is 0.",
    program: `
const y = add(mul(oneHot(label, 3), 0.9), 0.1 / 3);
return neg(mean(sum(mul(y, log(softmax(z))), { axis: 1 })))`,
    labels: ["label"],
    points: [
      {
        at: {
          z: [
            [0.5, -1, 2],
            [1, 0, 0.25],
          ],
          label: [1, 2],
        },
      },
      {
        at: {
          z: [
            [200, 0, 1],
            [-150, 3, 150],
          ],
          label: [1, 0],
        },
      },
    ],
  },
  {
    name: "Focal loss",
    about: "Examples that are nearly right weigh little: (1 − p)² in front of the logarithm.",
    program: "const p = sigmoid(a); return neg(mul(square(sub(1, p)), log(p)))",
    points: [{ at: { a: 0.5 } }, { at: { a: 30 } }, { at: { a: -200 } }, { at: { a: 200 } }],
  },
  {
    name: "Kullback–Leibler divergence",
    about: "Σ p ln(p/q) of two softmaxes, where both are 0 in float32.",
    program: "const p = softmax(a), q = softmax(b); return sum(mul(p, log(div(p, q))))",
    points: [
      { at: { a: [0.5, -1, 2], b: [1, 0, 0.25] } },
      { at: { a: [0, 200, -200], b: [150, 0, 1] } },
      { at: { a: [-300, 0, 1], b: [-200, 0, 1.5] } },
    ],
  },
  {
    name: "InfoNCE",
    about: "Each row must find its partner among all: cosine similarities over a temperature.",
    program: `
const scores = div(matmul(a, transpose(b)), 0.05);
const positive = sum(mul(scores, identityMatrix(2)), { axis: 1 });
return neg(mean(log(div(exp(positive), sum(exp(scores), { axis: 1 })))))`,
    points: [
      {
        at: {
          a: [
            [0.1, 0.02],
            [-0.01, 0.1],
          ],
          b: [
            [0.3, 0.1],
            [0.2, -0.4],
          ],
        },
      },
      {
        at: {
          a: [
            [3, 4],
            [1, -2],
          ],
          b: [
            [-2, 1],
            [3, 3],
          ],
        },
      },
    ],
  },
  {
    name: "Sequence cross-entropy with a mask",
    about: "A mean over the steps that count. Padded steps hold whatever was in memory.",
    program: `
const losses = neg(log(sum(mul(oneHot(label, 3), softmax(z)), { axis: 1 })));
const counts = greater(mask, 0);
return div(sum(where(counts, losses, 0)), sum(mask))`,
    labels: ["label"],
    given: ["mask"],
    points: [
      {
        at: {
          z: [
            [0.5, -1, 2],
            [1, 0, 0.25],
            [3, 1, 2],
          ],
          label: [1, 2, 0],
          mask: [1, 1, 0],
        },
      },
      {
        at: {
          z: [
            [200, 0, 1],
            [-150, 3, 150],
            [1e30, -1e30, 0],
          ],
          label: [1, 0, 1],
          mask: [1, 1, 0],
        },
      },
    ],
  },
  {
    name: "Entropy of a softmax",
    about: "p·ln p is 0 where p is.",
    program: "const p = softmax(z); return neg(sum(mul(p, log(p))))",
    points: [{ at: { z: [0.5, -1, 2] } }, { at: { z: [200, 0, 198] } }, { at: { z: [1e4, -1e4, 1e4] } }],
  },
  {
    name: "Which of two is better (Bradley–Terry)",
    about: "A pair of scores; the probability as a quotient of exponentials.",
    program: "neg(log(div(exp(a), add(exp(a), exp(b)))))",
    points: [{ at: { a: 0.5, b: 1 } }, { at: { a: 100, b: 90 } }, { at: { a: -300, b: 20 } }],
  },
  {
    name: "Binary cross-entropy as one logarithm",
    about: "ln(y·p + (1 − y)(1 − p)) for targets between 0 and 1: the probability that is left may be 0 in float32.",
    program: "const p = sigmoid(z); return neg(mean(log(add(mul(y, p), mul(sub(1, y), sub(1, p))))))",
    given: ["y"],
    points: [
      { at: { z: [0.5, -2], y: [0.3, 1] } },
      { at: { z: [200, -200], y: [0, 1] } },
      { at: { z: [200, -150], y: [0.25, 0.75] } },
    ],
  },
  {
    name: "Binary cross-entropy with a guard",
    about: "ln(1 − p + 10⁻⁸): beside 1 the guard is lost.",
    program: "const p = sigmoid(z); return neg(mean(log(add(sub(1, p), 1e-8))))",
    points: [{ at: { z: [0.5, 12] } }, { at: { z: [20, 200] } }],
  },
  {
    name: "Focal loss from the cross-entropy",
    about: "(1 − e⁻ᶜ)²·c for a cross-entropy c, as libraries write it.",
    program: `
const c = add(sub(maximum(z, 0), mul(z, y)), log1p(exp(neg(abs(z)))));
return mean(mul(pow(sub(1, exp(neg(c))), 2), c))`,
    given: ["y"],
    points: [
      { at: { z: [0.5, -2], y: [0, 1] } },
      { at: { z: [200, -200], y: [0, 1] } },
      { at: { z: [200, -200], y: [1, 0] } },
    ],
  },
  {
    name: "Ordered classes",
    about: "ln(σ(b) − σ(a)), the probability of a class between two thresholds.",
    program: "neg(sum(log(sub(sigmoid(b), sigmoid(a)))))",
    points: [{ at: { a: [0.5, -2], b: [1, 2] } }, { at: { a: [100, -200], b: [101, -190] } }],
  },
  {
    name: "Ranking by running sums (Cox, Plackett–Luce)",
    about: "ln of running sums of eˣ.",
    program: "neg(sum(sub(x, log(reverse(cumsum(reverse(exp(x), [0]), 0), [0])))))",
    points: [{ at: { x: [0.5, -1, 2] } }, { at: { x: [500, -1000, 200] } }],
  },
  {
    name: "None of several",
    about: "ln(1 − Π(1 − pᵢ)): one of many unlikely causes (noisy or).",
    program: "neg(log(sub(1, product(sub(1, sigmoid(z))))))",
    points: [{ at: { z: [0.5, 1] } }, { at: { z: [-30, -40] } }, { at: { z: [100, 100] } }],
  },
];
