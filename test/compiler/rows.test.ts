/// Normalisations, softmax and losses by row: how often they go over memory.
import { describe, expect, it } from "vitest";
import {
  add,
  exp,
  grad,
  input,
  layerNorm,
  logSoftmax,
  model,
  mul,
  rmsNorm,
  softmax,
  softmaxCrossEntropy,
  sub,
  sum,
  vjp,
  type Tensor,
  type Value,
} from "chainrule";
import { report } from "../../compiler/report.ts";
import { compileWithFacts } from "../../compiler/compile.ts";
import { expectRight } from "./agree.ts";

describe("rows are taken in one pass over memory", () => {
  const rows = [
    [1, 65536],
    [3, 4096],
    [3, 10000],
    [32, 32000],
    [64, 10000],
  ] as const;

  it.each(rows)("of %i rows of %i numbers", (count, length) => {
    const x = () => input("x", "f32", [count, length]);
    const forms: readonly (() => Value)[] = [
      () => softmax(x()),
      () => layerNorm(x(), { name: "norm" }),
      () => rmsNorm(x(), { name: "norm" }),
      () => logSoftmax(x()),
    ];
    for (const build of forms) {
      const { dispatches, bytes, idealBytes } = report(compileWithFacts(model("rows", () => ({ run: { y: build() } }))))
        .entryPoints.run;
      expect(dispatches).toBe(1);
      expect(bytes / idealBytes).toBeLessThanOrEqual(1.01);
    }
  });

  it.each<readonly [string, () => Record<string, Value>]>([
    [
      "a slope of ln softmax with the total of its cotangent",
      () => {
        const x = input("x", "f32", [24, 100]);
        const y = logSoftmax(x);
        return { y, slope: vjp(y, x, input("cotangent", "f32", [24, 100])) };
      },
    ],
    [
      "a divergence of two softmaxes with its slope",
      () => {
        const [x, goal] = [input("x", "f32", [24, 100]), input("goal", "f32", [24, 100])];
        const [own, theirs] = [logSoftmax(x), logSoftmax(goal)];
        const divergence = sum(mul(exp(theirs), sub(theirs, own)), { axis: 1 });
        return { divergence, slope: grad(sum(divergence) as Tensor<"f32", readonly []>, x) };
      },
    ],
    [
      "a sum of two norms",
      () => ({
        y: add(layerNorm(input("x", "f32", [24, 100]), { name: "one" }), layerNorm(input("z", "f32", [24, 100]))),
      }),
    ],
  ])("of several tensors: %s", async (_, define) => {
    const graph = model("rows", () => ({ run: define() }));
    const { dispatches, bytes, idealBytes } = report(compileWithFacts(graph)).entryPoints.run;
    expect(dispatches).toBe(1);
    expect(bytes / idealBytes).toBeLessThanOrEqual(1.01);
    await expectRight(graph, {});
  });

  it("also where they are images", () => {
    const image = model("image", () => ({
      run: { y: layerNorm(input("x", "f32", [4, 3, 64, 64]), { axes: [1, 2, 3] }) },
    }));
    const { dispatches, bytes, idealBytes } = report(compileWithFacts(image)).entryPoints.run;
    expect(dispatches).toBe(1);
    expect(bytes / idealBytes).toBeLessThanOrEqual(1.01);
  });

  it.each(rows)("and a loss over %i rows of %i classes has its slope in two", (count, length) => {
    const graph = model("loss", () => {
      const scores = input("x", "f32", [count, length]);
      const loss = softmaxCrossEntropy(scores, input("label", "i32", [count]));
      return { run: { loss, slope: grad(loss, scores) } };
    });
    const { dispatches, bytes, idealBytes } = report(compileWithFacts(graph)).entryPoints.run;
    expect(dispatches).toBeLessThanOrEqual(2);
    expect(bytes / idealBytes).toBeLessThanOrEqual(1.01);
  });
});
