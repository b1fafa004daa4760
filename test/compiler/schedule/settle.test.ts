import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alignment, allocate, type Interval } from "../../../compiler/schedule/allocate.ts";
import { settle } from "../../../compiler/schedule/settle.ts";
import { constant } from "../../../ir/ops/leaf.ts";

const KiB = 1024;

/** A tensor of so many KiB: little would not be worth a move. */
const interval = (size: number, start: number, end: number): Interval => ({
  value: constant(0),
  ...{ bytes: size * KiB, start, end },
});

const intervals = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 1000 }), fc.nat(20), fc.nat(8))
    .map(([words, start, length]) => interval(words, start, start + length)),
  { minLength: 1, maxLength: 40 },
);

describe("tensors that are bound together", () => {
  it("move to each other where bytes are free while they live", () => {
    const [early, late, first, second] = [
      interval(256, 0, 1),
      interval(1024, 0, 5),
      interval(256, 5, 9),
      interval(256, 2, 9),
    ];
    const offsets = new Map([
      [early.value, 0],
      [late.value, 512 * KiB],
      [first.value, 2048 * KiB],
      [second.value, 0],
    ]);
    const settled = settle([early, late, first, second], offsets, 2304 * KiB, [new Set([first.value, second.value])]);
    expect(settled.get(first.value)).toBe(2048 * KiB);
    expect(settled.get(second.value)).toBe(1792 * KiB);
    expect(settled.get(early.value)).toBe(0);
    expect(settled.get(late.value)).toBe(512 * KiB);
  });

  it("stay where they are for lists that count less", () => {
    const all = [256, 256, 256, 256].map((size) => interval(size, 0, 9));
    const [first, second, far, farther] = all.map(({ value }) => value);
    const offsets = new Map([0, 256, 2560, 2816].map((offset, at) => [all[at].value, offset * KiB]));
    const lists = [new Set([first, second]), new Set([second, far, farther])];
    expect(settle(all, offsets, 3072 * KiB, lists)).toEqual(offsets);
    expect(settle(all, offsets, 3072 * KiB, lists.slice(1)).get(second)).toBe(2304 * KiB);
  });

  it("never share bytes with what is alive, and the arena does not grow", () => {
    const holds = fc.property(intervals, fc.array(fc.nat(39)), (all, some) => {
      const { offsets, bytes } = allocate(all);
      const list = new Set(some.filter((at) => at < all.length).map((at) => all[at].value));
      const settled = settle(all, offsets, bytes, [list]);
      const from = (each: Interval): number => settled.get(each.value)!;
      const to = (each: Interval): number => from(each) + each.bytes;
      all.forEach((a, i) => {
        expect(from(a) % alignment).toBe(0);
        expect(from(a)).toBeGreaterThanOrEqual(0);
        expect(to(a)).toBeLessThanOrEqual(bytes);
        if (!list.has(a.value)) expect(from(a)).toBe(offsets.get(a.value));
        for (const b of all.slice(i + 1)) {
          if (a.start <= b.end && b.start <= a.end) expect(to(a) <= from(b) || to(b) <= from(a)).toBe(true);
        }
      });
    });
    fc.assert(holds, { numRuns: 300 }); // prints the seed when it fails
  });
});
