/// Scores that are masked, and exponentials over their sum beside a number.
import type { Row } from "../row.ts";

const ordinary = [
  [0.5, -1.25, 3],
  [0, -2, 1.5],
];
const offset = [
  [10000.5, 10001, 9999],
  [10000, 10001, 9998],
];
const mask = [
  [1, 1, 0],
  [0, 1, 1],
];

const low = [
  [-1000, -1001, -999],
  [-50, -51, -20],
];
/** A row of which nothing counts. */
const dead = [
  [1, 1, 0],
  [0, 0, 0],
];

const tables = [
  [
    [0.9, 0.1, -0.2],
    [0.3, 0.8, 0.1],
    [0.2, -0.4, 0.7],
  ],
  [
    [1, 0.999, 0.998],
    [0.999, 1, 0.9985],
    [0.998, 0.9985, 1],
  ],
];

const values = [
  [1, 2, -1],
  [0.5, -2, 3],
];
const pairs = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
/** Scores beside masks. */
export const scoreRows: readonly Row[] = [
  {
    name: "Scores less a large number where they are masked",
    about: "Multiplied out, z + 1e9·m − 1e9 keeps nothing of the scores.",
    program: `const u = add(z, mul(sub(1, m), -1e9));
return mean(sub(logsumexp(u, { axis: 1 }), sum(mul(oneHot(t, 3), u), { axis: 1 })));`,
    labels: ["t"],
    given: ["m"],
    points: [ordinary, offset].map((z) => ({ at: { z, t: [1, 2], m: mask } })),
  },
  {
    name: "Masked softmax by hand, a row without any",
    about: "The mask is a factor of the exponentials, which overflow; a row may be masked as a whole.",
    program: `const e = mul(m, exp(z));
return sum(mul(c, div(e, add(sum(e, { axis: 1, keepAxes: true }), 1e-8))))`,
    given: ["c", "m"],
    points: [ordinary, offset, low].map((z) => ({ at: { z, m: dead, c: [1, 2, -1] } })),
  },
  {
    name: "Masked softmax by selection, a row without any",
    about: "The same with a selection, and the larger of the sum and a number.",
    program: `const e = where(greater(m, 0), exp(z), 0);
return sum(mul(c, div(e, maximum(sum(e, { axis: 1, keepAxes: true }), 1e-8))))`,
    given: ["c", "m"],
    points: [ordinary, offset, low].map((z) => ({ at: { z, m: dead, c: [1, 2, -1] } })),
  },
  {
    name: "Softmax of rows that are −∞ here and there, a number in the denominator",
    about: "A row of −∞ alone has no largest score.",
    program: "const e = exp(z); return sum(mul(c, div(e, add(sum(e, { axis: 1, keepAxes: true }), 1e-8))))",
    given: ["z"],
    points: [
      [ordinary[0], [-Infinity, -Infinity, -Infinity]],
      [
        [0.5, -Infinity, 2],
        [-Infinity, 10000, 10001],
      ],
    ].map((z) => ({ at: { z, c: [1, 2, -1] } })),
  },
  {
    name: "Contrastive loss both ways, over a temperature that is learned",
    about: "Rows and columns weigh one table: the slope is what neither has in common.",
    program: `const s = div(z, t), pair = diagonal(s);
return mul(0.5, add(mean(sub(logsumexp(s, { axis: 1 }), pair)), mean(sub(logsumexp(s, { axis: 0 }), pair))))`,
    points: tables.flatMap((z) => [0.07, 1].map((t) => ({ at: { z, t } }))),
  },
  {
    name: "Mean under masked exponentials, a number in the denominator",
    about: "The same for what attention reads: values under exponentials, by their sum.",
    program: `const e = where(greater(m, 0), exp(z), 0);
return sum(mul(c, div(sum(mul(e, v), { axis: 1 }), add(sum(e, { axis: 1 }), 1e-8))))`,
    given: ["c", "m"],
    points: [ordinary, offset, low].map((z) => ({ at: { z, m: dead, v: values, c: [1, -2] } })),
  },
  {
    name: "Contrastive loss less the logarithm of how many there are, over a temperature that is learned",
    about: "A number stands between the logarithm and the pair.",
    program: "mean(sub(log(mean(exp(div(z, t)), { axis: 1 })), div(diagonal(z), t)))",
    points: tables.flatMap((z) => [0.07, 1].map((t) => ({ at: { z, t } }))),
  },
  {
    name: "Contrastive loss both ways with given pairs, over a temperature that is learned",
    about: "What pairs add up to is known at run time.",
    program: `const s = div(z, t);
return neg(div(add(sum(mul(y, logSoftmax(s, 1))), sum(mul(y, logSoftmax(s, 0)))), 6))`,
    given: ["y"],
    points: tables.flatMap((z) => [0.07, 1].map((t) => ({ at: { z, t, y: pairs } }))),
  },
];
