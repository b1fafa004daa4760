/// Functions that are a few ops each: their values by other formulas, on the device as well, and their derivatives at the
/// places where conventions decide.
import { describe, expect, it } from "vitest";
import { gradients } from "../../../compiler/autodiff/reverse.ts";
import * as language from "../../../ir/index.ts";
import { evaluateValues } from "../../../ir/evaluate.ts";
import { inputOp } from "../../../ir/ops/leaf.ts";
import { wgslType } from "../../../ir/ops/define.ts";
import { sum } from "../../../ir/ops/sum.ts";
import { apply, type Value } from "../../../ir/value.ts";
import { loadModel } from "../../compiler/planning.ts";
import { erf } from "../../../ir/ops/special-reference.ts";

type Function = (x: Value) => Value;
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
const elu = (x: number): number => (x > 0 ? x : Math.expm1(x));
const normal = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));

/** Name → the function, and its value at a number by a formula of its own. */
const functions: Readonly<Record<string, readonly [Function, (x: number) => number]>> = {
  reciprocal: [(x) => language.reciprocal(x), (x) => 1 / x],
  log2: [(x) => language.log2(x), (x) => Math.log2(x)],
  log10: [(x) => language.log10(x), (x) => Math.log10(x)],
  clamp: [(x) => language.clamp(x as never, -1, 2) as Value, (x) => Math.min(Math.max(x, -1), 2)],
  logit: [(x) => language.logit(x), (x) => Math.log(x / (1 - x))],
  sinc: [(x) => language.sinc(x), (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))],
  nanToNum: [
    (x) => language.nanToNum(x, { nan: 7, positive: 8, negative: -8 }),
    (x) => (Number.isNaN(x) ? 7 : Number.isFinite(x) ? x : 8 * Math.sign(x)),
  ],
  elu: [(x) => language.elu(x), elu],
  selu: [(x) => language.selu(x), (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))],
  celu: [(x) => language.celu(x, { alpha: 2 }), (x) => (x > 0 ? x : 2 * Math.expm1(x / 2))],
  silu: [(x) => language.silu(x), (x) => x * logistic(x)],
  gelu: [(x) => language.gelu(x), (x) => x * normal(x)],
  geluByTanh: [
    (x) => language.gelu(x, { approximate: true }),
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ],
  mish: [(x) => language.mish(x), (x) => x * Math.tanh(Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))))],
  logSigmoid: [(x) => language.logSigmoid(x), (x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)))],
  softsign: [(x) => language.softsign(x), (x) => x / (1 + Math.abs(x))],
  hardTanh: [(x) => language.hardTanh(x), (x) => Math.min(Math.max(x, -1), 1)],
  relu6: [(x) => language.relu6(x), (x) => Math.min(Math.max(x, 0), 6)],
  hardSigmoid: [(x) => language.hardSigmoid(x), (x) => Math.min(Math.max(x + 3, 0), 6) / 6],
  hardSwish: [(x) => language.hardSwish(x), (x) => (x * Math.min(Math.max(x + 3, 0), 6)) / 6],
  leakyRelu: [(x) => language.leakyRelu(x), (x) => (x > 0 ? x : 0.01 * x)],
  threshold: [(x) => language.threshold(x, 1, -5), (x) => (x <= 1 ? -5 : x)],
  softShrink: [(x) => language.softShrink(x), (x) => Math.sign(x) * Math.max(Math.abs(x) - 0.5, 0)],
  hardShrink: [(x) => language.hardShrink(x), (x) => (Math.abs(x) <= 0.5 ? 0 : x)],
  tanhShrink: [(x) => language.tanhShrink(x), (x) => x - Math.tanh(x)],
};

const points = [-88, -7.25, -3.5, -1.5, -0.7, -0.25, 0, 0.25, 0.7, 1.5, 2.75, 7.25, 60, 100];

function leaf(shape: readonly number[], name = "x"): Value {
  return apply(inputOp, [], { identity: { name, dtype: "f32", shape } });
}

function numbersOf(value: Value, ...feeds: readonly (readonly [Value, readonly number[]])[]): readonly number[] {
  const data = new Map(feeds.map(([each, numbers]) => [each, Float64Array.from(numbers)]));
  return [...evaluateValues([value], data).get(value)!];
}

