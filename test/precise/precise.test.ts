import { Decimal } from "decimal.js";
import { describe, expect, it, test } from "vitest";
import { allOps } from "../../ir/ops/all.ts";
import { add, div, mul, neg, sub } from "../../ir/ops/arithmetic.ts";
import { where } from "../../ir/ops/choose.ts";
import { equal, greater } from "../../ir/ops/compare.ts";
import { matmul } from "../../ir/ops/contract.ts";
import { exp, log, maximum, pow, relu, sigmoid, sqrt, tanh } from "../../ir/ops/functions.ts";
import { reshape, transpose } from "../../ir/ops/layout.ts";
import { constant } from "../../ir/ops/leaf.ts";
import { logsumexp, max, mean } from "../../ir/ops/reduce.ts";
import { broadcastTo, sum } from "../../ir/ops/sum.ts";
import { apply, type ElementwiseOp, type Value } from "../../ir/value.ts";
import { noise, numbers } from "../compiler/symbolic.ts";
import { leaf } from "../ir/graphs.ts";
import { evaluatePrecise, preciseFunctions, preciseGradient, preciseNumbers } from "./index.ts";
import { exactDecimal, makeArithmetic } from "./number.ts";
import * as special from "./special.ts";

const x = leaf("x", []);
const at = (value: Value, ...operand: readonly number[]): Decimal =>
  evaluatePrecise([value], new Map([[x, operand]])).get(value)![0];

test("a float is its digits", () => {
  expect(exactDecimal(0.1, Decimal).toFixed()).toBe("0.1000000000000000055511151231257827021181583404541015625");
  expect(exactDecimal(2 ** -149, Decimal).sd()).toBe(105);
  expect(exactDecimal(-(2 ** 127), Decimal).toFixed()).toBe(`-${2n ** 127n}`);
  expect(Object.is(exactDecimal(-0, Decimal).toNumber(), -0)).toBe(true);
});

describe("digits that cancel", () => {
  it("are made up for by more digits", () => {
    // ln(1 − σ(x)) = −x − ln(1 + e^−x): 60 digits see 1 − σ(200) as 0.
    expect(at(log(sub(1, sigmoid(x))), 200).toFixed(50)).toBe(`-200.${"0".repeat(50)}`);
    expect(at(log(sub(1, sigmoid(x))), 2000).toNumber()).toBe(-2000);
    expect(at(sub(exp(x), 1), 1e-30).toNumber()).toBe(1e-30);
    expect(at(sub(sqrt(add(mul(x, x), 1)), x), 1e20).toNumber()).toBe(0.5e-20);
  });
  it("are not asked for where nobody reads them", () => {
    expect(at(where(greater(x, 1e6), 3, log(sub(1, sigmoid(x)))), 1e7).toNumber()).toBe(3);
  });
  it("are reported where there are not enough", () => {
    expect(() => at(log(sub(1, sigmoid(x))), 1e6)).toThrow(/needs more than \d+ digits/);
    expect(() => at(div(exp(x), add(1, exp(x))), 1e30)).toThrow(/needs more than \d+ digits/);
  });
  it("are no matter for exact numbers", () => {
    expect(at(log(sub(1, x)), 1).toNumber()).toBe(-Infinity);
    expect(at(div(sub(x, x), sub(x, x)), 0.1).toNumber()).toBeNaN();
    expect(at(equal(mul(div(x, 4), 4), x), 0.1).toNumber()).toBe(1);
  });
  it("do not tell two spellings of one number apart", () => {
    expect(at(equal(mul(div(x, 3), 3), x), 1).toNumber()).toBe(1);
    expect(at(greater(mul(div(x, 3), 3), x), 1).toNumber()).toBe(0);
  });
});

