/// The static types of ops that take parts, put tensors side by side and read at positions: what tsc knows and refuses.
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  argsort,
  concatenate,
  constant,
  convolve,
  cumsum,
  dynamicSlice,
  gather,
  input,
  pad,
  param,
  recurrence,
  reverse,
  scatterAdd,
  slice,
  sort,
  take,
  takeAlongAxis,
  topK,
  windows,
  type Dim,
  type Shape,
  type Tensor,
} from "chainrule";
import { build, code, image, label } from "./typed.ts";

describe("types follow shapes", () => {
  test("parts, frames and tensors side by side", () =>
    build(() => {
      const x = input("x", "f32", ["batch", 28, 10]);
      type Of<S extends Shape> = Tensor<"f32", S>;
      expectTypeOf(reverse(x, [0, -1])).toEqualTypeOf(x);
      expectTypeOf(slice(x, [null, [4]])).toEqualTypeOf<Of<readonly ["batch", 24, 10]>>();
      expectTypeOf(slice(x, [null, [-3], [1, -2]])).toEqualTypeOf<Of<readonly ["batch", 3, 7]>>();
      expectTypeOf(slice(x, [null, [2, 99], [null, 4]])).toEqualTypeOf<Of<readonly ["batch", 26, 4]>>();
      expectTypeOf(slice(x, [null, [0, null, 2]])).toEqualTypeOf<Of<readonly ["batch", Dim, 10]>>();
      expectTypeOf(slice(x, [[1]])).toEqualTypeOf<Of<readonly [Dim, 28, 10]>>();
      expectTypeOf(
        pad(x, [
          [0, 0],
          [1, 2],
          [-3, 0],
        ]),
      ).toEqualTypeOf<Of<readonly ["batch", 31, 7]>>();
      expectTypeOf(
        pad(x, [
          [1, 0],
          [0, 0],
          [0, 0],
        ]),
      ).toEqualTypeOf<Of<readonly [Dim, 28, 10]>>();
      const y = input("y", "f32", ["batch", 756, 10]);
      expectTypeOf(concatenate([x, y, x], 1)).toEqualTypeOf<Of<readonly ["batch", 812, 10]>>();
      expectTypeOf(concatenate([x, x], -1)).toEqualTypeOf<Of<readonly ["batch", 28, 20]>>();
      expectTypeOf(concatenate([x, x])).toEqualTypeOf<Of<readonly [Dim, 28, 10]>>();
      expectTypeOf(concatenate([y, y], 1)).toEqualTypeOf<Of<readonly ["batch", 1512, 10]>>();
      expectTypeOf(concatenate([concatenate([y, y], 1), y], 1)).toEqualTypeOf<Of<readonly ["batch", Dim, 10]>>();
      const many: Tensor<"f32", readonly [3]>[] = [param([3]), param([3])];
      expectTypeOf(concatenate(many)).toEqualTypeOf<Of<Shape>>();
      expectTypeOf(windows(x, { axis: 1, size: 5, stride: 2 })).toEqualTypeOf<Of<readonly ["batch", Dim, 5, 10]>>();
    }));

  test("gathers and orders", () =>
    build(() => {
      const table = param([1000, 64]);
      const words = input("words", "i32", ["batch", "time"]);
      const x = input("x", "f32", ["batch", "time", 64]);
      expectTypeOf(take(table, words)).toEqualTypeOf(x);
      expectTypeOf(take(x, argsort(param([7])), -1)).toEqualTypeOf<Tensor<"f32", readonly ["batch", "time", 7]>>();
      expectTypeOf(gather(table, words)).toEqualTypeOf(x);
      const places = input("places", "i32", ["batch", 3]);
      expectTypeOf(gather(x, places, { batch: 1 })).toEqualTypeOf<Tensor<"f32", readonly ["batch", 3, 64]>>();
      const along = input("along", "i32", ["batch", 5, 64]);
      expectTypeOf(takeAlongAxis(x, along, 1)).toEqualTypeOf<Tensor<"f32", readonly ["batch", 5, 64]>>();
      expectTypeOf(scatterAdd(table, words, x)).toEqualTypeOf<Tensor<"f32", readonly [1000, 64]>>();
      expectTypeOf(dynamicSlice(table, [constant(0, "i32"), constant(0, "i32")], [2, 64])).toEqualTypeOf<
        Tensor<"f32", readonly [2, 64]>
      >();
      expectTypeOf(cumsum(x, 1, { reverse: true })).toEqualTypeOf(x);
      expectTypeOf(recurrence(x, x, 1)).toEqualTypeOf(x);
      expectTypeOf(sort(x)).toEqualTypeOf(x);
      expectTypeOf(argsort(x, { axis: 0 })).toEqualTypeOf<Tensor<"i32", readonly ["batch", "time", 64]>>();
      expectTypeOf(topK(x, 3).values).toEqualTypeOf<Tensor<"f32", readonly ["batch", "time", 3]>>();
      expectTypeOf(topK(table, 3, { axis: 0 }).indices).toEqualTypeOf<Tensor<"i32", readonly [3, 64]>>();
    }));

  test("convolutions", () =>
    build(() => {
      const image = input("image", "f32", ["batch", 3, 28, 28]);
      const kernel = param([16, 3, 5, 5]);
      expectTypeOf(convolve(image, kernel)).toEqualTypeOf<Tensor<"f32", readonly ["batch", 16, Dim, Dim]>>();
      const grouped = convolve(image, param([6, 1, 3, 3]), { groups: 3, padding: "same" });
      expectTypeOf(grouped).toEqualTypeOf<Tensor<"f32", readonly ["batch", 6, Dim, Dim]>>();
    }));

  test("wide types pass and stay wide", () =>
    build(() => {
      const shape: Shape = ["batch", 784];
      const wide = input("wide", "f32", shape);
      const x = image();
      expectTypeOf(concatenate([wide, wide])).toEqualTypeOf<Tensor<"f32", Shape>>();
      expectTypeOf(concatenate([x, wide], 1)).toExtend<Tensor<"f32">>();
      expectTypeOf(slice(wide, [[1]])).toEqualTypeOf<Tensor<"f32", Shape>>();
      expectTypeOf(
        pad(wide, [
          [0, 1],
          [0, 0],
        ]),
      ).toEqualTypeOf<Tensor<"f32", Shape>>();
      expectTypeOf(take(wide, label())).toEqualTypeOf<Tensor<"f32", Shape>>();
      expectTypeOf(sort(wide, { axis: 1 })).toEqualTypeOf<Tensor<"f32", Shape>>();
      const axis: number = 1;
      expectTypeOf(concatenate([x, x], axis)).toEqualTypeOf<Tensor<"f32", Shape>>();
      expectTypeOf(cumsum(x, axis)).toEqualTypeOf<Tensor<"f32", readonly ["batch", 784]>>();
      expectTypeOf(topK(x, 2, { axis }).values).toEqualTypeOf<Tensor<"f32", Shape>>();
    }));
});

