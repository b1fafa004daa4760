/// Factors and divisors of long rows: which are one, and that results stay what they are.
import {
  abs,
  add,
  div,
  exp,
  grad,
  input,
  mean,
  model,
  mul,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  type Graph,
  type Tensor,
  type Value,
} from "chainrule";
import { describe, expect, it } from "vitest";
import { runPasses } from "../../../compiler/pass.ts";
import { rowFactors } from "../../../compiler/passes/row-factors.ts";
import { printGraph } from "../../../ir/print.ts";
import { expectRight } from "../agree.ts";
import { loadModel } from "../planning.ts";

type Rows = Tensor<"f32">;

/** What is given: elements x and g, and for each row numbers a and q, a factor and a spread that is nowhere 0. */
interface Given {
  readonly x: Rows;
  readonly g: Rows;
  readonly a: Rows;
  readonly q: Rows;
  readonly factor: Rows;
  readonly spread: Rows;
}

const rows = (build: (given: Given) => Readonly<Record<string, Value>>, length = 2048): Graph =>
  model("rows", () => {
    const [x, g] = ["x", "g"].map((name) => input(name, "f32", [3, length]) as Rows);
    const [a, q, factor, s] = ["a", "q", "factor", "s"].map((name) => input(name, "f32", [3, 1]) as Rows);
    const spread = sqrt(add(square(s), 1e-5)) as Rows;
    return { run: build({ x, g, a, q, factor, spread }) };
  });

/** The line of `y` after the pass; undefined where the pass leaves the graph alone. */
const after = (graph: Graph): string | undefined => {
  const done = runPasses(graph, [rowFactors]);
  return done === graph
    ? undefined
    : /output y = (.*?)(?: +#.*)?$/m.exec(printGraph(done).replaceAll(/\n {4,}/g, " "))![1];
};

const unit = ({ x, a, spread }: Given): Rows => div(sub(x, a), spread) as Rows;

describe("factors of long rows", () => {
  it.each([
    ["a quotient times a factor", (of: Given) => mul(unit(of), of.factor), 1],
    ["a sum of multiples over a divisor", (of: Given) => div(sub(mul(of.g, of.factor), mul(of.x, of.q)), of.spread), 2],
    ["a number of each row among them", (of: Given) => div(sub(mul(of.g, of.factor), of.a), of.spread), 2],
    [
      "the slope of a normalisation",
      (of: Given) => div(sub(mul(sub(of.g, of.a), of.factor), mul(unit(of), mul(of.q, of.factor))), of.spread),
      2,
    ],
  ])("are one: %s", async (_, build, divisions) => {
    const graph = rows((of) => ({ y: build(of) }));
    const line = after(graph)!;
    // What is divided are numbers of rows, and no element is.
    expect(line.match(/ \/ /g)).toHaveLength(divisions);
    expect(line).not.toMatch(/\)\[[^\]]*\] \/ |[xg]\)? \/ /);
    await expectRight(graph);
  });

  it("also where the quotient is added up, which its readers compute on their way", async () => {
    const graph = rows((of) => ({
      y: mul(unit(of), of.factor),
      total: sum(reshape(mul(unit(of), of.g), [3, 32, 64]), { axes: [1, 2] }),
    }));
    expect(after(graph)).toMatch(/^v1 · \(reshape\(factor, \[3\]\) \/ /);
    await expectRight(graph);
  });

  it.each([
    ["the quotient is read as it is", rows((of) => ({ y: mul(unit(of), of.factor), z: exp(unit(of)) }))],
    ["rows are short", rows((of) => ({ y: mul(unit(of), of.factor) }), 2000)],
    ["the divisor may be 0", rows((of) => ({ y: mul(div(of.x, tanh(of.q)), of.factor) }))],
    ["a term is no multiple", rows((of) => ({ y: div(sub(mul(of.x, of.q), of.g), of.spread) }))],
    [
      "one would be divided twice",
      rows((of) => ({ y: div(sub(mul(of.g, of.factor), mul(of.x, div(of.q, of.spread))), of.spread) })),
    ],
    ["the factor is no number of rows", rows((of) => ({ y: mul(unit(of), of.g) }))],
  ])("stay apart where %s", (_, graph) => {
    expect(after(graph)).toBeUndefined();
  });
});

