/// Layers of images and sequences: against formulas written out in plain loops, their parameters, and on the device.
import { describe, expect, test } from "vitest";
import {
  add,
  attention,
  cast,
  conv1d,
  conv2d,
  conv3d,
  embedding,
  evaluate,
  groupNorm,
  he,
  input,
  iota,
  layerNorm,
  model,
  mul,
  rmsNorm,
  scaledDotProductAttention,
  sum,
  square,
  grad,
  parametersOf,
  type Graph,
  type Tensor,
} from "chainrule";
import { compile } from "../../compiler/compile.ts";
import { derive } from "../../compiler/passes/all.ts";
import { expectRight } from "../compiler/agree.ts";

const f32 = <const S extends readonly (string | number)[]>(name: string, shape: S) => input(name, "f32", shape);

function graphOf(define: () => Tensor): Graph {
  return model("layers", () => ({ run: { result: define() } }));
}

/** Names and shapes of the parameters. */
function parameters(define: () => Tensor): Record<string, string> {
  const graph = graphOf(define);
  const named = graph.states.map((state) => [graph.notes.get(state)!.name, state.type.shape.join("×")]);
  return Object.fromEntries(named.filter(([name]) => name !== "key"));
}

/** Numbers that look arbitrary and are the same in every run. */
const numbers = (count: number, salt = 0): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(i * 1.7 + salt) * 1.5 + Math.cos(i * 0.3));

describe("convolution", () => {
  test("a window meets each filter, and a bias is added to each", () => {
    const x = numbers(2 * 4 * 5);
    const w = numbers(3 * 2 * 2 * 2, 1);
    const b = [1, -2, 0.5];
    const graph = graphOf(() => conv2d(f32("x", [1, 2, 4, 5]), 3, 2, { name: "c" }));
    const found = evaluate(graph, { x, "c.weight": w, "c.bias": b }).outputs.result;
    const wanted: number[] = [];
    for (let f = 0; f < 3; f++)
      for (let i = 0; i < 3; i++)
        for (let j = 0; j < 4; j++) {
          let total = b[f];
          for (let c = 0; c < 2; c++)
            for (let u = 0; u < 2; u++)
              for (let v = 0; v < 2; v++) total += x[c * 20 + (i + u) * 5 + j + v] * w[f * 8 + c * 4 + u * 2 + v];
          wanted.push(total);
        }
    expect(found.length).toBe(wanted.length);
    wanted.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 5));
  });

  test("parameters have the shapes of the windows, and groups see their own channels", () => {
    expect(parameters(() => conv1d(f32("x", [1, 4, 9]), 6, 3, { name: "c", groups: 2 }))).toEqual({
      "c.weight": "6×2×3",
      "c.bias": "6",
    });
    expect(parameters(() => conv3d(f32("x", [1, 2, 5, 5, 5]), 4, [1, 2, 3], { name: "c", bias: false }))).toEqual({
      "c.weight": "4×2×1×2×3",
    });
  });

  test("He's deviation counts channels and places of a window as inputs", () => {
    const graph = graphOf(() => conv2d(f32("x", ["batch", 4, 8, 8]), 16, 3, { name: "c", init: he() }));
    const weight = compile(graph, { dims: { batch: 1 } }).states.find(({ name }) => name === "c.weight")!;
    expect(weight.init).toMatchObject({ tag: "normal", mean: 0, deviation: Math.sqrt(2 / (4 * 9)) });
  });

  test("a layer applied twice has one set of weights", () => {
    const twice = () => {
      const layer = conv2d.layer(2, 3, { name: "c", padding: "same" });
      return layer(layer(f32("x", [1, 2, 4, 4])));
    };
    expect(Object.keys(parameters(twice))).toEqual(["c.weight", "c.bias"]);
  });
});

describe("normalisation", () => {
  const x = numbers(12);
  const rows = [0, 1, 2].map((row) => x.slice(4 * row, 4 * row + 4));
  const average = (row: readonly number[]): number => row.reduce((total, each) => total + each, 0) / row.length;

  test("layerNorm has mean 0 and variance 1 along its axes, then scale and shift", () => {
    const graph = graphOf(() => layerNorm(f32("x", [3, 4]), { name: "n", epsilon: 0 }));
    const found = evaluate(graph, { x, "n.scale": [1, 2, 3, 4], "n.shift": [0, 0, 0, 5] }).outputs.result;
    rows.forEach((row, r) => {
      const mean = average(row);
      const deviation = Math.sqrt(average(row.map((each) => (each - mean) ** 2)));
      row.forEach((each, i) =>
        expect(found[4 * r + i]).toBeCloseTo(((each - mean) / deviation) * (i + 1) + (i === 3 ? 5 : 0), 5),
      );
    });
  });

  test("rmsNorm divides by the root of the mean square", () => {
    const graph = graphOf(() => rmsNorm(f32("x", [3, 4]), { scale: false, epsilon: 0 }));
    const found = evaluate(graph, { x }).outputs.result;
    rows.forEach((row, r) => {
      const size = Math.sqrt(average(row.map((each) => each ** 2)));
      row.forEach((each, i) => expect(found[4 * r + i]).toBeCloseTo(each / size, 5));
    });
  });

  test("groupNorm of a vector says which axes it takes", () => {
    expect(() => graphOf(() => groupNorm(f32("x", [16]), 4))).toThrow(
      "groupNorm: operands must have axes [batch, channels, ...]: found f32[16]",
    );
  });

  test("groupNorm normalises channels of a group with their places", () => {
    const graph = graphOf(() => groupNorm(f32("x", [1, 4, 3]), 2, { name: "g", shift: false, epsilon: 0 }));
    const found = evaluate(graph, { x, "g.scale": [1, 1, 1, 2] }).outputs.result;
    [0, 1].forEach((group) => {
      const part = x.slice(6 * group, 6 * group + 6);
      const mean = average(part);
      const deviation = Math.sqrt(average(part.map((each) => (each - mean) ** 2)));
      part.forEach((each, i) => {
        const scale = group === 1 && i >= 3 ? 2 : 1;
        expect(found[6 * group + i]).toBeCloseTo(((each - mean) / deviation) * scale, 5);
      });
    });
  });

  test("a constant row is 0, and has a finite gradient", () => {
    const graph = model("flat", () => {
      const x = f32("x", [1, 3]);
      const normalized = layerNorm(x, { scale: false, shift: false });
      return { run: { normalized, slope: grad(sum(mul(normalized, add(cast(iota([1, 3], 1), "f32"), 1))), x) } };
    });
    const { normalized, slope } = evaluate(derive(graph), { x: [7, 7, 7] }).outputs;
    expect(Array.from(normalized)).toEqual([0, 0, 0]);
    expect(Array.from(slope).every(Number.isFinite)).toBe(true);
  });
});

