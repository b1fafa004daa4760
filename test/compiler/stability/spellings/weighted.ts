/// Cross-entropy with weights, smooth labels and a temperature, in the ways that people write it.
import {
  add,
  cast,
  equal,
  iota,
  div,
  exp,
  expandDims,
  gather,
  input,
  log,
  logSoftmax,
  logsumexp,
  max,
  mean,
  mul,
  neg,
  pow,
  oneHot,
  sigmoid,
  softmax,
  softmaxCrossEntropy,
  softplus,
  sub,
  sum,
  take,
  where,
  type Value,
} from "chainrule";
import type { Family } from "./family.ts";

const last = { axis: -1 } as const;
const kept = { axis: -1, keepAxes: true } as const;
const ratio = (z: Value): Value => div(exp(z), sum(exp(z), kept));

const z = [
  [0.5, -1.25, 3, 0, -2, 1.5],
  [100, 0, -100, -100, -100, 99],
  [10000.5, 10001, 9999, -1e4, -10001, -9998],
] as const;
const labels = [
  [2, 0],
  [1, 2],
  [0, 1],
] as const;

/** A weight for each example. */
export const exampleWeights: Family = {
  name: "cross-entropy with a weight for each example",
  leaves: () => ({ z: input("z", "f32", [2, 3]), label: input("label", "i32", [2]), w: input("w", "f32", [2]) }),
  canonical: ({ z: l, label, w }) => sum(mul(w, softmaxCrossEntropy(l, label, { reduction: "none" }))),
  cases: z.map((each, i) => ({ z: each, label: labels[i], w: [0.5, 3] })),
  spellings: {
    "Σ w·(−Σ y log p)": ({ z: l, label, w }) => sum(mul(w, neg(sum(mul(oneHot(label, 3), log(softmax(l))), last)))),
    "−Σ w·y·log p, element by element": ({ z: l, label, w }) =>
      neg(sum(mul(mul(expandDims(w, 1), oneHot(label, 3)), log(ratio(l))))),
    "−Σ w·log of a gather": ({ z: l, label, w }) =>
      neg(sum(mul(expandDims(w, 1), log(gather(ratio(l), expandDims(label, 1), { batch: 1 }))))),
    "w·(logsumexp − Σ y z)": ({ z: l, label, w }) =>
      sum(mul(sub(log(sum(exp(l), last)), sum(mul(oneHot(label, 3), l), last)), w)),
  },
  textbook: true,
};

/** A weight for each class, the loss divided by their sum. */
export const classWeights: Family = {
  name: "cross-entropy with a weight for each class",
  leaves: () => ({ z: input("z", "f32", [2, 3]), label: input("label", "i32", [2]), w: input("w", "f32", [3]) }),
  canonical: ({ z: l, label, w }) => {
    const weights = sum(mul(oneHot(label, 3), w), last);
    return div(sum(mul(weights, softmaxCrossEntropy(l, label, { reduction: "none" }))), sum(weights));
  },
  cases: z.map((each, i) => ({ z: each, label: labels[i], w: [0.5, 3, 1] })),
  spellings: {
    "−Σ w·y·log p / Σ w·y": ({ z: l, label, w }) => {
      const y = mul(oneHot(label, 3), w);
      return neg(div(sum(mul(y, log(softmax(l)))), sum(y)));
    },
    "w[label] taken": ({ z: l, label, w }) => {
      const weights = take(w, label);
      const nll = neg(sum(mul(oneHot(label, 3), log(ratio(l))), last));
      return div(sum(mul(weights, nll)), sum(weights));
    },
  },
  apart: { "−Σ w·y·log p / Σ w·y": "sums of weights of rows are of shares there, and wait for the total of weights" },
  textbook: true,
};

