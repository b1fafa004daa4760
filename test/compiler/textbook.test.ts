/// Gradients that a textbook prints in one short line come out as that line.
import { describe, expect, it } from "vitest";
import {
  dense,
  einsum,
  grad,
  input,
  matmul,
  mean,
  param,
  parametersOf,
  square,
  sum,
  type Value,
} from "../../ir/index.ts";
import type { Dim } from "../../ir/dim.ts";
import { as, formula, printed } from "./symbolic.ts";

describe("a product of which everything is added up", () => {
  const gradientsOf = (
    lossOf: (x: Value, W: Value) => Value,
    batch: Dim = "batch",
  ): Readonly<Record<string, string>> => {
    const lines = printed(() => {
      const [x, W] = [input("x", "f32", [batch, 3]) as Value, param([3, 4], { name: "W" }) as Value];
      const loss = as("loss", () => lossOf(x, W));
      return { loss, dW: grad(loss as never, W), dx: grad(loss as never, x) } as never;
    });
    return Object.fromEntries(["W", "x"].map((name) => [name, formula(lines, `∂loss/∂${name}`)!]));
  };

  it.each<[string, (x: Value, W: Value) => Value]>([
    ["sum(x @ W)", (x, W) => sum(matmul(x as never, W as never)) as Value],
    ["sum(einsum)", (x, W) => sum(einsum("bi,ij->bj", x as never, W as never) as Value) as Value],
  ])("has sums of rows and columns for %s", (_, lossOf) => {
    expect(gradientsOf(lossOf)).toEqual({
      W: "broadcast(sum(x, axis=0), [3, 4], axes=[0])",
      x: "broadcast(sum(W, axis=1), [batch, 3])",
    });
  });

  it("has means of rows for a mean", () => {
    const lossOf = (x: Value, W: Value): Value => mean(matmul(x as never, W as never));
    expect(gradientsOf(lossOf, 2)).toEqual({
      W: "broadcast(0.125 · sum(x, axis=0), [3, 4], axes=[0])",
      x: "broadcast(0.125 · sum(W, axis=1), [2, 3])",
    });
  });

  it("is an outer product where what comes from above is the same for all rows", () => {
    const lossOf = (x: Value, W: Value): Value => {
      const total = as("total", () => sum(matmul(x as never, W as never), { axes: [0] }));
      return sum(square(total));
    };
    expect(gradientsOf(lossOf).W).toBe("sum(x, axis=0)[:, _] · ∂loss/∂loss.total");
  });

  it("hands a bias its share, however many examples there are", () => {
    const lines = printed(() => {
      const y = as("y", () => dense(input("x", "f32", ["batch", 3]), 4, { name: "layer" }));
      const loss = as("loss", () => mean(y));
      const [bias] = parametersOf([loss]).filter(({ type }) => type.shape.length === 1);
      return { loss, db: grad(loss as never, bias) } as never;
    });
    expect(lines).toContain("output db = fill(0.25, f32[4])");
  });
});
