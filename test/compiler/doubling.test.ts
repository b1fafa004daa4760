// What doubles its paths with every step must not double the work: each value is looked at once, however often it is read.
import { describe, expect, test } from "vitest";
import { add, concatenate, cos, exp, grad, greater, logsumexp, maximum, mean, model, mul, param, sin } from "chainrule";
import { slice, sub, sum, transpose, where, type Graph, type Tensor } from "chainrule";
import { compile } from "../../compiler/compile.ts";
import { derive } from "../../compiler/passes/all.ts";
import { graphRoots } from "../../ir/graph.ts";
import { parseGraph } from "../../ir/parse.ts";
import { printGraph } from "../../ir/print.ts";
import { postorder } from "../../ir/value.ts";

type Matrix = Tensor<"f32">;

/** Steps that read their operand twice: so many of them have as many paths as 2 to that number. */
const doublings: Readonly<Record<string, (x: Matrix) => Matrix>> = {
  "a sum of itself and its total": (x) => add(sum(x, { axis: 1, keepAxes: true }), x) as Matrix,
  "its square": (x) => mul(x, x) as Matrix,
  "a product of its sine and cosine": (x) => mul(sin(x), cos(x)) as Matrix,
  "a choice between two": (x) => where(greater(x, 0), sin(x), exp(x)) as Matrix,
  "the larger of itself and its transpose": (x) => maximum(x, transpose(x)) as Matrix,
  "halves put together": (x) => concatenate([slice(x, [[2]]), sin(slice(x, [[null, 2]]))]) as Matrix,
};

function repeated(step: (x: Matrix, place: number) => Matrix, times: number): Graph {
  return model("repeated", () => {
    const x = param([4, 4], { name: "x" }) as Matrix;
    let y = x;
    for (let place = 0; place < times; place++) y = step(y, place);
    const loss = sum(y) as Tensor<"f32", readonly []>;
    return { run: { loss, slope: grad(loss, x) } };
  });
}

const count = (graph: Graph): number => postorder(graphRoots(graph)).length;

describe.each(Object.entries(doublings))("%s", (_, step) => {
  test("forty times is as much text as forty times one", () => {
    const [ten, forty] = [10, 40].map((times) => printGraph(repeated(step, times)));
    expect(forty.length).toBeLessThan(6 * ten.length);
    expect(printGraph(parseGraph(forty, "repeated.graph"))).toBe(forty);
  });

  test("forty times has a gradient of as many values as forty times one, and compiles", () => {
    const [ten, forty] = [10, 40].map((times) => repeated(step, times));
    expect(count(derive(forty))).toBeLessThan(6 * count(derive(ten)));
    expect(compile(forty).kernels.length).toBeGreaterThan(0);
  });
});

test.each([
  ["products", 2000, (x: Matrix, place: number) => mul(x, 1 + 1 / (place + 2)) as Matrix],
  ["sines", 10_000, (x: Matrix) => sin(x)],
] as const)("a chain of %s, %i steps, is printed, read and derived", (_, steps, step) => {
  const graph = repeated(step, steps);
  expect(count(parseGraph(printGraph(graph), "repeated.graph"))).toBe(count(graph));
  expect(count(derive(graph))).toBeLessThan(4 * count(graph));
});

test("factors of a sum that sees no offset, each the square of the one before, are not counted one by one", () => {
  const graph = model("squares", () => {
    const z = param([4, 5], { name: "z" });
    let factor = param([4], { name: "factor" }) as Tensor<"f32">;
    for (let place = 0; place < 40; place++) factor = mul(factor, factor) as Tensor<"f32">;
    const [most, some] = [logsumexp(z, { axis: 1 }), mean(z, { axis: 1 })].map((each) => sum(mul(factor, each)));
    return { run: { loss: sub(most as Tensor, some as Tensor) } };
  });
  expect(compile(graph).kernels.length).toBeGreaterThan(0);
});