describe("embedding", () => {
  test("rows by number; a number outside reads zeros", () => {
    const graph = graphOf(() => embedding(input("i", "i32", [2, 2]), 3, 2, { name: "e" }));
    const found = evaluate(graph, { i: [2, 0, 5, 1], "e.weight": [1, 2, 3, 4, 5, 6] }).outputs.result;
    expect(Array.from(found)).toEqual([5, 6, 1, 2, 0, 0, 3, 4]);
  });

  test("numbers that are no i32 are refused by its name", () => {
    // @ts-expect-error embedding: takes i32, found f32
    expect(() => graphOf(() => embedding(f32("i", [2, 2]), 3, 2))).toThrow(
      expect.objectContaining({
        code: "dtype-mismatch",
        message: "embedding: operands must be i32 positions: found f32[2, 2]",
        help: 'cast(x, "i32") makes them so',
      }),
    );
  });
});

describe("attention", () => {
  const [T, D] = [3, 2];
  const [q, k, v] = [numbers(T * D), numbers(T * D, 2), numbers(T * D, 4)];

  test.each([false, true])("softmax of scaled scores times values; causal: %s", (causal) => {
    const graph = graphOf(() =>
      scaledDotProductAttention(f32("q", [T, D]), f32("k", [T, D]), f32("v", [T, D]), { causal }),
    );
    const found = evaluate(graph, { q, k, v }).outputs.result;
    for (let t = 0; t < T; t++) {
      const seen = causal ? t + 1 : T;
      const weights = Array.from({ length: seen }, (_, s) =>
        Math.exp((q[2 * t] * k[2 * s] + q[2 * t + 1] * k[2 * s + 1]) / Math.sqrt(D)),
      );
      const total = weights.reduce((sum, each) => sum + each, 0);
      for (let d = 0; d < D; d++) {
        const wanted = weights.reduce((sum, each, s) => sum + (each / total) * v[2 * s + d], 0);
        expect(found[2 * t + d]).toBeCloseTo(wanted, 5);
      }
    }
  });

  test("heads have weights of their own; keys have no bias", () => {
    expect(parameters(() => attention(f32("x", ["batch", 5, 6]), 2, { name: "a" }))).toEqual({
      "a.query": "6×2×3",
      "a.queryBias": "2×3",
      "a.key": "6×2×3",
      "a.value": "6×2×3",
      "a.valueBias": "2×3",
      "a.output": "2×3×6",
      "a.outputBias": "6",
    });
  });

  test("of a layer that is given no memory attends to itself", () => {
    const attend = (...memory: [Tensor<"f32", readonly ["batch", 5, 6]>?]) =>
      parameters(() => attention.layer(2, { name: "a" })(f32("x", ["batch", 5, 6]), memory[0]));
    expect(attend(undefined)).toEqual(attend());
  });
});

describe("on the device as in the interpreter and by finite differences", () => {
  const training = (define: () => Tensor<"f32">) =>
    model("layers", () => {
      const loss = sum(square(define()));
      return { run: { loss, ...Object.fromEntries(parametersOf(loss).map((p, i) => [`d${i}`, grad(loss, p)])) } };
    });
  test.each<[string, () => Tensor<"f32">]>([
    ["conv2d", () => conv2d(f32("x", [2, 2, 5, 5]), 3, 3, { strides: 2, padding: "same" })],
    ["layerNorm", () => layerNorm(f32("x", [3, 5]))],
    ["rmsNorm", () => rmsNorm(f32("x", [3, 5]))],
    ["groupNorm", () => groupNorm(f32("x", [2, 4, 3, 3]), 2)],
    ["attention", () => attention(f32("x", [2, 4, 6]), 2, { causal: true })],
    ["embedding", () => layerNorm(embedding(input("i", "i32", [2, 3]), 4, 5))],
  ])("%s", async (_, define) => {
    await expectRight(training(define), {});
  });
});
