/// What is known of a total is the total: of softmaxes along axes of their own and more, beside numbers of rows and masks.
import { describe, expect, it } from "vitest";
import { totalOf } from "../../../compiler/rewrite/rules/totals.ts";
import { isNumber, writeLinear } from "../../../compiler/rewrite/linear.ts";
import { evaluateValues } from "../../../ir/evaluate.ts";
import { softmax } from "../../../ir/nn/softmax.ts";
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { where } from "../../../ir/ops/choose.ts";
import { less } from "../../../ir/ops/compare.ts";
import { spread, sum } from "../../../ir/ops/sum.ts";
import { elementCount, type Shape } from "../../../ir/type.ts";
import type { Value } from "../../../ir/value.ts";
import { noise } from "../symbolic.ts";
import { leaf } from "./applied.ts";

const facts = { uses: () => 1, classes: () => [] };
const shapes: readonly Shape[] = [
  [2, 3],
  [3, 1],
  [2, 3, 4],
];

/** All axes of a shape in every choice of at least one. */
const choices = ({ length }: Shape): readonly (readonly number[])[] =>
  Array.from({ length: 2 ** length - 1 }, (_, bits) =>
    Array.from({ length }, (_, axis) => axis).filter((axis) => ((bits + 1) >> axis) & 1),
  );

interface Leaves {
  readonly z: Value;
  readonly y: Value;
  readonly t: Value;
}

/** Weights with a softmax along one axis in them. */
function weightsOf({ z, y, t }: Leaves, axis: number): readonly Value[] {
  const p = softmax(div(z, t), axis) as Value;
  const ofRow = spread(sum(y, { axis }), z.type, [axis]);
  const plain = [mul(2, p), neg(p), sub(mul(3, p), div(y, t)), mul(p, add(t, ofRow)), div(mul(ofRow, p), 4)];
  const mean = spread(sum(mul(p, sub(z, y)), { axis }), z.type, [axis]);
  const deviating = sub(mul(p, add(mean, t)), mul(p, sub(z, y)));
  return [...plain, mul(p, sub(1, t)), where(less(ofRow, 3), mul(2, p), 0), deviating];
}

describe.each(shapes.map((shape) => ({ shape })))("of weights of shape $shape", ({ shape }) => {
  const leaves = { z: leaf("z", "f32", shape), y: leaf("y", "f32", shape), t: leaf("t", "f32", []) };
  const feeds = new Map(
    Object.values(leaves).map((each, at) => {
      const [random, count] = [noise(at + 1), elementCount(each.type.shape) as number];
      return [each, Array.from({ length: count }, () => 1.5 + random())];
    }),
  );
  const axes = shape.map((_, axis) => axis);
  it.each(axes)("the total along any axes is what it adds up to: a softmax along axis %i", (axis) => {
    for (const weights of weightsOf(leaves, axis)) {
      for (const along of choices(shape)) {
        const wanted = sum(weights, { axes: along });
        const found = writeLinear(totalOf(weights, along, facts), wanted.type);
        const values = evaluateValues([found, wanted], feeds);
        values.get(found)!.forEach((each, row) => expect(each).toBeCloseTo(values.get(wanted)![row], 10));
      }
    }
  });
});

it("a softmax counts once for each of its rows", () => {
  const z = leaf("z", "f32", [2, 3]);
  const total = totalOf(mul(2, softmax(z)), [0, 1], facts);
  expect(isNumber(total) && total.constant).toBe(4);
});
