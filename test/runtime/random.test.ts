import { describe, expect, test } from "vitest";
import type { Initializer, StateSlot } from "../../runtime/abi.ts";
import { initialValue } from "../../runtime/params.ts";
import { seedKey, threefry, uniform } from "../../runtime/random.ts";

const slot = (init: Initializer, count: number): StateSlot => ({
  ...{ name: "w", dtype: "f32", shape: [count], buffer: 0, offset: 0, parameter: true },
  init,
});

describe("Threefry-2x32, 20 rounds", () => {
  // Random123, tests/kat_vectors.
  test.each([
    [
      [0, 0],
      [0, 0],
      [0x6b200159, 0x99ba4efe],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x1cb996fc, 0xbb002be7],
    ],
    [
      [0x13198a2e, 0x03707344],
      [0x243f6a88, 0x85a308d3],
      [0xc4923a9c, 0x483df7a0],
    ],
  ] as const)("key %o, counter %o", (key, counter, words) => {
    expect(threefry(key, counter)).toEqual(words);
  });

  test("a seed's key is its low and high word", () => {
    expect(seedKey(5)).toEqual([5, 0]);
    expect(seedKey(2 ** 53 - 1)).toEqual([0xffffffff, 2 ** 21 - 1]);
  });
});

describe("initial values", () => {
  test("uniform values fill [low, high) and have the right moments", () => {
    const values = Float64Array.from(initialValue(slot({ tag: "uniform", low: -2, high: 4, site: 1 }, 100_000), 7)!);
    expect(Math.min(...values.slice(0, 50_000))).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...values.slice(0, 50_000))).toBeLessThan(4);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(Math.abs(mean - 1)).toBeLessThan(0.03);
  });

  test("uniform never rounds up to `high`", () => {
    expect(uniform([0xffffffff, 0], 1, 2)).toBeLessThan(2);
  });

  test("normal values have the right moments and are finite at the ends", () => {
    const values = Float64Array.from(
      initialValue(slot({ tag: "normal", mean: 3, deviation: 2, site: 9 }, 100_000), 1)!,
    );
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const fourth = values.reduce((sum, value) => sum + (value - mean) ** 4, 0) / values.length;
    expect(Math.abs(mean - 3)).toBeLessThan(0.03);
    expect(Math.abs(variance - 4)).toBeLessThan(0.08);
    expect(Math.abs(fourth / variance ** 2 - 3)).toBeLessThan(0.1);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  test("values depend on the seed and the site alone, and a longer state begins like a shorter one", () => {
    const init = { tag: "normal", mean: 0, deviation: 1, site: 2 } as const;
    const some = [...initialValue(slot(init, 4), 5)!];
    expect([...initialValue(slot(init, 9), 5)!].slice(0, 4)).toEqual(some);
    expect([...initialValue(slot(init, 4), 6)!]).not.toEqual(some);
    expect([...initialValue(slot({ ...init, site: 3 }, 4), 5)!]).not.toEqual(some);
  });

  test("the first values of seed 0 stay as they are", () => {
    const uniforms = initialValue(slot({ tag: "uniform", low: 0, high: 1, site: 0 }, 3), 0)!;
    expect([...uniforms]).toEqual([0x6b2001 / 2 ** 24, ...[...uniforms].slice(1)]);
    expect([...initialValue(slot({ tag: "normal", mean: 0, deviation: 1, site: 0 }, 3), 0)!]).toMatchInlineSnapshot(`
      [
        -1.0654526948928833,
        0.03239898756146431,
        1.3601083755493164,
      ]
    `);
  });
});
