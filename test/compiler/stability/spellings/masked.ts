/// Distributions that a mask leaves part of, and differences of large numbers under a distribution.
import {
  abs,
  add,
  cosh,
  diagonal,
  div,
  equal,
  exp,
  input,
  iota,
  log,
  logSoftmax,
  logsumexp,
  mean,
  mul,
  neg,
  pow,
  sigmoid,
  sinh,
  softmax,
  softplus,
  square,
  sub,
  sum,
  tanh,
  where,
  type Value,
} from "chainrule";
import type { Family } from "./family.ts";

const last = { axis: -1 } as const;
const all = [1, 1, 1, 1, 1, 1];
const some = [1, 1, 0, 0, 1, 1];
const z = [
  [0.5, -1.25, 3, 0, -2, 1.5],
  [100, 0, -100, -100, -100, 99],
  [900, 901, 902, -300, 500, -88],
] as const;
const w = [1, 2, 0.5, 0.25, -1, 1];

const masked = (m: Value, x: Value): Value => where(m as never, x as never, -Infinity) as Value;

/** ln p where it counts, which is all that a mean under p reads. */
const counted = (m: Value, x: Value): Value => where(m as never, logSoftmax(masked(m, x)) as never, 0) as Value;

/** Both distributions leave out the same classes. */
const divergence: Family = {
  name: "divergence of two distributions under one mask",
  leaves: () => ({ z: input("z", "f32", [2, 3]), w: input("w", "f32", [2, 3]), m: input("m", "bool", [2, 3]) }),
  canonical: ({ z: l, w: other, m }) =>
    sum(mul(softmax(masked(m, l)), where(m as never, sub(counted(m, l), counted(m, other)) as never, 0) as Value)),
  cases: [
    { z: z[0], w, m: all },
    { z: z[0], w, m: some },
    { z: z[1], w, m: some },
    { z: z[2], w, m: some },
  ],
  spellings: {
    "Σ p·(ln p − ln q)": ({ z: l, w: other, m }) => {
      const [p, q] = [l, other].map((each) => softmax(masked(m, each)));
      return sum(mul(p, sub(log(p), log(q))));
    },
    "Σ p·ln(p/q)": ({ z: l, w: other, m }) => {
      const [p, q] = [l, other].map((each) => softmax(masked(m, each)));
      return sum(mul(p, log(div(p, q))));
    },
    "Σ p·ln p − p·ln q": ({ z: l, w: other, m }) => {
      const [p, q] = [l, other].map((each) => softmax(masked(m, each)));
      return sum(sub(mul(p, log(p)), mul(p, log(q))));
    },
    "Σ eᵃ·(a − b) of log-softmaxes": ({ z: l, w: other, m }) => {
      const [a, b] = [l, other].map((each) => logSoftmax(masked(m, each)));
      return sum(mul(exp(a), sub(a, b)));
    },
  },
  textbook: false,
};

/** A softmax of masked scores with a temperature, which the gradient is by. */
const temperature: Family = {
  name: "masked scores with a temperature",
  leaves: () => ({
    x: input("x", "f32", [2, 3]),
    w: input("w", "f32", [2, 3]),
    z: input("z", "f32", [1]),
    m: input("m", "bool", [2, 3]),
  }),
  canonical: ({ x, w: weight, z: t, m }) => sum(mul(weight, softmax(masked(m, div(x, t))))),
  cases: [
    { x: z[0], w, z: [0.5], m: all },
    { x: z[0], w, z: [0.5], m: some },
    { x: z[1], w, z: [8], m: some },
  ],
  spellings: {
    "mask, then ÷T": ({ x, w: weight, z: t, m }) => sum(mul(weight, softmax(div(masked(m, x), t)))),
    "mask, then ·1/T": ({ x, w: weight, z: t, m }) => sum(mul(weight, softmax(mul(masked(m, x), div(1, t))))),
    "exponentials of masked scores over their sum": ({ x, w: weight, z: t, m }) => {
      const e = exp(div(masked(m, x), t));
      return sum(mul(weight, div(e, sum(e, { axis: -1, keepAxes: true }))));
    },
  },
  textbook: false,
};

