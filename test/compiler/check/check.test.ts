import { describe, expect, test } from "vitest";
import { checkAllGradients, checkedDims, checkOnDevice } from "../../../compiler/check/index.ts";
import { classCount } from "../../../compiler/check/data.ts";
import type { GradientCheck } from "../../../compiler/check/gradients.ts";
import { notFiniteText } from "../../../compiler/check/finite.ts";
import { difference } from "../../../compiler/check/difference.ts";
import { randomStream, sampleIndices } from "../../../compiler/check/random.ts";
import { openDeviceModule } from "../../../compiler/cli/device.ts";
import {
  accuracy,
  adam,
  add,
  cos,
  crossEntropy,
  dense,
  embedding,
  exp,
  grad,
  input,
  log,
  logSoftmax,
  mean,
  model,
  mul,
  neg,
  oneHot,
  relu,
  sgd,
  sin,
  softmax,
  softmaxCrossEntropy,
  square,
  sub,
  sum,
  tanh,
  withDerivative,
  type Graph,
  type Value,
} from "../../../ir/index.ts";

const classifier = (): Graph =>
  model("classifier", () => {
    const x = input("x", "f32", ["batch", "features"]);
    const label = input("label", "i32", ["batch"]);
    const logits = dense(relu(dense(x, 9)), 4);
    const loss = softmaxCrossEntropy(logits, label);
    return {
      predict: { probabilities: softmax(logits) },
      train: { loss, accuracy: accuracy(logits, label), update: adam(loss) },
    };
  });

/** A model with one scalar loss of one input, and its gradient. */
function slopeOf(shape: readonly (number | string)[], loss: (x: Value) => Value): Graph {
  return model("slope", () => {
    const x = input("x", "f32", shape);
    const value = loss(x);
    return { train: { value, slope: grad(value, x) } };
  });
}

describe("gradients", () => {
  test("of every parameter, 64 entries of large ones", () => {
    const checks = checkAllGradients(classifier(), { dims: { features: 20 } });
    expect(checks.map(({ ok, count, checked }) => [ok, count, checked])).toEqual([
      [true, 180, 64],
      [true, 9, 9],
      [true, 36, 36],
      [true, 4, 4],
    ]);
  });

  test("of a large table: rows that are read, since of the others nothing shows", () => {
    const doubled = withDerivative(
      (y: Value) => mul(1, y),
      (slope) => [mul(2, slope)],
      { name: "doubled" },
    );
    const graph = model("table", () => {
      const words = embedding(input("ids", "i32", [3]), 300, 8);
      const loss = sum(square(doubled(words)));
      return { train: { loss, update: sgd(loss) } };
    });
    for (let seed = 0; seed < 8; seed++) {
      const [check] = checkAllGradients(graph, { seed });
      expect(check).toMatchObject({ name: "∂loss/∂embedding_0.weight", ok: false, count: 2400, checked: 64 });
    }
  });

  test("a loss that is no number anywhere says where it stops being one", () => {
    const negative = (x: Value): Value => log(sub(neg(square(x as never)), 1) as never) as Value;
    const [check] = checkAllGradients(slopeOf([3], (x) => sum(negative(x) as never)));
    expect(check).toMatchObject({ ok: false, count: 0, kinks: 0, notFinite: 20 });
    expect(check.origin).toMatchObject({ formula: "log(-x² - 1)", number: NaN });
    expect(notFiniteText(check.origin!)).toMatch(/^`log\(-x² - 1\)` is NaN/);
  });

  test("what overflows is named, and not what it makes NaN", () => {
    const [check] = checkAllGradients(
      slopeOf([3], (x) => {
        const huge = exp(add(mul(x as never, 1e-3), 1000) as never);
        return sum(sub(huge, mul(huge, 2)) as never);
      }),
    );
    expect(check).toMatchObject({ ok: false, notFinite: 20 });
    expect(check.origin!.formula).toContain("exp(");
    expect(check.origin!.number).toBe(Infinity);
  });

  test("sizes that are not given are small", () => {
    expect(checkedDims(classifier(), { dims: { "train.batch": 2 } })).toEqual({
      "train.batch": 2,
      batch: 3,
      features: 5,
    });
  });

  test("inputs in the domain of logarithms", () => {
    const [check] = checkAllGradients(slopeOf([5], (x) => sum(mul(x, log(x)))));
    expect(check).toMatchObject({ ok: true, checked: 5 });
  });

  test("of a value between, and of a gradient", () => {
    const graph = model("nested", () => {
      const x = input("x", "f32", [3]);
      const hidden = tanh(x);
      const loss = sum(mul(hidden, square(hidden)));
      const slope = grad(loss, hidden);
      const bend = grad(sum(square(slope)), hidden);
      return { train: { slope, bend, twice: grad(sum(square(grad(loss, x))), x) } };
    });
    const checks = checkAllGradients(graph);
    expect(checks.map((each) => each.ok)).toEqual(checks.map(() => true));
    expect(checks).toHaveLength(4);
  });

  test("of distributions and of several losses", () => {
    const graph = model("two", () => {
      const x = input("x", "f32", ["batch", 3]);
      const target = input("target", "f32", ["batch", 4], { distribution: true });
      const hidden = dense(x, 4);
      const loss = crossEntropy(softmax(hidden), target);
      const penalty = sum(square(hidden));
      return { train: { loss, penalty, update: sgd(add(loss, penalty)) } };
    });
    for (const check of checkAllGradients(graph)) expect(check).toMatchObject({ ok: true });
  });
});

