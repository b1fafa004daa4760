/// Cross-entropy over sequences of which some places are padding, in the ways that people write it.
import {
  cast,
  div,
  exp,
  expandDims,
  gather,
  input,
  log,
  logSoftmax,
  logsumexp,
  mul,
  neg,
  oneHot,
  reshape,
  softmax,
  softmaxCrossEntropy,
  sub,
  sum,
  takeAlongAxis,
  where,
  type Value,
} from "chainrule";
import type { Family } from "./family.ts";

const last = { axis: -1 } as const;
const kept = { axis: -1, keepAxes: true } as const;

const ordinary = [0.5, -1, 2, 0, 1, -0.5, 3, 0.25, -2, 1, 0, 4];
const extreme = [100, 0, -100, 99, 1e4, 10001, 9999, 50, -100, -90, 88, 200];
const padding = [0, 0, 0];
const leaves = (): Record<string, Value> => ({
  z: input("z", "f32", [2, 3, 3]),
  label: input("label", "i32", [2, 3]),
  valid: input("valid", "bool", [2, 3]),
});
const cases = [
  { z: [...ordinary, ...padding, ...padding], label: [0, 1, 2, 0, 0, 0], valid: [1, 1, 1, 1, 0, 0] },
  { z: [...extreme, ...padding, ...padding], label: [1, 0, 1, 2, 0, 0], valid: [1, 1, 1, 1, 0, 0] },
  // What stands in padded places is not looked at.
  {
    z: [...ordinary, NaN, Infinity, -Infinity, Infinity, Infinity, 1e38],
    label: [0, 1, 2, 0, 0, 0],
    valid: [1, 1, 1, 1, 0, 0],
  },
];

/** The mean of the losses of the places that count: padded ones may hold anything. */
export const maskedSequences: Family = {
  name: "masked sequence cross-entropy",
  leaves,
  canonical: ({ z, label, valid }) =>
    div(sum(where(valid, softmaxCrossEntropy(z, label, { reduction: "none" }), 0)), sum(cast(valid, "f32"))),
  cases,
  spellings: {
    "where(valid, −log of a gather, 0)": ({ z, label, valid }) => {
      const nll = neg(log(takeAlongAxis(softmax(z), expandDims(label, 2), 2)));
      return div(sum(where(valid, reshape(nll, [2, 3]), 0)), sum(cast(valid, "f32")));
    },
    "where(valid, −Σ y log p, 0)": ({ z, label, valid }) => {
      const p = div(exp(z), sum(exp(z), kept));
      const nll = neg(sum(mul(oneHot(label, 3), log(p)), last));
      return div(sum(where(valid, nll, 0)), sum(cast(valid, "f32")));
    },
    "rows of a matrix": ({ z, label, valid }) => {
      const p = softmax(reshape(z, [6, 3]));
      const nll = neg(log(gather(p, reshape(label, [6, 1]), { batch: 1 })));
      return div(sum(where(reshape(valid, [6]), reshape(nll, [6]), 0)), sum(cast(valid, "f32")));
    },
    "the sum of weights times losses": ({ z, label, valid }) => {
      const nll = neg(sum(mul(oneHot(label, 3), logSoftmax(z)), last));
      const weight = cast(valid, "f32");
      return div(sum(mul(weight, nll)), sum(weight));
    },
    "weights that add up to 1": ({ z, label, valid }) => {
      const nll = sub(logsumexp(z, last), sum(mul(oneHot(label, 3), z), last));
      const weight = div(cast(valid, "f32"), sum(cast(valid, "f32")));
      return sum(mul(weight, nll));
    },
    "scores replaced before": ({ z, label, valid }) => {
      const safe = where(expandDims(valid, 2), z, 0);
      const nll = neg(sum(mul(oneHot(label, 3), logSoftmax(safe)), last));
      return div(sum(where(valid, nll, 0)), sum(cast(valid, "f32")));
    },
  },
  apart: {
    "where(valid, −log of a gather, 0)": "the entries and the rest of a row are two selections",
    "rows of a matrix": "rows whose reshape meets masks of another shape",
  },
  textbook: true,
};
