/// What the report lists under "kept for backward": also what forward kernels write for gradients alone.
import { expect, it } from "vitest";
import { adam, dense, dropout, input, model, relu, sgd, softmaxCrossEntropy, type Graph } from "chainrule";
import { compileWithFacts } from "../../compiler/compile.ts";
import { loadModel } from "../../compiler/load/index.ts";
import { report } from "../../compiler/report.ts";
import { as } from "./symbolic.ts";

const keptOf = (graph: Graph): readonly string[] =>
  report(compileWithFacts(graph)).entryPoints.train.residuals.map(({ name, shape, bytes }) =>
    [name, `[${shape.join(", ")}]`, bytes].join(" "),
  );

it("of pools, which element was the largest stays, called after what was found there", async () => {
  expect(keptOf(await loadModel("test/bench/models/cnn.ts", { typeCheck: false }))).toEqual([
    "first_1 [32, 8, 14, 14] 200704",
    "second_1 [32, 16, 7, 7] 100352",
    "logits_1 [32, 10] 1280",
    "place of first_1 [32, 8, 14, 14] 200704",
    "place of second_1 [32, 16, 7, 7] 100352",
  ]);
});

it("of dropout behind a relu, the condition that forward writes stays beside what is left", () => {
  const graph = model("drop", () => {
    const [x, label] = [input("x", "f32", [64, 256]), input("label", "i32", [64])];
    const [h, logits] = [as("h", () => dropout(relu(dense(x, 128)), 0.3)), (y: typeof h) => dense(y, 10)];
    const loss = softmaxCrossEntropy(logits(h), label);
    return { train: { loss, update: adam(loss) } };
  });
  expect(keptOf(graph)).toContainEqual(expect.stringMatching(/^relu\(.*\) > 0 && .*mask \[64, 128\] 32768$/));
});

it("what an optimizer counts is no part of it", () => {
  const graph = (update: typeof adam): Graph =>
    model("single", () => {
      const [x, label] = [input("x", "f32", [64, 256]), input("label", "i32", [64])];
      const loss = softmaxCrossEntropy(
        as("logits", () => dense(x, 10)),
        label,
      );
      return { train: { loss, update: update(loss) } };
    });
  expect(keptOf(graph(adam))).toEqual(keptOf(graph(sgd as typeof adam)));
});
