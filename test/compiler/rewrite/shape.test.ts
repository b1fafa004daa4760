/// What collecting remembers of shapes does not change what it does: an expression comes out as it would by itself.
import fc from "fast-check";
import { expect, test } from "vitest";
import { add, broadcastTo, div, input, model, mul, neg, sigmoid, sub, tanh, type Value } from "chainrule";
import { collectRule } from "../../../compiler/rewrite/rules/collect.ts";
import { shapeOf, sketchOf } from "../../../compiler/rewrite/shape.ts";
import { constant, sizeValue } from "../../../ir/ops/leaf.ts";
import { postorder, same } from "../../../ir/value.ts";

const seed = Number(process.env.CHAINRULE_SEED ?? 20261121);

const operators = [add, sub, mul, div] as unknown as readonly ((a: Value, b: Value) => Value)[];

/** Letters and numbers, some of which hide a sign or each other. */
function atoms(): Value[] {
  const found: Value[] = [];
  model("shapes", () => {
    const [x, y, row] = [input("x", "f32", [2, 3]), input("y", "f32", [2, 3]), input("row", "f32", [3])];
    const type = [2, 3];
    const numbers = [0, 1, 2, 0.5, -1, 0.1].map((number) => constant(number, "f32", type));
    const hidden = [sigmoid(x), sigmoid(neg(x)), broadcastTo(row, type), broadcastTo(neg(row), type)];
    const sizes = [
      sizeValue("n", "f32", type),
      sizeValue("2*n", "f32", type),
      tanh(sizeValue("n", "f32", type) as never),
    ];
    found.push(...([x, y, tanh(x), ...hidden, ...numbers, ...sizes] as Value[]));
    return { run: { x } };
  });
  return found;
}

test(`expressions are collected as they are by themselves (seed ${seed})`, () => {
  const leaves = atoms();
  let skipped = 0;
  const steps = fc.array(fc.tuple(fc.nat(9), fc.nat(999), fc.nat(999)), { minLength: 80, maxLength: 80 });
  fc.assert(
    fc.property(steps, fc.array(fc.nat(2), { minLength: 7, maxLength: 7 }), (drawn, readers) => {
      const pool = [...leaves];
      for (const [which, a, b] of drawn) {
        const near = pool.slice(-12);
        const [left, right] = [pool[a % pool.length], near[b % near.length]];
        pool.push(which > 7 ? neg(right) : operators[which % 4](left, right));
      }
      const position = new Map(postorder(pool).map((value, at) => [value, at]));
      const facts = { uses: (value: Value) => 1 + readers[(position.get(value) ?? 0) % 7], classes: () => [] };
      const fruitless = new Set<string>();
      for (const value of pool) {
        const alone = collectRule.apply(value, facts);
        const before = fruitless.size;
        const again = collectRule.apply(value, { ...facts, fruitless });
        expect(alone && again ? same(alone, again) : alone === again).toBe(true);
        if (!alone && value.operands.length > 0 && fruitless.size === before) skipped++;
      }
    }),
    { seed, numRuns: 20, endOnFailure: true },
  );
  // Expressions do repeat.
  expect(skipped).toBeGreaterThan(100);
});

test("letters make no difference to a shape, and numbers, sharing and readers do", () => {
  const [x, y, t] = atoms();
  const shape = (value: Value, freed: readonly Value[] = []): string | undefined => {
    const sketch = sketchOf([value]);
    return sketch && shapeOf(sketch, new Set(freed));
  };
  const sum = (a: Value, b: Value | number): Value => add(a as never, b as never);
  expect(shape(sum(x, y))).toBe(shape(sum(y, x)));
  expect(shape(sum(x, y))).not.toBe(shape(sum(x, x)));
  expect(shape(sum(x, t))).not.toBe(shape(sum(x, y)));
  expect(shape(sum(x, 1))).not.toBe(shape(sum(x, 2)));
  expect(shape(sum(x, y), [x])).not.toBe(shape(sum(x, y)));
});
