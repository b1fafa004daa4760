/// Mixtures of discretised logistics: far out both sigmoids of a difference are 1, or both vanish, and what is left between
/// them has its digits all the same.
import { describe, it } from "vitest";
import { expectNear, onDevice } from "./scoreboard/device.ts";
import { truthOf } from "./scoreboard/measure.ts";
import { programOf, type Point, type Row } from "./scoreboard/row.ts";

const a = [0.1, 0.5, 1];
const m = [0.1, -0.3, 0.5];
const points: readonly Point[] = [
  { at: { x: 0.2, a, m, s: [-2, -1, 0], h: 0.00392 } },
  { at: { x: 4, a, m, s: [-4, -3, -3], h: 0.00392 } },
  { at: { x: -4, a, m, s: [-4, -4.5, -3], h: 0.00392 } },
  { at: { x: 0.2, a, m: [10, -30, 50], s: [-2, -1, 0], h: 0.00392 } },
];

const parts =
  "const k = exp(neg(s)); const d = sub(x, m); const p = sub(sigmoid(mul(k, add(d, h))), sigmoid(mul(k, sub(d, h))));";

const losses: Readonly<Record<string, string>> = {
  "the logarithm of the mixture": "neg(log(sum(mul(softmax(a), p))))",
  "beside a small number": "neg(log(add(sum(mul(softmax(a), p)), 1e-12)))",
  "a sum of logarithms by ln Σ eˣ": "neg(logsumexp(add(logSoftmax(a), log(p))))",
};

describe("a mixture of differences of sigmoids keeps its digits", () => {
  it.each(Object.entries(losses))("%s", async (name, loss) => {
    const row: Row = { name, about: "", program: `${parts} return ${loss};`, given: ["h"], points };
    const program = programOf(row);
    const results = await onDevice(row, program);
    points.forEach((point, i) => expectNear(results[i], truthOf(program, point), point));
  });
});
