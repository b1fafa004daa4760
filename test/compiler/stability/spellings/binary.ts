/// Binary cross-entropy of a logit z and a target y, −y ln σ(z) − (1 − y) ln(1 − σ(z)), in the ways that people write it.
import {
  abs,
  add,
  binaryCrossEntropy,
  div,
  exp,
  input,
  log,
  log1p,
  logSigmoid,
  logaddexp,
  logsumexp,
  maximum,
  mean,
  mul,
  neg,
  pow,
  reciprocal,
  relu,
  reshape,
  sigmoid,
  sigmoidCrossEntropy,
  softplus,
  stack,
  sub,
  sum,
  tanh,
  transpose,
  xlogy,
  type Value,
} from "chainrule";
import type { Family, Leaves } from "./family.ts";

/** The probability σ(z). */
export const probabilities: Readonly<Record<string, (z: Value) => Value>> = {
  "σ(z)": (z) => sigmoid(z),
  "1/(1 + e⁻ᶻ)": (z) => div(1, add(1, exp(neg(z)))),
  "(1 + e⁻ᶻ)⁻¹": (z) => pow(add(1, exp(neg(z))), -1),
  "reciprocal(e⁻ᶻ + 1)": (z) => reciprocal(add(exp(neg(z)), 1)),
  "eᶻ/(1 + eᶻ)": (z) => div(exp(z), add(1, exp(z))),
  "eᶻ·1/(eᶻ + 1)": (z) => mul(exp(z), div(1, add(exp(z), 1))),
  "1 − 1/(1 + eᶻ)": (z) => sub(1, div(1, add(1, exp(z)))),
  "1 − σ(−z)": (z) => sub(1, sigmoid(neg(z))),
  "(1 + tanh(z/2))/2": (z) => div(add(1, tanh(div(z, 2))), 2),
  "½ tanh(½z) + ½": (z) => add(mul(0.5, tanh(mul(0.5, z))), 0.5),
  "e^(z/2)/(e^(z/2) + e^(−z/2))": (z) => div(exp(div(z, 2)), add(exp(div(z, 2)), exp(div(neg(z), 2)))),
  "exp(−softplus(−z))": (z) => exp(neg(softplus(neg(z)))),
  "exp(z − log(1 + eᶻ))": (z) => exp(sub(z, log(add(1, exp(z))))),
  "exp(logSigmoid(z))": (z) => exp(logSigmoid(z)),
};

/** −y ln p − (1 − y) ln(1 − p), element by element. */
export const logarithms: Readonly<Record<string, (p: Value, y: Value) => Value>> = {
  "−y log p − (1−y) log(1−p)": (p, y) => sub(neg(mul(y, log(p))), mul(sub(1, y), log(sub(1, p)))),
  "−(y log p + (1−y) log(1−p))": (p, y) => neg(add(mul(y, log(p)), mul(sub(1, y), log(sub(1, p))))),
  "(y−1) log(1−p) − log(p) y": (p, y) => sub(mul(sub(y, 1), log(sub(1, p))), mul(log(p), y)),
  "−y log p − (1−y) log1p(−p)": (p, y) => neg(add(mul(y, log(p)), mul(sub(1, y), log1p(neg(p))))),
  "−y log(p/(1−p)) − log(1−p)": (p, y) => sub(neg(mul(y, log(div(p, sub(1, p))))), log(sub(1, p))),
  "−log(p^y·(1−p)^(1−y))": (p, y) => neg(log(mul(pow(p, y), pow(sub(1, p), sub(1, y))))),
  "−log(p^y) − log((1−p)^(1−y))": (p, y) => sub(neg(log(pow(p, y))), log(pow(sub(1, p), sub(1, y)))),
  "y log(1/p) + (1−y) log(1/(1−p))": (p, y) => add(mul(y, log(div(1, p))), mul(sub(1, y), log(div(1, sub(1, p))))),
  "log((1−p)/p)·y − log(1−p)": (p, y) => sub(mul(log(div(sub(1, p), p)), y), log(sub(1, p))),
  xlogy: (p, y) => neg(add(xlogy(y, p), xlogy(sub(1, y), sub(1, p)))),
  "y(log(1−p) − log p) − log(1−p)": (p, y) => sub(mul(y, sub(log(sub(1, p)), log(p))), log(sub(1, p))),
};

