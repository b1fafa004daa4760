/// Contrastive losses over a temperature that is learned: tables of similarities, which are nearly alike or far apart, with
/// masks and with pairs that are given.
import type { Row } from "../row.ts";

const similarities = [
  [0.91, 0.13, -0.22],
  [0.37, 0.83, 0.11],
  [0.24, -0.41, 0.72],
];
const alike = [
  [1, 0.999, 0.998],
  [0.999, 1, 0.9985],
  [0.998, 0.9985, 1],
];
const pairs = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
const softPairs = [
  [0.5, 0.25, 0.25],
  [0.25, 0.5, 0.25],
  [0.25, 0.25, 0.5],
];
const others = [
  [0, 1, 1],
  [1, 0, 1],
  [1, 1, 0],
];
const positives = [
  [0, 1, 0],
  [1, 0, 0],
  [1, 1, 0],
];
const positive = [
  [0, 1, 0],
  [1, 0, 0],
  [1, 0, 0],
];

type Given = Row["points"][number]["at"];

const over = (temperatures: readonly number[], given: Given): Row["points"] =>
  [similarities, alike].flatMap((z) => temperatures.map((t) => ({ at: { z, t, ...given } })));

/** Rows, and columns, against pairs. */
export const contrastRows: readonly Row[] = [
  {
    name: "Contrastive loss both ways as logarithms less given pairs, over a temperature that is learned",
    about: "Weights of rows and of columns add up to nothing where the pairs do to 1, which is seen at run time.",
    program: `const s = div(z, t), pair = mul(y, s);
const rows = mean(sub(logsumexp(s, { axis: 1 }), sum(pair, { axis: 1 })));
const columns = mean(sub(logsumexp(s, { axis: 0 }), sum(pair, { axis: 0 })));
return div(add(rows, columns), 2)`,
    given: ["y"],
    points: [...over([0.07, 1], { y: pairs }), ...over([0.07, 1], { y: softPairs })],
  },
  {
    name: "Contrastive loss whose negatives a mask picks, over a temperature that is learned",
    about: "Two sums of the same exponentials, each with a mask: the slope is the difference of two means.",
    program: `const e = exp(div(z, t));
return neg(mean(log(div(sum(mul(p, e), { axis: 1 }), sum(mul(m, e), { axis: 1 })))))`,
    given: ["m", "p"],
    points: over([0.07, 0.5], { m: others, p: positives }),
  },
  {
    name: "Contrastive loss with a diagonal of −∞, over a temperature that is learned",
    about: "The mask lies in the scores of the softmax, and not in those that its slope weighs.",
    program: `const s = div(z, t);
return mean(sub(logsumexp(where(greater(m, 0), s, -Infinity), { axis: 1 }), sum(mul(p, s), { axis: 1 })))`,
    given: ["m", "p"],
    points: over([0.07, 0.5], { m: others, p: positive }),
  },
  {
    name: "Supervised contrastive loss, over a temperature that is learned",
    about: "A mean over as many positives as a row has, under exponentials of all others.",
    program: `const s = div(z, t), e = mul(m, exp(s));
const q = sub(s, log(sum(e, { axis: 1, keepAxes: true })));
return neg(mean(div(sum(mul(p, q), { axis: 1 }), sum(p, { axis: 1 }))))`,
    given: ["m", "p"],
    points: over([0.07, 0.5], { m: others, p: positives }),
  },
  {
    name: "Label smoothing at a temperature that is learned",
    about: "Weights of the labels add up to 1 but for the rounding of their numbers.",
    program: `const q = logSoftmax(div(z, t));
return mean(add(mul(-0.9, sum(mul(oneHot(l, 3), q), { axis: 1 })), mul(-0.1, mean(q, { axis: 1 }))))`,
    labels: ["l"],
    points: over([0.07, 0.5], { l: [0, 1, 2] }),
  },
];
