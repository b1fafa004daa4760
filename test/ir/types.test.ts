/// The static types: what tsc accepts, what it refuses, and the sentence that it prints.
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  accuracy,
  adam,
  add,
  argmax,
  binaryCrossEntropy,
  cast,
  dense,
  dot,
  equal,
  grad,
  greater,
  input,
  l2,
  logsumexp,
  matmul,
  max,
  mean,
  meanSquaredError,
  mul,
  oneHot,
  param,
  relu,
  reshape,
  setting,
  sgd,
  softmax,
  softmaxCrossEntropy,
  square,
  state,
  sub,
  sum,
  transpose,
  where,
  type Shape,
  type Tensor,
} from "chainrule";
import { build, code, image, label } from "./typed.ts";

describe("types follow shapes", () => {
  test("leaves keep dtype and literal shape", () =>
    build(() => {
      expectTypeOf(image()).toEqualTypeOf<Tensor<"f32", readonly ["batch", 784]>>();
      expectTypeOf(param([784, 128])).toEqualTypeOf<Tensor<"f32", readonly [784, 128]>>();
      expectTypeOf(state([], { dtype: "u32" })).toEqualTypeOf<Tensor<"u32", readonly []>>();
      expectTypeOf(setting("rate", 1)).toEqualTypeOf<Tensor<"f32", readonly []>>();
    }));

  test("elementwise ops broadcast", () =>
    build(() => {
      const x = image();
      const row = param([784]);
      const column = input("column", "f32", ["batch", 1]);
      type Same = Tensor<"f32", readonly ["batch", 784]>;
      expectTypeOf(add(x, row)).toEqualTypeOf<Same>();
      expectTypeOf(mul(row, x)).toEqualTypeOf<Same>();
      expectTypeOf(sub(column, row)).toEqualTypeOf<Same>();
      expectTypeOf(sub(1, x)).toEqualTypeOf<Same>();
      expectTypeOf(relu(square(x))).toEqualTypeOf<Same>();
      expectTypeOf(greater(x, 0)).toEqualTypeOf<Tensor<"bool", readonly ["batch", 784]>>();
      expectTypeOf(where(greater(x, 0), x, 0)).toEqualTypeOf<Same>();
      expectTypeOf(where(greater(column, 0), 1, row)).toEqualTypeOf<Same>();
      const labels = label();
      expectTypeOf(add(labels, 1)).toEqualTypeOf<Tensor<"i32", readonly ["batch"]>>();
      expectTypeOf(cast(labels, "f32")).toEqualTypeOf<Tensor<"f32", readonly ["batch"]>>();
    }));

  test("contractions and layers", () =>
    build(() => {
      const x = image();
      const w = param([784, 10]);
      expectTypeOf(matmul(x, w)).toEqualTypeOf<Tensor<"f32", readonly ["batch", 10]>>();
      expectTypeOf(matmul(x, param([784]))).toEqualTypeOf<Tensor<"f32", readonly ["batch"]>>();
      expectTypeOf(matmul(param([784]), w)).toEqualTypeOf<Tensor<"f32", readonly [10]>>();
      expectTypeOf(dot(param([7]), param([7]))).toEqualTypeOf<Tensor<"f32", readonly []>>();
      expectTypeOf(dense(x, 128)).toEqualTypeOf<Tensor<"f32", readonly ["batch", 128]>>();
      const sequence = input("sequence", "f32", ["batch", "time", 64]);
      const encode = dense.layer(32);
      expectTypeOf(encode(sequence)).toEqualTypeOf<Tensor<"f32", readonly ["batch", "time", 32]>>();
      expectTypeOf(matmul(sequence, param([64, 3]))).toEqualTypeOf<Tensor<"f32", readonly ["batch", "time", 3]>>();
    }));

  test("reductions and layout", () =>
    build(() => {
      const x = input("x", "f32", ["batch", 4, 8]);
      expectTypeOf(sum(x)).toEqualTypeOf<Tensor<"f32", readonly []>>();
      expectTypeOf(mean(x, { axis: 0 })).toEqualTypeOf<Tensor<"f32", readonly [4, 8]>>();
      expectTypeOf(max(x, { axis: -1, keepAxes: true })).toEqualTypeOf<Tensor<"f32", readonly ["batch", 4, 1]>>();
      expectTypeOf(logsumexp(x, { axes: [0, -1] })).toEqualTypeOf<Tensor<"f32", readonly [4]>>();
      expectTypeOf(argmax(x)).toEqualTypeOf<Tensor<"i32", readonly ["batch", 4]>>();
      expectTypeOf(transpose(x)).toEqualTypeOf<Tensor<"f32", readonly [8, 4, "batch"]>>();
      expectTypeOf(transpose(x, [1, 0, 2])).toEqualTypeOf<Tensor<"f32", readonly [4, "batch", 8]>>();
      expectTypeOf(reshape(x, ["batch", 32])).toEqualTypeOf<Tensor<"f32", readonly ["batch", 32]>>();
      expectTypeOf(reshape(x, ["batch", -1])).toEqualTypeOf<Tensor<"f32", readonly ["batch", string | number]>>();
      expectTypeOf(softmax(x)).toEqualTypeOf(x);
      expectTypeOf(oneHot(label(), 10)).toEqualTypeOf<Tensor<"f32", readonly ["batch", 10]>>();
    }));

  test("losses, metrics, gradients", () =>
    build(() => {
      type Scalar = Tensor<"f32", readonly []>;
      const logits = dense(image(), 10);
      const labels = label();
      const loss = softmaxCrossEntropy(logits, labels);
      expectTypeOf(loss).toEqualTypeOf<Scalar>();
      expectTypeOf(softmaxCrossEntropy(logits, labels, { reduction: "none" })).toEqualTypeOf<
        Tensor<"f32", readonly ["batch"]>
      >();
      expectTypeOf(accuracy(logits, labels)).toEqualTypeOf<Scalar>();
      expectTypeOf(l2([param([3])], 0.1)).toEqualTypeOf<Scalar>();
      expectTypeOf(grad(loss, logits)).toEqualTypeOf(logits);
      const [first] = grad(loss, [logits, param([3])]);
      expectTypeOf(first).toEqualTypeOf(logits);
    }));

  test("wide types pass and stay wide", () =>
    build(() => {
      const shape: Shape = ["batch", 784];
      const wide = input("wide", "f32", shape);
      const x = image();
      expectTypeOf(add(wide, x)).toEqualTypeOf<Tensor<"f32", Shape>>();
      expectTypeOf(matmul(wide, param([784, 3]))).toEqualTypeOf<Tensor<"f32", Shape>>();
      expectTypeOf(dense(wide, 10)).toEqualTypeOf<Tensor<"f32", Shape>>();
      expectTypeOf(sum(wide, { axis: 0 })).toEqualTypeOf<Tensor<"f32", Shape>>();
      const block = (x: Tensor, units: number) => relu(dense(x, units));
      expectTypeOf(softmaxCrossEntropy(block(wide, 10), label())).toExtend<
        Tensor<Tensor["type"]["dtype"], readonly []>
      >();
      const units: number = 5;
      expectTypeOf(add(dense(x, units), param([5]))).toEqualTypeOf<Tensor<"f32", readonly ["batch", 5]>>();
    }));
});