const whole: Readonly<Record<string, (leaves: Leaves) => Value>> = {
  "max(z, 0) − z·y + log(1 + e^−|z|)": ({ z, y }) =>
    mean(add(sub(maximum(z, 0), mul(z, y)), log(add(1, exp(neg(abs(z))))))),
  "relu(z) − z·y + log1p(e^−|z|)": ({ z, y }) => mean(add(sub(relu(z), mul(z, y)), log1p(exp(neg(abs(z)))))),
  "log(1 + eᶻ) − y z": ({ z, y }) => mean(sub(log(add(1, exp(z))), mul(y, z))),
  "softplus(z) − y z": ({ z, y }) => mean(sub(softplus(z), mul(y, z))),
  "(1−y) z + log(1 + e⁻ᶻ)": ({ z, y }) => mean(add(mul(sub(1, y), z), log(add(1, exp(neg(z)))))),
  "logaddexp(0, z) − y z": ({ z, y }) => mean(sub(logaddexp(0, z), mul(y, z))),
  "z − yz + softplus(−z)": ({ z, y }) => mean(add(sub(z, mul(y, z)), softplus(neg(z)))),
  "logsumexp of (0, z) − y z": ({ z, y }) => mean(sub(logsumexp(stack([mul(z, 0), z], -1), { axis: -1 }), mul(y, z))),
  "−y logσ(z) − (1−y) logσ(−z)": ({ z, y }) =>
    neg(mean(add(mul(y, logSigmoid(z)), mul(sub(1, y), logSigmoid(neg(z)))))),
  "binaryCrossEntropy(σ(z), y)": ({ z, y }) => binaryCrossEntropy(sigmoid(z), y),
  "sum over the count": ({ z, y }) => {
    const p = sigmoid(z);
    return div(sum(sub(neg(mul(y, log(p))), mul(sub(1, y), log(sub(1, p))))), 6);
  },
  "mean over rows of the mean over columns": ({ z, y }) => {
    const p = div(1, add(1, exp(neg(z))));
    return mean(mean(neg(add(mul(y, log(p)), mul(sub(1, y), log(sub(1, p))))), { axis: 1 }));
  },
  "log of a reshaped probability": ({ z, y }) => {
    const p = reshape(sigmoid(z), [6]);
    const t = reshape(y, [6]);
    return neg(mean(add(mul(t, log(p)), mul(sub(1, t), log(sub(1, p))))));
  },
  "log of a transposed probability": ({ z, y }) => {
    const p = transpose(div(exp(z), add(exp(z), 1)), [1, 0]);
    const t = transpose(y, [1, 0]);
    return neg(mean(add(mul(t, log(p)), mul(sub(1, t), log(sub(1, p))))));
  },
};

const shape = [2, 3] as const;
const y = [0, 1, 0, 1, 1, 0];

/** Inputs in ordinary and extreme places. */
export const binaryCases = [
  { z: [0.5, -1.25, 3, 0, -2, 1.5], y: [0, 1, 1, 0, 0.25, 0.75] },
  { z: [100, 100, -100, -100, 30, -30], y },
  { z: [1e4, -1e4, -1e4, 1e4, 88, -104], y },
] as const;

// A third of all pairs, in which each spelling meets many of the others.
const named = Object.entries(probabilities).flatMap(([p, probability], i) =>
  Object.entries(logarithms)
    .filter((_, j) => (i + j) % 3 === 0)
    .map(([name, loss]) => [`${name}, p = ${p}`, ({ z, y: t }: Leaves) => mean(loss(probability(z), t))] as const),
);

/** Binary cross-entropy. */
export const binary: Family = {
  name: "binary cross-entropy",
  leaves: () => ({ z: input("z", "f32", shape), y: input("y", "f32", shape) }),
  canonical: ({ z, y: t }) => sigmoidCrossEntropy(z, t),
  cases: binaryCases,
  spellings: { ...Object.fromEntries(named), ...whole },
  apart: {
    "logsumexp of (0, z) − y z": "a row that is put together of two is made before it is reduced",
    "mean over rows of the mean over columns":
      "means of rows share a kernel with what else reads the rows: one sum may not",
  },
  textbook: true,
};