describe("mistakes fail in the editor, and with a code at run time", () => {
  test("parts, frames and tensors side by side", () => {
    // @ts-expect-error concatenate: [batch, 784] and [batch] must agree but along axis 1
    expect(code(() => concatenate([image(), input("y", "f32", ["batch"])], 1))).toBeDefined();
    // @ts-expect-error concatenate: [3, 4] and [3, 5] must agree but along axis 0
    expect(code(() => concatenate([param([3, 4]), param([3, 5])]))).toBe("concatenate-mismatch");
    // @ts-expect-error concatenate: element types differ: f32 and i32
    expect(code(() => concatenate([input("y", "f32", ["batch"]), label()]))).toBe("concatenate-mismatch");
    // @ts-expect-error concatenate: no axis 2 in [batch, 784]
    expect(code(() => concatenate([image(), image()], 2))).toBe("axis-range");
    // @ts-expect-error slice: more ranges than axes of [batch, 784]
    expect(code(() => slice(image(), [null, null, [1]]))).toBe("axis-range");
    // @ts-expect-error slice: nothing is left of an axis of [batch, 784]
    expect(code(() => slice(image(), [null, [10, 10]]))).toBe("slice-range");
    // @ts-expect-error pad: widths for 1 axes, found [batch, 784]
    expect(code(() => pad(image(), [[1, 1]]))).toBe("option-invalid");
    // @ts-expect-error reverse: no axis 2 in [batch, 784]
    expect(code(() => reverse(image(), [2]))).toBe("axis-range");
    // @ts-expect-error windows: no axis 2 in [batch, 784]
    expect(code(() => windows(image(), { axis: 2, size: 3 }))).toBe("axis-range");
  });

  test("gathers, orders, running sums", () => {
    // @ts-expect-error take: takes i32, found f32
    expect(code(() => take(image(), input("y", "f32", [3])))).toBe("dtype-mismatch");
    // @ts-expect-error take: no axis 2 in [batch, 784]
    expect(code(() => take(image(), label(), 2))).toBe("axis-range");
    // @ts-expect-error gather: the first 1 axes of [3, 784] and [batch] must be the same
    expect(code(() => gather(param([3, 784]), label(), { batch: 1 }))).toBe("gather-shape");
    // @ts-expect-error takeAlongAxis: [3, 4] and [2, 4] must agree but along axis 1
    expect(code(() => takeAlongAxis(param([3, 4]), argsort(param([2, 4])), 1))).toBe("gather-shape");
    // @ts-expect-error scatterAdd: [batch, 4] and [batch, 5] must be the same shape
    expect(code(() => scatterAdd(param([3, 4]), label(), input("y", "f32", ["batch", 5])))).toBe("broadcast-mismatch");
    // @ts-expect-error cumsum: no axis 2 in [batch, 784]
    expect(code(() => cumsum(image(), 2))).toBe("axis-range");
    // @ts-expect-error recurrence: [batch, 784] and [784] must be the same shape
    expect(code(() => recurrence(image(), param([784]), 0))).toBe("broadcast-mismatch");
    // @ts-expect-error sort: no axis 2 in [batch, 784]
    expect(code(() => sort(image(), { axis: 2 }))).toBe("axis-range");
    // @ts-expect-error topK: no axis 2 in [batch, 784]
    expect(code(() => topK(image(), 3, { axis: 2 }))).toBe("axis-range");
  });

  test("convolutions", () => {
    const picture = () => input("picture", "f32", ["batch", 3, 28, 28]);
    // @ts-expect-error convolve: the input has 3 channels, the kernel 4
    expect(code(() => convolve(picture(), param([16, 4, 5, 5])))).toBe("convolution-shape");
    // @ts-expect-error convolve: as many axes in the kernel as in the input: [batch, 3, 28, 28] and [16, 3, 5]
    expect(code(() => convolve(picture(), param([16, 3, 5])))).toBe("convolution-shape");
  });
});
