/// What gives no warning: what is stable as written, what simplification makes stable, and what a condition guards.
import { describe, expect, test } from "vitest";
import { compileWithFacts } from "../../../compiler/compile.ts";
import type { Graph } from "../../../ir/graph.ts";
import * as cr from "../../../ir/index.ts";
import type { Value } from "../../../ir/value.ts";
import { perceptron, transformer } from "../../bench/models.ts";
import { loadSample, samples } from "../passes/corpus.ts";

const codes = (graph: Graph, dims = {}): readonly string[] =>
  compileWithFacts(graph, { dims }).warnings.map(({ code, message }) => `${code}: ${message}`);

type Formula = (x: Value, y: Value) => Value;
const rows = { axis: 1, keepAxes: true } as const;

type Pool = NonNullable<Parameters<typeof cr.maxPool>[2]>;

/** The beginning of a ResNet, trained: windows of `size` of the largest elements of a convolution. */
const stem = (size: number, options: Pool): Graph =>
  cr.model("stem", () => {
    const x = cr.input("x", "f32", [2, 3, 9, 8]);
    const pooled = cr.maxPool(cr.relu(cr.conv2d(x, 5, 3)), size, options);
    const loss = cr.softmaxCrossEntropy(cr.dense(cr.flatten(pooled, 1), 5), cr.input("label", "i32", [2]));
    return { train: { loss, update: cr.adam(loss) } };
  });

/** The warnings of a formula and of its gradient. */
function codesOf(formula: Formula): readonly string[] {
  return codes(
    cr.model("formula", () => {
      const [x, y] = ["x", "y"].map((name) => cr.input(name, "f32", [3, 4]) as Value);
      const result = formula(x, y);
      const [dx, dy] = [x, y].map((each) => cr.grad(cr.sum(result) as never, each));
      return { run: { result: cr.mul(result as never, 1), dx, dy } as never };
    }),
  );
}

describe("formulas", () => {
  const formulas: Readonly<Record<string, Formula>> = {
    "softmax by hand": (x) => cr.div(cr.exp(x), cr.sum(cr.exp(x), rows) as never),
    "softmax of shifted scores": (x) => {
      const powers: Value = cr.exp(cr.sub(x, cr.max(x, rows) as never) as Value);
      return cr.div(powers, cr.sum(powers, rows) as never);
    },
    "a mask of −∞ before a softmax": (x, y) => cr.softmax(cr.where(cr.greater(y, 0), x, -Infinity) as Value),
    "a soft minimum": (x) => cr.neg(cr.logsumexp(cr.neg(cr.div(x, 0.01)) as Value, { axis: 1 })),
    "cross-entropy of a softmax": (x, y) => cr.crossEntropy(cr.softmax(x) as never, y as never),
    "binary cross-entropy of a sigmoid": (x, y) => cr.binaryCrossEntropy(cr.sigmoid(x) as never, y as never),
    "logarithm of one plus an exponential": (x) => cr.log(cr.add(1, cr.exp(x)) as Value),
    "a bounded exponential": (x) => cr.exp(cr.minimum(x, 20) as Value),
    "a Gaussian": (x) => cr.exp(cr.neg(cr.square(x))),
    "a clamped probability": (x) => cr.log(cr.clamp(cr.sigmoid(x), 1e-7, 1) as Value),
    "a guarded logarithm": (x) => cr.where(cr.greater(x, 0), cr.log(x), 0) as Value,
    "a logarithm guarded by its difference": (x, y) =>
      cr.where(cr.greater(x, y), cr.log(cr.sub(x, y) as Value), 0) as Value,
    "a guarded quotient": (x, y) => cr.where(cr.equal(y, 0), 0, cr.div(x, y)) as Value,
    "a quotient guarded by a size": (x) => cr.where(cr.less(cr.abs(x), 1e-3), 1, cr.div(1, x)) as Value,
    "a quotient by more than 0": (x, y) => cr.div(x, cr.add(cr.abs(y), 1e-3)),
    normalisation: (x) =>
      cr.div(cr.sub(x, cr.mean(x, rows) as never), cr.sqrt(cr.add(cr.variance(x, rows), 1e-5) as Value)),
    "unit length": (x) => cr.div(x, cr.maximum(cr.norm(x, rows) as never, 1e-6)),
    "a pseudo-Huber loss": (x) => cr.sub(cr.sqrt(cr.add(1, cr.square(x)) as Value), 1),
    "a norm, whose gradient is 0 at 0": (x) => cr.norm(x, { axis: 1 }),
    "shares of the largest": (x) => cr.max(x, { axis: 1 }),
    activations: (x) => cr.gelu(cr.silu(cr.mish(cr.elu(cr.selu(cr.softsign(x)))))),
    "a finite power": (x) => cr.pow(x, 3),
    "what replaces NaN": (x) => cr.nanToNum(cr.exp(x)),
    "a share of two sigmoids": (x, y) =>
      cr.div(cr.sigmoid(x) as never, cr.add(cr.sigmoid(x) as never, cr.sigmoid(y) as never)) as Value,
    "normal noise": (x) => cr.add(x, cr.randomNormal(cr.randomKey(), [3, 4], { deviation: 0.1 })) as Value,
    "roots of what is left of a random share": (x) => {
      const share = cr.randomUniform(cr.randomKey(), [3, 4]);
      return cr.mul(cr.sqrt(cr.sub(1, share)), x) as Value;
    },
    "the square of a softmax": (x) => cr.pow(cr.softmax(x), 2),
    "the logarithm of a normal tail": (x) => cr.log(cr.erfc(x)),
    "nothing where both are excluded": (x, y) =>
      cr.where(cr.and(cr.greater(x, 0), cr.greater(y, 0)), cr.log(cr.mul(x, y) as Value), 0) as Value,
  };

  test.each(Object.entries(formulas))("%s", (_, formula) => {
    expect(codesOf(formula)).toEqual([]);
  });
});

