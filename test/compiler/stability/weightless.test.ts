/// Values far out that have no weight: what is taken away from a row is not what lies there, since all that has a weight
/// would lose its digits to it.
import { describe, it } from "vitest";
import { expectNear, onDevice } from "./scoreboard/device.ts";
import { truthOf } from "./scoreboard/measure.ts";
import { programOf, type Point, type Row } from "./scoreboard/row.ts";

async function expectTrue(program: string, given: readonly string[], points: readonly Point["at"][]): Promise<void> {
  const row: Row = { name: program, about: "", program, given, points: points.map((at) => ({ at })) };
  const built = programOf(row);
  const results = await onDevice(row, built);
  row.points.forEach((point, i) => expectNear(results[i], truthOf(built, point), point));
}

describe("a mean under weights of other scores", () => {
  const far = { s: [1, 2, -200], x: [1.25, 2, 1e8] };
  const near = { s: [1, 2, 0.5], x: [1e6, 1000001, 1000003] };
  it("is that of what has a weight", () =>
    expectTrue("sum(mul(softmax(s), x))", [], [far, near, { s: [1, 2, -5], x: [1.25, 2, 1000] }]));
  it("is that of what a condition leaves", () =>
    expectTrue(
      "sum(mul(softmax(where(greater(m, 0), s, -Infinity)), x))",
      ["m"],
      [{ s: [1, 2, 3], x: [1.25, 2, 1e4], m: [1, 1, 0] }],
    ));
  it("is that of each row", () =>
    expectTrue(
      "sum(mul(w, sum(mul(softmax(s), x), { axis: 1 })))",
      ["w"],
      [{ s: [far.s, near.s], x: [far.x, near.x], w: [1, 2] }],
    ));
  it("less a target, squared", () =>
    expectTrue("square(sub(sum(mul(softmax(s), x)), 1.5))", [], [{ s: [1, 2, -5], x: [1.25, 2, 1000] }, far]));
  it("under shares of sigmoids, less a target", () =>
    expectTrue("sub(div(sum(mul(sigmoid(s), x)), sum(sigmoid(s))), y)", ["y"], [{ ...far, y: 1.5 }]));
  it("less a mean under others", () =>
    expectTrue(
      "square(sub(sum(mul(softmax(s), x)), sum(mul(softmax(u), x))))",
      [],
      [
        { ...far, u: [2, 1, -200] },
        { s: [1, 2, -1], u: [2, 1, 1], x: [10001.25, 10002, 10003] },
      ],
    ));
});

describe("a slope by the temperature of distances", () => {
  it("is that of the nearest", () =>
    expectTrue(
      "sum(mul(softmax(div(neg(abs(sub(c, s))), t)), s))",
      ["c"],
      [
        { c: 0.5, s: [0.5, 0.9, 2], t: 0.1 },
        { c: 0.5, s: [0.5, 0.9, 2000], t: 0.1 },
      ],
    ));
  it("by a rate that is negative", () =>
    expectTrue("sum(mul(softmax(mul(neg(exp(r)), abs(sub(0.5, s)))), s))", [], [{ s: [0.5, 0.9, 2000], r: 2 }]));
  it("in a sort that is soft", () =>
    expectTrue(
      `const d = abs(sub(reshape(sort(s), [3, 1]), reshape(s, [1, 3])));
return sum(mul(w, matmul(softmax(div(neg(d), t)), s)));`,
      ["w"],
      [{ s: [0.5, 0.9, 2], t: 0.07, w: [1, 2, -1] }],
    ));
});
