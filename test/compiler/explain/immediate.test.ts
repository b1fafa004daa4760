import { expect, test } from "vitest";
import { gradientDocument } from "../../../compiler/explain/document.ts";
import { explainGradient } from "../../../compiler/explain/gradient.ts";
import { explanationLatex } from "../../../compiler/explain/latex.ts";
import { explanationText } from "../../../compiler/explain/text.ts";
import { add, input, matmul, mean, model, mul, param, square, sum } from "../../../ir/index.ts";

const penalized = model("penalized", () => {
  const W = param([3, 2], { name: "W" });
  const z = matmul(input("x", "f32", [4, 3]), W);
  const loss = add(mean(square(z)), mul(0.1, sum(square(W))));
  return { run: { z, loss } };
});

test("what a loss reads itself and by way of others has an immediate derivative beside the whole one", () => {
  const explained = explainGradient(penalized, "loss", "W")!;
  const text = explanationText(gradientDocument(explained));
  expect(text).toContain("∂loss/∂W = ∂⁺loss/∂W + ∂loss/∂z · ∂z/∂W  # ∂⁺: through the formula of the loss itself");
  expect(text).toMatch(/^ {2}∂⁺loss\/∂W = /m);
  expect(explanationLatex(gradientDocument(explained))).toContain(
    "\\frac{\\partial^{+} \\mathrm{loss}}{\\partial W} &=",
  );
});
