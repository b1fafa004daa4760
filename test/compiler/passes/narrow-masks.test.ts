/// Conditions on all elements, of which one at the place of a maximum counts.
import { describe, expect, it } from "vitest";
import {
  add,
  grad,
  gradientDescent,
  input,
  leakyRelu,
  matmul,
  maxPool,
  model,
  mul,
  param,
  relu,
  reshape,
  sum,
  tanh,
  type Graph,
  type Value,
} from "chainrule";
import { elementCount } from "../../../ir/type.ts";
import { expectRight } from "../agree.ts";
import { planOf } from "../planning.ts";

/** A pool behind an activation, and the slope of what is pooled; `also` reads it elsewhere. */
const pooled = (activation: (x: Value) => Value, also: (slope: Value) => Value = (slope) => slope): Graph =>
  model("pooled", () => {
    const w = param([8, 8], { name: "w" });
    const x = reshape(matmul(input("x", "f32", [48, 8]), w), [2, 3, 8, 8]);
    const loss = sum(tanh(maxPool(activation(x), 2)));
    const step = gradientDescent(loss, { learningRate: 0.1 });
    return { train: { loss, slope: also(grad(loss, w)), update: step } };
  });

/** How many kernels read what the pool is taken of. */
const readers = (graph: Graph): number => {
  const { steps } = planOf(graph, "train", {});
  const loads = steps.flatMap(({ traffic }) => traffic.loads.filter(({ op }) => op.kind !== "leaf"));
  return loads.filter(({ type }) => elementCount(type.shape) === 2 * 3 * 8 * 8).length;
};

describe("conditions on the elements under a pool", () => {
  it("are asked of maxima: the slope of relu reads no element again", async () => {
    const graph = pooled(relu);
    expect(readers(graph)).toBe(readers(pooled((x) => x)));
    await expectRight(graph);
  });

  it("are right where a branch is not 0, and where the slope is read as well", async () => {
    await expectRight(pooled((x) => leakyRelu(x, { slope: 0.1 })));
    await expectRight(pooled((x) => add(relu(x), relu(mul(x, -0.5)))));
    await expectRight(pooled(relu, (slope) => mul(slope, 2)));
  });
});
