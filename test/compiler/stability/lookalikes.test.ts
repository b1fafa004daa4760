/// Formulas that nearly have a form which a rule knows keep their own value: weights that stand twice, shares that may be
/// negative, roots of something else, logarithms that a mask has made large.
import { describe, it } from "vitest";
import { expectNear, onDevice } from "./scoreboard/device.ts";
import { truthOf } from "./scoreboard/measure.ts";
import { programOf, type Numbers, type Row } from "./scoreboard/row.ts";

interface Case {
  readonly loss: string;
  readonly at: Readonly<Record<string, Numbers>>;
}

const distilled =
  "mul(16, mean(sum(mul(softmax(div(z, 4)), sub(logSoftmax(div(z, 4)), logSoftmax(div(w, 4)))), { axis: 1 })))";

const cases: Readonly<Record<string, Case>> = {
  "a root of two squares over the one and the other": {
    loss: "sum(div(sub(hypot(x, y), 1), add(square(x), y)))",
    at: { x: [0.5, 2], y: [0.25, 3] },
  },
  "a divergence whose weights stand twice": {
    loss: "const p = softmax(div(z, 4)); return sum(mul(p, mul(p, sub(log(p), logSoftmax(div(w, 4))))))",
    at: { z: [1, 2, 0.5], w: [0, 1, 2] },
  },
  "a divergence under squared weights": {
    loss: "const a = logSoftmax(div(z, 4)), b = logSoftmax(div(w, 4)); return sum(mul(square(exp(a)), sub(a, b)))",
    at: {
      z: [
        [1, 2],
        [0.5, 1],
      ],
      w: [
        [0, 1],
        [2, -1],
      ],
    },
  },
  "a divergence of scores of which the first are masked": {
    loss: distilled,
    at: { z: [[1, 2, -1e9]], w: [[0, 1, 2]] },
  },
  "a divergence of scores that are masked far out": { loss: distilled, at: { z: [[1, 2, -3e4]], w: [[0, 1, 2]] } },
  "what shares of either sign leave of 1": {
    loss: "const e = sub(sigmoid(z), 0.5), p = div(e, sum(e)); return sum(div(1, maximum(sub(1, p), -9)))",
    at: { z: [1, 0.9, -0.5] },
  },
};

describe("what looks like a known form", () => {
  it.each(Object.entries(cases))("is right for %s", async (name, { loss, at }) => {
    const row: Row = { name, about: "", program: loss, points: [{ at }] };
    const program = programOf(row);
    const [result] = await onDevice(row, program);
    expectNear(result, truthOf(program, row.points[0]), row.points[0]);
  });
});
