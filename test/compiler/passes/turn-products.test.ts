/// Products whose operands change sides: which do, and that results stay what they are.
import { describe, expect, it } from "vitest";
import {
  contract,
  gradientDescent,
  input,
  matmul,
  model,
  mul,
  param,
  softmax,
  sum,
  tanh,
  transpose,
  type Value,
} from "chainrule";
import { runPasses } from "../../../compiler/pass.ts";
import { turnProducts } from "../../../compiler/passes/turn-products.ts";
import { printGraph } from "../../../ir/print.ts";
import { expectRight } from "../agree.ts";

const graphOf = (build: () => Value) => model("m", () => ({ run: { y: build() } }));
const after = (build: () => Value): string => printGraph(runPasses(graphOf(build), [turnProducts]));
const isTurned = (build: () => Value): boolean => after(build) !== printGraph(graphOf(build));

const matrix = (name: string, rows = 128, columns = 64): Value => input(name, "f32", [rows, columns]);
/** aᵀ·b, which transposes what it reads of a. */
const inner = (a: Value, b: Value): Value => contract(a, b, { batch: [], contracted: [[0, 0]] });
/** a·bᵀ, which transposes what it reads of b. */
const outer = (a: Value, b: Value): Value => contract(a, b, { batch: [], contracted: [[1, 1]] });

describe("a product that products read", () => {
  it("changes sides where they would transpose it", () => {
    expect(after(() => outer(matrix("c"), inner(matrix("a", 32), matrix("b", 32))))).toContain("(bᵀ @ a)");
    expect(isTurned(() => outer(matrix("c"), transpose(inner(matrix("a", 32), matrix("b", 32)))))).toBe(false);
  });

  it("stays where they read it as it lies, or where something else reads it", () => {
    const product = (): Value => inner(matrix("a", 32), matrix("b", 32));
    expect(isTurned(() => matmul(matrix("c"), product()))).toBe(false);
    expect(isTurned(() => outer(matrix("c"), tanh(product())))).toBe(false);
    const twice = (): Value => {
      const y = product();
      return mul(sum(outer(matrix("c"), y)), y);
    };
    expect(isTurned(twice)).toBe(false);
  });

  it("stays where its tiles would reach beyond its edges", () => {
    expect(isTurned(() => outer(matrix("c", 128, 65), inner(matrix("a", 32), matrix("b", 32, 65))))).toBe(false);
  });

  it("is the slope of a transposed operand of attention, and is right", () =>
    expectRight(
      model("attention", () => {
        const x = input("x", "f32", [2, 32, 8]);
        const [q, k, v] = ["q", "k", "v"].map((name) => matmul(x, param([8, 32], { name })));
        const heads = matmul(softmax(matmul(q, transpose(k, [0, 2, 1]))), v);
        const loss = sum(mul(heads, heads));
        return { train: { loss, update: gradientDescent(loss, { learningRate: 0.1 }) } };
      }),
    ));
});
