import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { Graph } from "chainrule";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { mostBindings } from "../../../compiler/cluster/partition.ts";
import { nearRanges, rangesOf, type Extent } from "../../../compiler/wgsl/ranges.ts";
import { report } from "../../../compiler/report.ts";
import { allDispatches } from "../../../compiler/launch.ts";
import cnn from "../../bench/models/cnn.ts";
import deep from "../../bench/models/deep.ts";
import gpt from "../../bench/models/gpt.ts";
import mlp from "../../bench/models/mlp.ts";

const extents: Readonly<Record<string, Extent>> = {
  a: { buffer: 0, from: 0, to: 100 },
  b: { buffer: 0, from: 110, to: 200 },
  c: { buffer: 0, from: 1000, to: 1100 },
  d: { buffer: 0, from: 1050, to: 1200 },
  e: { buffer: 1, from: 0, to: 10 },
};
const items = Object.keys(extents);
const extentOf = (item: string): Extent => extents[item];
const ranges = (most: number, ...tied: readonly string[][]): readonly string[] =>
  rangesOf(items, tied, extentOf, most).map((all) => all.join(""));

describe("ranges of buffers", () => {
  it("hold an item each while there are few, but for those that share bytes", () => {
    expect(ranges(8)).toEqual(["a", "b", "cd", "e"]);
  });

  it("bind the smallest gaps where there are more than can be bound", () => {
    expect(ranges(3)).toEqual(["ab", "cd", "e"]);
    expect(ranges(2)).toEqual(["abcd", "e"]);
  });

  it("are one where there is no gap, but for what is read element by element", () => {
    const [a, b, c, d] = [0, 256, 512, 768].map((from): Extent => ({ buffer: 0, from, to: from + 256 }));
    const single: Extent = { ...c, isSingle: true };
    expect(rangesOf([a, b, c, d], [], (each) => each, 8)).toEqual([[a, b, c, d]]);
    expect(rangesOf([a, b, single, d], [], (each) => each, 8)).toEqual([[a, b], [single], [d]]);
    expect(rangesOf([a, { ...b, buffer: 1 }], [], (each) => each, 8)).toHaveLength(2);
  });

  it("never reach from one buffer into another", () => {
    expect(ranges(1)).toEqual(["abcd", "e"]);
  });

  it("hold together what is tied, and what lies in between", () => {
    expect(ranges(8, ["a", "c"])).toEqual(["abcd", "e"]);
    expect(ranges(8, ["b", "c"], ["c", "d"])).toEqual(["a", "bcd", "e"]);
  });

  it("of functions that are alike part where too much lies between them", () => {
    const far = [0, 2 ** 20].map((from): Extent => ({ buffer: 0, from, to: from + 256 }));
    const near = [0, 512].map((from): Extent => ({ buffer: 0, from, to: from + 256 }));
    const parted = (all: readonly Extent[]): number => nearRanges(all, [[all]], (each) => each, 8).length;
    expect(parted(far)).toBe(2);
    expect(parted(near)).toBe(1);
  });

  it("hold every item once and do not overlap", () => {
    const extent = fc
      .record({ buffer: fc.nat(2), from: fc.nat(5000), length: fc.integer({ min: 1, max: 300 }) })
      .map(({ buffer, from, length }): Extent => ({ buffer, from, to: from + length }));
    const holds = fc.property(fc.array(extent, { minLength: 1, maxLength: 40 }), fc.array(fc.nat(39)), (all, some) => {
      const tied = some.filter((at) => at < all.length && all[at].buffer === 0).map((at) => all[at]);
      const found = rangesOf(all, tied.length > 0 ? [tied] : [], (each) => each, mostBindings);
      expect(found.flat().toSorted((x, y) => all.indexOf(x) - all.indexOf(y))).toEqual(all);
      expect(found.length).toBeLessThanOrEqual(mostBindings);
      const hulls = found.map((range) => ({
        buffer: range[0].buffer,
        from: Math.min(...range.map(({ from }) => from)),
        to: Math.max(...range.map(({ to }) => to)),
      }));
      hulls.forEach((x, i) => {
        for (const y of hulls.slice(i + 1))
          expect(x.buffer !== y.buffer || x.to <= y.from || y.to <= x.from).toBe(true);
      });
    });
    fc.assert(holds, { numRuns: 300 }); // prints the seed when it fails
  });
});

const workloads: readonly (readonly [string, Graph])[] = [
  ["mlp", mlp],
  ["deep", deep],
  ["cnn", cnn],
  ["gpt", gpt],
];

test.each(workloads)(
  "a step of %s binds ranges of at most 1.3 times the ideal bytes, and little beside its tensors",
  (_, graph) => {
    const compilation = compileWithFacts(graph, {});
    const { program, entries } = compilation;
    const bound = program.entryPoints.train.dispatches
      .flatMap(allDispatches)
      .flatMap(({ bindings }) => bindings)
      .reduce((sum, { bytes }) => sum + bytes, 0);
    expect(bound).toBeLessThanOrEqual(1.05 * entries[0].launches.reduce((sum, { bytes }) => sum + bytes, 0));
    const { rangeBytes, idealBytes } = report(compilation).entryPoints.train;
    expect(rangeBytes).toBe(bound);
    expect(bound).toBeLessThanOrEqual(1.3 * idealBytes);
  },
);
