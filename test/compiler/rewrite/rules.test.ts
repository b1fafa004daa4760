import { describe, expect, it, test } from "vitest";
import { instantiate, type Bindings } from "../../../compiler/rewrite/match.ts";
import { parseIdentity } from "../../../compiler/rewrite/parse-identity.ts";
import type { Pattern } from "../../../compiler/rewrite/pattern.ts";
import type { Contract, Rule, Surroundings } from "../../../compiler/rewrite/rule.ts";
import { allRules } from "../../../compiler/rewrite/rules/all.ts";
import { inputOp } from "../../../ir/ops/leaf.ts";
import type { DType, Shape } from "../../../ir/type.ts";
import { apply, type Attrs, type Value } from "../../../ir/value.ts";
import { noise, numbers, randomFeeds } from "../symbolic.ts";
import { functionExamples } from "./examples.ts";

/** Labels are checked, whatever the number of classes: as if the model made one-hots of every input of integers. */
const surroundings: Surroundings = { uses: () => 1, classes: () => [4] };

function leaf(name: string, dtype: DType, shape: Shape): Value {
  return apply(inputOp, [], { identity: { name, dtype, shape } });
}

/** What a letter may stand for, tried in turn until the rule fires. */
const kindsOf = (dtype: DType): readonly ((name: string) => Value)[] => [
  (name) => leaf(name, dtype, [3, 4]),
  (name) => leaf(name, dtype, [3]),
  (name) => leaf(name, "bool", [3, 4]),
];
const attrsOf = (dtype: DType): Readonly<Record<string, Attrs>> => ({
  a: { axes: [1] },
  b: { shape: [3, 4], axes: [0] },
  s: { shape: [4, 3] },
  p: { permutation: [1, 0] },
  d: { dtype },
});

function letters(pattern: Pattern): readonly string[] {
  if (pattern.tag === "variable") return [pattern.name];
  return pattern.tag === "apply" ? [...new Set(pattern.operands.flatMap(letters))] : [];
}

function example({ left }: { readonly left: Pattern }, rule: Rule, dtype: DType): Value | undefined {
  const names = letters(left);
  const kinds = kindsOf(dtype);
  const attrs = attrsOf(dtype);
  // Where attributes mean something else next to a sum.
  const keptAttrs = { ...attrs, s: { shape: [3, 1] } };
  for (let choice = 0; choice < kinds.length ** names.length; choice++) {
    const values = Object.fromEntries(
      names.map((name, place) => [name, kinds[Math.floor(choice / kinds.length ** place) % kinds.length](name)]),
    );
    for (const each of [attrs, keptAttrs]) {
      const built = attempt(left, { values, attrs: each }, dtype);
      if (built && rule.apply(built, surroundings)) return built;
    }
  }
  return undefined;
}

function attempt(pattern: Pattern, bindings: Bindings, dtype: DType): Value | undefined {
  try {
    return instantiate(pattern, bindings, { dtype, shape: [3, 4] });
  } catch {
    return undefined;
  }
}

function exampleOf(rule: Rule, dtype: DType = "f32"): Value | undefined {
  const written = functionExamples.find(({ name }) => name === rule.name);
  if (written) return dtype === "f32" ? written.value() : undefined;
  return example(parseIdentity(rule.identity), rule, dtype);
}

const edges = [0, -0, 1, -1, 0.5, 88, -88, 1e-30, Infinity, -Infinity, NaN];

/** Largest relative difference; ∞ where one side alone is finite, unless the rule may make a number of what was none. */
function difference(left: readonly number[], right: readonly number[], contract: Contract): number {
  const mayMend = contract === "stabilizes" || contract === "assumes-finite";
  const differences = left.map((a, position) => {
    const b = right[position];
    if (Object.is(a, b) || a === b) return 0;
    if (!Number.isFinite(a)) return mayMend ? 0 : Infinity;
    return Number.isFinite(b) ? Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b)) : Infinity;
  });
  return Math.max(0, ...differences);
}

test("a difference shows NaN and ∞ on one side", () => {
  expect(difference([1, NaN, Infinity], [1, NaN, Infinity], "exact")).toBe(0);
  for (const contract of ["exact", "reassociates"] as const) {
    expect(difference([NaN], [1], contract)).toBe(Infinity);
    expect(difference([Infinity], [-Infinity], contract)).toBe(Infinity);
  }
  expect(difference([NaN], [1], "stabilizes")).toBe(0);
  for (const contract of ["exact", "reassociates", "assumes-finite", "stabilizes"] as const) {
    expect(difference([1], [NaN], contract)).toBe(Infinity);
    expect(difference([1], [Infinity], contract)).toBe(Infinity);
  }
});

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
      expect(difference(left, right, rule.contract)).toBeLessThan(rule.contract === "stabilizes" ? 1e-6 : 1e-7);
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

const integerEdges = {
  i32: [0, 1, -1, 2, 3, 65537, -2147483648, 2147483647],
  u32: [0, 1, 2, 3, 65537, 2147483648, 4294967295],
} as const;
const integerCases = allRules.flatMap((rule) =>
  (["i32", "u32"] as const).flatMap((dtype) => {
    const value = exampleOf(rule, dtype);
    return value ? [[rule.name, dtype, rule, value] as const] : [];
  }),
);

// Whole numbers neither round nor overflow to ∞: modulo 2³², every rule must be exact.
describe("integers", () => {
  it.each(integerCases)("rule %s on %s", (_, dtype, rule, value) => {
    const rewritten = rule.apply(value, surroundings)!;
    expect(rewritten.type).toEqual(value.type);
    for (let seed = 1; seed <= 30; seed++) {
      const next = noise(seed);
      const edges = integerEdges[dtype];
      const draw = (): number => edges[Math.floor((next() + 1) * 0.5 * edges.length)];
      const feeds = new Map(
        [...randomFeeds([value], seed)].map(([input, data]) => [
          input,
          input.type.dtype === dtype ? data.map(draw) : data.map((each) => each && 1),
        ]),
      );
      expect(numbers(rewritten, feeds)).toEqual(numbers(value, feeds).map((each) => each + 0));
    }
  });
  it("are what many rules are tried with", () => {
    expect(integerCases.filter(([, dtype]) => dtype === "i32").length).toBeGreaterThan(25);
    expect(integerCases.filter(([, dtype]) => dtype === "u32").length).toBeGreaterThan(10);
  });
});
