// Index arithmetic of kernels, as text: any composition of rearrangements reads what its definition says.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { spaceIndex } from "../../../compiler/cluster/access.ts";
import { conditionAlgebra, isUniformAlong, type Conjunct } from "../../../compiler/lower/condition.ts";
import { atLane, indexAlgebra, laneAccess, variableIndex, type Index } from "../../../compiler/lower/index.ts";
import { conditionText, indexText } from "../../../compiler/wgsl/expression.ts";
import { evaluateValues } from "../../../ir/evaluate.ts";
import { joinIndex, splitIndex } from "../../../ir/ops/layout.ts";
import { printValue } from "../../../ir/print.ts";
import { elementCount, type Shape } from "../../../ir/type.ts";
import type { PiecewiseOp, Value } from "../../../ir/value.ts";
import { leaf } from "../../ir/graphs.ts";
import { evaluateWgsl } from "./wgsl-arithmetic.ts";
import { extentsOf, numberOf, rearrange, sizes, unflatten, type Choices } from "./rearranged.ts";

type Variables = Readonly<Record<string, number>>;

const number = (text: string, at: Variables): number => evaluateWgsl(text, { ...at, sizes }, "u32");

/** The pieces of a value that a kernel would choose between, each with whether it is the one. */
function chosen(value: Value, op: PiecewiseOp, index: readonly Index[], at: Variables) {
  const shapes = value.operands.map((operand) => operand.type.shape);
  const pieces = op.pieces(index, shapes, value.attrs, conditionAlgebra);
  const piece = pieces.find(({ condition = true }) =>
    typeof condition === "boolean" ? condition : number(conditionText(condition as readonly Conjunct[]), at) === 1,
  );
  return { pieces, piece };
}

/** What a kernel reads for one element: the position in the leaf, or what fills. */
function read(value: Value, index: readonly Index[], at: Variables): number {
  const { op, operands, type, attrs } = value;
  if (op.kind === "layout") {
    return read(operands[0], op.source(index, operands[0].type.shape, type.shape, attrs, indexAlgebra), at);
  }
  if (op.kind !== "piecewise") return number(indexText(joinIndex(index, type.shape, indexAlgebra)), at);
  const { piece } = chosen(value, op, index, at);
  return piece ? read(operands[piece.operand], piece.index, at) : (attrs.fill as number);
}

const lane = "element";

/** The same for four elements at once, as far as they are read together. */
function readFour(value: Value, index: readonly Index[], at: Variables, count: number): readonly number[] {
  const each = (): readonly number[] =>
    [0, 1, 2, 3].map((step) =>
      read(
        value,
        index.map((part) => atLane(part, lane, count, step)),
        at,
      ),
    );
  const { op, operands, type, attrs } = value;
  if (op.kind === "layout") {
    return readFour(operands[0], op.source(index, operands[0].type.shape, type.shape, attrs, indexAlgebra), at, count);
  }
  if (op.kind === "piecewise") {
    const { pieces, piece } = chosen(value, op, index, at);
    if (!pieces.every(({ condition = true }) => isUniformAlong(condition, lane))) return each();
    return piece
      ? readFour(operands[piece.operand], piece.index, at, count)
      : Array<number>(4).fill(attrs.fill as number);
  }
  const position = joinIndex(index, type.shape, indexAlgebra);
  const first = number(indexText(position), at);
  switch (laneAccess(position, lane)) {
    case "uniform":
      return Array<number>(4).fill(first);
    case "contiguous":
      // Read as one vector, of those that begin at a multiple of 4.
      expect(first % 4).toBe(0);
      return [0, 1, 2, 3].map((step) => first + step);
    case "scattered":
      return each();
  }
}

const starts: readonly Shape[] = [
  [12],
  [7, 3],
  [4, 5],
  [2, 3, 4],
  [1, 6, 2, 3],
  [8, 1, 3],
  ["n", 4],
  [3, "n"],
  ["m", 2, "n"],
];

const script = fc.record({
  shape: fc.constantFrom(...starts),
  choices: fc.array(fc.tuple(fc.nat(9), fc.nat(11), fc.nat(11), fc.nat(11)) as fc.Arbitrary<Choices>, {
    minLength: 1,
    maxLength: 7,
  }),
});

/** Every element of a tensor as it is by definition. */
function elements({ value, read: byDefinition }: ReturnType<typeof rearrange>): readonly number[] {
  const extents = extentsOf(value.type.shape);
  return Array.from({ length: numberOf(elementCount(value.type.shape)) }, (_, at) =>
    byDefinition(unflatten(at, extents)),
  );
}

describe("compositions of slices, frames, windows, skews, reshapes and the rest", () => {
  const holds = (check: (value: Value, expected: readonly number[], x: Value) => void, numRuns: number): void =>
    fc.assert(
      fc.property(script, ({ shape, choices }) => {
        const x = leaf("x", shape);
        const made = rearrange(x, choices);
        fc.pre(made.value !== x);
        check(made.value, elements(made), x);
      }),
      { numRuns },
    );

  it("are in the interpreter what they are by definition", () => {
    holds((value, expected, x) => {
      const positions = Float64Array.from({ length: numberOf(elementCount(x.type.shape)) }, (_, at) => at);
      expect([...evaluateValues([value], new Map([[x, positions]]), sizes).get(value)!]).toEqual(expected);
    }, 1000);
  });

  it("are in a kernel over all axes what they are by definition", () => {
    holds((value, expected) => {
      const extents = extentsOf(value.type.shape);
      const index = spaceIndex(value.type.shape);
      const found = expected.map((_, position) => {
        const at = unflatten(position, extents).map((each, axis) => [`i${axis}`, each] as const);
        return read(value, index, Object.fromEntries(at));
      });
      expect(found, printValue(value)).toEqual(expected);
    }, 400);
  });

  it("are in a kernel over all elements what they are by definition", () => {
    holds((value, expected) => {
      const index = splitIndex(variableIndex(lane, elementCount(value.type.shape)), value.type.shape, indexAlgebra);
      expect(
        expected.map((_, element) => read(value, index, { element })),
        printValue(value),
      ).toEqual(expected);
    }, 400);
  });

  it("are four at a time what they are by definition", () => {
    holds((value, expected) => {
      fc.pre(expected.length % 4 === 0);
      const index = splitIndex(variableIndex(lane, elementCount(value.type.shape)), value.type.shape, indexAlgebra);
      const found = Array.from({ length: expected.length / 4 }, (_, group) =>
        readFour(value, index, { element: 4 * group }, expected.length),
      );
      expect(found.flat(), printValue(value)).toEqual(expected);
    }, 400);
  });

  it("take part, all of them, and meet", () => {
    const seen = new Set<string>();
    const deep = fc.sample(script, { numRuns: 200, seed: 1 }).map(({ shape, choices }) => {
      let count = 0;
      for (let each = rearrange(leaf("x", shape), choices).value; each.operands.length > 0; [each] = each.operands) {
        seen.add(each.op.name);
        count++;
      }
      return count;
    });
    expect([...seen].sort()).toEqual([
      "broadcast",
      "concatenate",
      "pad",
      "reshape",
      "reverse",
      "skew",
      "slice",
      "transpose",
      "windows",
    ]);
    expect(Math.max(...deep)).toBeGreaterThanOrEqual(6);
  });
});