test("∞ and NaN follow IEEE", () => {
  for (const [value, operand, result] of [
    [div(1, x), 0, Infinity],
    [div(1, x), -0, -Infinity],
    [mul(0, x), Infinity, NaN],
    [sub(x, x), Infinity, NaN],
    [exp(x), -Infinity, 0],
    [div(exp(constant(1)), x), -Infinity, -0],
    [log(exp(x)), -Infinity, -Infinity],
    [tanh(x), -Infinity, -1],
    [sigmoid(x), -Infinity, 0],
    [log(x), -1, NaN],
    [maximum(x, 0), NaN, NaN],
    [relu(x), NaN, NaN],
    [pow(x, -2), 0, Infinity],
    [logsumexp(broadcastTo(x, [2])), -Infinity, -Infinity],
    [where(equal(x, x), 1, 2), NaN, 2],
  ] as const) {
    expect(at(value, operand).toNumber()).toBe(result);
  }
});

const points = [0.7, -0.7, 1.3, -2.25, 0.001, 20, -20, 0, 1];
const operandsOf: Readonly<Record<string, (point: number) => number>> = {
  acosh: (point) => 1 + Math.abs(point),
  pow: Math.abs,
  polygamma: (point) => (Math.floor(Math.abs(point)) % 5) + 1,
  digamma: (point) => (Number.isInteger(point) ? 3 : point),
};
/** The op on operands of the first types that it takes, or undefined where none of them is a float. */
function single(op: ElementwiseOp): Value | undefined {
  for (const dtypes of [
    ["f32", "f32", "f32"],
    ["bool", "f32", "f32"],
    ["bool", "bool", "bool"],
  ] as const) {
    try {
      const text = op.wgsl(["a_", "b_", "c_"], { result: "f32", operands: dtypes, lanes: 1 });
      const count = ["a_", "b_", "c_"].filter((name) => text.includes(name)).length;
      const operands = Array.from({ length: count }, (_, i) => leaf(`x${i}`, [points.length], dtypes[i]));
      return apply(op, operands, { dtype: "i32" });
    } catch {
      continue;
    }
  }
  return undefined;
}

// An op that is new and takes floats needs a line in functions.ts.
const floatOps = allOps().flatMap((op) => {
  if (op.kind !== "elementwise") return [];
  const value = single(op);
  return value ? [[op.name, value] as const] : [];
});
it("knows the elementwise ops", () => {
  expect(floatOps.length).toBeGreaterThan(25);
  expect(Object.keys(preciseFunctions)).toEqual(expect.arrayContaining(["add", "erf", "lgamma"]));
});
it.each(floatOps)("%s agrees with the reference in float64", (name, value) => {
  const next = noise(3);
  const draw = operandsOf[name] ?? ((point: number) => point);
  const feeds = new Map(
    value.operands.map((operand) => [
      operand,
      points.map((point) => (operand.type.dtype === "bool" ? Number(next() > 0) : draw(next() > 0.6 ? next() : point))),
    ]),
  );
  const found = preciseNumbers(value, feeds);
  numbers(value, feeds).forEach((expected, i) => {
    if (!Number.isFinite(expected)) expect(found[i]).toBe(expected);
    else expect(Math.abs(found[i] - expected)).toBeLessThanOrEqual(1e-12 * Math.max(1e-3, Math.abs(expected)));
  });
});

describe("kinds", () => {
  it("agree with the interpreter", () => {
    const [a, b] = [leaf("a", [3, 4]), leaf("b", [4, 2])];
    const next = noise(7);
    const feeds = new Map([a, b].map((each) => [each, Array.from({ length: 12 }, next).slice(0, each === a ? 12 : 8)]));
    for (const value of [
      matmul(a, b),
      transpose(reshape(a, [2, 6])),
      max(a, { axis: 1 }),
      logsumexp(a, { axes: [0] }),
      mean(mul(a, broadcastTo(sum(a, { axis: 1, keepAxes: true }), [3, 4]))),
    ]) {
      const expected = numbers(value, feeds);
      preciseNumbers(value, feeds).forEach((each, i) => expect(each).toBeCloseTo(expected[i], 12));
    }
  });
});