describe("rows of large numbers times a small factor", () => {
  const [count, length] = [3, 4096];
  const graph = model("large", () => {
    const x = input("x", "f32", [count, length]) as Rows;
    const factor = input("factor", "f32", [count, 1]);
    return { run: { y: mul(div(x, add(mean(abs(x), { axis: 1, keepAxes: true }), 1e-5)), factor) } };
  });

  it.each([
    [1e30, 1e-9],
    [1e30, 1],
    [1e-4, 1e-9],
    [1, 1e20],
  ])("are right: %s times %s", async (size, factor) => {
    expect(after(graph)).toBeDefined();
    const module = await loadModel(graph);
    const x = Float32Array.from({ length: count * length }, (_, i) => size * Math.sin(i * i + i));
    const { y } = (await module.run({ x, factor: new Float32Array(count).fill(factor) }).read()) as { y: Float32Array };
    for (let row = 0; row < count; row++) {
      const own = [...x.subarray(row * length, (row + 1) * length)];
      const spread = own.reduce((total, each) => total + Math.abs(each), 0) / length + 1e-5;
      const apart = own.map((each, i) => Math.abs(y[row * length + i] - (each / spread) * Math.fround(factor)));
      expect(Math.max(...apart)).toBeLessThan(1e-6 * factor);
    }
  });
});

describe("the slope of a normalisation", () => {
  const [count, length] = [3, 2048];
  const graph = model("slope", () => {
    const [x, g] = ["x", "g"].map((name) => input(name, "f32", [count, length]) as Rows);
    const scale = input("scale", "f32", [count, 1]) as Rows;
    const kept = { axis: 1, keepAxes: true } as const;
    const rest = sub(x, mean(x, kept)) as Rows;
    const y = mul(div(rest, sqrt(add(mean(square(rest), kept), 1e-5))), scale);
    const slopes = mul(g, 1.5) as Rows;
    const loss = sum(mul(y, slopes));
    return { run: { slope: grad(loss, x), ofScale: grad(loss, scale), ofOffset: sum(slopes, kept) } };
  });

  /** What it is in float64, where every factor is 1. */
  const wanted = (x: readonly number[], g: readonly number[]): readonly number[] => {
    const average = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;
    const middle = average(x);
    const spread = Math.sqrt(average(x.map((each) => (each - middle) ** 2)) + 1e-5);
    const unit = x.map((each) => (each - middle) / spread);
    const [meanSlope, along] = [average(g), average(g.map((each, i) => each * unit[i]))];
    return g.map((each, i) => (each - meanSlope - unit[i] * along) / spread);
  };

  it("has its digits whatever rows deviate by and slopes are", async () => {
    const module = await loadModel(graph);
    const wave = (size: number, turn: number): Float32Array =>
      Float32Array.from({ length: count * length }, (_, i) => size * Math.sin(turn * i * i + i));
    for (const deviation of [1e-17, 1e-9, 1, 1e6, 1e12, 1e17]) {
      for (const size of [1e-20, 1e-14, 1e-7, 1, 1e10, 1e20]) {
        const [x, g] = [wave(deviation, 1), wave(size, 0.7)];
        const { slope } = (await module.run({ x, g, scale: new Float32Array(count).fill(1) }).read()) as {
          slope: Float32Array;
        };
        for (let row = 0; row < count; row++) {
          const own = (all: Float32Array): number[] => [...all.slice(row * length, (row + 1) * length)];
          const expected = wanted(own(x), own(g)).map((each) => 1.5 * each);
          const largest = Math.max(...expected.map(Math.abs));
          // What is less than the smallest normal float, and a term of it, may be 0.
          const apart = own(slope).map((each, i) => Math.abs(each - expected[i]) - 1.6e-38);
          const worst = Math.max(...apart);
          expect.soft(worst / largest, `${deviation} ${size}`).toBeLessThan(2e-6);
        }
      }
    }
  });
});
