/// What averages of sigmoids and shares of a softmax leave of 1, bare and under guards: nothing is left of the difference
/// where they are near 1, and all of its digits where what they leave is added up.
import { describe, it } from "vitest";
import { expectNear, onDevice } from "./scoreboard/device.ts";
import { truthOf } from "./scoreboard/measure.ts";
import { programOf, type Numbers, type Row } from "./scoreboard/row.ts";

interface Case {
  readonly loss: string;
  readonly at: readonly Readonly<Record<string, Numbers>>[];
  readonly given?: readonly string[];
}

const z = [
  [15, 15.5, 14],
  [12, -13, 11],
];
const far = [
  [30, 40, 35],
  [100, 20, 50],
];
const pairs = [
  { a: [15, 1], b: [17, 2] },
  { a: [50, 1], b: [40, -20] },
];
const scores = [{ z: [15, 2, 1] }, { z: [11, 2, 0] }, { z: [1, 2, 1] }];

const cases: Readonly<Record<string, Case>> = {
  "sparsity of a mean activation": {
    loss: "const r = mean(sigmoid(z), { axes: [0] }); return sum(add(mul(0.05, log(div(0.05, r))), mul(0.95, log(div(0.95, sub(1, r))))))",
    at: [{ z }, { z: far }],
  },
  "cross-entropy of a bag's mean": {
    loss: "const p = mean(sigmoid(z), { axes: [1] }); return neg(mean(add(mul(y, log(p)), mul(sub(1, y), log(sub(1, p))))))",
    at: [
      { z, y: [1, 0] },
      { z: far, y: [1, 0] },
    ],
    given: ["y"],
  },
  "a sum over its number": {
    loss: "sum(log(sub(1, div(sum(sigmoid(z), { axes: [1] }), 3))))",
    at: [{ z }, { z: far }],
  },
  "a mean under a softmax": {
    loss: "sum(log(sub(1, sum(mul(softmax(a), sigmoid(z)), { axes: [1] }))))",
    at: [
      { z: far, a: z },
      { z, a: far },
    ],
  },
  "half of a sum of two": { loss: "sum(log(sub(1, div(add(sigmoid(a), sigmoid(b)), 2))))", at: pairs },
  "a mixture of two": {
    loss: "sum(log(sub(1, add(mul(w, sigmoid(a)), mul(sub(1, w), sigmoid(b))))))",
    at: pairs.map((pair) => ({ ...pair, w: [0.3, 0.2] })),
  },
  "unequal shares, by log1p and a guard": {
    loss: "sum(add(log1p(neg(mul(0.5, add(sigmoid(a), sigmoid(b))))), log(maximum(sub(1, add(mul(0.7, sigmoid(a)), mul(0.3, sigmoid(b)))), 1e-9))))",
    at: pairs,
  },
  "odds of a mean": { loss: "const p = mean(sigmoid(z), { axes: [1] }); return sum(div(p, sub(1, p)))", at: [{ z }] },
  "mean of shares over rows": {
    loss: "sum(log(sub(1, mean(softmax(z), { axes: [0] }))))",
    at: [
      { z: [z[0], [20, 1, 0]] },
      {
        z: [
          [50, 2, 1],
          [60, 1, 0],
        ],
      },
    ],
  },
  "a share between numbers": { loss: "sum(log(clamp(sub(1, softmax(z)), 1e-7, 1)))", at: scores },
  "what a share between numbers leaves": { loss: "sum(log(sub(1, clamp(softmax(z), 1e-7, 1 - 1e-7))))", at: scores },
  "a share beside a small number": { loss: "sum(log(add(sub(1, softmax(z)), 1e-8)))", at: scores },
  "a share, taken from 1 twice": {
    loss: "neg(sum(mul(y, log(sub(1, sub(1, softmax(z)))))))",
    at: [
      [14, 0, -1],
      [20, 0, -1],
      [1, 2, 1],
    ].map((row) => ({ z: row, y: [0.2, 0.5, 0.3] })),
    given: ["y"],
  },
  "a mean of given numbers under a softmax": {
    loss: "log(maximum(sub(1, sum(mul(softmax(z), w))), 1e-9))",
    at: scores.map((each) => ({ ...each, w: [1, 0, 0.5] })),
    given: ["w"],
  },
};

describe("what is left of 1 is added up", () => {
  it.each(Object.entries(cases))("%s", async (name, { loss, at, given }) => {
    const row: Row = { name, about: "", program: loss, given, points: at.map((each) => ({ at: each })) };
    const program = programOf(row);
    const results = await onDevice(row, program);
    row.points.forEach((point, i) => expectNear(results[i], truthOf(program, point), point));
  });
});
