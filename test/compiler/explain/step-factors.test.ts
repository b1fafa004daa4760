/// Which letters a step changes through.
import { expect, test } from "vitest";
import { changing } from "../../../compiler/explain/step-factors.ts";
import { add, mul } from "../../../ir/ops/arithmetic.ts";
import type { Value } from "../../../ir/value.ts";
import { leaf } from "../../ir/graphs.ts";

const letters = (count: number): readonly Value[] => Array.from({ length: count }, (_, i) => leaf(`h${i}`, [2]));

/** The value, which counts how often somebody asks what it is made of. */
function counted(value: Value, ask: () => void): Value {
  const operands = value.operands;
  return Object.create(value, {
    operands: {
      get() {
        ask();
        return operands;
      },
    },
  }) as Value;
}

test("carries that come of each other are found, others are not", () => {
  const [a, b, c, d] = letters(4);
  const weight = leaf("w", [2]);
  // a comes of b, b of c, c of the weight, and d of itself alone.
  const next = [mul(a, b), add(b, c), mul(c, weight), add(d, d)];
  expect(changing({ carries: [a, b, c, d], next }, [weight])).toEqual([weight, a, b, c]);
  expect(changing({ carries: [a, b, c, d], next }, [c])).toEqual([c, a, b]);
  expect(changing({ carries: [a, b, c, d], next }, [])).toEqual([]);
});

test("a chain of carries is gone through once, not once for each of them", () => {
  const asked = (length: number): number => {
    let count = 0;
    const carries = letters(length);
    const next = carries.map((carry, i) =>
      counted(mul(carry, carries[Math.min(i + 1, length - 1)]), () => void count++),
    );
    expect(changing({ carries, next }, carries.slice(-1))).toHaveLength(length);
    return count;
  };
  expect(asked(40)).toBe(4 * asked(10));
});
