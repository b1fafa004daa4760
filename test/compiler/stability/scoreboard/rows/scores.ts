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
];
