/// Averages of sigmoids and of shares: what they leave of 1, and their logarithms.
import type { Row } from "../row.ts";

export const averageRows: readonly Row[] = [
  {
    name: "Sparsity of mean activations",
    about: "ρ·ln(ρ/ρ̂) + (1 − ρ)·ln((1 − ρ)/(1 − ρ̂)) of mean sigmoids ρ̂, which are nearly 1 where units fire always.",
    program: `
const r = mean(sigmoid(z), { axes: [0] });
return sum(add(mul(0.05, log(div(0.05, r))), mul(0.95, sub(log(0.95), log1p(neg(r))))))`,
    points: [
      {
        at: {
          z: [
            [1, -2],
            [0.2, 2],
          ],
        },
      },
      {
        at: {
          z: [
            [15, 13],
            [12, 11],
          ],
        },
      },
      {
        at: {
          z: [
            [30, -40],
            [100, -20],
          ],
        },
      },
    ],
  },
  {
    name: "Cross-entropy of a bag",
    about: "The mean over the instances of a bag, clamped: what it leaves of 1 is rounded as a difference.",
    program: `
const p = mean(sigmoid(z), { axes: [1] });
return neg(mean(add(mul(y, log(clamp(p, 1e-7, 1))), mul(sub(1, y), log(clamp(sub(1, p), 1e-7, 1))))))`,
    given: ["y"],
    points: [
      {
        at: {
          z: [
            [1, -2],
            [0.2, 2],
          ],
          y: [1, 0],
        },
      },
      {
        at: {
          z: [
            [15, 13],
            [12, 11],
          ],
          y: [1, 0],
        },
      },
      {
        at: {
          z: [
            [15, 13],
            [-12, -11],
          ],
          y: [0, 1],
        },
      },
    ],
  },
  {
    name: "Shares of a softmax between numbers",
    about: "ln of 1 − p under clamps, as for classes that are not wanted: what is left is the sum of the other shares.",
    program: "sum(log(clamp(sub(1, softmax(z)), 1e-7, 1)))",
    points: [{ at: { z: [1, 2, 1] } }, { at: { z: [11, 2, 0] } }, { at: { z: [50, 2, 1] } }],
  },
];
