/// 1 − σ(z) under clamps, conditions and small numbers: its logarithm has the digits that the difference from 1 has lost.
import { describe, it } from "vitest";
import { expectNear, onDevice } from "./scoreboard/device.ts";
import { truthOf } from "./scoreboard/measure.ts";
import { programOf, type Point, type Row } from "./scoreboard/row.ts";

const points: readonly Point[] = [{ at: { z: [15, 2], y: [0, 1] } }, { at: { z: [15.5, -15.5], y: [0, 1] } }];

/** Of p = σ(z) and y. */
const losses: Readonly<Record<string, string>> = {
  "binary cross-entropy, both sides clamped":
    "neg(mean(add(mul(y, log(clamp(p, 1e-7, 1))), mul(sub(1, y), log(clamp(sub(1, p), 1e-7, 1))))))",
  "a maximum": "sum(mul(y, log(maximum(sub(1, p), 1e-7))))",
  "a choice beside a small number": "sum(log(add(where(greater(y, 0.5), p, sub(1, p)), 1e-8)))",
  "a weighted sum beside a small number": "sum(log(add(add(mul(y, p), mul(sub(1, y), sub(1, p))), 1e-8)))",
  "a quotient": "sum(div(y, maximum(sub(1, p), 1e-4)))",
  "a root": "sum(sqrt(add(where(greater(y, 0.5), p, sub(1, p)), 1e-8)))",
};

describe("the complement of a sigmoid keeps its digits under a guard", () => {
  it.each(Object.entries(losses))("%s", async (name, loss) => {
    const row: Row = { name, about: "", program: `const p = sigmoid(z); return ${loss};`, given: ["y"], points };
    const program = programOf(row);
    const results = await onDevice(row, program);
    points.forEach((point, i) => expectNear(results[i], truthOf(program, point), point));
  });
});
