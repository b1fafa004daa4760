/// Sizes: the algebra of polynomials in named sizes, in normal form.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addDims,
  bindDim,
  dimNames,
  dimTerms,
  divideDims,
  isMultipleOf,
  multiplyDims,
  parseDim,
} from "../../ir/dim.ts";
import { shapeNames } from "../../ir/type.ts";

describe("normal form", () => {
  test.each([
    ["batch * 4", "4*batch"],
    ["time*batch", "batch*time"],
    [" -  time *batch\n+ 1 ", "-batch*time+1"],
    ["1 + batch", "batch+1"],
    ["2*a + 3*a", "5*a"],
    ["a - a", 0],
    ["6", 6],
    ["b - 2*a", "-2*a+b"],
    ["a*a", "a*a"],
    ["train.batch", "train.batch"],
    [7, 7],
    [0, 0],
  ])("%s → %s", (text, wanted) => expect(parseDim(text)).toBe(wanted));

  test.each([
    "",
    "a b*",
    "a b",
    "2 3",
    "a\tb + 1",
    "2 a",
    "+",
    "a++b",
    "3x",
    "a/2",
    "a-",
    -1,
    1.5,
    Number.NaN,
    2 ** 60,
  ])("%s is no size", (text) => expect(parseDim(text)).toBeUndefined());
});

describe("arithmetic", () => {
  const leaf = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom("a", "b", "a*b", "2*a+1", "3*b"));
  const sizes = { a: 3, b: 5 };
  const bound = (dim: number | string) => Number(bindDim(dim, sizes));

  test("addition and multiplication agree with numbers, and commute", () =>
    fc.assert(
      fc.property(leaf, leaf, (x, y) => {
        expect(bound(addDims(x, y))).toBe(bound(x) + bound(y));
        expect(bound(multiplyDims(x, y))).toBe(bound(x) * bound(y));
        expect(addDims(x, y)).toBe(addDims(y, x));
        expect(multiplyDims(x, y)).toBe(multiplyDims(y, x));
      }),
    ));

  test("a product divided by a monomial gives the other factor", () =>
    fc.assert(
      fc.property(leaf, fc.constantFrom<number | string>(2, 7, "a", "3*b", "a*b"), (x, y) => {
        expect(divideDims(multiplyDims(x, y), y)).toBe(parseDim(x));
      }),
    ));

  test.each([
    ["batch", 2],
    ["a+1", "a"],
    [5, 2],
    ["a", "b"],
    [6, "a"],
  ])("%s ÷ %s is not a size", (a, b) => expect(divideDims(a, b)).toBeUndefined());

  test("names, terms, multiples, partial binding", () => {
    expect(dimNames("2*time*batch+b")).toEqual(["b", "batch", "time"]);
    expect(dimNames(4)).toEqual([]);
    expect(dimTerms("4*batch+1")).toEqual([
      { coefficient: 4, names: ["batch"] },
      { coefficient: 1, names: [] },
    ]);
    expect(isMultipleOf("4*batch+8", 4)).toBe(true);
    expect(isMultipleOf("4*batch+1", 4)).toBe(false);
    expect(bindDim("batch*time+1", { time: 10 })).toBe("10*batch+1");
    expect(bindDim("toString", {})).toBe("toString");
  });
});

test("names of a shape whose extents cancel", () => {
  expect(shapeNames(["n", "-k+m+1", "k"])).toEqual(["k", "m", "n"]);
});