/** A mask of numbers 0 and 1. */
const shares: Family = {
  name: "shares under a mask of numbers",
  leaves: () => ({ z: input("z", "f32", [2, 3]), w: input("w", "f32", [2, 3]), m: input("m", "f32", [2, 3]) }),
  canonical: ({ z: l, w: weight, m }) => {
    const e = mul(exp(l), m);
    return sum(mul(weight, div(e, sum(e, { axis: -1, keepAxes: true }))));
  },
  cases: [{ z: z[0], w, m: all }, ...z.map((each) => ({ z: each, w, m: some }))],
  spellings: {
    "eᶻ·m / Σ eᶻ·m": ({ z: l, w: weight, m }) => {
      const e = mul(exp(l), m);
      return sum(mul(weight, div(e, sum(e, { axis: -1, keepAxes: true }))));
    },
    "m·eᶻ / Σ m·eᶻ, after the sum": ({ z: l, w: weight, m }) => {
      const e = mul(m, exp(l));
      return sum(mul(div(e, sum(e, { axis: -1, keepAxes: true })), weight));
    },
  },
  textbook: false,
};

const eye = (): Value => equal(iota([3, 3], 0) as never, iota([3, 3], 1) as never) as Value;
const scores = [
  [1, 0.5, -0.5, 0.25, 2, 1, -1, 0.5, 0.75],
  [100, -100, 50, 99, 98, -100, -100, 100, -100],
  [1000, 999, 0, -1000, -900, 1000, 500, 400, -500],
];

/** The positive pair stands on the diagonal, and is taken out of the sum of the others. */
const contrastive: Family = {
  name: "contrastive loss with the positive beside the others",
  leaves: () => ({ z: input("z", "f32", [3, 3]) }),
  canonical: ({ z: s }) => mean(sub(logsumexp(s, last), diagonal(s as never) as Value)),
  cases: scores.map((each) => ({ z: each })),
  spellings: {
    "−ln e⁺/(e⁺ + Σ where(i = j, 0, e))": ({ z: s }) => {
      const e = exp(s);
      const own = diagonal(e as never) as Value;
      return neg(mean(log(div(own, add(own, sum(where(eye() as never, 0, e as never), last))))));
    },
    "−ln of where(i = j, e, 0) over both": ({ z: s }) => {
      const e = exp(s);
      const own = sum(where(eye() as never, e as never, 0), last) as Value;
      return neg(mean(log(div(own, add(own, sum(where(eye() as never, 0, e as never), last))))));
    },
  },
  apart: {
    "−ln e⁺/(e⁺ + Σ where(i = j, 0, e))": "the positive and the others are two reductions of a row",
    "−ln of where(i = j, e, 0) over both": "the positive and the others are two reductions of a row",
  },
  textbook: false,
};

/** p where the label is 1, 1 − p where it is 0, by one formula of both. */
const closeness: Family = {
  name: "how near a probability is to its label",
  leaves: () => ({ z: input("z", "f32", [4]), y: input("y", "f32", [4]) }),
  canonical: ({ z: l, y }) => {
    const p = sigmoid(l);
    return neg(mean(log(add(mul(y, p), mul(sub(1, y), sub(1, p))))));
  },
  cases: [
    { z: [0.5, -1, 2, -3], y: [1, 0, 1, 0] },
    { z: [30, -30, 100, -100], y: [1, 0, 1, 0] },
    { z: [-100, 100, -300, 300], y: [1, 0, 1, 0] },
  ],
  spellings: {
    "−ln(1 − |y − p|)": ({ z: l, y }) => neg(mean(log(sub(1, abs(sub(y, sigmoid(l))))))),
    "−ln(1 − |p − y|)": ({ z: l, y }) => neg(mean(log(sub(1, abs(sub(sigmoid(l), y)))))),
    "−ln(1 − y − p + 2yp)": ({ z: l, y }) => {
      const p = sigmoid(l);
      return neg(mean(log(add(sub(sub(1, y), p), mul(mul(2, y), p)))));
    },
    "−ln|1 − y − p|": ({ z: l, y }) => neg(mean(log(abs(sub(sub(1, y), sigmoid(l)))))),
  },
  textbook: false,
};

