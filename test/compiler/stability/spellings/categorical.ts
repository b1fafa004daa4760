/// Cross-entropy of a softmax, −Σ y ln softmax(z), in the ways that people write it.
import {
  add,
  crossEntropy,
  div,
  exp,
  expandDims,
  flatten,
  gather,
  einsum,
  equal,
  input,
  iota,
  log,
  logSoftmax,
  logsumexp,
  max,
  mean,
  mul,
  neg,
  oneHot,
  pow,
  product,
  reciprocal,
  reshape,
  squeeze,
  softmax,
  softmaxCrossEntropy,
  stopGradient,
  sub,
  sum,
  takeAlongAxis,
  transpose,
  where,
  type Value,
} from "chainrule";
import type { Family, Leaves } from "./family.ts";

const last = { axis: -1 } as const;
const kept = { axis: -1, keepAxes: true } as const;

/** softmax(z) along the last axis. */
export const softmaxes: Readonly<Record<string, (z: Value) => Value>> = {
  "softmax(z)": (z) => softmax(z),
  "eᶻ/Σeᶻ": (z) => div(exp(z), sum(exp(z), kept)),
  "eᶻ·(1/Σeᶻ)": (z) => mul(exp(z), reciprocal(sum(exp(z), kept))),
  "eᶻ·(Σeᶻ)⁻¹": (z) => mul(exp(z), pow(sum(exp(z), kept), -1)),
  "shifted by the maximum": (z) => {
    const e = exp(sub(z, max(z, kept)));
    return div(e, sum(e, kept));
  },
  "shifted by the maximum, which is held": (z) => {
    const e = exp(sub(z, stopGradient(max(z, kept))));
    return div(e, sum(e, kept));
  },
  "exp(z − logsumexp z)": (z) => exp(sub(z, logsumexp(z, kept))),
  "exp(z − log Σ eᶻ)": (z) => exp(sub(z, log(sum(exp(z), kept)))),
  "exp(logSoftmax z)": (z) => exp(logSoftmax(z)),
  "exp(z − max − log Σ exp(z − max))": (z) => {
    const shifted = sub(z, max(z, kept));
    return exp(sub(shifted, log(sum(exp(shifted), kept))));
  },
  "1/Σ exp(zⱼ − zᵢ)": (z) => div(1, sum(exp(sub(expandDims(z, 1), expandDims(z, 2))), last)),
  "normalised twice": (z) => {
    const p = softmax(z);
    return div(p, sum(p, kept));
  },
  "transposed, along the first axis": (z) => transpose(softmax(transpose(z, [1, 0]), 0), [1, 0]),
};

/** −Σ y ln p of each row. */
export const rowLosses: Readonly<Record<string, (p: Value, y: Value) => Value>> = {
  "−Σ y log p": (p, y) => neg(sum(mul(y, log(p)), last)),
  "Σ −log(p)·y": (p, y) => sum(mul(neg(log(p)), y), last),
  "Σ y log(1/p)": (p, y) => sum(mul(y, log(div(1, p))), last),
  "−Σ log(p^y)": (p, y) => neg(sum(log(pow(p, y)), last)),
  "−log Π p^y": (p, y) => neg(log(product(pow(p, y), last))),
  "einsum of y and log p": (p, y) => neg(einsum("ij,ij->i", y, log(p))),
};

const whole: Readonly<Record<string, (leaves: Leaves) => Value>> = {
  "−Σ y (z − log Σ eᶻ)": ({ z, y }) => mean(neg(sum(mul(y, sub(z, log(sum(exp(z), kept)))), last))),
  "log Σ eᶻ − Σ y z": ({ z, y }) => mean(sub(log(sum(exp(z), last)), sum(mul(y, z), last))),
  "logsumexp(z) − Σ y z": ({ z, y }) => mean(sub(logsumexp(z, last), sum(mul(y, z), last))),
  "max + log Σ e^(z − max) − Σ y z": ({ z, y }) => {
    const peak = max(z, kept);
    const total = add(squeeze(peak, [1]), log(sum(exp(sub(z, peak)), last)));
    return mean(sub(total, sum(mul(y, z), last)));
  },
  "Σ y (logsumexp(z) − z)": ({ z, y }) => mean(sum(mul(y, sub(logsumexp(z, kept), z)), last)),
  softmaxCrossEntropy: ({ z, y }) => softmaxCrossEntropy(z, y),
  "crossEntropy of softmax": ({ z, y }) => crossEntropy(softmax(z), y),
  "sum over the number of rows": ({ z, y }) => div(neg(sum(mul(y, log(softmax(z))))), 2),
  "mean of everything times the classes": ({ z, y }) => mul(-3, mean(mul(log(softmax(z)), y))),
  "mean of row sums of a flat probability": ({ z, y }) => neg(div(sum(mul(flatten(y), log(flatten(softmax(z))))), 2)),
  "log of a reshaped probability": ({ z, y }) => {
    const p = reshape(div(exp(z), sum(exp(z), kept)), [2, 1, 3]);
    return neg(mean(sum(mul(reshape(y, [2, 1, 3]), log(p)), last)));
  },
  "log of a transposed probability": ({ z, y }) =>
    neg(mean(sum(mul(transpose(y, [1, 0]), log(transpose(softmax(z), [1, 0]))), { axis: 0 }))),
};

