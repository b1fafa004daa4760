import { describe, expect, it } from "vitest";
import { instantiate, type Bindings } from "../../../compiler/rewrite/match.ts";
import { parseIdentity } from "../../../compiler/rewrite/parse-identity.ts";
import type { Pattern } from "../../../compiler/rewrite/pattern.ts";
import type { Rule, Surroundings } from "../../../compiler/rewrite/rule.ts";
import { allRules } from "../../../compiler/rewrite/rules/all.ts";
import { inputOp } from "../../../ir/ops/leaf.ts";
import type { DType, Shape } from "../../../ir/type.ts";
import { apply, type Attrs, type Value } from "../../../ir/value.ts";
import { noise, numbers, randomFeeds } from "../symbolic.ts";
import { functionExamples } from "./examples.ts";

const surroundings: Surroundings = { uses: () => 1 };

function leaf(name: string, dtype: DType, shape: Shape): Value {
  return apply(inputOp, [], { identity: { name, dtype, shape } });
}

/** What a letter may stand for, tried in turn until the rule fires. */
const kinds: readonly ((name: string) => Value)[] = [
  (name) => leaf(name, "f32", [3, 4]),
  (name) => leaf(name, "f32", [3]),
  (name) => leaf(name, "bool", [3, 4]),
];
const attrs: Readonly<Record<string, Attrs>> = {
  a: { axes: [1] },
  b: { shape: [3, 4], axes: [0] },
  s: { shape: [4, 3] },
  p: { permutation: [1, 0] },
  d: { dtype: "f32" },
};
/** Where attributes mean something else next to a sum. */
const keptAttrs = { ...attrs, s: { shape: [3, 1] } };

function letters(pattern: Pattern): readonly string[] {
  if (pattern.tag === "variable") return [pattern.name];
  return pattern.tag === "apply" ? [...new Set(pattern.operands.flatMap(letters))] : [];
}

function example({ left }: { readonly left: Pattern }, rule: Rule): Value | undefined {
  const names = letters(left);
  for (let choice = 0; choice < kinds.length ** names.length; choice++) {
    const values = Object.fromEntries(
      names.map((name, place) => [name, kinds[Math.floor(choice / kinds.length ** place) % kinds.length](name)]),
    );
    for (const each of [attrs, keptAttrs]) {
      const built = attempt(left, { values, attrs: each });
      if (built && rule.apply(built, surroundings)) return built;
    }
  }
  return undefined;
}

function attempt(pattern: Pattern, bindings: Bindings): Value | undefined {
  try {
    return instantiate(pattern, bindings, { dtype: "f32", shape: [3, 4] });
  } catch {
    return undefined;
  }
}

function exampleOf(rule: Rule): Value | undefined {
  const written = functionExamples.find(({ name }) => name === rule.name);
  return written ? written.value() : example(parseIdentity(rule.identity), rule);
}

const edges = [0, -0, 1, -1, 0.5, 88, -88, 1e-30, Infinity, -Infinity, NaN];

/** Largest relative difference; entries where the left side is not finite do not count. */
function difference(left: readonly number[], right: readonly number[]): number {
  return Math.max(
    0,
    ...left.map((a, position) => {
      const b = right[position];
      if (!Number.isFinite(a)) return 0;
      return Math.abs(a - b) / Math.max(1e-300, Math.abs(a), Math.abs(b)) || 0;
    }),
  );
}

describe.each(allRules.map((rule) => [rule.name, rule] as const))("rule %s", (_, rule) => {
  const value = exampleOf(rule);
  const rewritten = value && rule.apply(value, surroundings);
  it("fires, and keeps the type", () => {
    expect(value, "an example").toBeDefined();
    expect(rewritten, "its rewrite").toBeDefined();
    expect(rewritten!.type).toEqual(value!.type);
  });
  it("is true of random numbers", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const feeds = randomFeeds([value!], seed);
      const [left, right] = [numbers(value!, feeds), numbers(rewritten!, feeds)];
      expect(difference(left, right)).toBeLessThan(rule.contract === "stabilizes" ? 1e-6 : 1e-7);
    }
  });
  if (rule.contract === "exact") {
    it("changes nothing at edges", () => {
      for (let seed = 1; seed <= 60; seed++) {
        const next = noise(seed);
        const feeds = new Map(
          [...randomFeeds([value!], seed)].map(([input, data]) => [
            input,
            input.type.dtype === "f32" ? data.map(() => edges[Math.floor((next() + 1) * 0.5 * edges.length)]) : data,
          ]),
        );
        expect(numbers(rewritten!, feeds)).toEqual(numbers(value!, feeds));
      }
    });
  }
});
