import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindDim, type Dim } from "../../../ir/dim.ts";
import { joinIndex, splitIndex } from "../../../ir/ops/layout.ts";
import {
  atLane,
  constantIndex,
  indexAlgebra,
  indexKey,
  laneAccess,
  substitute,
  variableIndex,
  type Index,
} from "../../../compiler/lower/index.ts";
import { indexText } from "../../../compiler/wgsl/expression.ts";
import { evaluateWgsl } from "./wgsl-arithmetic.ts";

/** Named sizes and variables as numbers. */
type Numbers = Readonly<Record<string, number>>;

const sizes: Numbers = { n: 6, m: 5 };
const variables: readonly { readonly name: string; readonly extent: Dim; readonly step?: number }[] = [
  { name: "lane", extent: 16 },
  { name: "block", extent: 48, step: 12 },
  { name: "row", extent: 5 },
  { name: "column", extent: "n" },
  { name: "batch", extent: "4*m" },
];
const numberOf = (dim: Dim): number => bindDim(dim, sizes) as number;

/** The same expression twice: as the algebra simplifies it, and in plain integers. */
interface Pair {
  readonly index: Index;
  plain(at: Numbers): number;
  readonly text: string;
}

const extents = fc.constantFrom<Dim>(1, 2, 3, 4, 5, 8, 12, 16, "n", "4*n", "m*n");

const { expression } = fc.letrec<{ expression: Pair }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constantFrom(...variables).map(({ name, extent, step }): Pair => ({
      ...{ index: variableIndex(name, extent, step), plain: (at) => at[name], text: name },
    })),
    fc.nat(20).map((number): Pair => ({ index: constantIndex(number), plain: () => number, text: `${number}` })),
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]): Pair => ({
      index: indexAlgebra.add(a.index, b.index),
      plain: (at) => a.plain(at) + b.plain(at),
      text: `(${a.text} + ${b.text})`,
    })),
    fc
      .tuple(tie("expression"), fc.constantFrom("multiply", "divide", "remainder"), extents)
      .map(([a, operation, by]): Pair => ({
        index: indexAlgebra[operation as "divide"](a.index, by),
        plain(at) {
          const [value, other] = [a.plain(at), numberOf(by)];
          return operation === "multiply"
            ? value * other
            : operation === "divide"
              ? Math.floor(value / other)
              : value % other;
        },
        text: `(${a.text} ${operation} ${by})`,
      })),
  ),
}));
const expressions = expression.map((pair) => Object.assign(pair, { toString: () => pair.text }));

/** Values for all variables, within their extents and in steps; the lane is a multiple of 4. */
const positions = fc.tuple(...variables.map(({ extent }) => fc.nat(numberOf(extent) - 1))).map((drawn): Numbers => {
  const at = Object.fromEntries(variables.map(({ name, step = 1 }, i) => [name, drawn[i] - (drawn[i] % step)]));
  return { ...at, lane: at.lane - (at.lane % 4) };
});

/** What an index comes to, by its definition. */
function evaluateIndex(index: Index, at: Numbers): number {
  return index.terms.reduce((total, { atom, coefficient }) => {
    const value =
      atom.tag === "variable"
        ? at[atom.name]
        : atom.tag === "divide"
          ? Math.floor(evaluateIndex(atom.operand, at) / numberOf(atom.by))
          : evaluateIndex(atom.operand, at) % numberOf(atom.by);
    return total + value * numberOf(coefficient);
  }, numberOf(index.constant));
}