const rows: Readonly<Record<string, (leaves: Leaves) => Value>> = Object.fromEntries(
  Object.entries(softmaxes).flatMap(([p, probability]) =>
    Object.entries(rowLosses).map(
      ([name, loss]) => [`${name}, p = ${p}`, ({ z, y }: Leaves) => mean(loss(probability(z), y))] as const,
    ),
  ),
);

const z = [
  [0.5, -1.25, 3, 0, -2, 1.5],
  [100, 0, -100, -100, -100, 99],
  [10000.5, 10001, 9999, -1e4, -10001, -9998],
] as const;

/** Cross-entropy with targets that are probabilities. */
export const distributions: Family = {
  name: "softmax cross-entropy with probabilities",
  leaves: () => ({ z: input("z", "f32", [2, 3]), y: input("y", "f32", [2, 3], { distribution: true }) }),
  canonical: ({ z: logits, y }) => softmaxCrossEntropy(logits, y),
  cases: [
    { z: z[0], y: [0.25, 0.5, 0.25, 0, 0, 1] },
    { z: z[1], y: [0, 1, 0, 0.5, 0.25, 0.25] },
    { z: z[2], y: [1, 0, 0, 0.25, 0.25, 0.5] },
  ],
  spellings: { ...rows, ...whole },
  textbook: true,
};

/** −ln of the probability of the label of each row. */
const picks: Readonly<Record<string, (p: Value, label: Value) => Value>> = {
  "−log of a gather": (p, label) => neg(log(gather(p, expandDims(label, 1), { batch: 1 }))),
  "−log of takeAlongAxis": (p, label) => neg(squeeze(log(takeAlongAxis(p, expandDims(label, 1), 1)), [1])),
  "−takeAlongAxis of log": (p, label) => neg(takeAlongAxis(log(p), expandDims(label, 1), 1)),
  "log of the reciprocal of a gather": (p, label) => log(div(1, gather(p, expandDims(label, 1), { batch: 1 }))),
  "−log Σ oneHot·p": (p, label) => neg(log(sum(mul(oneHot(label, 3), p), last))),
  "−Σ oneHot·log p": (p, label) => neg(sum(mul(oneHot(label, 3), log(p)), last)),
  "−log Σ where(class = label, p, 0)": (p, label) =>
    neg(log(sum(where(equal(iota([2, 3], 1), expandDims(label, 1)), p, 0), last))),
  "−Σ where(class = label, log p, 0)": (p, label) =>
    neg(sum(where(equal(iota([2, 3], 1), expandDims(label, 1)), log(p), 0), last)),
  "−log of an einsum": (p, label) => neg(log(einsum("ij,ij->i", p, oneHot(label, 3)))),
  "−log of flat positions": (p, label) => neg(log(gather(flatten(p), add(mul(iota([2], 0, "i32"), 3), label)))),
};

const labelled: Readonly<Record<string, (leaves: Leaves) => Value>> = {
  "softmaxCrossEntropy of labels": ({ z: l, label }) => softmaxCrossEntropy(l, label),
  "crossEntropy of labels": ({ z: l, label }) => crossEntropy(softmax(l), label),
  "log Σ eᶻ − gather z": ({ z: l, label }) =>
    mean(sub(log(sum(exp(l), kept)), gather(l, expandDims(label, 1), { batch: 1 }))),
  "log Σ eᶻ − log Σ y eᶻ": ({ z: l, label }) =>
    mean(sub(log(sum(exp(l), last)), log(sum(mul(oneHot(label, 3), exp(l)), last)))),
  "log(Σ eᶻ / Σ y eᶻ)": ({ z: l, label }) =>
    mean(log(div(sum(exp(l), last), sum(mul(oneHot(label, 3), exp(l)), last)))),
  "log Σ exp(z − z[label])": ({ z: l, label }) =>
    mean(log(sum(exp(sub(l, gather(l, expandDims(label, 1), { batch: 1 }))), last))),
  "logsumexp − Σ oneHot·z": ({ z: l, label }) => mean(sub(logsumexp(l, last), sum(mul(oneHot(label, 3), l), last))),
};

/** Cross-entropy with labels. */
export const labels: Family = {
  name: "softmax cross-entropy with labels",
  leaves: () => ({ z: input("z", "f32", [2, 3]), label: input("label", "i32", [2]) }),
  canonical: ({ z: logits, label }) => softmaxCrossEntropy(logits, label),
  cases: [
    { z: z[0], label: [2, 0] },
    { z: z[1], label: [1, 2] },
    { z: z[2], label: [0, 1] },
  ],
  spellings: {
    ...Object.fromEntries(
      Object.entries(softmaxes)
        .filter((_, i) => [0, 1, 3, 4, 6].includes(i))
        .flatMap(([p, probability]) =>
          Object.entries(picks).map(
            ([name, loss]) =>
              [`${name}, p = ${p}`, ({ z: l, label }: Leaves) => mean(loss(probability(l), label))] as const,
          ),
        ),
    ),
    ...labelled,
  },
  apart: Object.fromEntries(
    Object.keys(softmaxes).map((p) => [`−log of flat positions, p = ${p}`, "flat positions need not be one a row"]),
  ),
  textbook: true,
};
