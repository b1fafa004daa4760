/// Normalisations, softmax and losses by row: how often they go over memory.
import { describe, expect, it } from "vitest";
import { adam, add, dense, div, exp, gelu, grad, groupNorm, input, layerNorm, logSoftmax, mean } from "chainrule";
import { meanSquaredError, model, mul, parametersOf, relu, rmsNorm, silu, softmax } from "chainrule";
import { softmaxCrossEntropy, sqrt, sub, sum, variance, vjp, type Tensor, type Value } from "chainrule";
import { report } from "../../compiler/report.ts";
import { compileWithFacts } from "../../compiler/compile.ts";
import { expectRight, expectRightOnDevice } from "./agree.ts";

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

  /** What a normalisation of channels comes to, and its slopes for given slopes of its result. */
  const channels = (shape: readonly number[], axes: readonly number[]) =>
    model("channels", () => {
      const [x, given] = [input("x", "f32", shape), input("given", "f32", shape)] as Tensor<"f32">[];
      const across = { axes: axes as never, keepAxes: true } as const;
      const [scale, shift] = ["scale", "shift"].map((name) =>
        input(
          name,
          "f32",
          shape.map((extent, at) => (at === 1 ? extent : 1)),
        ),
      );
      const normal = div(sub(x, mean(x, across)), sqrt(add(variance(x, across), 1e-5)));
      const y = add(mul(normal, scale), shift) as Tensor<"f32">;
      const total = sum(mul(y, given)) as Tensor<"f32", readonly []>;
      return { run: { y }, back: { x: grad(total, x), scale: grad(total, scale), shift: grad(total, shift) } };
    });

  it.each([
    [
      [32, 64, 16, 16],
      [0, 2, 3],
    ],
    [
      [32, 16, 28, 28],
      [0, 2, 3],
    ],
    [
      [64, 8, 28, 28],
      [0, 2, 3],
    ],
    [
      [32, 256, 8, 8],
      [0, 2, 3],
    ],
    [[256, 512], [0]],
  ])("also where they are channels of %j, as are their slopes", (shape, axes) => {
    const { run, back } = report(compileWithFacts(channels(shape, axes))).entryPoints;
    for (const { dispatches, bytes, idealBytes } of [run, back]) {
      expect(dispatches).toBe(1);
      expect(bytes / idealBytes).toBeLessThanOrEqual(1.01);
    }
  });

  it("and channels are right", () => expectRight(channels([8, 3, 18, 18], [0, 2, 3])));

  /** What a normalisation of groups of channels comes to, and its slope for a given one of what is made of it. */
  const groups = (shape: readonly number[], count: number, then: (y: Tensor<"f32">) => Value) =>
    model("groups", () => {
      const [x, given] = [input("x", "f32", shape), input("given", "f32", shape)] as Tensor<"f32">[];
      const y = then(groupNorm(x, count, { name: "norm" }));
      const total = sum(mul(y, given)) as Tensor<"f32", readonly []>;
      return { run: { y }, back: { x: grad(total, x) } };
    });

  const activations: readonly ((x: Tensor<"f32">) => Value)[] = [(x) => x, relu, silu, gelu];

  it.each([[[32, 64, 16, 16]], [[4, 32, 64, 64]], [[16, 32, 100]]])(
    "also where they are groups of channels of %j, as is the slope by them",
    (shape) => {
      for (const then of activations) {
        const { run, back } = report(compileWithFacts(groups(shape, 8, then))).entryPoints;
        for (const { dispatches, bytes, idealBytes } of [run, back]) {
          expect(dispatches).toBe(1);
          expect(bytes / idealBytes).toBeLessThanOrEqual(1.01);
        }
      }
    },
  );

  it.each<readonly [readonly number[], number]>([
    [[2, 6, 3, 5], 3],
    [[1, 4, 7, 7], 1],
    [[3, 4, 1, 1], 2],
    [[2, 3, 4, 4], 3],
    [[5, 8, 4], 2],
  ])("and groups of channels of %j are right in %i", (shape, count) => expectRight(groups(shape, count, silu)));

  /** The same with slopes by the scale and the shift of each channel, which are sums of parts of rows. */
  const channelsInGroups = (shape: readonly number[], count: number) =>
    model("groups", () => {
      const [x, given] = [input("x", "f32", shape), input("given", "f32", shape)] as Tensor<"f32">[];
      const y = groupNorm(x, count, { name: "norm" });
      const total = sum(mul(y, given)) as Tensor<"f32", readonly []>;
      const [scale, shift] = parametersOf(y).map((each) => grad(total, each));
      return { run: { x: grad(total, x), scale, shift, means: mean(y, { axes: [2, 3] as never }) } };
    });

  it.each<readonly [readonly number[], number]>([
    [[32, 64, 16, 16], 8],
    [[32, 24, 16, 16], 4],
    [[32, 32, 14, 14], 2],
    [[4, 32, 64, 64], 8],
    [[8, 32, 28, 28], 4],
  ])("and parts of rows are added up where rows are: slopes of groups of channels of %j in %i", (shape, count) => {
    const { dispatches, bytes, idealBytes } = report(compileWithFacts(channelsInGroups(shape, count))).entryPoints.run;
    expect(dispatches).toBe(2);
    expect(bytes / idealBytes).toBeLessThanOrEqual(1.01);
  });

  it.each<readonly [readonly number[], number]>([
    [[4, 8, 6, 6], 2],
    [[12, 6, 3, 5], 2],
    [[1, 25, 7, 7], 1],
    [[24, 12, 2, 2], 2],
    [[1, 3, 20, 20], 1],
    [[2, 40, 4, 4], 1],
    [[11, 4, 5, 5], 4],
    [[65, 6, 2, 2], 2],
    [[1, 120, 3, 3], 1],
    [[2, 50, 5, 5], 1],
    [[2, 4, 24, 24], 2],
    [[4, 4, 26, 26], 2],
  ])("and such slopes are right: of channels of %j in %i groups", (shape, count) =>
    expectRight(channelsInGroups(shape, count)),
  );

  it("and what parts of rows are added up to may be read again for their elements", async () => {
    const graph = model("parts", () => {
      const x = input("x", "f32", [5, 6, 8, 7]);
      const y = groupNorm(x, 2, { name: "norm" });
      const apart = sub(y, mean(y, { axes: [2, 3], keepAxes: true }));
      return { run: { y: mul(apart, groupNorm(mul(apart, apart), 2, { name: "outer" })) } };
    });
    const { dispatches, bytes, idealBytes } = report(compileWithFacts(graph)).entryPoints.run;
    expect(dispatches).toBe(1);
    expect(bytes / idealBytes).toBeLessThanOrEqual(1.1);
    await expectRight(graph);
  });

  const norms = { layerNorm, rmsNorm } as const;

  /** The slopes of a normalisation of rows, of its operand as of its scale and shift, for given slopes of its result. */
  const slopesOfRows = (norm: keyof typeof norms, shape: readonly number[], axes: readonly number[] = [-1]) =>
    model("slopes", () => {
      const [x, given] = [input("x", "f32", shape), input("given", "f32", shape)] as Tensor<"f32">[];
      const y = norms[norm](x, { name: "norm", axes: axes as never });
      const total = sum(mul(y, given)) as Tensor<"f32", readonly []>;
      const slopes = parametersOf(y).map((each, at) => [`slope${at}`, grad(total, each)] as const);
      return { back: { x: grad(total, x), ...Object.fromEntries(slopes) } };
    });

  it.each([
    ["layerNorm", [1024, 256]],
    ["rmsNorm", [1024, 256]],
    ["layerNorm", [8, 128, 768]],
    ["rmsNorm", [8192, 64]],
    ["layerNorm", [256, 130]],
    ["layerNorm", [1024, 10000]],
    ["layerNorm", [64, 4, 8, 8], [-2, -1]],
  ] as const)(
    "as is the slope of %s of %j with those of scale and shift, whose parts are finished in a second",
    (norm, shape, axes: readonly number[] = [-1]) => {
      const { dispatches, bytes, idealBytes } = report(compileWithFacts(slopesOfRows(norm, shape, axes))).entryPoints
        .back;
      expect(dispatches).toBe(2);
      expect(bytes / idealBytes).toBeLessThanOrEqual(1.1);
    },
  );

  it.each([
    ["layerNorm", [272, 20]],
    ["rmsNorm", [256, 66]],
    ["layerNorm", [16, 17, 24]],
    ["layerNorm", [300, 17]],
    ["layerNorm", [257, 20]],
    ["layerNorm", [256, 1]],
    ["rmsNorm", [256, 5]],
    ["layerNorm", [64, 4, 4, 4], [-2, -1]],
  ] as const)("and those of %s of %j are right", (norm, shape, axes: readonly number[] = [-1]) =>
    expectRight(slopesOfRows(norm, shape, axes)),
  );

  it("and those of many rows, which threads take alone, are right", () =>
    expectRightOnDevice(slopesOfRows("rmsNorm", [4096, 16])));

  it("and a norm in front of a loss is trained in two", async () => {
    const trained = (rowCount: number, length: number) =>
      model("trained", () => {
        const [x, goal] = [input("x", "f32", [rowCount, length]), input("goal", "f32", [rowCount, length])];
        const loss = meanSquaredError(layerNorm(x, { name: "norm" }), goal);
        return { train: { loss, update: adam(loss) } };
      });
    const { dispatches, bytes, idealBytes } = report(compileWithFacts(trained(1024, 256))).entryPoints.train;
    expect(dispatches).toBe(2);
    expect(bytes / idealBytes).toBeLessThanOrEqual(1.15);
    await expectRight(trained(272, 32));
  });

  it("as are norms between layers, where a product has the slopes of their results", async () => {
    const trained = (features: number) =>
      model("trained", () => {
        const hidden = layerNorm(dense(input("x", "f32", [256, features]), features, { name: "a" }), { name: "norm" });
        const scores = dense(relu(hidden), 10, { name: "b" });
        const loss = softmaxCrossEntropy(scores, input("label", "i32", [256]));
        return { train: { loss, update: adam(loss) } };
      });
    // The sums of columns read what the slope of the operand is made of, so that nobody else needs it.
    const { bytes, idealBytes } = report(compileWithFacts(trained(256))).entryPoints.train;
    expect(bytes / idealBytes).toBeLessThanOrEqual(1.4);
    await expectRight(trained(20));
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
