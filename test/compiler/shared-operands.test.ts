// Chains in which each value is read by the next two: paths to the first of them grow like Fibonacci's numbers. What looks
// at a formula looks at each value once, or at no more of it than people write. Calls of functions are counted, no time.
import { Session } from "node:inspector";
import { expect, test } from "vitest";
import {
  add,
  div,
  exp,
  grad,
  input,
  log,
  mean,
  model,
  mul,
  neg,
  param,
  pow,
  sub,
  sum,
  type Graph,
  type Tensor,
} from "chainrule";
import { abs, greater, max, maximum, softmax, sqrt, square, where } from "chainrule";
import { compile, compileWithFacts } from "../../compiler/compile.ts";

type Matrix = Tensor<"f32">;

/** A value from the two before it and a leaf, and what is made of the last two. */
interface Chain {
  step(a: Matrix, b: Matrix, x: Matrix): unknown;
  first?(x: Matrix): unknown;
  last?(a: Matrix, b: Matrix, x: Matrix): unknown;
}

const rows = { axis: 1, keepAxes: true } as const;

const chains: Readonly<Record<string, Chain>> = {
  "products over a sum of squares": {
    step: (a, b) => mul(a, b),
    last: (a, _, x) => div(a, sum(square(x), rows)),
  },
  "sums less their mean": { step: (a, b) => add(a, mul(0.5, b)), last: (a) => sub(a, mean(a, rows)) },
  "differences over a sum of squares": { step: (a, b) => sub(a, b), last: (a, _, x) => div(a, sum(square(x), rows)) },
  "sums of exponentials": { first: exp, step: (a, b) => add(a, b), last: (a) => log(a) },
  "a root of products": { step: (a, b) => mul(a, b), last: (a) => pow(a, 1 / 3) },
  "a softmax of sums": { step: (a, b) => add(a, b), last: (a, b) => mul(softmax(a), b) },
  "logarithms of exponentials": { step: (a, b) => log(add(exp(a), exp(b))) },
  "logarithms of one and one less a number": {
    step: (a, b, x) => log(add(exp(b), exp(sub(a, x) as Matrix)) as Matrix),
  },
  "logarithms beside one": { step: (a, b) => log(add(1, add(exp(a), exp(add(a, b))))) },
  "squares of weighted exponentials": {
    step: (a, b, x) => square(mul(mul(x, exp(a) as Matrix) as Matrix, b) as Matrix),
  },
  "squares times exponentials": { step: (a, b, x) => mul(square(a), mul(b, exp(x) as Matrix) as Matrix) },
  "squares of squares": { step: (a) => mul(a, a) },
  "doubles of doubles": { step: (a) => add(a, a) },
  "logarithms of rows, times others": { step: (a, b, x) => add(mul(x, a), logOfRow(add(a, b) as Matrix)) },
  "rows times their logarithms less the largest": {
    step(a, b, x) {
      const total = log(sum(exp(add(a, b) as Matrix), rows)) as Matrix;
      return sub(mul(a, sub(total, maximum(total, 0))), mul(b, x));
    },
  },
  "logarithms of rows of sums, less the largest": {
    step(a, b, x) {
      const total = log(sum(exp(add(a, mul(b, x) as Matrix) as Matrix), rows)) as Matrix;
      return sub(add(x, total), max(a, rows) as Matrix);
    },
  },
  "logarithms of both signs": { step: (a, b) => log(add(exp(a), exp(neg(b)))) },
};

function chainOf({ step, first = (x) => x, last = (a) => a }: Chain, depth: number): Graph {
  return model("chain", () => {
    const x = param([4, 4], { name: "x" }) as Matrix;
    let [a, b] = [first(param([4, 4], { name: "y" }) as Matrix), first(x)] as Matrix[];
    for (let place = 0; place < depth; place++) [a, b] = [step(a, b, x) as Matrix, a];
    const total = sum(last(a, b, x) as Matrix) as Tensor<"f32", readonly []>;
    return { run: { total, slope: grad(total, x) } };
  });
}

/** How often functions are called while something runs. */
function callsOf(action: () => void): number {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  action();
  let calls = 0;
  session.post("Profiler.takePreciseCoverage", (_, { result }) => {
    for (const { functions } of result) for (const { ranges } of functions) calls += ranges[0].count;
  });
  session.disconnect();
  return calls;
}

/** The logarithm of the exponentials of a row added up, by hand, less its largest. */
function logOfRow(x: Matrix): Matrix {
  const m = max(x, rows) as Matrix;
  return add(m, log(sum(exp(sub(x, m) as Matrix), rows)) as Matrix) as Matrix;
}

test.each(Object.entries(chains))("%s, each read twice, take as many steps as there are values", (_, chain) => {
  const [short, long] = [14, 28].map((depth) => callsOf(() => compile(chainOf(chain, depth))));
  expect(long).toBeLessThan(3 * short);
});

test("choices by what was chosen before are looked at a bounded number of times for their warnings", () => {
  const choices: Chain = { step: (a, b, x) => where(greater(a, b), a, mul(b, x)) };
  const [short, long] = [16, 32].map((depth) => {
    const facts = compileWithFacts(chainOf(choices, depth));
    return callsOf(() => facts.warnings);
  });
  expect(long).toBeLessThan(4 * short);
});

test("a size that holds an exponential takes in no half of another one: rewriting settles", () => {
  const times = (size: Matrix, x: Matrix): unknown => mul(abs(size), exp(neg(add(abs(size), x))));
  const graph = chainOf({ step: (a, _, x) => times(times(a, x) as Matrix, x) }, 1);
  expect(compile(graph).kernels.length).toBeGreaterThan(0);
});

/** The root of a mean square and a number, of shares of weighted exponentials along the last axis. */
function rootOfShares(shape: readonly number[], smallest: number, weigh: (x: Matrix, m: Matrix) => unknown): Graph {
  return model("shares", () => {
    const [z, m] = [input("z", "f32", shape), input("m", "f32", shape)] as Matrix[];
    const last = { axis: shape.length - 1, keepAxes: true } as const;
    const a = weigh(exp(z) as Matrix, m) as Matrix;
    const loss = sum(sqrt(add(mean(square(div(a, sum(a, last))), last), smallest))) as Tensor<"f32", readonly []>;
    return { run: { loss, slope: grad(loss, z) } };
  });
}

test.each([
  ["3 weights", [3], 1, mul],
  ["7 weights", [7], 1, mul],
  ["12 weights", [12], 1, mul],
  ["rows of 10 weights", [64, 10], 1e-6, mul],
  ["weights where they are positive", [7], 1, (x: Matrix, m: Matrix) => where(greater(m, 0), mul(m, x) as Matrix, 0)],
] as const)("a root of a mean square of weighted shares settles: %s", (_, shape, smallest, weigh) => {
  const graph = rootOfShares(shape, smallest, weigh as (x: Matrix, m: Matrix) => unknown);
  expect(compile(graph).kernels.length).toBeGreaterThan(0);
});

test.each([1, 5, 20, 70])(
  "a square with half an exponential stays so below %i divisors: rewriting settles",
  (count) => {
    const graph = model("divisors", () => {
      const [z, m] = [input("z", "f32", [4]), input("m", "f32", [4])] as Matrix[];
      const whole: unknown = square(mul(m, exp(z)) as Matrix);
      const divisors = Array.from({ length: count }, (_, i) => input(`d${i}`, "f32", [4]) as Matrix);
      return { run: { value: divisors.reduce<unknown>((value, each) => div(value as Matrix, each), whole) as Matrix } };
    });
    expect(compile(graph).kernels.length).toBeGreaterThan(0);
  },
);
