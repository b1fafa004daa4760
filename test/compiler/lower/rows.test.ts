/// Normalisations: what is computed from reductions of a row, whichever axes are kept, agrees with the interpreter.
import { describe, expect, it } from "vitest";
import {
  add,
  argmax,
  concatenate,
  div,
  gradientDescent,
  input,
  iota,
  max,
  mean,
  meanSquaredError,
  model,
  mul,
  param,
  reshape,
  sin,
  slice,
  softmax,
  sqrt,
  sub,
  sum,
  transpose,
  type Graph,
  type Value,
} from "chainrule";
import { openDeviceModule } from "../../../compiler/cli/device.ts";
import { compile } from "../../../compiler/compile.ts";
import { testDevice } from "../../gpu.ts";
import { expectRight } from "../agree.ts";

function normalised(
  x: Value,
  axes: readonly number[],
): { readonly y: Value; readonly variance: Value; readonly centre: Value } {
  const options = { axes, keepAxes: true };
  const centre = mean(x as never, options) as Value;
  const centred = sub(x as never, centre as never) as Value;
  const variance = mean(mul(centred, centred) as never, options) as Value;
  return { y: div(centred, sqrt(add(variance, 1e-3) as never)), variance, centre: mul(2, centre) };
}

const overAxes = (shape: readonly number[], axes: readonly number[]): Graph =>
  model("normalised", () => ({ run: { ...normalised(input("x", "f32", shape), axes) } }));

describe("a normalisation", () => {
  it.each([
    [[6, 10], [1]],
    [[6, 10], [0]],
    [
      [6, 10],
      [0, 1],
    ],
    [[5, 3, 7], [1]],
    [
      [5, 3, 7],
      [0, 2],
    ],
    [
      [5, 3, 7],
      [1, 2],
    ],
    [[1, 9], [1]],
    [[9, 1], [0]],
    [[4, 1, 8], [2]],
    [[70, 3], [1]],
    [[3, 300], [1]],
    [[2, 64], [1]],
    [[2, 128], [1]],
    // Few rows have many lanes each, many rows few, and very many rows one.
    [[40, 50], [1]],
    [[301, 40], [1]],
    [[1030, 36], [1]],
    [[4100, 34], [1]],
    [[50, 40], [0]],
    [[36, 1030], [0]],
    // Four elements at a time: once, several times, and with lanes that have nothing at the end.
    [[40, 52], [1]],
    [[3, 600], [1]],
    [[1, 1200], [1]],
    [
      [5, 6, 8],
      [1, 2],
    ],
  ])("of %j over axes %j", (shape, axes) => expectRight(overAxes(shape, axes)));

  it("with a learned scale and shift trains", () =>
    expectRight(
      model("layer-norm", () => {
        const x = input("x", "f32", ["batch", 12]);
        const { y } = normalised(x, [1]);
        const output = add(mul(y, param([12], { name: "scale" })), param([12], { name: "shift" })) as Value;
        const loss = meanSquaredError(output as never, input("target", "f32", ["batch", 12]) as never);
        return { train: { loss, update: gradientDescent(loss as never, { learningRate: 0.1 }) } };
      }),
      { batch: 7 },
    ));

  it("that reads four elements at a time knows their places, and what does not lie together", () =>
    expectRight(
      model("places", () => {
        const x = input("x", "f32", [6, 80]);
        const turned = transpose(input("y", "f32", [80, 6]));
        const joined = concatenate([slice(x, [null, [3]]), slice(turned, [null, [0, 3]])], 1);
        const total = sum(mul(x, iota([80], 0, "f32")), { axis: 1 });
        return { run: { place: argmax(add(x, turned), { axis: 1 }), shares: softmax(joined, 1), total } };
      }),
    ));

  it("of rows of one element knows its place", () =>
    expectRight(
      model("single", () => {
        const x = input("x", "f32", [70, 1]);
        return { run: { place: argmax(x, { axis: 1 }), total: sum(x, { axis: 1 }), shares: softmax(x, 1) } };
      }),
    ));

  it("whose row values are read under other shapes", () =>
    expectRight(
      model("shapes", () => {
        const x = input("x", "f32", [6, 10]);
        const total = sum(x, { axis: 1, keepAxes: true });
        const largest = max(x, { axis: 1 });
        return {
          run: {
            lying: reshape(mul(total, 2), [1, 6]),
            mixed: add(reshape(total, [6]), largest),
            blocks: mul(reshape(largest, [2, 1, 3]), 3),
            outer: add(total, reshape(largest, [1, 6])),
            p: div(x, total),
          },
        };
      }),
    ));
});

describe("many reductions in one kernel", () => {
  // A workgroup has 16 kB for what its threads leave for each other.
  it.each([
    ["of one row", [2000], [0]],
    ["of rows side by side", [500, 8], [0]],
    ["of rows", [8, 500], [1]],
  ] as const)("%s find memory", (_, shape, axes) =>
    expectRight(
      model("many", () => {
        const x = input("x", "f32", shape) as Value;
        const sums = Array.from({ length: 24 }, (_, i) => sum(sin(mul(x as never, 1 + i / 8)) as never, { axes }));
        return { run: { result: sums.reduce((total, each) => add(total as never, sin(each as never)) as never) } };
      }),
    ),
  );

  it("wait for each other", () =>
    expectRight(
      model("chain", () => {
        const x = input("x", "f32", [2000]) as Value;
        const result = Array.from({ length: 10 }).reduce<Value>((row) => softmax(row as never) as Value, x);
        return { run: { result: result as never } };
      }),
    ));
});

describe("a largest element and its place", () => {
  const both = (shape: readonly number[], axis: number): Graph =>
    model("both", () => {
      const x = input("x", "f32", shape) as Value;
      const largest = max(x as never, { axis, keepAxes: true });
      return { run: { place: argmax(x as never, { axis }), below: sub(x as never, largest) } };
    });

  it.each([
    ["of rows", [70, 10], 1],
    ["of long rows", [3, 3000], 1],
    ["of rows of four lanes", [700, 16], 1],
    ["of columns", [10, 64], 0],
  ] as const)("%s are found together, once", async (_, shape, axis) => {
    const graph = both(shape, axis);
    const text = compile(graph)
      .kernels.map(({ wgsl }) => wgsl)
      .join();
    expect(text.match(/^ *var largest(_1)? = /gm)).toHaveLength(1);
    await expectRight(graph);
  });

  it("of a NaN are the NaN and its place", async () => {
    const program = compile(both([2, 5], 1));
    const module = await openDeviceModule(program, { device: await testDevice() });
    const { outputs } = await module.run("run", {}, { x: [1, 5, 2, 5, 0, 3, NaN, 9, NaN, 1] });
    module.destroy();
    expect(Array.from(outputs.place)).toEqual([1, 1]);
    expect(Array.from(outputs.below)).toEqual([-4, 0, -3, 0, -5, NaN, NaN, NaN, NaN, NaN]);
  });
});
