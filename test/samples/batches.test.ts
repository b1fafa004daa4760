import { describe, expect, it } from "vitest";
import { createBatch, epochOrder, gatherBatch } from "../../samples/digits/data/batches.ts";
import type { Dataset } from "../../samples/digits/data/dataset.ts";

/** Five images of two pixels: example i is [i, i + 0.5] with label i. */
const dataset: Dataset = {
  images: Float32Array.from([0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5]),
  labels: Int32Array.from([0, 1, 2, 3, 4]),
  pixels: 2,
  count: 5,
};

describe("epochOrder", () => {
  it("is a permutation", () => {
    const order = epochOrder(1000, [1, 2], 3);
    expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  });

  it("is a function of key and epoch alone", () => {
    expect(epochOrder(50, [1, 2], 3)).toEqual(epochOrder(50, [1, 2], 3));
    expect(epochOrder(50, [1, 2], 4)).not.toEqual(epochOrder(50, [1, 2], 3));
    expect(epochOrder(50, [1, 3], 3)).not.toEqual(epochOrder(50, [1, 2], 3));
  });

  it("takes counts of zero and one", () => {
    expect(epochOrder(0, [1], 0).length).toBe(0);
    expect(Array.from(epochOrder(1, [1], 0))).toEqual([0]);
  });
});

describe("gatherBatch", () => {
  it("copies examples in the given order", () => {
    const batch = createBatch(2, 2);
    expect(gatherBatch(batch, dataset, 1, Int32Array.from([0, 4, 2, 1, 3]))).toBe(2);
    expect(Array.from(batch.image)).toEqual([4, 4.5, 2, 2.5]);
    expect(Array.from(batch.label)).toEqual([4, 2]);
  });

  it("fills the last partial batch with zeros and counts its examples", () => {
    const batch = createBatch(4, 2);
    gatherBatch(batch, dataset, 0);
    expect(gatherBatch(batch, dataset, 4)).toBe(1);
    expect(Array.from(batch.image)).toEqual([4, 4.5, 0, 0, 0, 0, 0, 0]);
    expect(Array.from(batch.label)).toEqual([4, 0, 0, 0]);
    expect(gatherBatch(batch, dataset, 8)).toBe(0);
  });
});
