/// Results that are written where an operand lies: that it happens, and that it does not where anyone would notice.
import { describe, expect, it } from "vitest";
import {
  add,
  concatenate,
  cumsum,
  div,
  input,
  matmul,
  model,
  mul,
  param,
  reverse,
  scan,
  slice,
  softmax,
  sum,
  take,
  tanh,
  transpose,
  type Graph,
  type Tensor,
  type Value,
} from "chainrule";
import { compileWithFacts, type CompileOptions } from "../../compiler/compile.ts";
import { report, type EntryReport } from "../../compiler/report.ts";
import { expectRight } from "./agree.ts";

const size = 64;
const bytes = 4 * size * size;

const square = (name: string): Tensor => input(name, "f32", [size, size]) as Tensor;
const weight = (name: string): Tensor => param([size, size], { name }) as Tensor;
const product = (a: Value, b: Value): Tensor => matmul(a as Tensor, b as Tensor) as Tensor;

/** `result over operand` for each that takes a place, as kernels say. */
function taken(graph: Graph, options: CompileOptions = {}): readonly string[] {
  return compileWithFacts(graph, options).program.kernels.flatMap(({ wgsl }) =>
    [...wgsl.matchAll(/\/\/ +(\w+) takes the place of (\w+)/g)].map(
      ([, result, operand]) => `${result} over ${operand}`,
    ),
  );
}

const reported = (graph: Graph, options: CompileOptions = {}): EntryReport =>
  report(compileWithFacts(graph, options)).entryPoints.run;

/** A model of what is made of three squares. */
const of = (build: (a: Tensor, b: Tensor, c: Tensor) => Record<string, Value>): Graph =>
  model("m", () => ({ run: build(square("a"), square("b"), square("c")) }));

/** A softmax between two products, and what else there is. */
const shares = (more: (scores: Tensor, weights: Tensor) => Record<string, Value> = () => ({})): Graph =>
  of((a, b, c) => {
    const scores = product(a, b);
    const weights = softmax(scores, 1) as Tensor;
    return { y: product(weights, c), ...more(scores, weights) };
  });

/** A product to which another tensor is added as `read` finds it. */
const summed = (read: (other: Tensor) => Value): Graph =>
  of((a, b, c) => {
    const other = tanh(product(a, b)) as Tensor;
    return { y: product(add(product(b, c), read(other) as Tensor), a) };
  });

/** Two products and a softmax, three times over. */
const looped = (): Graph =>
  model("loop", () => {
    const body = (h: Value): Tensor => product(softmax(product(h, weight("w")), 1), weight("v"));
    const { carry } = scan(([h]) => ({ carry: [body(h)] }), { initial: [square("a")], length: 3 });
    return { run: { y: carry[0] } };
  });

describe("a result takes the place of an operand", () => {
  it("in rows, elements, running sums and products", async () => {
    const all: readonly (readonly [Graph, readonly string[]])[] = [
      [shares(), ["softmax over product"]],
      [of((a, b, c) => ({ y: product(div(product(a, b), sum(product(a, b))), c) })), ["quotient over product"]],
      [of((a, b, c) => ({ y: product(cumsum(product(a, b), 1), c) })), ["cumsum over product"]],
      [summed((other) => other), ["total over product"]],
    ];
    for (const [graph, pairs] of all) {
      expect(taken(graph)).toEqual(pairs);
      await expectRight(graph);
    }
  });

  it("which is bound once, and counted once", () => {
    const { kernels, arenaBytes } = reported(shares());
    expect(kernels.map((each) => each.bytes)).toEqual([3 * bytes, bytes, 3 * bytes]);
    expect(arenaBytes).toBe(bytes);
  });

  it("after another result that reads it", async () => {
    const graph = of((a, b, c) => {
      const scores = product(a, b);
      const weights = softmax(scores, 1) as Tensor;
      return { y: product(weights, c), z: product(mul(weights, add(scores, 1)), c) };
    });
    expect(taken(graph)).toHaveLength(1);
    await expectRight(graph);
  });

  it("in loops, within one turn", async () => {
    expect(taken(looped())).toEqual(["softmax over product"]);
    await expectRight(looped());
  });

  it("with halves, where both are halves", async () => {
    expect(taken(shares(), { storage: "f16" })).toEqual(["softmax over product"]);
    expect(reported(shares(), { storage: "f16" }).arenaBytes).toBe(bytes / 2);
  });

  it("under a memory budget, which counts it once", () => {
    const budget = bytes;
    const { memory, arenaBytes } = reported(shares(), { memoryBudget: budget });
    expect(taken(shares(), { memoryBudget: budget })).toEqual(["softmax over product"]);
    expect([arenaBytes, memory!.again]).toEqual([bytes, []]);
  });
});

describe("a result has a place of its own", () => {
  it("where the operand is read later", async () => {
    const graph = shares((scores, weights) => ({ z: product(product(weights, scores), scores) }));
    expect(taken(graph)).toEqual([]);
    await expectRight(graph);
  });

  it("where the operand is an input, a parameter or an output", () => {
    expect(taken(of((a, b) => ({ y: product(softmax(a, 1), b) })))).toEqual([]);
    expect(taken(of((a) => ({ y: product(softmax(weight("w"), 1), a) })))).toEqual([]);
    expect(taken(shares((scores) => ({ scores })))).toEqual([]);
  });

  it("where it is an output", () => {
    expect(taken(shares((_, weights) => ({ weights })))).toEqual([]);
  });

  it("where another thread reads the operand", async () => {
    const reads: Readonly<Record<string, (other: Tensor) => Value>> = {
      transposed: (other) => transpose(other),
      reversed: (other) => reverse(other, [1]),
      "in another order": (other) => concatenate([slice(other, [[size / 2, size]]), slice(other, [[0, size / 2]])], 0),
      "of one row": (other) => slice(other, [[0, 1]]),
      gathered: (other) => take(other, input("rows", "i32", [size]), 0),
    };
    for (const [name, read] of Object.entries(reads)) {
      expect(
        taken(summed(read)).filter((pair) => pair.endsWith(" tanh")),
        name,
      ).toEqual([]);
      await expectRight(summed(read));
    }
  });

  it("where the product reads it", async () => {
    const graph = of((a, b, c) => {
      const other = tanh(product(a, b)) as Tensor;
      return { y: product(add(product(other, c), other), a) };
    });
    expect(taken(graph)).toEqual([]);
    await expectRight(graph);
  });
});