describe("mistakes fail in the editor, and with a code at run time", () => {
  test("matmul", () => {
    // @ts-expect-error matmul: inner sizes differ: 784 and 748
    expect(code(() => matmul(image(), param([748, 128])))).toBe("contraction-extent");
    // @ts-expect-error matmul: takes f32, found i32
    expect(code(() => matmul(label(), param([3, 4])))).toBeDefined();
  });

  test("add", () => {
    // @ts-expect-error add: shapes do not broadcast: [batch, 784] and [127]
    expect(code(() => add(image(), param([127])))).toBe("broadcast-mismatch");
    // @ts-expect-error add: element types differ: i32 and f32
    expect(code(() => add(label(), input("y", "f32", ["batch"])))).toBe("dtype-mismatch");
    // @ts-expect-error equal: element types differ: i32 and f32
    expect(code(() => equal(label(), input("y", "f32", ["batch"])))).toBe("dtype-mismatch");
  });

  test("dense", () => {
    // @ts-expect-error dense: takes f32, found i32
    expect(code(() => dense(label(), 10))).toBe("dtype-mismatch");
    // @ts-expect-error dense: takes at least one axis, found a scalar
    expect(code(() => dense(sum(image()), 10))).toBe("rank-mismatch");
  });

  test("losses", () => {
    const logits = () => dense(image(), 10);
    // @ts-expect-error softmaxCrossEntropy: labels must be [batch], found [batch, 10]
    expect(code(() => softmaxCrossEntropy(logits(), input("y", "i32", ["batch", 10])))).toBe("target-mismatch");
    // @ts-expect-error softmaxCrossEntropy: integer labels must be of element type i32, found f32[batch]
    expect(code(() => softmaxCrossEntropy(logits(), input("y", "f32", ["batch"])))).toBe("target-mismatch");
    // @ts-expect-error softmaxCrossEntropy: prediction is [batch, 10], target is [batch, 11]
    expect(code(() => softmaxCrossEntropy(logits(), input("y", "f32", ["batch", 11])))).toBe("target-mismatch");
    // @ts-expect-error binaryCrossEntropy: prediction is [batch, 1], target is [batch]
    expect(code(() => binaryCrossEntropy(dense(image(), 1), input("y", "f32", ["batch"])))).toBe("target-mismatch");
    // @ts-expect-error meanSquaredError: takes f32, found i32
    expect(code(() => meanSquaredError(label(), label()))).toBe("dtype-mismatch");
  });

  test("gradients and optimizers take a scalar", () => {
    // @ts-expect-error adam: the loss must be a scalar, found [batch, 3]; use mean or sum
    expect(code(() => adam(dense(image(), 3)))).toBe("loss-not-scalar");
    // @ts-expect-error sgd: the loss must be f32, found i32
    expect(code(() => sgd(sum(label()), { parameters: param([2]) }))).toBe("loss-not-scalar");
    // @ts-expect-error grad: the loss must be a scalar, found [batch, 784]; use mean or sum
    expect(code(() => grad(image(), param([2])))).toBe("loss-not-scalar");
  });

  test("axes, reshape, where", () => {
    // @ts-expect-error sum: no axis 2 in [batch, 784]
    expect(code(() => sum(image(), { axis: 2 }))).toBe("axis-range");
    // @ts-expect-error reshape: [batch, 784] and [batch, 783] hold different numbers of elements
    expect(code(() => reshape(image(), ["batch", 783]))).toBe("reshape-count");
    // @ts-expect-error where: takes bool, found f32
    expect(code(() => where(image(), 1, 0))).toBe("dtype-mismatch");
  });
});
