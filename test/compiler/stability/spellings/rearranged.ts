/// Probabilities that are chosen, put together or left over before their logarithm is taken.
import {
  concatenate,
  cumprod,
  cumsum,
  diagonal,
  einsum,
  exp,
  exp2,
  div,
  input,
  log,
  log1p,
  logSigmoid,
  logsumexp,
  matmul,
  max,
  mean,
  mul,
  neg,
  oneHot,
  pow,
  product,
  sigmoid,
  slice,
  softmax,
  softmaxCrossEntropy,
  softplus,
  stack,
  sub,
  sum,
  trace,
  transpose,
  type Value,
} from "chainrule";
import type { Family } from "./family.ts";

const last = { axis: -1 } as const;
const z = [
  [0.5, -1.25, 3, 0, -2, 1.5],
  [100, 0, -100, -100, -100, 99],
] as const;
const y = (label: Value): Value => oneHot(label, 3);

/** One probability of each row, however it is found. */
const picked: Family = {
  name: "probabilities found among others",
  leaves: () => ({ z: input("z", "f32", [2, 3]), label: input("label", "i32", [2]) }),
  canonical: ({ z: l, label }) => softmaxCrossEntropy(l, label),
  cases: [
    { z: z[0], label: [2, 0] },
    { z: z[1], label: [2, 0] },
  ],
  spellings: {
    "−log max y·p": ({ z: l, label }) => neg(mean(log(max(mul(y(label), softmax(l)), last)))),
    "−log of the diagonal of p·yᵀ": ({ z: l, label }) =>
      neg(mean(log(diagonal(matmul(softmax(l), transpose(y(label))) as never)))),
    "−trace of log(p·yᵀ)": ({ z: l, label }) =>
      neg(div(trace(log(matmul(softmax(l), transpose(y(label)))) as never), 2)),
    "−log(1 − Σ (1 − y)·p)": ({ z: l, label }) => neg(mean(log(sub(1, sum(mul(softmax(l), sub(1, y(label))), last))))),
    "−log1p of an einsum": ({ z: l, label }) => neg(mean(log1p(neg(einsum("ij,ij->i", softmax(l), sub(1, y(label))))))),
    "of probabilities side by side": ({ z: l, label }) => {
      const both = concatenate([softmax(l), softmax(neg(l))], 1);
      return neg(mean(log(sum(mul(y(label), slice(both, [null, [0, 3]])), last))));
    },
  },
  apart: {
    "−log of the diagonal of p·yᵀ": "all products are formed before some are taken",
    "−trace of log(p·yᵀ)": "all products are formed before some are taken",
    "of probabilities side by side": "rows that are put together are made before they are reduced",
  },
  textbook: false,
};

/** ln of a sum of powers of 2. */
const powers: Family = {
  name: "powers of two",
  leaves: () => ({ z: input("z", "f32", [2, 3]) }),
  canonical: ({ z: l }) => sum(logsumexp(mul(Math.LN2, l), last)),
  cases: [{ z: z[0] }, { z: z[1].map((each) => 3 * each) }],
  spellings: {
    "log Σ 2ᶻ": ({ z: l }) => sum(log(sum(pow(2, l), last))),
    "log Σ exp2(z)": ({ z: l }) => sum(log(sum(exp2(l), last))),
    "log Σ of 2ᶻ put together": ({ z: l }) =>
      sum(
        log(
          sum(
            stack(
              [0, 1, 2].map((i) => slice(pow(2, l), [null, [i, i + 1]])),
              0,
            ),
            { axes: [0, 2] },
          ),
        ),
      ),
  },
  apart: { "log Σ of 2ᶻ put together": "rows that are put together are made before they are reduced" },
  textbook: false,
};

/** ln of the probability that nothing has happened up to a place. */
const survival: Family = {
  name: "running products of probabilities",
  leaves: () => ({ z: input("z", "f32", [2, 3]) }),
  canonical: ({ z: l }) => sum(cumsum(logSigmoid(l), 1)),
  cases: [{ z: z[0] }, { z: z[1] }],
  spellings: {
    "Σ log cumprod σ(z)": ({ z: l }) => sum(log(cumprod(sigmoid(l), 1))),
    "Σ log cumprod (1 − σ(−z))": ({ z: l }) => sum(log(cumprod(sub(1, sigmoid(neg(l))), 1))),
  },
  textbook: false,
};

/** What is left of all probabilities but one, and of all events but none. */
const complements: Family = {
  name: "complements of probabilities",
  leaves: () => ({ z: input("z", "f32", [2, 3]) }),
  canonical: ({ z: l }) => neg(sum(log1p(neg(softmax(l))))),
  cases: [{ z: z[0] }, { z: z[1] }],
  spellings: {
    "−Σ log(1 − p)": ({ z: l }) => neg(sum(log(sub(1, softmax(l))))),
    "−Σ log(1 − eᶻ/Σeᶻ)": ({ z: l }) => neg(sum(log(sub(1, div(exp(l), sum(exp(l), { axis: -1, keepAxes: true })))))),
  },
  textbook: false,
};

/** Noisy or: at least one of several causes. */
const noisyOr: Family = {
  name: "at least one of several events",
  leaves: () => ({ z: input("z", "f32", [2, 3]) }),
  canonical: ({ z: l }) => neg(mean(log(sub(1, product(sub(1, sigmoid(l)), last))))),
  cases: [{ z: z[0] }, { z: [-20, -30, -40, -100, -110, -90] }],
  spellings: {
    "1 − exp(−Σ softplus)": ({ z: l }) => neg(mean(log(sub(1, exp(neg(sum(softplus(l), last))))))),
    "1 − Π 1/(1 + eᶻ)": ({ z: l }) => neg(mean(log(sub(1, product(sigmoid(neg(l)), last))))),
  },
  textbook: false,
};

/** All of them. */
export const rearranged: readonly Family[] = [picked, powers, survival, complements, noisyOr];
