/// Spellings put together at random: a probability, a layout between it and the logarithm, the loss of a row, a weight of
/// the rows and a mean, each in one of its spellings.
import {
  div,
  exp,
  expandDims,
  input,
  log,
  mean,
  mul,
  reshape,
  softmaxCrossEntropy,
  squeeze,
  sum,
  transpose,
} from "chainrule";
import type { Value } from "chainrule";
import { noise } from "../../symbolic.ts";
import { rowLosses, softmaxes } from "./categorical.ts";
import type { Family, Leaves } from "./family.ts";

/** The loss of rows of probabilities, which it may see in another layout. */
const layouts: Readonly<Record<string, (loss: Loss, p: Value, y: Value) => Value>> = {
  "as it is": (loss, p, y) => loss(p, y),
  "transposed twice": (loss, p, y) => loss(transpose(transpose(p, [1, 0]), [1, 0]), y),
  "with an axis of 1": (loss, p, y) => squeeze(loss(expandDims(p, 1), expandDims(y, 1)), [1]),
  "flat and back": (loss, p, y) => loss(reshape(reshape(p, [6]), [2, 3]), y),
};

type Loss = (p: Value, y: Value) => Value;

const weights: Readonly<Record<string, (row: Value, w: Value) => Value>> = {
  "w·L": (row, w) => mul(w, row),
  "L·w": (row, w) => mul(row, w),
  "L/(1/w)": (row, w) => div(row, div(1, w)),
  "L·exp(log w)": (row, w) => mul(row, exp(log(w))),
};

const means: Readonly<Record<string, (losses: Value) => Value>> = {
  mean: (losses) => mean(losses),
  "Σ/n": (losses) => div(sum(losses), 2),
  "Σ·(1/n)": (losses) => mul(sum(losses), 0.5),
  "Σ(L/n)": (losses) => sum(div(losses, 2)),
};

const count = 60;

/** Another seed tries other compositions: `SPELLINGS_SEED=7`. */
const seed = Number(process.env.SPELLINGS_SEED ?? 1);

function composition(next: () => number): readonly [string, (leaves: Leaves) => Value] {
  const pick = <T>(table: Readonly<Record<string, T>>): readonly [string, T] => {
    const entries = Object.entries(table);
    return entries[Math.floor(((next() + 1) / 2) * entries.length) % entries.length];
  };
  const [[p, probability], [layout, seen]] = [pick(softmaxes), pick(layouts)];
  const { "einsum of y and log p": _, ...plain } = rowLosses;
  const [[name, loss], [weight, weighted], [reduction, reduce]] = [pick(plain), pick(weights), pick(means)];
  return [
    [p, layout, name, weight, reduction].join(" | "),
    ({ z, y, w }) => reduce(weighted(seen(loss, probability(z), y), w)),
  ];
}

function compositions(): Readonly<Record<string, (leaves: Leaves) => Value>> {
  const next = noise(seed);
  return Object.fromEntries(Array.from({ length: count }, () => composition(next)));
}

/** Weighted cross-entropy of a softmax, at random. */
export const composed: readonly Family[] = [
  {
    name: `weighted cross-entropy, composed with seed ${seed}`,
    leaves: () => ({
      z: input("z", "f32", [2, 3]),
      y: input("y", "f32", [2, 3], { distribution: true }),
      w: input("w", "f32", [2]),
    }),
    canonical: ({ z, y, w }) => mean(mul(w, softmaxCrossEntropy(z, y, { reduction: "none" }))),
    cases: [
      { z: [0.5, -1.25, 3, 0, -2, 1.5], y: [0.25, 0.5, 0.25, 0, 0, 1], w: [0.5, 3] },
      { z: [100, 0, -100, -100, -100, 99], y: [0, 1, 0, 0.5, 0.25, 0.25], w: [2, 1] },
      { z: [10000.5, 10001, 9999, -1e4, -10001, -9998], y: [1, 0, 0, 0.25, 0.25, 0.5], w: [1, 0.25] },
    ],
    spellings: compositions(),
    textbook: true,
  },
];
