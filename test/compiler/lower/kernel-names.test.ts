/// What kernels are called: after what a user knows of what they compute, whatever else they write.
import { expect, test } from "vitest";
import { input, matmul, model, param, relu, sum, tanh, type Graph } from "chainrule";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import mlp from "../../bench/models/mlp.ts";

const namesOf = (graph: Graph, entry: string): readonly string[] =>
  compileWithFacts(graph)
    .entries.find(({ name }) => name === entry)!
    .launches.map(({ name }) => name);

test("a convolution is called so beside moments that are added up with it, and its slopes after what they are of", async () => {
  const graph = await loadModel("test/compiler/fixtures/normalized.ts", { typeCheck: false });
  const names = namesOf(graph, "train");
  expect(names).toEqual(expect.arrayContaining(["first_linear", "second_linear", "d_loss_d_tiny"]));
  expect(names.filter((name) => name.includes("sum"))).toEqual([]);
});

test("a kernel is called after what has a name on the way to its results", () => {
  expect(namesOf(mlp, "train").slice(0, 2)).toEqual(["first_linear", "second_linear"]);
});

test("a product without names is called after what it is of, whatever is made of it, and each kernel has a name of its own", () => {
  const graph = model("bare", () => {
    const [first, second] = [param([16, 32]), param([32, 8])];
    const hidden = relu(matmul(input("x", "f32", [64, 16]), first));
    return { run: { total: sum(tanh(matmul(tanh(matmul(hidden, second)), param([8, 40])))) } };
  });
  expect(namesOf(graph, "run")).toEqual(["product_of_x", "product_of_x_1", "product_of_x_2", "sum_of_x", "total"]);
});
