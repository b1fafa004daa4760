/// Factors and divisors of long rows: which are one, and that results stay what they are.
import {
  add,
  div,
  exp,
  input,
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
      (of: Given) => div(sub(mul(sub(of.g, of.a), of.factor), mul(unit(of), of.q)), of.spread),
      3,
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
    ["the factor is no number of rows", rows((of) => ({ y: mul(unit(of), of.g) }))],
  ])("stay apart where %s", (_, graph) => {
    expect(after(graph)).toBeUndefined();
  });
});