/** Smooth labels y = 0.9·oneHot + 0.1/3. */
export const smoothed: Family = {
  name: "cross-entropy with smooth labels",
  leaves: () => ({ z: input("z", "f32", [2, 3]), label: input("label", "i32", [2]) }),
  canonical: ({ z: l, label }) => softmaxCrossEntropy(l, add(mul(0.9, oneHot(label, 3)), 0.1 / 3)),
  cases: z.map((each, i) => ({ z: each, label: labels[i] })),
  spellings: {
    "(1 − ε)·oneHot + ε/K": ({ z: l, label }) =>
      neg(mean(sum(mul(add(mul(1 - 0.1, oneHot(label, 3)), 0.1 / 3), log(softmax(l))), last))),
    "0.9·NLL + 0.1·mean over the classes": ({ z: l, label }) => {
      const logp = log(ratio(l));
      const nll = neg(sum(mul(oneHot(label, 3), logp), last));
      return mean(add(mul(0.9, nll), mul(0.1, neg(mean(logp, last)))));
    },
    "the same, of two means": ({ z: l, label }) => {
      const logp = logSoftmax(l);
      return sub(mul(-0.9, mean(sum(mul(oneHot(label, 3), logp), last))), mul(0.1, mean(mean(logp, last))));
    },
  },
  textbook: true,
};

/** A temperature T that divides the scores. */
export const temperature: Family = {
  name: "cross-entropy with a temperature",
  leaves: () => ({ z: input("z", "f32", [2, 3]), label: input("label", "i32", [2]), T: input("T", "f32", []) }),
  canonical: ({ z: l, label, T }) => softmaxCrossEntropy(div(l, T), label),
  cases: z.slice(0, 2).map((each, i) => ({ z: each, label: labels[i], T: [i === 0 ? 2 : 0.5] })),
  spellings: {
    "e^(z/T)/Σe^(z/T)": ({ z: l, label, T }) => {
      const e = exp(div(l, T));
      return neg(mean(log(sum(mul(oneHot(label, 3), div(e, sum(e, kept))), last))));
    },
    "e^(z·(1/T))/Σ": ({ z: l, label, T }) => {
      const e = exp(mul(l, div(1, T)));
      return neg(mean(sum(mul(oneHot(label, 3), log(div(e, sum(e, kept)))), last)));
    },
    "shifted, then divided": ({ z: l, label, T }) => {
      const e = exp(div(sub(l, max(l, kept)), T));
      return neg(mean(sum(mul(oneHot(label, 3), log(div(e, sum(e, kept)))), last)));
    },
  },
  textbook: true,
};

/** Distillation: targets that are a softmax themselves. */
export const distillation: Family = {
  name: "KL divergence of two softmaxes",
  leaves: () => ({ z: input("z", "f32", [2, 3]), t: input("t", "f32", [2, 3]) }),
  canonical: ({ z: l, t }) => mean(sum(mul(softmax(t), sub(logSoftmax(t), logSoftmax(l))), last)),
  cases: [
    { z: z[0], t: [1, 0, -1, 0.5, 0.25, 2] },
    { z: z[1], t: [0, 100, -100, 1, 0, -100] },
    { z: z[2], t: [0, 1, 2, 10000, 10001, 9999] },
  ],
  spellings: {
    "Σ q·log(q/p)": ({ z: l, t }) => mean(sum(mul(softmax(t), log(div(softmax(t), softmax(l)))), last)),
    "Σ q·(log q − log p)": ({ z: l, t }) => mean(sum(mul(ratio(t), sub(log(ratio(t)), log(ratio(l)))), last)),
    "−Σ q·log(p/q)": ({ z: l, t }) => neg(mean(sum(mul(ratio(t), log(div(ratio(l), ratio(t)))), last))),
    "Σ q·log q − Σ q·log p": ({ z: l, t }) => {
      const q = softmax(t);
      return mean(sub(sum(mul(q, log(q)), last), sum(mul(q, log(softmax(l))), last)));
    },
    "Σ exp(log q)·(log q − log p)": ({ z: l, t }) => {
      const logq = logSoftmax(t);
      return mean(sum(mul(exp(logq), sub(logq, logSoftmax(l))), last));
    },
    "cross-entropy less entropy": ({ z: l, t }) => {
      const q = ratio(t);
      const cross = neg(sum(mul(q, log(ratio(l))), last));
      return mean(sub(cross, neg(sum(mul(q, log(q)), last))));
    },
  },
  textbook: true,
};