describe("index algebra", () => {
  it("keeps the value of an expression while it simplifies", () => {
    const holds = fc.property(expressions, positions, ({ index, plain }, at) => {
      expect(evaluateIndex(index, at)).toBe(plain(at));
    });
    fc.assert(holds, { numRuns: 3000 });
  });

  it("writes text that WGSL computes to the same", () => {
    const holds = fc.property(expressions, positions, ({ index, plain }, at) => {
      expect(evaluateWgsl(indexText(index), { ...at, sizes }, "u32")).toBe(plain(at));
    });
    fc.assert(holds, { numRuns: 2000 });
  });

  it("has one key for equal expressions only", () => {
    const holds = fc.property(expressions, expressions, positions, (a, b, at) => {
      if (indexKey(a.index) === indexKey(b.index)) expect(a.plain(at)).toBe(b.plain(at));
    });
    fc.assert(holds, { numRuns: 1000 });
  });

  it("replaces a variable", () => {
    const holds = fc.property(expressions, positions, ({ index, plain }, at) => {
      const moved = substitute(index, "row", indexAlgebra.add(variableIndex("row", 5), constantIndex(3)));
      // Extents bound variables: a variable moved past its end may be simplified, so stay inside.
      fc.pre(at.row < 2);
      expect(evaluateIndex(moved, at)).toBe(plain({ ...at, row: at.row + 3 }));
    });
    fc.assert(holds, { numRuns: 1000 });
  });

  it("divides what follows a multiple as the multiple, as far as both have one quotient", () => {
    const after = (more: number): Index => indexAlgebra.add(variableIndex("k", 1024, 4), constantIndex(more));
    expect(indexText(indexAlgebra.divide(after(3), 128))).toBe("k / 128u");
    expect(indexText(indexAlgebra.remainder(after(3), 128))).toBe("k % 128u + 3u");
    expect(indexText(indexAlgebra.divide(after(6), 128))).toBe("(k + 4u) / 128u");
    expect(indexText(indexAlgebra.divide(after(1), 6))).toBe(indexText(indexAlgebra.divide(after(0), 6)));
    expect(indexText(indexAlgebra.remainder(after(2), 6))).toBe("(k + 2u) % 6u");
    expect(indexText(indexAlgebra.divide(indexAlgebra.remainder(after(1), 14), 2))).toBe("(k % 14u) / 2u");
  });

  it("finds positions again after a reshape there and back", () => {
    const shapes: readonly (readonly Dim[])[] = [[6, 10], [60], [2, 3, 10], [1, 6, 2, 5], [15, 4]];
    const at = splitIndex(variableIndex("i", 60), [6, 10], indexAlgebra);
    const key = indexKey(joinIndex(at, [6, 10], indexAlgebra));
    for (const shape of shapes) {
      const there = splitIndex(joinIndex(at, [6, 10], indexAlgebra), shape, indexAlgebra);
      expect(indexKey(joinIndex(there, shape, indexAlgebra))).toBe(key);
    }
  });

  it("simplifies with named sizes as with numbers", () => {
    const flat = variableIndex("i", "8*batch");
    const [row, column] = splitIndex(flat, ["batch", 8], indexAlgebra);
    expect(indexText(joinIndex([row, column], ["batch", 8], indexAlgebra))).toBe("i");
    const inner = indexAlgebra.add(indexAlgebra.multiply(variableIndex("r", 4), "batch"), variableIndex("c", "batch"));
    expect(indexText(indexAlgebra.divide(inner, "batch"))).toBe("r");
    expect(indexText(indexAlgebra.remainder(inner, "batch"))).toBe("c");
  });
});

describe("access along a lane", () => {
  it("is what it claims to be, at every multiple of 4", () => {
    const holds = fc.property(expressions, positions, ({ index, plain }, at) => {
      const claim = laneAccess(index, "lane");
      const values = [0, 1, 2, 3].map((step) => plain({ ...at, lane: at.lane + step }));
      if (claim === "uniform") expect(new Set(values).size).toBe(1);
      if (claim === "contiguous") {
        expect(values).toEqual([0, 1, 2, 3].map((step) => values[0] + step));
        expect(values[0] % 4).toBe(0);
      }
    });
    fc.assert(holds, { numRuns: 5000 });
  });

  it("of each of four lanes apart is the index at that lane", () => {
    const holds = fc.property(expressions, positions, fc.nat(3), ({ index, plain }, at, step) => {
      const moved = evaluateIndex(atLane(index, "lane", 16, step), at);
      expect(moved).toBe(plain({ ...at, lane: at.lane + step }));
    });
    fc.assert(holds, { numRuns: 2000 });
  });

  const lane = variableIndex("lane", 64);
  const row = variableIndex("row", 7);
  const at = (rowStride: number): Index => indexAlgebra.add(indexAlgebra.multiply(row, rowStride), lane);
  it.each([
    ["the lane itself", lane, "contiguous"],
    ["rows of a multiple of 4", at(64), "contiguous"],
    ["rows of an odd length", at(63), "scattered"],
    ["a column", indexAlgebra.multiply(lane, 64), "scattered"],
    ["another variable", row, "uniform"],
    ["a row of 16", indexAlgebra.divide(lane, 16), "uniform"],
    ["the position in a row of 16", indexAlgebra.remainder(lane, 16), "contiguous"],
    ["the position in a row of 6", indexAlgebra.remainder(lane, 6), "scattered"],
    ["an odd offset", indexAlgebra.add(lane, constantIndex(1)), "scattered"],
  ])("along %s", (_, index, access) => expect(laneAccess(index, "lane")).toBe(access));
});
