/// Convolutions and windows under short names: what they stand for is read back, and nothing else is called so.
import { describe, expect, test } from "vitest";
import { derive } from "../../compiler/passes/all.ts";
import { parseGraph } from "../../ir/parse.ts";
import { printGraph } from "../../ir/print.ts";
import { square } from "../../ir/ops/arithmetic.ts";
import { convolve, convolveTransposed, type ConvolveOptions } from "../../ir/ops/convolve.ts";
import { grad } from "../../ir/ops/derivative.ts";
import { reshape } from "../../ir/ops/layout.ts";
import { averagePool, maxPool } from "../../ir/ops/pool.ts";
import { sum } from "../../ir/ops/sum.ts";
import { windows } from "../../ir/ops/windows.ts";
import type { Graph } from "../../ir/graph.ts";
import type { Value } from "../../ir/value.ts";
import { sameGraph } from "../../ir/verify.ts";
import { graphOf, leaf } from "./graphs.ts";

function readBack(graph: Graph): string {
  const text = printGraph(graph);
  const back = parseGraph(text);
  expect(printGraph(back)).toBe(text);
  expect(sameGraph(graph, back), text).toBe(true);
  return text;
}

/** A result with its gradients, as differentiation leaves them and simplified. */
function pages(result: Value, ...by: readonly Value[]): readonly string[] {
  const loss = sum(square(result as never)) as Value;
  const graph = graphOf({
    result,
    ...Object.fromEntries(by.map((each, i) => [`g${i}`, grad(loss as never, each) as Value])),
  });
  return [readBack(graph), readBack(derive(graph))];
}

const cases: Readonly<Record<string, readonly [x: Value, w: Value, options: ConvolveOptions]>> = {
  "a sequence": [leaf("x", [2, 3, 9]), leaf("w", [4, 3, 3]), {}],
  "an image": [leaf("x", [2, 3, 8, 8]), leaf("w", [4, 3, 3, 3]), {}],
  "a volume": [leaf("x", [2, 1, 5, 5, 5]), leaf("w", [3, 1, 2, 2, 2]), {}],
  "padding and strides": [leaf("x", [2, 3, 8, 8]), leaf("w", [4, 3, 3, 3]), { padding: "same", strides: 2 }],
  "holes in the kernel": [leaf("x", [2, 3, 9, 9]), leaf("w", [4, 3, 3, 3]), { dilation: 2 }],
  groups: [leaf("x", [2, 4, 8, 8]), leaf("w", [6, 2, 3, 3]), { groups: 2 }],
  "a group for each channel": [leaf("x", [2, 4, 8, 8]), leaf("w", [4, 1, 3, 3]), { groups: 4, padding: 1 }],
  "one of everything": [leaf("x", [1, 1, 4, 4]), leaf("w", [1, 1, 1, 1]), {}],
  "a batch of any size": [leaf("x", ["batch", 3, 8, 8]), leaf("w", [4, 3, 3, 3]), {}],
};

describe("a convolution and its gradients", () => {
  test.each(Object.entries(cases))("%s", (name, [x, w, options]) => {
    const [written, derived] = pages(convolve(x as never, w as never, options) as Value, x, w);
    expect(written).toContain("= conv(x, w");
    expect(derived).toContain("= conv(x, w");
    if (name === "one of everything") return;
    expect(derived).toMatch(/convTransposed\(.*w[,)]/);
    expect(derived).toMatch(/correlate\(x, .*\)/);
    expect(derived).not.toContain("convolve(");
  });

  test("transposed", () => {
    const [x, w] = [leaf("x", [2, 3, 5, 5]), leaf("w", [3, 4, 3, 3])];
    const [written] = pages(convolveTransposed(x as never, w as never, { strides: 2 }) as Value, x, w);
    expect(written).toContain("convTransposed(x, w");
  });

  test("of what is repeated or has another shape", () => {
    const [x, w] = [leaf("x", [2, 36]), leaf("w", [4, 1, 3, 3])];
    const graph = graphOf({ y: convolve(reshape(x, [2, 1, 6, 6]) as never, w as never) as Value });
    readBack(graph);
    expect(readBack(derive(graph))).toContain("conv(reshape(x, [2, 1, 6, 6]), w)");
  });
});

describe("pooling and its gradients", () => {
  const x = leaf("x", [2, 3, 9, 9]);
  test.each<[string, () => Value]>([
    ["the largest", () => maxPool(x as never, 3) as Value],
    ["the largest, windows over each other", () => maxPool(x as never, 3, { strides: 2 }) as Value],
    ["the largest, something left over", () => maxPool(x as never, 2) as Value],
    ["the largest, with padding", () => maxPool(x as never, 3, { strides: 2, padding: 1 }) as Value],
    ["the mean", () => averagePool(x as never, 3) as Value],
    ["the mean, windows over each other", () => averagePool(x as never, 3, { strides: 1 }) as Value],
  ])("%s", (_, pool) => {
    const [, derived] = pages(pool(), x);
    expect(derived).not.toContain("skew(");
  });

  test.each([
    { size: 3, stride: 1, dilation: 1 },
    { size: 3, stride: 2, dilation: 1 },
    { size: 2, stride: 3, dilation: 2 },
    { size: 4, stride: 2, dilation: 1 },
  ])("windows %o", (walk) => {
    const row = leaf("row", [11]);
    const [, derived] = pages(windows(row as never, { axis: 0, ...walk }) as Value, row);
    expect(derived).toContain("overlapAdd(");
  });
});
