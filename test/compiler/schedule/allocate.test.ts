import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alignment, allocate, type Interval } from "../../../compiler/schedule/allocate.ts";
import { constant } from "../../../ir/ops/leaf.ts";

/** A tensor of the given size, alive from one kernel to another. */
const interval = (bytes: number, start: number, end: number): Interval => ({
  value: constant(0),
  ...{ bytes, start, end },
});

const intervals = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 1000 }), fc.nat(20), fc.nat(8))
    .map(([words, start, length]) => interval(4 * words, start, start + length)),
  { maxLength: 40 },
);

const aliveTogether = (a: Interval, b: Interval): boolean => a.start <= b.end && b.start <= a.end;

describe("the arena", () => {
  it("never puts two live tensors on the same bytes, and starts each where a binding may start", () => {
    const holds = fc.property(intervals, (all) => {
      const { offsets, bytes, lowerBound } = allocate(all);
      expect(offsets.size).toBe(all.length);
      const from = (each: Interval): number => offsets.get(each.value)!;
      const to = (each: Interval): number => from(each) + each.bytes;
      all.forEach((a, i) => {
        expect(from(a) % alignment).toBe(0);
        for (const b of all.slice(i + 1)) {
          if (aliveTogether(a, b)) expect(to(a) <= from(b) || to(b) <= from(a)).toBe(true);
        }
      });
      expect(bytes).toBe(Math.max(0, ...all.map(to)));
      expect(bytes).toBeGreaterThanOrEqual(lowerBound);
    });
    fc.assert(holds, { numRuns: 300 }); // prints the seed when it fails
  });

  it("has as lower bound the largest sum of bytes alive at one kernel", () => {
    const holds = fc.property(intervals, (all) => {
      const times = Array.from({ length: 30 }, (_, time) => time);
      const live = times.map((time) =>
        all.reduce((sum, each) => (each.start <= time && time <= each.end ? sum + each.bytes : sum), 0),
      );
      expect(allocate(all).lowerBound).toBe(Math.max(...live));
    });
    fc.assert(holds, { numRuns: 200 });
  });

  it("is the same for the same tensors", () => {
    const holds = fc.property(intervals, (all) => {
      const [first, again] = [allocate(all), allocate([...all])];
      expect([...first.offsets.values()]).toEqual([...again.offsets.values()]);
    });
    fc.assert(holds);
  });

  it("needs no bytes for no tensors", () => {
    expect(allocate([])).toEqual({ offsets: new Map(), bytes: 0, lowerBound: 0 });
  });

  it("gives the bytes of a dead tensor to the next one", () => {
    const [first, second] = [interval(1024, 0, 1), interval(1024, 2, 3)];
    expect(allocate([first, second]).bytes).toBe(1024);
  });

  it("keeps a tensor apart from one that is written while it is last read", () => {
    const [read, written] = [interval(1024, 0, 2), interval(1024, 2, 3)];
    expect(allocate([read, written]).bytes).toBe(2048);
  });

  it("puts those of a list side by side, where it has room for that", () => {
    const [large, small] = [64 * 1024, 32 * 1024];
    const all = [interval(2 * large, 0, 9), interval(3 * large, 0, 9), interval(small, 0, 9), interval(large, 0, 9)];
    const [one, , other] = all.map(({ value }) => value);
    const plain = allocate(all).offsets;
    expect(Math.abs(plain.get(one)! - plain.get(other)!)).toBeGreaterThan(2 * large);
    const { offsets, bytes, lowerBound } = allocate(all, [new Set([one, other])]);
    expect(Math.abs(offsets.get(one)! - offsets.get(other)!)).toBeLessThanOrEqual(2 * large);
    expect(bytes).toBe(lowerBound);
  });

  it("has room for so many lists as make it no more than a hundredth larger, and loses no tensor to them", () => {
    const large = fc.array(
      fc
        .tuple(fc.integer({ min: 1, max: 1000 }), fc.nat(20), fc.nat(8))
        .map(([size, start, length]) => interval(1024 * size, start, start + length)),
      { minLength: 1, maxLength: 40 },
    );
    const holds = fc.property(large, fc.array(fc.array(fc.nat(39)), { maxLength: 6 }), (all, some) => {
      const lists = some.map((list) => new Set(list.flatMap((at) => (at < all.length ? [all[at].value] : []))));
      const { offsets, bytes } = allocate(all, lists);
      expect(bytes).toBeLessThanOrEqual(1.01 * allocate(all).bytes);
      const from = (each: Interval): number => offsets.get(each.value)!;
      const to = (each: Interval): number => from(each) + each.bytes;
      all.forEach((a, i) => {
        for (const b of all.slice(i + 1)) {
          if (aliveTogether(a, b)) expect(to(a) <= from(b) || to(b) <= from(a)).toBe(true);
        }
      });
    });
    fc.assert(holds, { numRuns: 300 });
  });

  it("fits a small tensor into a gap between two live ones", () => {
    const all = [interval(512, 0, 9), interval(256, 0, 1), interval(512, 0, 9), interval(256, 2, 9)];
    const { bytes, lowerBound } = allocate(all);
    expect(bytes).toBe(lowerBound);
  });

  it("reaches the lower bound on a forward and backward pass of equal layers", () => {
    const layers = 12;
    const kept = Array.from({ length: layers }, (_, i) => interval(64 * 256 * 4, i, 2 * layers - i));
    const passed = Array.from({ length: layers }, (_, i) => interval(64 * 256 * 4, layers + i, layers + i + 1));
    const { bytes, lowerBound } = allocate([...kept, ...passed]);
    expect(bytes).toBe(lowerBound);
  });
});
