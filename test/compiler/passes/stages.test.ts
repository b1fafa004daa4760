import { expect, test } from "vitest";
import { loadModel } from "../../../compiler/load/index.ts";
import { graphAtStage } from "../../../compiler/passes/stages.ts";
import { printGraph } from "../../../ir/print.ts";

const classifier = await loadModel("samples/classifier/model.ts", { typeCheck: false });
const recurrent = await loadModel("test/compiler/explain/fixtures/recurrent.ts", { typeCheck: false });

test("stages go from the chain rule on the formulas of the file to the stabilised loss, and never back", () => {
  const at = (stage: string): string => printGraph(graphAtStage(classifier, stage));
  expect(at("gradient")).toContain("log(ŷ)");
  expect(at("gradient")).not.toMatch(/softplus|grad\(/);
  expect(at("gradient:before")).toBe(at("forward"));
  expect(at("insideScans:before")).toBe(at("gradient"));
  expect(at("insideScans")).toBe(at("gradient"));
  expect(at("expandDerivatives:before")).toBe(at("insideScans"));
  expect(at("expandDerivatives")).toContain("∂L/∂z2 = v2 · ŷ - y · sigmoid(v1)");
});

test("no stage after the first shows a derivative that is not taken, also of loops", () => {
  for (const stage of ["gradient", "insideScans", "expandDerivatives"]) {
    const text = printGraph(graphAtStage(recurrent, stage));
    expect(text, stage).not.toContain("grad(");
    expect(text, stage).toContain("∂loss/∂W");
  }
});
