/// Where a formula is written in two ways, each on its side: the sides meet, and NaN is on neither.
import { describe, expect, it, test } from "vitest";
import * as cr from "chainrule";
import type { Value } from "chainrule";
import { derive } from "../../../compiler/passes/all.ts";
import { numbers, output } from "../symbolic.ts";
import { expectNear, onDevice } from "./scoreboard/device.ts";
import { truthOf } from "./scoreboard/measure.ts";
import { programOf, type Point, type Row } from "./scoreboard/row.ts";

async function expectTrue(program: string, points: readonly Point[], given: readonly string[] = []): Promise<void> {
  const row: Row = { name: program, about: "", program, given, points };
  const built = programOf(row);
  const results = await onDevice(row, built);
  points.forEach((point, i) => expectNear(results[i], truthOf(built, point), point));
}

describe("the smaller of an exponential and a number has a logarithm where the exponential vanishes", () => {
  it.each(["log(minimum(sigmoid(x), 0.999))", "log(minimum(0.5, exp(x)))", "log(minimum(exp(mul(2, x)), sigmoid(x)))"])(
    "%s",
    (formula) => expectTrue(`sum(${formula})`, [{ at: { x: [-200, -1, 10] } }, { at: { x: [-90, 90, 0.25] } }]),
  );
  it("and of the smaller of it and a number below 0 there is none", () =>
    expectTrue("sum(log(minimum(sigmoid(x), a)))", [{ at: { x: [-200], a: [-0.5] } }], ["x", "a"]));
});

describe("nothing times a difference of logarithms", () => {
  const difference = "sum(mul(x, sub(log(x), log(y))))";
  const shifted = "sum(mul(x, sub(log(x), sub(mul(2, log(y)), log1p(y)))))";
  const meant = { why: "0·ln 0 is 0", loss: 0 };
  it("is 0, also where the other logarithm is −∞", async () => {
    await expectTrue(difference, [{ at: { x: [0, 0], y: [1, 0] }, meant }], ["x", "y"]);
    await expectTrue(shifted, [{ at: { x: [0, 0], y: [1, 0] }, meant }], ["x", "y"]);
  });
  it.each([difference, shifted])("is NaN where that is one: %s", (formula) =>
    expectTrue(
      formula,
      [-1, NaN].map((y) => ({ at: { x: [0], y: [y] } })),
      ["x", "y"],
    ),
  );
});

const functions = ["expm1", "log1p", "sin", "tan", "asin", "atan", "sinh", "tanh", "asinh", "atanh"] as const;

// The first term left out, at every radius.
test.each(functions)("the series of %s(x)/x meets the quotient", (name) => {
  const grid = Array.from({ length: 120 }, (_, i) => (i - 59.5) / 100);
  let x: Value | undefined;
  const graph = cr.model("series", () => {
    const input = cr.input("x", "f32", [grid.length]);
    x = input;
    return { run: { quotient: cr.div(cr[name](input), input) } };
  });
  const found = numbers(output(derive(graph), "quotient"), new Map([[x!, grid]]));
  const wrong = grid.filter((at, i) => !(Math.abs(found[i] - Math[name](at) / at) < 1e-8));
  expect(wrong).toEqual([]);
});

describe("the gradient of a unit vector", () => {
  const meant = { why: "unit vectors are 0 at 0", loss: 0, gradient: { x: [0, 0] } };
  it("needs no square of a length, and is 0 at 0", () =>
    expectTrue(
      "sum(mul(w, div(x, norm(x))))",
      [
        { at: { x: [3, 4], w: [0.5, 1] } },
        { at: { x: [1e-20, 3e-20], w: [0.5, 1] } },
        { at: { x: [2e20, 4e20], w: [3e20, 4e20] } },
        { at: { x: [0, 0], w: [0.5, 1] }, meant },
      ],
      ["w"],
    ));
  it("is that of each row", () =>
    expectTrue(
      "sum(mul(w, div(x, norm(x, { axis: 1, keepAxes: true }))))",
      [
        {
          at: {
            x: [
              [1e-20, 3e-20],
              [3, 4],
            ],
            w: [
              [0.5, 1],
              [1, -1],
            ],
          },
        },
      ],
      ["w"],
    ));
  it("has one divisor: (w − x·Σ(w·x/‖x‖)/‖x‖)/‖x‖", () => {
    const graph = cr.model("unit", () => {
      const [x, w] = [cr.input("x", "f32", [3]), cr.input("w", "f32", [3])];
      const loss = cr.sum(cr.mul(w, cr.div(x, cr.norm(x))));
      return { run: { loss, gradient: cr.grad(loss, x) } };
    });
    const gradient = output(derive(graph), "gradient");
    expect(gradient.op).toBe(cr.div.op);
    expect(gradient.operands[0].op).toBe(cr.sub.op);
  });
});