/** What a function of one number gives there, and its derivative. */
function at(f: Function, x: number): { readonly value: number; readonly slope: number } {
  const input = leaf([]);
  const y = f(input);
  const [slope] = gradients(sum(y), [input]);
  return { value: numbersOf(y, [input, [x]])[0], slope: numbersOf(slope, [input, [x]])[0] };
}

describe("functions made of ops", () => {
  it.each(Object.entries(functions))(
    "%s has the value of its formula and a slope like its differences",
    (_, [f, formula]) => {
      for (const x of points) {
        const expected = formula(x);
        const { value, slope } = at(f, x);
        // Constants such as 1/ln 2 are float32.
        if (!Number.isFinite(expected)) expect(value).toBe(expected);
        else expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-7 * Math.max(1, Math.abs(expected)));
        const [left, right] = [formula(x - 1e-5), formula(x + 1e-5)];
        const difference = (right - left) / 2e-5;
        const isSmooth = Math.abs(right - 2 * expected + left) < 1e-7 && Number.isFinite(difference);
        if (isSmooth) expect(Math.abs(slope - difference)).toBeLessThan(1e-5 * Math.max(1, Math.abs(difference)));
      }
    },
  );

  it("agree with their formulas on the device", async () => {
    const module = await loadModel(
      language.model("functions", () => {
        const x = language.input("x", "f32", [points.length]) as Value;
        return { run: Object.fromEntries(Object.entries(functions).map(([name, [f]]) => [name, f(x)])) };
      }),
    );
    try {
      const outputs = await module.run({ x: Float32Array.from(points) });
      for (const [name, [, formula]] of Object.entries(functions)) {
        const found = outputs[name] as Float32Array;
        points.forEach((point, i) => {
          const expected = formula(Math.fround(point));
          const what = `${name}(${point}): ${found[i]} for ${expected}`;
          if (!Number.isFinite(expected)) expect(Object.is(found[i], expected), what).toBe(true);
          else
            expect(Math.abs(found[i] - expected), what).toBeLessThanOrEqual(2e-6 * Math.max(0.05, Math.abs(expected)));
        });
      }
    } finally {
      module.destroy();
    }
  });

  it("have finite slopes where another branch overflows", () => {
    for (const f of [functions.elu, functions.selu, functions.celu])
      expect(at(f[0], 2000).slope).toBeCloseTo(f[1](2) / 2);
    expect(at(functions.logSigmoid[0], -1e4).slope).toBe(1);
    expect(at(functions.silu[0], -1e4).slope).toBeCloseTo(0);
    expect(at(functions.nanToNum[0], NaN).slope).toBe(0);
    expect(at(functions.nanToNum[0], Infinity).slope).toBe(0);
  });

  it("have the slopes of the conventions at their kinks", () => {
    expect(at(functions.clamp[0], 2).slope).toBe(1);
    expect(at(functions.clamp[0], -1).slope).toBe(1);
    expect(at(functions.hardTanh[0], 1).slope).toBe(0);
    expect(at(functions.relu6[0], 0).slope).toBe(0);
    expect(at(functions.softShrink[0], 0.5).slope).toBe(0);
    expect(at(functions.sinc[0], 0).slope).toBe(0);
  });

  it("xlogy is 0 with slope 0 where both are 0, and keeps NaN", () => {
    const [x, y] = [leaf([5], "x"), leaf([5], "y")];
    const value = language.xlogy(x, y);
    const feeds = [
      [x, [0, 0, 2, 0, NaN]],
      [y, [0, 3, 0.5, NaN, 2]],
    ] as const;
    expect(numbersOf(value, ...feeds)).toEqual([0, 0, 2 * Math.log(0.5), NaN, NaN]);
    const [byX, byY] = gradients(sum(value), [x, y]);
    expect(numbersOf(byX, ...feeds).slice(0, 3)).toEqual([0, Math.log(3), Math.log(0.5)]);
    expect(numbersOf(byY, ...feeds).slice(0, 3)).toEqual([0, 0, 4]);
  });

  it("lerp, heaviside and prelu take tensors, and quotients of integers round as they say", () => {
    const [x, y] = [leaf([3], "x"), leaf([3], "y")];
    const feeds = [
      [x, [-2, 0, 3]],
      [y, [4, 5, 6]],
    ] as const;
    expect(numbersOf(language.lerp(x, y, 0.25), ...feeds)).toEqual([-0.5, 1.25, 3.75]);
    expect(numbersOf(language.heaviside(x, y), ...feeds)).toEqual([0, 5, 1]);
    expect(numbersOf(language.prelu(x, y), ...feeds)).toEqual([-8, 0, 3]);
    const count = apply(inputOp, [], { identity: { name: "count", dtype: "i32", shape: [4] } });
    const counts = [count, [-7, 7, -8, 9]] as const;
    expect(numbersOf(language.floorDivide(count, 4) as Value, counts)).toEqual([-2, 1, -2, 2]);
    expect(numbersOf(language.truncDivide(count, 4) as Value, counts)).toEqual([-1, 1, -2, 2]);
    expect(numbersOf(language.floorDivide(x, y), ...feeds)).toEqual([-1, 0, 0]);
  });
});

