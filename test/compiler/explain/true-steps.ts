/// Whether the steps of a derivation are true.
import { expect } from "vitest";
import type { Step } from "../../../compiler/explain/replay.ts";
import { evaluateValues } from "../../../ir/evaluate.ts";
import type { Value } from "../../../ir/value.ts";
import { randomFeeds } from "../symbolic.ts";

/** The values that a step changes are the same numbers before and after. */
export function expectTrueSteps(steps: readonly Step[], sign: (number: number) => number = (number) => number): void {
  for (const { rule, before, after } of steps) {
    const changed = [...after].filter(([name, value]) => value !== before.get(name));
    expect(changed.length, rule.name).toBeGreaterThan(0);
    const pairs = changed.map(([name, value]): readonly [Value, Value] => [before.get(name)!, value]);
    const drawn = randomFeeds(pairs.flat(), 3);
    const feeds = new Map([...drawn].map(([leaf, numbers]) => [leaf, numbers.map(sign)]));
    const numbers = evaluateValues(pairs.flat(), feeds);
    for (const [from, to] of pairs) {
      const [left, right] = [numbers.get(from)!, numbers.get(to)!];
      expect(left.length).toBe(right.length);
      left.forEach((each, i) => {
        const scale = Math.max(1, Math.abs(each));
        expect(Math.abs(each - right[i]) / scale, `${rule.name}: ${each} became ${right[i]}`).toBeLessThan(1e-7);
      });
    }
  }
}