describe("models", () => {
  test.each(samples)("sample $name", async ({ name, dims }) => {
    expect(codes(await loadSample(name), dims)).toEqual([]);
  });

  test("a perceptron and a transformer with Adam", () => {
    expect(codes(perceptron(3), { batch: 4 })).toEqual([]);
    expect(codes(transformer(1), { batch: 4 })).toEqual([]);
  });

  test.each<[string, number, Pool]>([
    ["a padding", 3, { strides: 2, padding: 1 }],
    ["as many windows as elements", 3, { strides: 1, padding: "same" }],
    ["a last window that reaches over the end", 3, { strides: 2, ceil: true }],
    [
      "elements apart and a padding of one side",
      2,
      {
        strides: 2,
        dilation: 2,
        padding: [
          [0, 1],
          [1, 0],
        ],
      },
    ],
  ])("the largest of windows with %s: each holds an element", (_, size, options) => {
    expect(codes(stem(size, options))).toEqual([]);
  });

  /** ln(2 − the largest of windows) of elements between 0 and 1, in a frame of −∞ or of a number; and its slope. */
  const pooled = (fill?: number): readonly string[] =>
    codes(
      cr.model("pooled", () => {
        const x = cr.input("x", "f32", [1, 1, 4, 4]);
        const between = cr.minimum(cr.relu(x), 1);
        const edge = [1, 1] as const;
        const framed = fill === undefined ? between : cr.pad(between, [[0, 0], [0, 0], edge, edge], { value: fill });
        const largest = cr.maxPool(framed as typeof x, 2, { strides: 1, padding: fill === undefined ? 1 : 0 });
        const loss = cr.sum(cr.add(cr.log(cr.sub(2, largest)), cr.log(cr.add(1, largest))));
        return { run: { loss, slope: cr.grad(loss, x) } };
      }),
    );
  test("the largest of windows lies where elements do, and not where a frame of −∞ does", () => {
    expect(pooled()).toEqual([]);
    expect(pooled(3).join()).toContain("log-of-zero");
  });

  test.each<[string, number, Pool]>([
    ["at an end", 2, { strides: 2, padding: 2 }],
    [
      "along one axis",
      2,
      {
        padding: [
          [0, 0],
          [0, 3],
        ],
      },
    ],
    // Of 14 places along a row those from 4 to 9 are elements: the window at 3 holds places 3 and 10.
    ["on both sides of all elements", 2, { strides: 1, dilation: 7, padding: 4 }],
  ])("the largest of windows that hold nothing but padding %s", (_, size, options) => {
    expect(codes(stem(size, options)).map((each) => each.split(":")[0])).toContain("infinity-undefined");
  });

  test("moments that start at 0 and stay above: RMSProp by hand, running variance", () => {
    const graph = cr.model("moments", () => {
      const x = cr.input("x", "f32", [8, 4]);
      const weight = cr.param([4]);
      const loss = cr.mean(cr.square(cr.sub(cr.matmul(x, weight), 1)));
      const [moment, spread] = [cr.state([4]), cr.state([4])];
      const gradient = cr.grad(loss, weight);
      const next = cr.add(cr.mul(0.9, moment), cr.mul(0.1, cr.square(gradient)));
      const step = cr.div(gradient, cr.add(cr.sqrt(next), 1e-8));
      const normal = cr.div(x, cr.sqrt(cr.add(spread, 1e-5)));
      const updates = new Map<Value, Value>([
        [moment, next],
        [weight, cr.sub(weight, cr.mul(0.01, step))],
        [spread, cr.add(cr.mul(0.9, spread), cr.mul(0.1, cr.variance(x, { axis: 0 })))],
      ]);
      return { train: { loss, normal, update: [...updates].map(([state, value]) => ({ state, value })) } };
    });
    expect(codes(graph)).toEqual([]);
  });

  test("a loop whose carry stays above 0", () => {
    const graph = cr.model("loop", () => {
      const x = cr.input("x", "f32", [5, 4]);
      const { outputs } = cr.scan(
        ([total], [element]) => {
          const next = cr.add(cr.mul(0.9, total), cr.square(element));
          return { carry: [next], outputs: [cr.sqrt(cr.add(next, 1e-3))] };
        },
        { initial: [cr.constant(0, "f32", [4])], sequences: [x] },
      );
      return { run: { root: outputs[0] } };
    });
    expect(codes(graph)).toEqual([]);
  });
});

describe("what is not guarded", () => {
  const formulas: Readonly<Record<string, readonly [Formula, string]>> = {
    "a guard of something else": [(x, y) => cr.where(cr.greater(y, 0), cr.log(x), 0) as Value, "log-of-zero"],
    "a guard of the other branch": [(x) => cr.where(cr.greater(x, 0), 0, cr.log(x)) as Value, "log-of-zero"],
    "a guard that leaves 0": [(x) => cr.where(cr.greaterEqual(x, 0), cr.log(x), 0) as Value, "log-of-zero"],
    "a power whose gradient is infinite": [(x) => cr.pow(cr.abs(x), 0.3), "power-undefined"],
    "a root of a difference": [(x, y) => cr.sqrt(cr.sub(x, y) as Value), "root-of-negative"],
    "a bound on the wrong side": [(x) => cr.exp(cr.maximum(x, -20) as Value), "overflow"],
    "a scale that can be 0": [(x, y) => cr.div(x, cr.abs(y)), "division-by-zero"],
  };

  test.each(Object.entries(formulas))("%s", (_, [formula, code]) => {
    expect(codesOf(formula).map((each) => each.split(":")[0])).toContain(code);
  });
});