const offsets = [z[0], z[1], z[2], [10000, 10001, 10002, 10003, 10000.5, 10000]].map((each) => ({ z: each }));

/** Numbers far from 0, of which only differences matter. */
const entropies: Family = {
  name: "entropy of scores far from 0",
  leaves: () => ({ z: input("z", "f32", [2, 3]) }),
  canonical: ({ z: l }) => neg(sum(mul(softmax(l), logSoftmax(l)))),
  cases: offsets,
  spellings: {
    "ln Σ eᶻ − Σ p·z": ({ z: l }) => sum(sub(logsumexp(l, last), sum(mul(softmax(l), l), last))),
    "ln Z − Σ eᶻ·z / Z": ({ z: l }) => {
      const e = exp(l);
      const total = sum(e, last);
      return sum(sub(log(total), div(sum(mul(e, l), last), total)));
    },
  },
  textbook: false,
};

/** −ln Σ p². */
const collisions: Family = {
  name: "collision entropy",
  leaves: () => ({ z: input("z", "f32", [2, 3]) }),
  canonical: ({ z: l }) => sum(sub(mul(2, logsumexp(l, last)), logsumexp(mul(2, l), last))),
  cases: offsets,
  spellings: {
    "−ln Σ p²": ({ z: l }) => neg(sum(log(sum(square(softmax(l)), last)))),
    "−ln Σ pow(p, 2)": ({ z: l }) => neg(sum(log(sum(pow(softmax(l), 2), last)))),
  },
  textbook: false,
};

/** Distances in units of a scale that is given by its logarithm. */
const laplace: Family = {
  name: "Laplace likelihood with a logarithmic scale",
  leaves: () => ({ z: input("z", "f32", [4]), d: input("d", "f32", [4]) }),
  canonical: ({ z: s, d }) => sum(add(mul(abs(d), exp(neg(s))), s)),
  cases: [
    { z: [0.5, 1, -1, 2], d: [1, -2, 0.5, 3] },
    { z: [-100, 100, 100, 50], d: [0, 0, 1, -1] },
  ],
  spellings: {
    "|d|·e⁻ˢ + s": ({ z: s, d }) => sum(add(mul(abs(d), exp(neg(s))), s)),
    "|d|/eˢ + s": ({ z: s, d }) => sum(add(div(abs(d), exp(s)), s)),
    "|d|/eˢ + ln eˢ": ({ z: s, d }) => sum(add(div(abs(d), exp(s)), log(exp(s)))),
  },
  textbook: false,
};

const langevin: Family = {
  name: "Langevin function",
  leaves: () => ({ z: input("z", "f32", [4]) }),
  canonical: ({ z: x }) => sum(sub(div(1, tanh(x)), div(1, x))),
  cases: [{ z: [0.75, 1, -1, 3] }, { z: [1e-3, 1e-6, -1e-2, 0.1] }, { z: [100, -30, 10000, 20] }],
  spellings: {
    "coth x − 1/x": ({ z: x }) => sum(sub(div(cosh(x), sinh(x)), div(1, x))),
    "1/tanh x − 1/x": ({ z: x }) => sum(sub(div(1, tanh(x)), div(1, x))),
  },
  textbook: false,
};

/** A scale that is small where its logit is far below 0. */
const precision: Family = {
  name: "one over a softplus",
  leaves: () => ({ z: input("z", "f32", [4]) }),
  canonical: ({ z: s }) => sum(div(1, softplus(s))),
  cases: [{ z: [0, 1, -1, 3] }, { z: [-40, -20, -30, -50] }, { z: [-80, 100, 10000, -60] }],
  spellings: {
    "1/ln(1 + eˢ)": ({ z: s }) => sum(div(1, log(add(1, exp(s))))),
    "softplus⁻¹": ({ z: s }) => sum(pow(softplus(s), -1)),
  },
  textbook: false,
};

/** All of them. */
export const masks: readonly Family[] = [
  ...[divergence, temperature, shares, contrastive, closeness],
  ...[entropies, collisions, laplace, langevin, precision],
];
