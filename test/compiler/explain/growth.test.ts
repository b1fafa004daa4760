/// Explanations of deep models: what is looked at for each formula does not grow with the model around it.
import { beforeEach, expect, test, vi } from "vitest";
import * as cr from "../../../ir/index.ts";
import { explanationText } from "../../../compiler/explain/text.ts";
import { gradientDocument } from "../../../compiler/explain/document.ts";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { explainValue, valueDocument } from "../../../compiler/explain/value.ts";
import type * as Values from "../../../ir/value.ts";
import type * as Views from "../../../ir/notation/view.ts";

let views = 0;
let rebuilt = 0;
vi.mock("../../../ir/notation/view.ts", async (original) => {
  const actual = await original<typeof Views>();
  const viewOf: typeof actual.viewOf = (...args) => {
    views++;
    return actual.viewOf(...args);
  };
  return { ...actual, viewOf };
});

vi.mock("../../../ir/value.ts", async (original) => {
  const actual = await original<typeof Values>();
  const withOperands: typeof actual.withOperands = (...args) => {
    rebuilt++;
    return actual.withOperands(...args);
  };
  return { ...actual, withOperands };
});

beforeEach(() => {
  views = 0;
});

/** Blocks of a normalization, a dense layer with an activation and a way past it. */
function blocks(count: number): cr.Graph {
  return cr.model("deep", () => {
    const x = cr.input("x", "f32", [8, 16]);
    let stream: cr.Tensor<"f32", readonly [8, 16]> = x;
    for (let i = 1; i <= count; i++) {
      const calm = cr.layerNorm(stream, { name: `norm${i}` });
      const wide = cr.gelu(cr.dense(calm, 32, { name: `up${i}` }));
      stream = cr.add(stream, cr.dense(wide, 16, { name: `down${i}` }));
    }
    const loss = cr.mean(cr.square(stream));
    return { train: { loss, update: cr.sgd(loss, { learningRate: 0.1 }) } };
  });
}

/** How often a value is looked at to be written. */
function counted(count: number, explain: (graph: cr.Graph) => string): number {
  const graph = blocks(count);
  views = 0;
  expect(explain(graph)).toContain("Rule by rule");
  return views;
}

const explanations: readonly (readonly [string, (graph: cr.Graph) => string])[] = [
  [
    "a gradient through all of it",
    (graph) => explanationText(gradientDocument(explainGradient(graph, "loss", "up1.weight")!)),
  ],
  [
    "a derivative of its first layer",
    (graph) => explanationText(valueDocument(explainValue(graph, "∂loss/∂up1.weight"))),
  ],
];

test.each(explanations)("%s takes as much for each layer in a model of twice as many", (_, explain) => {
  const [few, more, most] = [2, 4, 8].map((count) => counted(count, explain));
  expect((most - more) / (more - few)).toBeLessThan(2.6);
});

test.each(["loss", "v1", "norm2.normalized", "down1.weight"])(
  "%s is explained without rebuilding the whole model at every rule",
  (name) => {
    const [few, more, most] = [4, 8, 16].map((count) => {
      const graph = blocks(count);
      rebuilt = 0;
      explainValue(graph, name);
      return rebuilt;
    });
    expect((most - more) / (more - few)).toBeLessThan(2.6);
  },
);
