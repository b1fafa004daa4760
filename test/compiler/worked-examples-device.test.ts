/// The hand-computed cases of worked-examples.md §2 and §3, on the device.
import { describe, expect, it } from "vitest";
import { add, grad, input, matmul, model, mul, param, sigmoid, values } from "chainrule";
import { loadModel } from "./planning.ts";

describe("§2: a fully connected network by hand", () => {
  it("gives the activations of every layer", async () => {
    const graph = model("hand", () => {
      const x = input("x", "f32", [2, "examples"]);
      const w1 = param([2, 2], {
        name: "w1",
        init: values([
          [1, -2],
          [-1, 1],
        ]),
      });
      const b1 = param([2, 1], { name: "b1", init: values([[1], [0]]) });
      const w2 = param([2, 2], {
        name: "w2",
        init: values([
          [2, -1],
          [-2, -1],
        ]),
      });
      const b2 = param([2, 1], { name: "b2", init: values([[0], [0]]) });
      const w3 = param([2, 2], {
        name: "w3",
        init: values([
          [3, -1],
          [-1, 4],
        ]),
      });
      const b3 = param([2, 1], { name: "b3", init: values([[-2], [2]]) });
      const z1 = add(matmul(w1, x), b1);
      const a1 = sigmoid(z1);
      const a2 = sigmoid(add(matmul(w2, a1), b2));
      const a3 = sigmoid(add(matmul(w3, a2), b3));
      return { predict: { z1, a1, a2, a3 } };
    });
    const module = await loadModel(graph, { examples: 2 });
    // Examples in columns: [1, −1] and [0, 0].
    const { z1, a1, a2, a3 } = await module.predict({ x: Float32Array.of(1, 0, -1, 0) });
    const columns = (tensor: unknown): number[][] => {
      const [a, b, c, d] = tensor as Float32Array;
      return [
        [a, c],
        [b, d],
      ];
    };
    const rounded = (tensor: unknown) =>
      columns(tensor).map((column) => column.map((each) => Math.round(100 * each) / 100));
    expect(columns(z1)).toEqual([
      [4, -2],
      [1, 0],
    ]);
    expect(rounded(a1)).toEqual([
      [0.98, 0.12],
      [0.73, 0.5],
    ]);
    expect(rounded(a2)).toEqual([
      [0.86, 0.11],
      [0.72, 0.12],
    ]);
    expect(rounded(a3)).toEqual([
      [0.62, 0.83],
      [0.51, 0.85],
    ]);
    module.destroy();
  });
});

describe("§3: backpropagation on the smallest graph", () => {
  it("gives f and its three derivatives exactly", async () => {
    const graph = model("smallest", () => {
      const [x, y, z] = [input("x", "f32", []), input("y", "f32", []), input("z", "f32", [])];
      const f = mul(add(x, y), z);
      return { run: { f, dx: grad(f, x), dy: grad(f, y), dz: grad(f, z) } };
    });
    const module = await loadModel(graph);
    const outputs = await module.run({ x: -2, y: 5, z: -4 });
    expect(outputs).toEqual({ f: -12, dx: -4, dy: -4, dz: 3 });
    module.destroy();
  });
});