describe("special functions", () => {
  const digits = makeArithmetic(60);
  // Values of Abramowitz and Stegun, and of the OEIS, to 40 places.
  it.each([
    ["erf", 1, "0.8427007929497148693412206350826092592961"],
    ["erfc", 6, "2.151973671249891311659335039918738463047e-17"],
    ["lgamma", 0.25, "1.2880225246980774573706104402197172959254"],
    ["digamma", 1, "-0.5772156649015328606065120900824024310422"],
    ["digamma", 0.25, "-4.2274535333762654080895301460966835773672"],
  ] as const)("%s at %s", (name, operand, expected) => {
    const found = special[name](digits, new digits.D(operand));
    expect(found.minus(expected).abs().div(found).abs().toNumber()).toBeLessThan(1e-38);
  });
  it("erfc is one function on both sides of its formulas", () => {
    for (const operand of [3, 8, 11.5, 11.8, 12, 20]) {
      const [few, many] = [60, 400].map((count) => {
        const context = makeArithmetic(count);
        return special.erfc(context, new context.D(operand));
      });
      expect(few.div(many).minus(1).abs().toNumber()).toBeLessThan(1e-55);
    }
  });
  it("erfinv is the inverse of erf, lgamma that of a factorial", () => {
    for (const y of [1e-20, 0.001, 0.3, -0.7, 0.999, 1 - 2 ** -24]) {
      const found = special.erfinv(digits, exactDecimal(y, digits.D));
      const back = special.erf(digits.wide(20), found);
      expect(back.minus(exactDecimal(y, digits.D)).abs().div(Math.abs(y)).toNumber()).toBeLessThan(1e-55);
    }
    expect(special.lgamma(digits, new digits.D(21)).exp().toFixed(20)).toBe(`2432902008176640000.${"0".repeat(20)}`);
    // Γ(−1/2) = −2√π
    expect(special.lgamma(digits, new digits.D(-0.5)).toFixed(30)).toBe(
      new digits.D(4).times(special.pi(digits)).ln().div(2).toFixed(30),
    );
  });
});

describe("a gradient by differences", () => {
  const weights = leaf("w", [3]);
  it("is the derivative to many digits", () => {
    const feeds = new Map([[weights, [0.5, -1, 3]]]);
    const found = preciseGradient(sum(tanh(weights)), [weights], feeds).get(weights)!;
    found.forEach((each, i) => {
      const t = Decimal.clone({ precision: 60 }).tanh([0.5, -1, 3][i]);
      expect(each.minus(t.times(t).neg().plus(1)).abs().toNumber()).toBeLessThan(1e-20);
    });
  });
  it("sees what a naive formula loses", () => {
    const naive = neg(log(sub(1, sigmoid(x))));
    expect(
      preciseGradient(naive, [x], new Map([[x, [200]]]))
        .get(x)![0]
        .toNumber(),
    ).toBe(1);
  });
  it("is the mean of both slopes at a kink, or one of them", () => {
    const feeds = new Map([[x, [0]]]);
    const slopeOf = (side: "both" | "above" | "below"): number =>
      preciseGradient(relu(x), [x], feeds, {}, { side }).get(x)![0].toNumber();
    expect([slopeOf("both"), slopeOf("above"), slopeOf("below")]).toEqual([0.5, 1, 0]);
  });
  it("is 0 of what the leaf does not enter", () => {
    expect(
      preciseGradient(mul(0, constant(1)), [x], new Map([[x, [2]]]))
        .get(x)![0]
        .toNumber(),
    ).toBe(0);
  });
});

describe("thousands of digits", () => {
  const few = makeArithmetic(900);
  const many = makeArithmetic(3000);
  it.each([0.3, -5, 1e4, -12345.678, 1e-5])("e^%s and ln of it", (operand) => {
    const power = many.exp(exactDecimal(operand, many.D));
    const known = exactDecimal(operand, Decimal.clone({ precision: 400 })).exp();
    expect(power.div(known).minus(1).abs().toNumber()).toBeLessThan(1e-300);
    const back = many.ln(power).minus(exactDecimal(operand, many.D));
    expect(back.isZero() || back.e < -2980).toBe(true);
  });
  it("agree with fewer", () => {
    for (const operand of ["2", "1.0000001", "0.5", "1e-400", "7e300"]) {
      const known = new (Decimal.clone({ precision: 700 }))(operand).ln();
      for (const { ln, D } of [few, many]) {
        expect(ln(new D(operand)).div(known).minus(1).abs().lt("1e-690")).toBe(true);
      }
    }
  });
});
