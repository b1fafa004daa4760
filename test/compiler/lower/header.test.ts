/// What stands above a kernel is what a reader calls it.
import { adam, dense, input, logSoftmax, logsumexp, matmul, model, mul, softmax, softmaxCrossEntropy } from "chainrule";
import type { Graph, Tensor } from "chainrule";
import { expect, test } from "vitest";
import { compile } from "../../../compiler/compile.ts";
import { as } from "../symbolic.ts";

/** The comments of all kernels, in one line each time that a formula is longer, and what kernels are called. */
function headsOf(graph: Graph): string {
  const { kernels } = compile(graph);
  const comments = kernels.flatMap(({ name, wgsl }) => [
    name,
    ...wgsl.split("\n").filter((line) => /^\s*\/\//.test(line)),
  ]);
  return comments.join("\n").replace(/\n\/\/ {3,}/g, " ");
}

const scores = (): Tensor<"f32"> => input("scores", "f32", [32, 10]) as Tensor<"f32">;

test.each<readonly [string, () => Tensor<"f32">, RegExp]>([
  ["softmax", () => softmax(scores()), /y = softmax\(scores\)/],
  ["softmax along the first axis", () => softmax(scores(), 0), /y = softmax\(scores, axis=0\)/],
  ["logSoftmax", () => logSoftmax(scores()), /y = logSoftmax\(scores\)/],
  ["logsumexp", () => mul(2, logsumexp(scores(), { axis: 1 })) as never, /logsumexp\(scores, axis=1\)/],
  ["a factor", () => matmul(softmax(scores()), input("b", "f32", [10, 300])), /softmax = softmax\(scores\)/],
])("%s goes without what keeps it from overflowing", (_, of, written) => {
  const heads = headsOf(model("rows", () => ({ run: { y: of() } })));
  expect(heads).toMatch(written);
  expect(heads).not.toMatch(/isFinite|\bmax\(/);
});

test("a loss and its slope are those of a textbook", () => {
  const graph = model("classes", () => {
    const logits = as("logits", () => dense(input("x", "f32", [32, 20]), 10));
    const loss = softmaxCrossEntropy(logits, input("label", "i32", [32]));
    return { train: { loss, update: adam(loss) } };
  });
  const heads = headsOf(graph);
  expect(heads).toContain("∂loss/∂logits = (softmax(logits) - oneHot(label, 10)) / 32");
  expect(heads).toContain("sum(oneHot(label, 10) · logSoftmax(logits), axis=1)");
});
