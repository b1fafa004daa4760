/// Models that draw random numbers: what is explained is what is compiled, though tables of counters are merged on the way.
import { describe, expect, test } from "vitest";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { formulaText } from "../../../compiler/explain/lines.ts";
import { derive } from "../../../compiler/passes/all.ts";
import { graphValues, type Graph } from "../../../ir/graph.ts";
import {
  adam,
  add,
  dense,
  dropout,
  exp,
  input,
  mean,
  model,
  mul,
  randomKey,
  randomNormal,
  relu,
  sigmoidCrossEntropy,
  square,
  sub,
  sum,
} from "../../../ir/index.ts";
import { as } from "../symbolic.ts";

const noisy = model("noisy", () => {
  const image = input("image", "f32", ["batch", 6]);
  const hidden = as("hidden", () => relu(dense(image, 4)));
  const mu = as("mu", () => dense(hidden, 2));
  const logVariance = as("logVariance", () => dense(hidden, 2));
  const noise = as("noise", () => randomNormal(randomKey(), ["batch", 2]));
  const z = as("z", () => add(mu, mul(exp(mul(logVariance, 0.5)), noise)));
  const logits = as("logits", () => dense(z, 6));
  const losses = sigmoidCrossEntropy(logits, image, { reduction: "none" });
  const reconstruction = as("reconstruction", () => mean(sum(losses, { axis: 1 })));
  const terms = sub(sub(add(1, logVariance), square(mu)), exp(logVariance));
  const kl = as("kl", () => mean(mul(-0.5, sum(terms, { axis: 1 }))));
  const loss = as("loss", () => add(reconstruction, kl));
  return { train: { loss, kl, update: adam(loss, { learningRate: 0.01 }) } };
});

const thinned = model("thinned", () => {
  const [x, y] = [input("x", "f32", ["batch", 5]), input("y", "f32", ["batch", 3])];
  const hidden = as("hidden", () => dropout(relu(dense(x, 4)), 0.5));
  const again = as("again", () => dropout(relu(dense(hidden, 4)), 0.2));
  const logits = as("logits", () => dense(again, 3));
  const loss = as("loss", () => mean(sum(sigmoidCrossEntropy(logits, y, { reduction: "none" }), { axis: 1 })));
  return { train: { loss, update: adam(loss, { learningRate: 0.01 }) } };
});

/** The formula of a gradient as `print --gradient` has it, written out. */
function printed(graph: Graph, gradient: string): string {
  const derived = derive(graph);
  const alive = new Set(graphValues(derived));
  const [value] = [...derived.notes].find(([each, { name }]) => name === gradient && alive.has(each))!;
  return formulaText({ value, names: new Map() });
}

const cases = [
  ["noisy", noisy, ["logits", "z", "mu", "logVariance", "hidden"]],
  ["thinned", thinned, ["logits", "again", "hidden"]],
] as const;

describe.each(cases)("the gradients of a model that is %s", (_, graph, targets) => {
  test.each(targets)("end with the compiled form: %s", (target) => {
    const explained = explainGradient(graph, "loss", target)!;
    const [{ last }, compiled] = [explained.lines.at(-1)!, explained.compiled.value];
    expect(last.value).toBe(compiled);
    // Every step is a rule that the log has.
    expect(explained.steps.map(({ rule }) => rule.name)).not.toContain("further rules of the compiler");
    expect(formulaText({ value: compiled, names: new Map() })).toBe(printed(graph, `∂loss/∂${target}`));
  });
});

test.each([noisy, thinned])("the slope of a cross-entropy is collected below random numbers", (graph) => {
  const explained = explainGradient(graph, "loss", "logits")!;
  const labels = graph === noisy ? "image" : "y";
  expect(formulaText(explained.compiled)).toBe(`(sigmoid(logits) - ${labels}) / batch`);
});
