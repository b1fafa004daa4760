/// The formula of a row where some entries do not count: rules that take one side of a formula out do so under a selection
/// that the user wrote as well.
import { describe, it } from "vitest";
import { expectNear, onDevice } from "./scoreboard/device.ts";
import { truthOf } from "./scoreboard/measure.ts";
import { programOf, type Row } from "./scoreboard/row.ts";

/** A formula of x, at numbers where it overflows or vanishes as it is written. */
const formulas: Readonly<Record<string, readonly [string, readonly number[]]>> = {
  "tail of a normal distribution": ["log(sub(1, erf(x)))", [6, 12, -3, 0.5]],
  "half a tail": ["log(mul(0.5, add(1, erf(x))))", [-12, -6, 3, 0.5]],
  "logarithm of a softplus": ["log(softplus(x))", [-200, -41, 3, -39]],
  "logarithm of a square": ["log1p(square(x))", [1e20, -1e30, 3, -40]],
  "logarithm of a square and a number": ["log(add(3, mul(0.25, square(x))))", [1e20, -1e30, 3, -40]],
  "share of a square": ["div(square(x), add(1, square(x)))", [1e20, -1e30, 3, -40]],
  "power of a square": ["pow(add(1, square(x)), 0.25)", [1e20, -1e30, 3, -40]],
};

const masked = ([, [formula, x]]: readonly [string, readonly [string, readonly number[]]], given: string): Row => ({
  name: formula,
  about: "",
  program: `const taken = ${given}; return sum(((x) => ${formula})(taken));`,
  given: ["m"],
  points: [{ at: { x, m: [1, 1, 1, 1] } }, { at: { x, m: [1, 0, 1, 0] } }],
});

/** Selections in front of the formula. */
const selections: Readonly<Record<string, string>> = {
  "where(m > 0, x, 0)": "where(greater(m, 0), x, 0)",
  "where(m > 0, −x, 0), negated": "neg(where(greater(m, 0), neg(x), 0))",
  "where(m < 1, 0, x)": "where(less(m, 1), 0, x)",
};

describe.each(Object.entries(formulas).map((entry) => [entry[0], entry] as const))("%s", (_, entry) => {
  it.each(Object.entries(selections))("%s", async (_name, given) => {
    const row = masked(entry, given);
    const program = programOf(row);
    const results = await onDevice(row, program);
    row.points.forEach((point, i) => expectNear(results[i], truthOf(program, point), point));
  });
});