describe("gradients that take weights with the sum one", () => {
  /** Cross-entropy with smoothed labels by hand, of what a function makes of the logits. */
  const smoothed = (pass: (logits: Value) => Value): Graph =>
    model("smoothed", () => {
      const z = dense(input("x", "f32", [17, 5]), 7);
      const y = input("y", "i32", [17]);
      const target = add(mul(0.9, oneHot(y, 7)), 0.1 / 7);
      const loss = neg(mean(sum(mul(target, logSoftmax(pass(z))), { axis: 1 })));
      return { train: { loss, update: adam(loss) } };
    });
  /** The same number, with a slope other than 1. */
  const withSlope = (wrong: number) =>
    withDerivative(
      (z: Value) => mul(1, z),
      (slope) => [mul(wrong, slope)],
      { name: "passed" },
    );
  const seeds = Array.from({ length: 18 }, (_, seed) => seed);
  const isWrongSlopeOfLoss = ({ name, ok }: GradientCheck): boolean => name.startsWith("∂loss") && !ok;
  const failing = (pass: (logits: Value) => Value): readonly number[] =>
    seeds.filter((seed) => checkAllGradients(smoothed(pass), { seed }).some(isWrongSlopeOfLoss));

  test("allow for the rounding of the weights", () => {
    expect(failing((z) => z)).toEqual([]);
  });

  test("and for no wrong gradient", () => {
    expect(failing(withSlope(1 + 1e-4))).toEqual(seeds);
    expect(failing(withSlope(1 + 1e-5))).toEqual(seeds);
  });
});

describe("differences", () => {
  test("a smooth function, to many digits", () => {
    const found = difference((shift) => Math.exp(1 + shift), Math.E, 1, 1e-6);
    expect(found.smooth).toBe(true);
    expect(Math.abs(found.value - Math.E)).toBeLessThan(1e-10);
  });

  test("a kink at the point, and one near it", () => {
    expect(difference((shift) => Math.abs(shift), 0, 1, 1e-6).smooth).toBe(false);
    const near = difference((shift) => Math.max(0, shift - 5e-4), 0, 1, 1e-6);
    expect(near).toMatchObject({ smooth: true, value: 0 });
  });
});

test("labels stay within the classes that the graph shows", () => {
  const graph = classifier();
  expect(
    classCount(
      graph,
      graph.inputs.find((leaf) => leaf.type.dtype === "i32")!,
    ),
  ).toBe(4);
});

test("every output and updated state on the device", async () => {
  const { kernels } = await checkOnDevice(classifier(), openDeviceModule, { seed: 1 });
  expect(kernels.filter((each) => !each.ok)).toEqual([]);
  expect(kernels.map((each) => each.name)).toEqual(expect.arrayContaining(["probabilities", "loss", "adam.step"]));
});

/** What is 0 but for rounding, and what the device is to find beside it. */
async function checkedCancelling(beside: number) {
  const cancelling = model("cancelling", () => {
    const x = input("x", "f32", [64]);
    const turned = add(mul(sin(x), Math.cos(0.5)), mul(cos(x), Math.sin(0.5)));
    return { run: { circle: sub(add(square(sin(x)), square(cos(x))), 1), sine: sub(sin(add(x, 0.5)), turned) } };
  });
  const { kernels } = await checkOnDevice(cancelling, async (program) => {
    const device = await openDeviceModule(program);
    return {
      ...device,
      run: async (...call) => {
        const { outputs, states } = await device.run(...call);
        const moved = Object.entries(outputs).map(([name, numbers]) => [
          name,
          Array.from(numbers, (each) => each + beside),
        ]);
        return { outputs: Object.fromEntries(moved) as typeof outputs, states };
      },
    };
  });
  return kernels.map(({ ok }) => ok);
}

test("outputs that cancel to nothing are right to the digits of what cancels", async () => {
  expect(await checkedCancelling(0)).toEqual([true, true]);
  expect(await checkedCancelling(1e-5)).toEqual([false, false]);
});

test("a sample has numbers other than 0 first, and zeros as well", () => {
  const few = new Float64Array(1000);
  few.fill(1, 500, 520);
  const sampleOf = (numbers: Float64Array): readonly number[] => sampleIndices(numbers, 64, randomStream(1));
  const others = (numbers: Float64Array): number => sampleOf(numbers).filter((index) => numbers[index] !== 0).length;
  expect([others(few), others(few.fill(1, 0, 900)), others(new Float64Array(1000))]).toEqual([20, 48, 0]);
  expect(new Set(sampleOf(few)).size).toBe(64);
  expect(sampleOf(new Float64Array(7))).toEqual([0, 1, 2, 3, 4, 5, 6]);
});