/** The focal loss −(1 − p)² ln p of a sigmoid with y = 1. */
export const focal: Family = {
  name: "focal loss",
  leaves: () => ({ z: input("z", "f32", [4]), y: input("y", "f32", [4]) }),
  canonical: ({ z: l, y }) => {
    const positive = mul(mul(y, mul(sigmoid(neg(l)), sigmoid(neg(l)))), softplus(neg(l)));
    const negative = mul(mul(sub(1, y), mul(sigmoid(l), sigmoid(l))), softplus(l));
    return mean(add(positive, negative));
  },
  cases: [
    { z: [0.5, -1, 2, 0], y: [1, 0, 0, 1] },
    { z: [100, -100, 100, -100], y: [1, 0, 0, 1] },
    { z: [1e4, -1e4, 1e4, -1e4], y: [1, 0, 0, 1] },
  ],
  spellings: {
    "−y(1−p)² log p − (1−y) p² log(1−p)": ({ z: l, y }) => {
      const p = sigmoid(l);
      const q = sub(1, p);
      return mean(sub(neg(mul(mul(y, mul(q, q)), log(p))), mul(mul(sub(1, y), mul(p, p)), log(q))));
    },
    "with p = 1/(1 + e⁻ᶻ)": ({ z: l, y }) => {
      const p = div(1, add(1, exp(neg(l))));
      const q = sub(1, p);
      return mean(sub(neg(mul(mul(y, mul(q, q)), log(p))), mul(mul(sub(1, y), mul(p, p)), log(q))));
    },
    "the cross-entropy times a power of what is missed": ({ z: l, y }) => {
      const p = sigmoid(l);
      const hit = add(mul(p, y), mul(sub(1, p), sub(1, y)));
      const ce = add(mul(y, softplus(neg(l))), mul(sub(1, y), softplus(l)));
      return mean(mul(ce, pow(sub(1, hit), 2)));
    },
    "where(y = 1, p, 1 − p)": ({ z: l, y }) => {
      const p = sigmoid(l);
      const hit = where(equal(y, 1), p, sub(1, p));
      return mean(neg(mul(pow(sub(1, hit), 2), log(hit))));
    },
  },
  textbook: false,
};

/** InfoNCE: each of n pairs against all others. */
export const contrastive: Family = {
  name: "InfoNCE",
  leaves: () => ({ z: input("z", "f32", [3, 3]) }),
  canonical: ({ z: s }) => mean(sub(logsumexp(div(s, 0.5), last), sum(mul(eye(), div(s, 0.5)), last))),
  cases: [
    { z: [1, 0.5, -0.25, 0, 1, 0.125, 0.5, -1, 0.75] },
    { z: [50, 0, -50, 50, -50, 0, 0, 50, 50] },
    { z: [5000, 4999, 5001, -5000, -5001, -4999, 5000, 0, 0] },
  ],
  spellings: {
    "−log of the diagonal of a softmax": ({ z: s }) => neg(mean(log(sum(mul(eye(), softmax(div(s, 0.5))), last)))),
    "−log(e^s₊/Σe^s)": ({ z: s }) => {
      const e = exp(div(s, 0.5));
      return neg(mean(log(div(sum(mul(eye(), e), last), sum(e, last)))));
    },
    "−log(e^s₊/(e^s₊ + Σ of the others))": ({ z: s }) => {
      const e = exp(div(s, 0.5));
      const hit = sum(mul(eye(), e), last);
      return neg(mean(log(div(hit, add(hit, sum(mul(sub(1, eye()), e), last))))));
    },
  },
  textbook: true,
};

function eye(): Value {
  return cast(equal(iota([3, 3], 0), iota([3, 3], 1)), "f32");
}