describe("derivatives at the ends of domains", () => {
  it("pow has the true slope at base 0 where there is one", () => {
    const slopes = [0, 1, 2, 3].map((exponent) => at((x) => language.pow(x as never, exponent) as Value, 0).slope);
    expect(slopes).toEqual([0, 1, 0, 0]);
    expect(at((x) => language.pow(x as never, 3) as Value, -2)).toEqual({ value: -8, slope: 12 });
    expect(at((x) => language.pow(0 as never, x as never) as Value, 2).slope).toBe(0);
  });

  it("hypot has the gradient 0 at the origin", () => {
    const [a, b] = [leaf([], "a"), leaf([], "b")];
    const both = gradients(language.hypot(a as never, b as never) as Value, [a, b]);
    expect(both.map((each) => numbersOf(each, [a, [0]], [b, [0]])[0])).toEqual([0, 0]);
    expect(both.map((each) => numbersOf(each, [a, [3]], [b, [-4]])[0])).toEqual([0.6, -0.8]);
  });
});

describe("constants and types", () => {
  it("gives ∞ and NaN to kernels, alone and in expressions of one and four lanes", async () => {
    const module = await loadModel(
      language.model("constants", () => {
        const x = language.input("x", "f32", [4]);
        const y = language.input("y", "f32", [3]);
        const of = (value: Value): Record<string, Value> => ({
          masked: language.where(language.greater(value as never, 0), value as never, -Infinity),
          marked: language.where(language.less(value as never, 0), NaN, value as never),
          sum: language.add(value as never, Infinity),
        });
        const named = Object.entries(of(y)).map(([name, value]) => [`${name}3`, value] as const);
        return { run: { ...of(x), ...Object.fromEntries(named) } };
      }),
    );
    try {
      const x = Float32Array.of(-1, 2, 0, -Infinity);
      const outputs = await module.run({ x, y: x.slice(0, 3) });
      const expected = {
        masked: [-Infinity, 2, -Infinity, -Infinity],
        marked: [NaN, 2, 0, NaN],
        sum: [Infinity, Infinity, Infinity, NaN],
      };
      for (const [name, values] of Object.entries(expected)) {
        expect([...(outputs[name] as Float32Array)], name).toEqual(values);
        expect([...(outputs[`${name}3`] as Float32Array)], name).toEqual(values.slice(0, 3));
      }
    } finally {
      module.destroy();
    }
  });

  it("refuses a constant that its element type has not", () => {
    expect(() => language.constant(0.5, "i32")).toThrow(expect.objectContaining({ code: "constant-number" }));
    expect(() => language.constant(-1, "u32")).toThrow(expect.objectContaining({ code: "constant-number" }));
    expect(() => language.constant(2, "bool")).toThrow(expect.objectContaining({ code: "constant-number" }));
    expect(language.constant(-0, "i32").type.dtype).toBe("i32");
  });

  it("names four lanes of every element type", () => {
    const names = (["f32", "f16", "i32", "u32", "bool"] as const).map((dtype) => wgslType(dtype, 4));
    expect(names).toEqual(["vec4f", "vec4h", "vec4i", "vec4u", "vec4<bool>"]);
  });
});
