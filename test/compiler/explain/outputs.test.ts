import { expect, test } from "vitest";
import { gradientDocument } from "../../../compiler/explain/document.ts";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { explanationText } from "../../../compiler/explain/text.ts";
import { grad, input, matmul, mean, model, param, square } from "../../../ir/index.ts";
import { as } from "../symbolic.ts";

const graph = model("aliases", () => {
  const W = param([3, 2], { name: "W" });
  const z = as("z", () => matmul(input("x", "f32", [4, 3]), W));
  const penalty = as("penalty", () => mean(square(z)));
  return { run: { loss: penalty, product: z, nameless: mean(z), d: grad(penalty, W) } };
});

function explained(loss: string, target: string): string {
  return explanationText(gradientDocument(explainGradient(graph, loss, target)!));
}

test("an output that is another name of a value can be explained: the page says of which", () => {
  const text = explained("loss", "product");
  expect(text).toMatch(/^The model\n {2}z = [^\n]*\n {2}penalty = [^\n]*\n {2}product = z\n {2}loss = penalty\n\n/);
  expect(text.slice(text.indexOf("The chain rule"))).toBe(
    explained("penalty", "z").slice(explained("penalty", "z").indexOf("The chain rule")),
  );
});

test("an output whose value has no name gives it its own", () => {
  expect(explained("nameless", "W")).toContain("∂nameless/∂W = ");
});
