import { describe, expect, it } from "vitest";
import { randomStream } from "../../samples/digits/data/random.ts";
import { drawPolyline, smoothed } from "../../samples/digits/data/pen.ts";
import { synthesizeDigits } from "../../samples/digits/data/synthesize.ts";
import { bestSoftmaxAccuracy } from "./softmax-regression.ts";

describe("made digits", () => {
  it("have the declared size, range and classes", () => {
    const digits = synthesizeDigits("train", 200, 1);
    expect(digits).toMatchObject({ pixels: 256, count: 200 });
    expect(digits.images.length).toBe(200 * 256);
    expect(digits.images.every((grey) => grey >= 0 && grey <= 1)).toBe(true);
    for (let digit = 0; digit < 10; digit++) {
      expect(digits.labels.filter((label) => label === digit).length).toBe(20);
    }
  });

  it("show ink on every image, and most of it on the image", () => {
    const { images, pixels, count } = synthesizeDigits("train", 500, 1);
    for (let index = 0; index < count; index++) {
      const ink = images.subarray(index * pixels, (index + 1) * pixels).filter((grey) => grey > 0.4).length;
      expect(ink).toBeGreaterThan(6);
      expect(ink).toBeLessThan(128);
    }
  });

  it("are the same for the same seed, and a longer set begins with the shorter one", () => {
    const short = synthesizeDigits("train", 20, 7);
    const long = synthesizeDigits("train", 40, 7);
    expect(long.images.subarray(0, short.images.length)).toEqual(short.images);
  });

  it("differ between seeds and between the sets", () => {
    const images = synthesizeDigits("train", 10, 7).images;
    expect(synthesizeDigits("train", 10, 8).images).not.toEqual(images);
    expect(synthesizeDigits("test", 10, 7).images).not.toEqual(images);
  });

  it("are too hard for softmax regression: it stays below 93 %, and well above chance", () => {
    const best = bestSoftmaxAccuracy(synthesizeDigits("train", 10_000, 1), synthesizeDigits("test", 1_000, 1), 10);
    expect(best).toBeLessThan(0.93);
    expect(best).toBeGreaterThan(0.8);
  });
});

describe("randomStream", () => {
  it("depends on the key alone, and on every word of it", () => {
    const first = (...key: number[]) => Array.from({ length: 4 }, randomStream(...key).uniform);
    expect(first(1, 2)).toEqual(first(1, 2));
    expect(first(1, 2)).not.toEqual(first(2, 1));
    expect(first(0)).not.toEqual(first(0, 0));
    expect(first(2 ** 32 - 1)).not.toEqual(first(2 ** 31));
  });

  it("has the moments of its distributions", () => {
    const random = randomStream(5);
    const uniform = Array.from({ length: 20_000 }, random.uniform);
    const normal = Array.from({ length: 20_000 }, random.normal);
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(uniform)).toBeCloseTo(0.5, 1);
    expect(mean(uniform.map((u) => (u - 0.5) ** 2))).toBeCloseTo(1 / 12, 2);
    expect(Math.abs(mean(normal))).toBeLessThan(0.03);
    expect(Math.abs(mean(normal.map((n) => n * n)) - 1)).toBeLessThan(0.05);
  });
});

describe("the pen", () => {
  it("covers a pixel by its distance from the line", () => {
    const image = new Float32Array(25);
    drawPolyline(
      image,
      5,
      [
        [2.5, -10],
        [2.5, 10],
      ],
      0.75,
    );
    expect(Array.from(image.subarray(10, 15))).toEqual([0, 0.25, 1, 0.25, 0]);
  });

  it("draws a dot where a stroke does not move, and nothing off the image", () => {
    const image = new Float32Array(9);
    const dot = (x: number, y: number) => [[x, y] as const, [x, y] as const];
    drawPolyline(image, 3, dot(1.5, 1.5), 0.5);
    drawPolyline(image, 3, dot(40, -40), 0.5);
    expect(Array.from(image)).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0]);
  });

  it("smooths through the given points", () => {
    const points = [[0, 0] as const, [1, 2] as const, [3, 1] as const];
    const path = smoothed(points);
    for (const point of points) expect(path).toContainEqual(point);
    expect(path.length).toBe(9);
  });
});
